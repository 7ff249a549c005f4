/** The commands that say how long mail is kept, and bring it back: on a running instance. */
import { expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ImapFlow } from 'imapflow';
import { run } from './command-here.ts';
import { start } from './instance-here.ts';
import { eventually } from './processes.ts';
import { inbox, sendMail } from './quire-command.ts';
import { temporaryFolder } from './temporary-folder.ts';

const CAROL = 'carol@example.test';
const PASSWORD = 'first-secret';

test('quire undelete, retention, hold and expunge', async () => {
  const data = path.join(await temporaryFolder(), 'data');
  await mkdir(data);
  const at = ['--data', data];
  await run(['user', 'add', CAROL, '--password-stdin', ...at], PASSWORD);
  const { ready, stop } = await start(data);
  await sendMail(ready.smtp, CAROL, 'to be expunged');
  await eventually(async () => (await inbox(ready.imap, CAROL, PASSWORD)).length === 1);
  const client = new ImapFlow({
    ...ready.imap,
    secure: false,
    doSTARTTLS: false,
    auth: { user: CAROL, pass: PASSWORD },
    logger: false,
  });
  await client.connect();
  await client.mailboxOpen('INBOX');
  await client.messageDelete('1');

  const dry = await run(['undelete', CAROL, '--since', '1h', '--dry-run', ...at]);
  expect(dry.output).toMatch(
    /^carol@example\.test: 1 message of \d+ bytes would come back, in "Restored\/INBOX"\.\n$/,
  );
  const back = await run(['undelete', CAROL, '--mailbox', 'inbox', '--in-place', ...at]);
  expect(back.output).toMatch(/1 message of \d+ bytes is back, in "INBOX"\.\n$/);
  // A session that is open hears of it as of any arrival.
  await eventually(async () => {
    await client.noop();
    return (await inbox(ready.imap, CAROL, PASSWORD)).length === 1;
  });
  expect((await run(['undelete', CAROL, ...at])).output).toMatch(/is back, in "Restored\/INBOX"\.\n$/);
  expect((await run(['undelete', CAROL, ...at])).output).toBe(
    `${CAROL}: nothing to bring back; 1 message there already.\n`,
  );
  // Before there was an account, nothing was in it; now, all that is there.
  expect((await run(['undelete', CAROL, '--as-of', '1h', ...at])).output).toBe(
    `${CAROL}: nothing to bring back.\n`,
  );
  expect(
    (await run(['undelete', CAROL, '--as-of', '0m', '--into', 'Now', '--dry-run', ...at])).output,
  ).toMatch(
    /^carol@example\.test: 2 messages of \d+ bytes would come back, in "Now\/INBOX", "Now\/Restored\/INBOX"\.\n$/,
  );
  expect((await client.list()).map(({ path: name }) => name)).toContain('Restored/INBOX');
  await client.logout();

  expect((await run(['retention', CAROL, '90', '--mailbox', 'Archive', ...at])).output).toBe(
    `${CAROL}: the mailbox "Archive": messages stay for 90 days.\n`,
  );
  expect((await run(['retention', CAROL, 'forever', '--use', 'junk', ...at])).output).toBe(
    `${CAROL}: Junk: messages stay for ever.\n`,
  );
  expect((await run(['hold', CAROL, ...at])).output).toBe(`${CAROL} is under legal hold.\n`);
  const { output } = await run(['retention', CAROL, ...at]);
  expect(output.split('\n')).toEqual(
    expect.arrayContaining([
      'Archive\t90\tof the mailbox',
      'INBOX\tforever\tdefault',
      'Junk\tforever\tof Junk',
      'Trash\t30\tdefault',
      'A legal hold stands: nothing goes until it is released.',
    ]),
  );
  expect((await run(['expunge', CAROL, ...at])).output).toBe(
    `${CAROL}: a legal hold stands, nothing was touched.\n`,
  );
  expect((await run(['hold', CAROL, '--release', ...at])).output).toBe(
    `${CAROL} is now under no legal hold.\n`,
  );
  expect((await run(['expunge', CAROL, ...at])).output).toBe(
    `${CAROL}: 0 messages expunged by retention, 0 messages deleted for good.\n`,
  );
  // Each change of policy has asked for the account.
  expect((await run(['expunge', ...at])).output).toMatch(/^1 account looked after: /);
  await stop();
});

