/** mbsync (isync) keeps a Maildir and an account the same, with pipelining as it does by default. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTransport } from 'nodemailer';
import { LocalInstance } from '../../support/instance.ts';
import { homeFolder } from './home-folder.ts';
import { connectImapFlow, messagesOf, type Seen } from './imapflow-client.ts';
import { outputOf } from './program.ts';
import { variedMail, type VariedMail } from './varied-mail.ts';
import { WireTap } from './wire-tap.ts';

const MESSAGES = 500;
/** So many of them come by SMTP, the others by APPEND. */
const DELIVERED = 25;
/** Letters of Maildir and the flags that they are. */
const LETTERS: Readonly<Record<string, string>> = {
  D: '\\Draft',
  F: '\\Flagged',
  R: '\\Answered',
  S: '\\Seen',
  T: '\\Deleted',
};

let instance: LocalInstance;
let tap: WireTap;
let home: string;

beforeAll(async () => {
  // Without COMPRESS, but in the last test: else the tap would see what is compressed.
  instance = await LocalInstance.start();
  tap = await WireTap.before(instance.imap);
  home = await homeFolder();
  await mkdir(path.join(home, 'mail'));
  await writeFile(path.join(home, '.mbsyncrc'), settings('DisableExtension COMPRESS=DEFLATE'));
});

afterAll(() => tap.close());
afterAll(() => instance.stop());

const settings = (extensions = ''): string => `
IMAPStore account
Host ${tap.listener.host}
Port ${tap.listener.port}
User ${instance.alice.address}
Pass ${instance.alice.password}
SSLType None
AuthMechs LOGIN
${extensions}

MaildirStore folder
Path ${home}/mail/
Inbox ${home}/mail/INBOX
SubFolders Verbatim

Channel all
Far :account:
Near :folder:
Patterns INBOX *
Create Both
Expunge Both
Sync All
CopyArrivalDate yes
SyncState *
`;

interface Counters {
  /** New messages, changed flags, messages moved to a trash that mbsync knows of (none here): on the server (far), in the Maildir (near). */
  readonly far: readonly number[];
  readonly near: readonly number[];
}
const NOTHING: Counters = { far: [0, 0, 0], near: [0, 0, 0] };

/**
 * Runs mbsync; resolves to the last counters that it shows: `F: +new *flags #trashed  N: +new *flags #trashed`. It
 * shows them to a terminal alone, which `script` gives it.
 */
async function sync(): Promise<Counters> {
  tap.clear();
  const output = await outputOf(home, 'script', ['-qec', 'mbsync --all', '/dev/null']);
  const side = (name: string): number[] => {
    const shown = [
      ...output.matchAll(new RegExp(`${name}: \\+(\\d+)/\\d+ \\*(\\d+)/\\d+ #(\\d+)/\\d+`, 'g')),
    ];
    const last = shown.at(-1);
    if (last === undefined) throw new Error(`mbsync shows no counters:\n${output}`);
    return last.slice(1).map(Number);
  };
  return { far: side('F'), near: side('N') };
}

interface File {
  readonly path: string;
  readonly subject: string;
  readonly flags: readonly string[];
  /** As bytes, in latin1. */
  readonly text: string;
  readonly modified: Date;
}

/** All messages of a Maildir folder. */
async function maildir(folder: string): Promise<File[]> {
  const found: File[] = [];
  for (const part of ['cur', 'new']) {
    const at = path.join(home, 'mail', folder, part);
    for (const name of await readdir(at)) {
      const file = path.join(at, name);
      const letters = /:2,([A-Z]*)$/.exec(name)?.[1] ?? '';
      const text = await readFile(file, 'latin1');
      const flags = Object.keys(LETTERS)
        .flatMap((letter) => (letters.includes(letter) ? [LETTERS[letter] ?? ''] : []))
        .sort();
      const subject = /^Subject: (.*)$/m.exec(text)?.[1] ?? '';
      found.push({ path: file, subject, flags, text, modified: (await stat(file)).mtime });
    }
  }
  return found;
}

