/** alpine in a terminal: what a person sees and does there, and what a second client then finds. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LocalInstance } from '../../support/instance.ts';
import { homeFolder } from './home-folder.ts';
import { connectImapFlow, messagesOf } from './imapflow-client.ts';
import { Terminal } from './terminal.ts';
import { variedMail } from './varied-mail.ts';

let instance: LocalInstance;
let terminal: Terminal;
const subjects = [1, 2, 4].map((n) => variedMail(n, 'alpine').subject);

/** It asks for nothing but the password, saves on the server, and keeps what is postponed there. */
const settings = (): string => {
  const server = `{${instance.imap.host}:${instance.imap.port}/user=${instance.alice.address}/notls}`;
  const features = [
    'disable-password-file-saving',
    'enable-flag-cmd',
    'expunge-without-confirm',
    'quit-without-confirm',
  ];
  return `
personal-name=Alice
user-domain=example.test
inbox-path=${server}INBOX
folder-collections="Quire" ${server}[]
postponed-folder=${server}Drafts
default-fcc=""
last-version-used=6.26
feature-list=${features.join(',')}
index-format=STATUS MSGNO SUBJECT
`;
};

beforeAll(async () => {
  instance = await LocalInstance.start();
  const client = await connectImapFlow(instance.imap, instance.alice);
  for (const n of [1, 2, 4]) await client.append('INBOX', variedMail(n, 'alpine').raw);
  await client.logout();
  const home = await homeFolder();
  const file = path.join(home, 'settings');
  await writeFile(file, settings());
  terminal = await Terminal.start(home, `alpine -p ${file} -i`);
  await terminal.shows('ENTER PASSWORD');
  await terminal.keys(instance.alice.password, 'Enter');
});
afterAll(() => instance.stop());

const onServer = (mailbox: string) => messagesOf(instance.imap, instance.alice, mailbox);

describe('alpine', () => {
  // Before its home is removed.
  afterAll(() => terminal.close());

  test('lists the messages of INBOX', async () => {
    await terminal.shows('opened with 3 messages');
    const screen = await terminal.shows(subjects[2] ?? '');
    expect(screen.match(/alpine \d$/gm)).toEqual(subjects);
  });

  test('reads a message: its subject and its text, decoded', async () => {
    await terminal.keys('Enter');
    expect(await terminal.shows('Grüße Nummer 1 aus 東京.')).toContain('Subject: alpine 1');
    await terminal.keys('<');
    await terminal.shows(/^ +2 alpine 2|^ +N +2 alpine 2/m);
  });

  test('flags a message', async () => {
    await terminal.keys('*');
    await terminal.shows('Flag New, Deleted');
    await terminal.keys('Enter');
    await terminal.shows('Flagged message 1');
    const [first] = await onServer('INBOX');
    expect(first?.flags).toEqual(['\\Flagged', '\\Seen']);
  });

  test('moves a message: saves it to another mailbox, and expunges it here', async () => {
    await terminal.keys('n', 's');
    await terminal.shows('SAVE Msg #2');
    await terminal.keys('C-u', 'Archive', 'Enter');
    await terminal.shows(/^ +D +2 alpine 2/m);
    await terminal.keys('x');
    await terminal.shows('1 message expunged');
    const [archived] = await onServer('Archive');
    expect(archived).toMatchObject({ subject: subjects[1], source: variedMail(2, 'alpine').raw });
    expect((await onServer('INBOX')).map(({ subject }) => subject)).toEqual([subjects[0], subjects[2]]);
  });

  test('deletes a message', async () => {
    await terminal.keys('d');
    await terminal.shows(/^ +D +2 alpine 4/m);
    await terminal.keys('x');
    await terminal.shows('Message 1 of 1');
    expect((await onServer('INBOX')).map(({ uid }) => uid)).toEqual([1]);
  });

  test('appends: a letter that is postponed lies in Drafts', async () => {
    await terminal.keys('c');
    await terminal.shows('COMPOSE MESSAGE');
    await terminal.keys('bob@example.test', 'Down', 'Down', 'Down', 'a letter', 'Down', 'Dear Bob', 'C-o');
    await terminal.shows(/Composition postponed|postponed message DONE/);
    const [draft] = await onServer('Drafts');
    expect(draft?.subject).toBe('a letter');
    expect(draft?.source.toString()).toContain('Dear Bob');
  });

  test('is told of a new message, and quits', async () => {
    const client = await connectImapFlow(instance.imap, instance.alice);
    await client.append('INBOX', variedMail(5, 'alpine').raw);
    await client.logout();
    // It looks for news at a command.
    await terminal.keys('C-l');
    await terminal.shows('alpine 5');
    await terminal.keys('q');
    expect(await terminal.ended()).toBe(0);
  });
});