test('quire user close and reopen', async () => {
  const data = path.join(await temporaryFolder(), 'data');
  await mkdir(data);
  const at = ['--data', data];
  await run(['user', 'add', CAROL, '--password-stdin', ...at], PASSWORD);
  await run(['alias', 'add', 'team@example.test', CAROL, ...at]);
  const inUse = await run(['user', 'close', CAROL, ...at]);
  expect([inUse.status, inUse.errors]).toEqual([1, expect.stringContaining('team@example.test')]);
  await run(['alias', 'remove', 'team@example.test', ...at]);
  await run(['hold', CAROL, ...at]);
  expect((await run(['user', 'close', CAROL, ...at])).output).toMatch(
    /All of it goes after .*Z, but not before its legal hold is released\.\n$/,
  );
  await run(['hold', CAROL, '--release', ...at]);
  const closed = await run(['user', 'close', CAROL, '--after', '3', ...at]);
  expect(closed.output).toMatch(
    /^carol@example\.test takes no logins and no mail any more\. All of it goes after \d{4}-\d\d-\d\dT/,
  );
  expect((await run(['user', 'list', ...at])).output).toMatch(
    /^carol@example\.test\tclosing until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\t/,
  );
  expect((await run(['check', '--all', ...at])).errors).toBe('1 account checked.\n');
  const enabled = await run(['user', 'enable', CAROL, ...at]);
  expect([enabled.status, enabled.errors]).toEqual([1, expect.stringContaining('"quire user reopen"')]);
  expect((await run(['retention', CAROL, ...at])).output).toContain('The account is being closed');
  expect((await run(['expunge', ...at])).status).toBe(0);
  expect((await run(['user', 'reopen', CAROL, ...at])).output).toBe(`${CAROL} is open again.\n`);
  expect((await run(['user', 'list', ...at])).output).toContain(`${CAROL}\tactive`);
  // One that was disabled before stays so.
  await run(['user', 'disable', CAROL, ...at]);
  await run(['user', 'close', CAROL, ...at]);
  expect((await run(['user', 'reopen', CAROL, ...at])).output).toBe(
    `${CAROL} is kept, and disabled as it was before.\n`,
  );
  expect((await run(['user', 'list', ...at])).output).toContain(`${CAROL}\tdisabled`);
  await run(['user', 'enable', CAROL, ...at]);
  const again = await run(['user', 'reopen', CAROL, ...at]);
  expect([again.status, again.errors]).toEqual([1, expect.stringContaining('not being closed')]);
  const never = await run(['user', 'close', CAROL, '--after', '0', ...at]);
  expect([never.status, never.errors]).toEqual([1, expect.stringContaining('from 1 to 3650 days')]);

  // Of one that is being closed, removing frees the address alone: its mail goes all the same.
  await run(['user', 'add', 'eve@example.test', '--password-stdin', ...at], PASSWORD);
  await run(['user', 'close', 'eve@example.test', '--after', '3', ...at]);
  const going = (await run(['user', 'remove', 'eve@example.test', ...at])).output;
  const [, eve = ''] =
    /^eve@example\.test is closed\. All mail of account ([0-9a-f]{20}) goes after \d/.exec(going) ?? [];
  expect((await run(['user', 'reopen', eve, ...at])).output).toBe(
    `The mail of account ${eve}, which was removed, is kept.\n`,
  );

  // What was removed has no address, and is looked after by its id; the address may be another's.
  const removed = await run(['user', 'remove', CAROL, ...at]);
  const [, id = ''] =
    /^carol@example\.test is closed\. Its mail is kept as account ([0-9a-f]{20}):/.exec(removed.output) ?? [];
  await run(['user', 'add', CAROL, '--password-stdin', ...at], PASSWORD);
  expect((await run(['hold', id, ...at])).output).toBe(`account ${id} is under legal hold.\n`);
  expect((await run(['user', 'close', id, '--after', '1', ...at])).output).toMatch(
    /^account [0-9a-f]{20} takes no logins .* but not before its legal hold is released\.\n$/,
  );
  expect((await run(['expunge', id, ...at])).output).toBe(
    `account ${id}: a legal hold stands, nothing was touched.\n`,
  );
  expect((await run(['user', 'reopen', id, ...at])).output).toBe(
    `The mail of account ${id}, which was removed, is kept.\n`,
  );
  expect((await run(['user', 'list', ...at])).output).toContain(`${CAROL}\tactive`);
  const unknown = await run(['hold', 'f0'.repeat(10), ...at]);
  expect([unknown.status, unknown.errors]).toEqual([1, expect.stringContaining('knows no account f0f0')]);
});

test('what they cannot do is one sentence', async () => {
  const data = path.join(await temporaryFolder(), 'data');
  await mkdir(data);
  const at = ['--data', data];
  await run(['user', 'add', CAROL, '--password-stdin', ...at], PASSWORD);
  const refused = async (...args: string[]): Promise<string> => {
    const { status, errors } = await run([...args, ...at]);
    expect([args, status, errors.split('\n').length]).toEqual([args, 1, 2]);
    return errors;
  };
  expect(await refused('undelete', 'nobody@example.test')).toContain('nobody@example.test');
  expect(await refused('undelete', CAROL, '--since', 'yesterday')).toContain('how long ago: 90m, 36h, 3d');
  expect(await refused('undelete', CAROL, '--as-of', '2999-01-01')).toContain('still to come');
  expect(await refused('undelete', CAROL, '--as-of', '1h', '--mailbox', 'INBOX')).toContain('whole account');
  expect(await refused('undelete', CAROL, '--into', 'x', '--in-place')).toContain('not both');
  expect(await refused('retention', CAROL, '0')).toContain('whole number from 1');
  expect(await refused('retention', CAROL, '5', '--mailbox', 'Nowhere')).toContain('no mailbox "Nowhere"');
  expect(await refused('retention', CAROL, '5', '--use', 'bin')).toContain('no special use "bin"');
  expect(await refused('expunge', CAROL, '--all')).toContain('not both');
  expect(await refused('expunge', CAROL, '--grace-days', '0')).toContain('--grace-days');
  expect(await refused('expunge', '--aws')).toContain('--grace-days');
  expect(await refused('undelete', CAROL, '--mailbox', 'Nope')).toBe(
    'quire: There is no mailbox "Nope", nor was there one from which anything can be brought back: nothing was changed.\n',
  );
  expect(await refused('retention', CAROL, '--mailbox', 'Nope')).toContain('no mailbox "Nope"');
  expect(await refused('retention', CAROL, '--use', 'bin')).toContain('no special use "bin"');
  expect(await refused('check', CAROL, '--rate', '5')).toContain('--rate goes with --all');
  expect(await refused('check', CAROL, '--report', 'x')).toContain('--report goes with --all');
  expect(await refused('check', CAROL, '--leave-unreadable')).toContain('goes with --repair');
});