async function makeMaildir(folder: string): Promise<void> {
  for (const part of ['cur', 'new', 'tmp'])
    await mkdir(path.join(home, 'mail', folder, part), { recursive: true });
}

/** Puts a message into a Maildir folder, as a client with a Maildir does: lines end with LF there. */
async function fileMail(folder: string, name: string, mail: VariedMail): Promise<void> {
  const letters = Object.keys(LETTERS).filter((letter) => mail.flags.includes(LETTERS[letter] ?? ''));
  const file = path.join(home, 'mail', folder, 'cur', `${name}.test:2,${letters.join('')}`);
  await writeFile(file, withLf(mail.raw));
}

const withLf = (raw: Buffer): string => raw.toString('latin1').replaceAll('\r\n', '\n');
/** mbsync marks what it copies with a field of its own. */
const unmarked = (text: string): string => text.replace(/^X-TUID: .*\r?\n/m, '');

const HAS_LETTER: ReadonlySet<string> = new Set(Object.values(LETTERS));

/** What must be the same on both sides, in one order. Keywords that a delivery sets have no letter in a Maildir. */
const onServer = (messages: readonly Seen[]) =>
  messages
    .map(({ subject, flags, source }) => ({
      subject,
      flags: flags.filter((flag) => HAS_LETTER.has(flag)),
      text: unmarked(withLf(source)),
    }))
    .sort((a, b) => a.subject.localeCompare(b.subject));
const inFolder = (files: readonly File[]) =>
  files
    .map(({ subject, flags, text }) => ({ subject, flags, text: unmarked(text) }))
    .sort((a, b) => a.subject.localeCompare(b.subject));

async function expectSame(mailbox: string, count: number): Promise<void> {
  const messages = await messagesOf(instance.imap, instance.alice, mailbox);
  const files = await maildir(mailbox);
  expect(messages).toHaveLength(count);
  expect(inFolder(files)).toEqual(onServer(messages));
}

/** Commands that change something or carry messages. CLOSE is no such: it leaves every mailbox, to expunge what is \Deleted. */
const WORK = /^(UID )?(APPEND|STORE|COPY|MOVE|EXPUNGE|CREATE|DELETE|RENAME|FETCH.*BODY)/;
const work = (): string[] => tap.commands.filter((command) => WORK.test(command));

async function modseqOf(mailbox: string): Promise<bigint | undefined> {
  const client = await connectImapFlow(instance.imap, instance.alice);
  const status = await client.status(mailbox, { highestModseq: true });
  await client.logout();
  return status === false ? undefined : status.highestModseq;
}

async function expectNothingToDo(): Promise<void> {
  const before = await maildir('INBOX');
  const modseq = await modseqOf('INBOX');
  expect(modseq).toBeGreaterThan(0n);
  expect(await sync()).toEqual(NOTHING);
  expect(work()).toEqual([]);
  expect(tap.commands).toContainEqual(expect.stringMatching(/^SELECT "?INBOX"?/));
  expect(await maildir('INBOX')).toEqual(before);
  expect(await modseqOf('INBOX')).toBe(modseq);
}

const mails = Array.from({ length: MESSAGES }, (_, n) => variedMail(n));

