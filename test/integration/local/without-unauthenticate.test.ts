/** RFC 8437 §8: who has no use for UNAUTHENTICATE can run without it. */
import { expect, test } from '@jest/globals';
import { ImapClient } from '../../support/imap-client.ts';
import { start } from './instance-here.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('--no-unauthenticate: the command is neither told nor served', async () => {
  const { ready } = await start(await temporaryFolder(), { unauthenticate: 'no' });
  const [alice] = ready.accounts;
  const client = await ImapClient.connect(ready.imap.port);
  await client.line();
  const signedIn = (await client.run(`LOGIN ${alice?.address ?? ''} ${alice?.password ?? ''}`)).at(-1);
  expect(signedIn).toMatch(/^tag OK .* ENABLE /);
  expect(signedIn).not.toContain('UNAUTHENTICATE');
  expect(await client.run('UNAUTHENTICATE')).toEqual(['tag BAD there is no command UNAUTHENTICATE']);
  expect((await client.run('SELECT INBOX')).at(-1)).toMatch(/^tag OK/);
  client.destroy();
});
