/** `quire key`: what an administrator sees of data keys, and that a deleted one ends an account's mail. */
import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readFile, readdir, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import type { Listener } from '../../../infra/local/instance.ts';
import { run } from './command-here.ts';
import { start } from './instance-here.ts';
import { eventually } from './processes.ts';
import { inbox, sendMail } from './quire-command.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('mail of one machine is encrypted, is shown to be, and is gone with its key', async () => {
  const data = await temporaryFolder();
  const at = ['--data', data];
  const add = (address: string, ...more: string[]) =>
    run(['user', 'add', address, '--password-stdin', ...at, ...more], 'a-secret-of-hers\n');
  expect((await add('carol@example.test')).status).toBe(0);
  expect((await add('dora@example.test', '--no-data-keys')).status).toBe(0);
  const keyFile = path.join(data, 'data-keys.key');
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  const shown = await run(['key', 'show', 'carol@example.test', ...at]);
  expect(shown.output).toMatch(/^[0-9a-f]{20}\tencrypted from its beginning, key wrapped by the key file\n$/);
  const [account = ''] = shown.output.split('\t');
  expect((await run(['key', 'show', 'dora@example.test', ...at])).output).toMatch(/\tno key\n$/);
  const listed = (await run(['key', 'list', ...at])).output.trimEnd().split('\n');
  expect(listed).toHaveLength(2);
  expect(listed).toContain(shown.output.trimEnd());

  const { ready } = await start(data);
  for (const address of ['carol@example.test', 'dora@example.test']) {
    await sendMail(ready.smtp, address, 'a word that is nowhere else');
    await eventually(async () => (await inbox(ready.imap, address, 'a-secret-of-hers')).length === 1);
  }
  const folder = path.join(data, 'blobs', 'blobs', account);
  for (const file of await readdir(folder))
    expect((await readFile(path.join(folder, file))).includes('nowhere else')).toBe(false);

  const asked = await run(['key', 'delete', 'carol@example.test', ...at]);
  expect([asked.status, asked.errors]).toEqual([1, expect.stringContaining('say --yes if it is')]);
  await run(['hold', 'carol@example.test', ...at]);
  const held = await run(['key', 'delete', 'carol@example.test', '--yes', ...at]);
  expect([held.status, held.errors]).toEqual([1, expect.stringContaining('is under legal hold')]);
  expect(await inbox(ready.imap, 'carol@example.test', 'a-secret-of-hers')).toHaveLength(1);
  await run(['hold', 'carol@example.test', '--release', ...at]);
  const session = await openSession(ready.imap, 'carol@example.test', 'a-secret-of-hers');
  const deleted = await run(['key', 'delete', 'carol@example.test', '--yes', ...at]);
  expect(deleted.output).toMatch(
    /^The key of carol@example\.test is deleted\. Its mail cannot be opened from now on: every gateway was told/,
  );
  expect(await session()).toMatch(/^\* BYE \[CONTACTADMIN\] the key of this account was deleted/m);
  expect((await run(['key', 'show', account, ...at])).output).toMatch(/\tdeleted \d{4}-\d\d-\d\d\n$/);
  const back = await run(['undelete', 'carol@example.test', ...at]);
  expect([back.status, back.errors]).toEqual([
    1,
    expect.stringContaining('its mail cannot be read any more'),
  ]);
  expect((await run(['check', account, ...at])).output).toMatch(
    /^carol@example\.test: cannot be opened\.\n {2}key-deleted: /,
  );
  // It is what was meant, not damage.
  const all = await run(['check', '--all', ...at]);
  expect([all.status, all.errors]).toEqual([0, '2 accounts checked.\n']);
  expect(all.output).toContain('as was meant');
  const again = await run(['key', 'create', account, ...at]);
  expect([again.status, again.errors]).toEqual([1, expect.stringContaining('has a key, or had one')]);
  expect((await run(['key', 'delete', 'dora@example.test', '--yes', ...at])).errors).toMatch(/has no key/);
  expect((await run(['key', 'create', 'dora@example.test', ...at])).status).toBe(0);
  expect((await run(['key', 'show', 'dora@example.test', ...at])).output).toMatch(/\tencrypted since \d{4}-/);
  expect(await inbox(ready.imap, 'dora@example.test', 'a-secret-of-hers')).toHaveLength(1);
});

/** A session with INBOX selected; the function resolves with all that it was told once the server has ended it. */
async function openSession({ host, port }: Listener, user: string, password: string) {
  const socket = connect({ host, port }).setEncoding('utf8');
  const ended = once(socket, 'close');
  let told = '';
  socket.on('data', (chunk: string) => (told += chunk));
  socket.write(`a LOGIN ${user} ${password}\r\nb SELECT INBOX\r\n`);
  await eventually(async () => /^b OK/m.test(told));
  return async (): Promise<string> => {
    await ended;
    return told;
  };
}
