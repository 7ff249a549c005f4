/**
 * The drill of docs/ADMINISTRATION.md, as a person does it on one machine: the table is put back as it was, and what else can be
 * lost is lost, one after the other. Each step says what the commands tell of it, and what clients see.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type AttributeValue,
  DeleteItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ImapFlow } from 'imapflow';
import { dataPaths } from '../../../infra/local/data-folder.ts';
import type { Listener } from '../../../infra/local/instance.ts';
import { readSettings } from '../../../infra/local/settings.ts';
import { startOrStopAll } from '../../../infra/local/started-parts.ts';
import { reachEngine } from '../../../infra/local/stores.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { accountKeys } from '../../../shared/aws/keys.ts';
import type { Engine } from '../../../shared/aws/engine.ts';
import { createLog } from '../../../shared/log.ts';
import { run } from './command-here.ts';
import { start } from './instance-here.ts';
import { eventually } from './processes.ts';
import { sendMail } from './quire-command.ts';

const CAROL = 'carol@example.test';
const PASSWORD = 'a-secret-of-carol';
let data: string;
let at: string[];

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'quire-drill-'));
  at = ['--data', data];
  const added = await run(['user', 'add', CAROL, '--password-stdin', ...at], PASSWORD);
  expect(added.errors).toBe('');
});

afterAll(() => rm(data, { recursive: true, force: true }));

/** UIDs and subjects of INBOX, and its UIDVALIDITY. */
async function inboxOf({ host, port }: Listener): Promise<{ uidValidity: bigint; lines: string[] }> {
  const auth = { user: CAROL, pass: PASSWORD };
  const client = new ImapFlow({ host, port, secure: false, doSTARTTLS: false, auth, logger: false });
  await client.connect();
  try {
    const lock = await client.getMailboxLock('INBOX');
    const lines: string[] = [];
    for await (const { uid, envelope } of client.fetch('1:*', { envelope: true }))
      lines.push(`${uid} ${envelope?.subject ?? ''}`);
    lock.release();
    const uidValidity = client.mailbox === false ? 0n : client.mailbox.uidValidity;
    return { uidValidity, lines };
  } finally {
    await client.logout();
  }
}

const subjectsOf = (lines: readonly string[]) => lines.map((line) => line.replace(/^\d+ /, '')).sort();
const uidsOf = (lines: readonly string[]) => lines.map((line) => Number.parseInt(line, 10));

/** The instance runs, gets mail with these subjects, and stops again. */
async function whileItRuns(subjects: readonly string[]) {
  const { ready, stop } = await start(data);
  for (const subject of subjects) await sendMail(ready.smtp, CAROL, subject);
  let found = await inboxOf(ready.imap);
  await eventually(async () => {
    found = await inboxOf(ready.imap);
    return subjects.every((subject) => found.lines.some((line) => line.endsWith(` ${subject}`)));
  });
  await stop();
  return found;
}

/** Does something to the stores of the stopped instance that no command does. */
async function onStores(work: (engine: Engine, account: AccountId) => Promise<void>): Promise<void> {
  const settings = readSettings({ data, demo: false }, {}, process.cwd());
  const log = createLog({ level: 'silent', pretty: false });
  await startOrStopAll(log, async (parts) => {
    const engine = await reachEngine({ settings, log, parts }, 'a test');
    const account = await engine.directory.users.find(CAROL);
    if (!account) throw new Error('carol has no account');
    await work(engine, account.id);
    await parts.stop();
  });
}

const check = async (...options: string[]) => run(['check', CAROL, ...options, ...at]);

const database = () => dataPaths(data).database;

async function backUp(): Promise<() => Promise<void>> {
  const folder = path.dirname(database());
  const files = (await readdir(folder)).filter((name) => name.startsWith('quire.db'));
  const copies = await Promise.all(
    files.map(async (name) => [name, await readFile(path.join(folder, name))] as const),
  );
  return async () => {
    for (const name of await readdir(folder))
      if (name.startsWith('quire.db')) await rm(path.join(folder, name));
    for (const [name, bytes] of copies) await writeFile(path.join(folder, name), bytes, { mode: 0o600 });
  };
}