test('a mailbox of 500 messages comes whole into an empty Maildir', async () => {
  const client = await connectImapFlow(instance.imap, instance.alice);
  for (const { raw, flags, date } of mails.slice(DELIVERED))
    await client.append('INBOX', raw, [...flags], date);
  const smtp = createTransport({ ...instance.smtp, ignoreTLS: true, pool: true });
  for (const { raw } of mails.slice(0, DELIVERED)) {
    await smtp.sendMail({ envelope: { from: 'jane@example.com', to: instance.alice.address }, raw });
  }
  smtp.close();
  await client.mailboxOpen('INBOX');
  while (client.mailbox && client.mailbox.exists < MESSAGES) await client.noop();
  await client.logout();

  expect(await sync()).toEqual({ far: [0, 0, 0], near: [MESSAGES, 0, 0] });
  expect(tap.depth).toBeGreaterThan(10);
  await expectSame('INBOX', MESSAGES);
  const files = new Map((await maildir('INBOX')).map((file) => [file.subject, file]));
  for (const { subject, raw, flags, date } of mails.slice(DELIVERED)) {
    const file = files.get(subject);
    expect(unmarked(file?.text ?? '')).toBe(withLf(raw));
    expect(file?.flags).toEqual([...flags].sort());
    expect(file?.modified).toEqual(date);
  }
});

test('the second run has nothing to do', expectNothingToDo);

test('a Maildir folder of 500 messages goes whole into a mailbox that is made for it', async () => {
  await makeMaildir('Projects');
  for (const [n, mail] of mails.entries()) await fileMail('Projects', String(n), mail);
  expect(await sync()).toEqual({ far: [MESSAGES, 0, 0], near: [0, 0, 0] });
  expect(tap.depth).toBeGreaterThan(10);
  await expectSame('Projects', MESSAGES);
  await expectNothingToDo();
});

test('new messages, flags and deletions of both sides meet in one run', async () => {
  const client = await connectImapFlow(instance.imap, instance.alice);
  for (let n = 0; n < 20; n++) await client.append('INBOX', variedMail(n, 'from server').raw);
  const lock = await client.getMailboxLock('INBOX');
  // By their UIDs: the first that came.
  await client.messageFlagsAdd('1:30', ['\\Flagged'], { uid: true });
  await client.messageFlagsRemove('31:40', ['\\Seen'], { uid: true });
  await client.messageDelete('41:50', { uid: true });
  const numbers = await client.search({ all: true }, { uid: true });
  lock.release();
  await client.logout();
  const uids = numbers === false ? [] : numbers;

  for (let n = 0; n < 20; n++) await fileMail('INBOX', `local-${n}`, variedMail(n, 'from folder'));
  const files = (await maildir('INBOX')).filter(({ path: file }) => /,U=(\d+)/.test(file));
  const local = (from: number, to: number): File[] =>
    mails.slice(from, to).map(({ subject }) => files.find((file) => file.subject === subject) as File);
  const flagged = local(200, 230);
  for (const { path: file } of flagged) await rename(file, file.replace(/:2,.*/, ':2,FRS'));
  for (const { path: file } of local(230, 240)) await rm(file);
  expect(uids).toHaveLength(MESSAGES - 10 + 20);

  // Of the flags, those count that change: \Flagged was on 6 of 30, \Seen on 6 of 10; each deletion is marked.
  expect(await sync()).toEqual({ far: [20, 30 + 10, 0], near: [20, 24 + 6 + 10, 0] });
  await expectSame('INBOX', MESSAGES + 40 - 20);
  await expectNothingToDo();
});

test('with COMPRESS all comes into an empty Maildir, and what is new goes back', async () => {
  home = await homeFolder();
  await mkdir(path.join(home, 'mail'));
  await writeFile(path.join(home, '.mbsyncrc'), settings());
  expect(await sync()).toEqual({ far: [0, 0, 0], near: [MESSAGES + 20 + MESSAGES, 0, 0] });
  expect(tap.commands).toContain('COMPRESS DEFLATE');
  // What follows is nothing that the tap could read.
  expect(work()).toEqual([]);
  await expectSame('INBOX', MESSAGES + 20);
  await expectSame('Projects', MESSAGES);
  for (let n = 0; n < 20; n++) await fileMail('INBOX', `compressed-${n}`, variedMail(n, 'compressed'));
  expect(await sync()).toEqual({ far: [20, 0, 0], near: [0, 0, 0] });
  await expectSame('INBOX', MESSAGES + 40);
  expect(await sync()).toEqual(NOTHING);
});
