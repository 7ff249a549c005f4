/** mutt and neomutt, each in a terminal: what a person sees and does there, and what a second client then finds. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LocalInstance } from '../../support/instance.ts';
import { homeFolder } from './home-folder.ts';
import { connectImapFlow, messagesOf } from './imapflow-client.ts';
import { Terminal } from './terminal.ts';
import { variedMail } from './varied-mail.ts';

let instance: LocalInstance;

beforeAll(async () => {
  instance = await LocalInstance.start();
});
afterAll(() => instance.stop());

describe.each([{ program: 'mutt' }, { program: 'neomutt' }])('$program', ({ program }) => {
  let home: string;
  let terminal: Terminal;

  /** Settings that keep it from asking, and make it look for news at every second's end. */
  const settings = (): string => `
set folder = "imap://localhost:${instance.imap.port}/"
set spoolfile = "+${program}"
set imap_user = "${instance.alice.address}"
set imap_pass = "${instance.alice.password}"
set ssl_starttls = yes
set ssl_force_tls = yes
set certificate_file = "${instance.certificate}"
set imap_idle = yes
set timeout = 1
set mail_check = 1
set imap_condstore = yes
set header_cache = "${path.join(home, 'cache')}"
set message_cachedir = "${path.join(home, 'bodies')}"
set move = no
set delete = yes
set confirmappend = no
set mark_old = no
set sort = mailbox-order
set index_format = "%4C %Z %s"
set record = ""
set quit = yes
`;
  const open = async (): Promise<void> => {
    terminal = await Terminal.start(home, `${program} -F ${path.join(home, 'settings')}`);
  };
  const onServer = () => messagesOf(instance.imap, instance.alice, program);
  const subjects = [1, 2, 4].map((n) => variedMail(n, program).subject);

  beforeAll(async () => {
    home = await homeFolder();
    await writeFile(path.join(home, 'settings'), settings());
    const client = await connectImapFlow(instance.imap, instance.alice);
    await client.mailboxCreate(program);
    for (const n of [1, 2, 4]) await client.append(program, variedMail(n, program).raw);
    await client.logout();
    await open();
  });
  afterAll(async () => {
    await terminal.close();
  });

  test('lists the messages of the mailbox', async () => {
    const screen = await terminal.shows(subjects[2] ?? '');
    expect(screen.match(new RegExp(`${program} \\d$`, 'gm'))).toEqual(subjects);
  });

  test('opens a message: its subject and its text, decoded', async () => {
    await terminal.keys('Home', 'Enter');
    expect(await terminal.shows('Grüße Nummer 1 aus 東京.')).toContain(`Subject: ${program} 1`);
    await terminal.keys('j');
    await terminal.shows('Café crème no. 2');
  });

  test('shows the parts of a message, and one of them', async () => {
    await terminal.keys('j');
    await terminal.shows('See the attachment.');
    await terminal.keys('v');
    expect(await terminal.shows('data-4.bin')).toMatch(/applica?.*octet-/);
    await terminal.keys('q', 'q');
    await terminal.shows(new RegExp(`^ *3 .*${program} 4`, 'm'));
  });

  test('sets a flag, and what was opened is seen', async () => {
    await terminal.keys('Home', 'F', '$');
    // It says so when the server has answered.
    await terminal.shows('3 kept, 0 deleted');
    expect((await onServer()).map(({ flags }) => flags)).toEqual([
      ['\\Flagged', '\\Seen'],
      ['\\Seen'],
      ['\\Seen'],
    ]);
  });

  test('saves a message to another mailbox', async () => {
    await terminal.keys('2', 'Enter', 's');
    await terminal.shows('Save to mailbox');
    await terminal.keys('C-u', '=Archive', 'Enter');
    await terminal.shows(new RegExp(`^ *2 +D +${program} 2`, 'm'));
    const archived = await messagesOf(instance.imap, instance.alice, 'Archive');
    expect(archived.at(-1)).toMatchObject({ subject: subjects[1], source: variedMail(2, program).raw });
  });

  test('expunges what is deleted', async () => {
    await terminal.keys('$');
    await terminal.shows('2 kept, 1 deleted');
    expect((await onServer()).map(({ uid }) => uid)).toEqual([1, 3]);
  });

  test('is told, while it idles, of a new message and of a flag that another client sets', async () => {
    const client = await connectImapFlow(instance.imap, instance.alice);
    await client.append(program, variedMail(5, program).raw);
    await terminal.shows(new RegExp(`^ *3 N .*${program} 5`, 'm'));
    await client.mailboxOpen(program);
    await client.messageFlagsAdd({ uid: '3' }, ['\\Flagged']);
    await terminal.shows(new RegExp(`^ *2 +! +${program} 4`, 'm'));
    await client.logout();
  });

  test('quits, and opens the mailbox again from what it has kept, with what has changed meanwhile', async () => {
    await terminal.keys('q');
    expect(await terminal.ended()).toBe(0);
    await terminal.close();
    const client = await connectImapFlow(instance.imap, instance.alice);
    await client.mailboxOpen(program);
    await client.messageFlagsRemove({ uid: '1' }, ['\\Flagged']);
    await client.messageDelete({ uid: '3' });
    await client.append(program, variedMail(7, program).raw);
    await client.logout();
    await open();
    const screen = await terminal.shows(`${program} 7`);
    expect(
      screen.match(new RegExp(`^ +\\d.*${program} \\d$`, 'gm'))?.map((line) => line.trim().split(/ +/)),
    ).toEqual([
      ['1', program, '1'],
      ['2', expect.stringMatching(/^[NO]$/), program, '5'],
      ['3', 'N', program, '7'],
    ]);
  });
});