describe('the drill', () => {
  test('the table as it was an hour ago: nothing is given out twice, and mail of the hour is there', async () => {
    const before = await whileItRuns(['one', 'two', 'three']);
    // The command takes whole seconds: the next one.
    const second = Math.floor(Date.now() / 1000) * 1000 + 1000;
    const asOf = new Date(second).toISOString().replace('.000', '');
    const putBack = await backUp();
    const lost = await whileItRuns(['four', 'five']);
    expect(subjectsOf(lost.lines)).toEqual(['five', 'four', 'one', 'three', 'two']);
    await putBack();

    const told = await check();
    expect(told.output).toContain('3 messages in 6 mailboxes');
    expect(told.output).toContain('2 objects named by nobody');
    const early = await run(['restore', '--as-of', '2040-01-01T00:00Z', ...at]);
    expect([early.status, early.errors]).toEqual([1, expect.stringContaining('still to come')]);
    const report = path.join(data, 'restore.jsonl');
    await eventually(() => Date.now() > second);
    const restored = await run(['restore', '--as-of', asOf, '--report', report, ...at]);
    expect(restored.errors).toBe('');
    expect(restored.output).toMatch(
      /carol@example\.test: goes on at record \d+ after record \d+; 2 messages of the time since named again\n1 account gone through\./,
    );
    // A second time it goes on where it was: there is nothing left to do.
    const again = await run(['restore', '--as-of', asOf, '--report', report, ...at]);
    expect(again.output).toContain('1 account gone through, 1 of them by an earlier run.');

    const after = await whileItRuns(['six']);
    expect(after.uidValidity).toBe(before.uidValidity);
    expect(subjectsOf(after.lines)).toEqual(['five', 'four', 'one', 'six', 'three', 'two']);
    expect(after.lines.slice(0, 3)).toEqual(before.lines);
    expect(Math.min(...uidsOf(after.lines.slice(3)))).toBeGreaterThan(Math.max(...uidsOf(lost.lines)) + 1000);
    const whole = await check();
    expect([whole.status, whole.errors]).toEqual([0, '']);
    expect(whole.output).toContain('nothing is wrong');
  });

  test('all summaries are lost: nobody misses a message, and a repair works them out again', async () => {
    await run(['compact', CAROL, ...at]);
    const summaries = path.join(dataPaths(data).blobs, 'summaries');
    await rm(summaries, { recursive: true });
    const told = await check();
    expect(told.status).toBe(1);
    expect(told.output).toContain('chunk-lost: chunk ');
    expect(told.output).toContain('summary-lost: 6 messages have no summary that can be read');
    expect(told.output).toContain('quire check --repair mends it');
    const mended = await check('--repair');
    expect([mended.status, mended.errors]).toEqual([0, '']);
    expect(mended.output).toMatch(/done: wrote the checkpoint at record \d+ anew/);
    expect(subjectsOf((await whileItRuns([])).lines)).toHaveLength(6);
  });

  test('the bundle of messages is lost: they come back under new UIDs, each as it is', async () => {
    const before = await whileItRuns([]);
    await onStores(async ({ dynamodb }, account) => {
      const { pk, sk } = accountKeys.bundle(account);
      await dynamodb.send(
        new DeleteItemCommand({ TableName: 'mail', Key: { pk: { S: pk }, sk: { S: sk } } }),
      );
    });
    const told = await check();
    expect([told.status, told.output]).toEqual([1, expect.stringContaining('bundle-lost: ')]);
    expect(told.output).toContain('messages-lost: ');
    const mended = await check('--repair');
    expect([mended.status, mended.errors]).toEqual([0, '']);
    const after = await whileItRuns(['seven']);
    expect(after.uidValidity).toBe(before.uidValidity);
    expect(subjectsOf(after.lines)).toEqual([...subjectsOf(before.lines), 'seven'].sort());
    for (const line of after.lines)
      if (!before.lines.includes(line))
        expect(uidsOf([line])[0]).toBeGreaterThan(Math.max(...uidsOf(before.lines)));
  });

  test('a message is cut, one is gone, and one has a bit changed: each is named, for somebody to tell carol', async () => {
    const folder = path.join(dataPaths(data).blobs, 'blobs');
    const [account = ''] = await readdir(folder);
    const files = (await readdir(path.join(folder, account))).map((name) => path.join(folder, account, name));
    const [cut = '', gone = '', flipped = ''] = files;
    const kept = await Promise.all([cut, gone, flipped].map((file) => readFile(file)));
    await truncate(cut, 40);
    await rm(gone);
    const bytes = await readFile(flipped);
    bytes[30] = (bytes[30] ?? 0) ^ 1;
    await writeFile(flipped, bytes);
    const told = await check('--repair', '--json');
    expect(told.status).toBe(1);
    const { findings, done } = JSON.parse(told.output) as { findings: Finding[]; done: string[] };
    expect(done).toEqual([]);
    expect(findings.map(({ kind }) => kind).sort()).toEqual([
      'message-damaged',
      'message-damaged',
      'message-missing',
    ]);
    const subjects = findings.map(({ message }) => message?.subject);
    expect(new Set(subjects).size).toBe(3);
    for (const subject of subjects)
      expect(['one', 'two', 'three', 'four', 'five', 'six', 'seven']).toContain(subject);
    // Somebody has them in a backup.
    for (const [index, file] of [cut, gone, flipped].entries()) await writeFile(file, kept[index] ?? '');
    expect((await check()).status).toBe(0);
  });

  test('the tables are lost but for the keys: the index is made anew from the messages', async () => {
    const before = await whileItRuns([]);
    let id = '';
    let keys: Record<string, AttributeValue>[] = [];
    await onStores(async ({ dynamodb }, account) => {
      id = account;
      keys = (await dynamodb.send(new ScanCommand({ TableName: 'keys' }))).Items ?? [];
    });
    for (const name of await readdir(data)) if (name.startsWith('quire.db')) await rm(path.join(data, name));
    const nobody = await check();
    expect([nobody.status, nobody.errors]).toEqual([1, expect.stringContaining('carol@example.test')]);
    const added = await run(['user', 'add', CAROL, '--account', id, '--password-stdin', ...at], PASSWORD);
    expect(added.errors).toBe('');
    const told = await check('--repair');
    expect([told.status, told.output]).toEqual([1, expect.stringContaining('account-missing: ')]);
    expect(told.output).toContain('quire check --repair --rebuild makes the index anew');
    // Without the table of keys nothing can be read, and nothing is given up.
    const sealed = await check('--repair', '--rebuild');
    expect([sealed.status, sealed.errors]).toEqual([1, expect.stringContaining('7 of 7 objects of account')]);
    await onStores(async ({ dynamodb }) => {
      for (const Item of keys) await dynamodb.send(new PutItemCommand({ TableName: 'keys', Item }));
    });
    // What else is asked of the account meanwhile is one sentence, and does nothing.
    for (const asked of [
      ['undelete'],
      ['hold'],
      ['compact'],
      ['user', 'close'],
      ['key', 'delete', '--yes'],
    ]) {
      const [command = '', ...more] = asked;
      const { status, errors } = await run([command, ...more, CAROL, ...at]);
      expect([asked, status, errors.split('\n').length]).toEqual([asked, 1, 2]);
      expect(errors).toMatch(/quire check/);
    }
    const all = await run(['expunge', '--all', ...at]);
    expect([all.status, all.errors]).toEqual([
      1,
      expect.stringMatching(
        /^carol@.* could not be looked after: .*\nquire: 1 account could not be looked after\.\n$/,
      ),
    ]);
    expect((await run(['user', 'list', ...at])).output).toContain(`${CAROL}\tactive`);
    const rebuilt = await check('--repair', '--rebuild');
    expect([rebuilt.status, rebuilt.errors]).toEqual([0, '']);
    expect(rebuilt.output).toContain('done: made the index anew from 7 messages');
    expect((await run(['retention', CAROL, ...at])).output).toContain('A legal hold stands');
    await run(['hold', CAROL, '--release', ...at]);
    const after = await whileItRuns(['eight']);
    expect(after.uidValidity).toBeGreaterThan(before.uidValidity);
    expect(subjectsOf(after.lines)).toEqual([...subjectsOf(before.lines), 'eight'].sort());
    const refused = await check('--repair', '--rebuild');
    expect([refused.status, refused.errors]).toEqual([1, expect.stringContaining('Nothing was rebuilt')]);
  });

  test('a running instance is no place for a restore, nor for an account to be made anew', async () => {
    const { ready, stop } = await start(data);
    const restored = await run(['restore', '--as-of', '1h', ...at]);
    expect([restored.status, restored.errors]).toEqual([1, expect.stringContaining('An instance runs on')]);
    const rebuilt = await check('--repair', '--rebuild');
    expect([rebuilt.status, rebuilt.errors]).toEqual([1, expect.stringContaining('An instance runs on')]);
    // A check is, and a repair.
    expect((await check('--repair')).output).toContain('nothing is wrong');
    expect((await inboxOf(ready.imap)).lines).toHaveLength(8);
    await stop();
  });

  test('all accounts: a report in lines of JSON, gone on with after an interruption', async () => {
    await run(['user', 'add', 'dave@example.test', '--password-stdin', ...at], PASSWORD);
    const report = path.join(data, 'check.jsonl');
    const first = await run(['check', '--all', '--rate', '1000', '--report', report, ...at]);
    expect([first.status, first.errors]).toEqual([0, '2 accounts checked.\n']);
    const lines = (await readFile(report, 'utf8')).split('\n');
    // It is cut in the middle of its last line.
    await writeFile(report, lines.slice(0, -2).join('\n') + `\n${(lines.at(-2) ?? '').slice(0, 30)}`);
    const second = await run(['check', '--all', '--rate', '1000', '--report', report, ...at]);
    expect([second.status, second.errors]).toEqual([0, '2 accounts checked, 1 of them by an earlier run.\n']);
    const accounts = (await readFile(report, 'utf8')).trimEnd().split('\n').slice(1);
    expect(new Set(accounts.map((line) => (JSON.parse(line) as { account: string }).account)).size).toBe(2);
    // What the first run found is told by the second, and counts.
    const [head = '', line = '', ...others] = (await readFile(report, 'utf8')).split('\n');
    const lost = {
      kind: 'chunk-lost',
      what: 'chunk 1 is gone',
      means: 'Lists are slow.',
      mendedBy: 'repair',
    };
    const found = JSON.stringify({ ...(JSON.parse(line) as object), findings: [lost] });
    await writeFile(report, [head, found, ...others].join('\n'));
    const third = await run(['check', '--all', '--report', report, ...at]);
    expect([third.status, third.errors]).toEqual([
      1,
      '2 accounts checked, 2 of them by an earlier run.\nquire: 1 finding to be looked after.\n',
    ]);
    expect(third.output).toContain('chunk-lost: chunk 1 is gone');
    await writeFile(report, `${head}\nnothing\n`);
    const broken = await run(['check', '--all', '--report', report, ...at]);
    expect([broken.status, broken.errors]).toEqual([1, expect.stringContaining('Line 2 of')]);
    const other = await run(['check', '--all', '--repair', '--report', report, ...at]);
    expect([other.status, other.errors]).toEqual([
      1,
      expect.stringContaining(
        'is the report of something else, "quire check --all" (repair: false, digests: true); this is of "quire check --all" (repair: true, digests: true)',
      ),
    ]);
  });

  test('the directory is lost: a check of all accounts does not take that for having nobody', async () => {
    const before = await accountsOf();
    // Of a "user add" that was refused nothing is left that anybody misses.
    expect((await run(['user', 'add', CAROL, '--password-stdin', ...at], PASSWORD)).status).toBe(1);
    const whole = await run(['check', '--all', '--rate', '1000', ...at]);
    expect([whole.status, whole.errors]).toEqual([0, '3 accounts checked.\n']);
    expect(whole.output).toContain('there is no mail in it');
    const putBack = await backUp();
    await onStores(async ({ dynamodb }) => {
      const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: 'directory' }));
      for (const { pk, sk } of Items)
        await dynamodb.send(
          new DeleteItemCommand({
            TableName: 'directory',
            Key: { pk, sk } as Record<string, AttributeValue>,
          }),
        );
    });
    expect((await run(['user', 'list', ...at])).output).toBe('');
    const { status, errors, output } = await run(['check', '--all', '--rate', '1000', ...at]);
    expect([status, errors]).toEqual([
      1,
      '3 accounts checked.\nThe directory does not know 1 of them: if it was lost, put it back from a backup; else give it to its user again (quire user add <address> --account <id>).\nquire: 1 finding to be looked after.\n',
    ]);
    expect(output).toContain(`account ${before[CAROL] ?? ''}: 8 messages in`);
    // A restore does not pass it over either.
    expect((await run(['restore', '--as-of', '1m', ...at])).output).toContain(
      `account ${before[CAROL] ?? ''}: goes on`,
    );
    const mistyped = await run(
      ['user', 'add', CAROL, '--account', '0123456789abcdef0123', '--password-stdin', ...at],
      PASSWORD,
    );
    expect([mistyped.status, mistyped.errors]).toEqual([
      1,
      expect.stringContaining('Nothing is stored under the id 0123456789abcdef0123'),
    ]);
    const given = await run(
      ['user', 'add', CAROL, '--account', before[CAROL] ?? '', '--password-stdin', ...at],
      PASSWORD,
    );
    expect([given.status, given.errors]).toEqual([0, '']);
    const last = await run(['check', '--all', '--rate', '1000', ...at]);
    expect([last.status, last.output]).toEqual([0, expect.stringContaining('nothing is wrong')]);
    await putBack();
  });
});

/** Ids by address. */
async function accountsOf(): Promise<Record<string, string>> {
  const accounts: Record<string, string> = {};
  await onStores(async ({ directory }) => {
    for await (const { id, addresses } of directory.users.list()) accounts[addresses[0] ?? ''] = id;
  });
  return accounts;
}

interface Finding {
  readonly kind: string;
  readonly message?: { readonly subject: string | null };
}
