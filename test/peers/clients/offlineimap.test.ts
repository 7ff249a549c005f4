/** OfflineIMAP keeps a Maildir and an account the same: what one side does, the other has after a run. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LocalInstance } from '../../support/instance.ts';
import { homeFolder } from './home-folder.ts';
import { connectImapFlow, messagesOf } from './imapflow-client.ts';
import { outputOf } from './program.ts';
import { variedMail } from './varied-mail.ts';

const MESSAGES = 40;
const mails = Array.from({ length: MESSAGES }, (_, n) => variedMail(n));
let instance: LocalInstance;
let home: string;

beforeAll(async () => {
  instance = await LocalInstance.start();
  home = await homeFolder();
  await writeFile(path.join(home, 'settings'), settings());
});
afterAll(() => instance.stop());

const settings = (): string => `
[general]
accounts = quire
metadata = ${home}/state
ui = quiet

[Account quire]
localrepository = folders
remoterepository = server

[Repository folders]
type = Maildir
localfolders = ${home}/mail

[Repository server]
type = IMAP
remotehost = ${instance.imap.host}
remoteport = ${instance.imap.port}
remoteuser = ${instance.alice.address}
remotepass = ${instance.alice.password}
ssl = no
starttls = no
maxconnections = 2
`;

const sync = (): Promise<string> => outputOf(home, 'offlineimap', ['-o', '-c', path.join(home, 'settings')]);

interface File {
  readonly path: string;
  readonly subject: string;
  /** Of Maildir: S is seen, F flagged, T trashed. */
  readonly letters: string;
  /** As bytes, in latin1. */
  readonly text: string;
}

async function maildir(folder: string): Promise<File[]> {
  const found: File[] = [];
  for (const part of ['cur', 'new']) {
    const at = path.join(home, 'mail', folder, part);
    for (const name of await readdir(at)) {
      const file = path.join(at, name);
      const text = await readFile(file, 'latin1');
      const subject = /^Subject: (.*?)\r?$/m.exec(text)?.[1] ?? '';
      found.push({ path: file, subject, letters: /:2,([A-Z]*)$/.exec(name)?.[1] ?? '', text });
    }
  }
  return found;
}

async function fileOf(folder: string, subject: string): Promise<File> {
  const found = (await maildir(folder)).find((file) => file.subject === subject);
  if (!found) throw new Error(`there is no "${subject}" in ${folder}`);
  return found;
}

const withLf = (raw: Buffer): string => raw.toString('latin1').replaceAll('\r\n', '\n');
const onServer = (mailbox: string) => messagesOf(instance.imap, instance.alice, mailbox);
const subjectOf = (n: number): string => mails[n]?.subject ?? '';

test('reads: every message comes into an empty Maildir, byte for byte', async () => {
  const client = await connectImapFlow(instance.imap, instance.alice);
  for (const { raw, date } of mails) await client.append('INBOX', raw, ['\\Seen'], date);
  await client.logout();
  await sync();
  const files = new Map((await maildir('INBOX')).map((file) => [file.subject, file]));
  expect(files.size).toBe(MESSAGES);
  for (const { subject, raw } of mails) {
    expect(files.get(subject)?.text.replaceAll('\r\n', '\n')).toBe(withLf(raw));
    expect(files.get(subject)?.letters).toBe('S');
  }
});

test('flags, moves, appends and deletes on the server what was so in the folder', async () => {
  const flagged = await fileOf('INBOX', subjectOf(0));
  await rename(flagged.path, flagged.path.replace(/:2,.*/, ':2,FRS'));
  const moved = await fileOf('INBOX', subjectOf(1));
  await rename(moved.path, path.join(home, 'mail', 'Archive', 'cur', '1000000000.moved.test:2,S'));
  const fresh = variedMail(1, 'from folder');
  await writeFile(
    path.join(home, 'mail', 'INBOX', 'cur', '1000000001.fresh.test:2,'),
    withLf(fresh.raw),
    'latin1',
  );
  await rm((await fileOf('INBOX', subjectOf(2))).path);
  await sync();

  const inbox = await onServer('INBOX');
  const bySubject = new Map(inbox.map((message) => [message.subject, message]));
  expect(inbox).toHaveLength(MESSAGES - 2 + 1);
  expect(bySubject.get(subjectOf(0))?.flags).toEqual(['\\Answered', '\\Flagged', '\\Seen']);
  expect(bySubject.has(subjectOf(2))).toBe(false);
  // It marks what it appends with a field of its own where the server does not tell the UID.
  expect(bySubject.get(fresh.subject)?.source).toEqual(fresh.raw);
  const archived = await onServer('Archive');
  expect(archived.map(({ subject, flags }) => ({ subject, flags }))).toEqual([
    { subject: subjectOf(1), flags: ['\\Seen'] },
  ]);
});

test('and in the folder what was so on the server', async () => {
  const client = await connectImapFlow(instance.imap, instance.alice);
  const lock = await client.getMailboxLock('INBOX');
  await client.messageFlagsAdd({ header: { subject: subjectOf(4) } }, ['\\Flagged']);
  await client.messageDelete({ header: { subject: subjectOf(5) } });
  await client.messageMove({ header: { subject: subjectOf(6) } }, 'Archive');
  lock.release();
  await client.append('INBOX', variedMail(2, 'from server').raw);
  await client.logout();
  await sync();
  const subjects = (await maildir('INBOX')).map(({ subject }) => subject).sort();
  expect(subjects).toEqual((await onServer('INBOX')).map(({ subject }) => subject).sort());
  expect((await fileOf('INBOX', subjectOf(4))).letters).toBe('FS');
  expect(subjects).not.toContain(subjectOf(5));
  expect((await maildir('Archive')).map(({ subject }) => subject)).toContain(subjectOf(6));
});
