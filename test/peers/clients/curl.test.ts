/** curl: what a script does with a mailbox, over plain loopback, STARTTLS and implicit TLS. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { LocalInstance } from '../../support/instance.ts';
import { homeFolder } from './home-folder.ts';
import { connectImapFlow, messagesOf } from './imapflow-client.ts';
import { outputOf, runProgram, startProgram } from './program.ts';
import { variedMail } from './varied-mail.ts';

let instance: LocalInstance;
let home: string;

beforeAll(async () => {
  instance = await LocalInstance.start();
  home = await homeFolder();
});
afterAll(() => instance.stop());

/** Ways to an account: an address for curl, and what makes it trust the certificate. */
const WAYS = {
  'plain on loopback': () => ({ url: `imap://127.0.0.1:${instance.imap.port}`, options: [] as string[] }),
  STARTTLS: () => ({
    url: `imap://127.0.0.1:${instance.imap.port}`,
    options: ['--ssl-reqd', '--cacert', instance.certificate],
  }),
  'implicit TLS': () => ({
    url: `imaps://localhost:${instance.imaps.port}`,
    options: ['--cacert', instance.certificate],
  }),
};

describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('%s', (way) => {
  const folder = way.replaceAll(' ', '-');
  /** Arguments for the URL below the way's, as Alice. */
  const command = (below: string, ...more: readonly string[]): string[] => {
    const { url, options } = WAYS[way]();
    const { address, password } = instance.alice;
    return [
      '--silent',
      '--show-error',
      ...options,
      '-u',
      `${address}:${password}`,
      `${url}${below}`,
      ...more,
    ];
  };
  const curl = (below: string, ...more: readonly string[]): Promise<string> =>
    outputOf(home, 'curl', command(below, ...more));
  const inFolder = () => messagesOf(instance.imap, instance.alice, folder);
  const mails = [0, 1, 4].map((n) => variedMail(n, folder));

  test('makes a mailbox and appends to it', async () => {
    await curl('/', '-X', `CREATE ${folder}`);
    for (const { raw } of mails) {
      const file = path.join(home, 'message.eml');
      await writeFile(file, raw);
      await curl(`/${folder}`, '-T', file);
    }
    const sources = (await inFolder()).map(({ source }) => source.toString('latin1'));
    expect(sources).toEqual(mails.map(({ raw }) => raw.toString('latin1')));
  });

  test('lists the mailboxes', async () => {
    const listed = (await curl('/')).trimEnd().split('\r\n');
    expect(listed).toContain(String.raw`* LIST (\HasNoChildren \Junk) "/" Junk`);
    expect(listed).toContainEqual(expect.stringMatching(new RegExp(`^\\* LIST .* "/" "?${folder}"?$`)));
    expect(await curl('/', '-X', `STATUS ${folder} (MESSAGES UIDNEXT)`)).toContain(
      `* STATUS ${folder} (MESSAGES 3 UIDNEXT 4)`,
    );
  });

  test('reads a message, its header, a part, by number and by UID', async () => {
    const [first, , third] = mails;
    expect(await curl(`/${folder};MAILINDEX=1`)).toBe(first?.raw.toString());
    expect(await curl(`/${folder};UID=3`)).toBe(third?.raw.toString());
    expect(await curl(`/${folder};UID=3;SECTION=1`)).toBe('See the attachment.');
    expect(await curl(`/${folder};UID=2;SECTION=HEADER.FIELDS%20(SUBJECT)`)).toBe(
      `Subject: ${folder} 1\r\n\r\n`,
    );
  });

  test('fails for a message that is not there', async () => {
    // 78: CURLE_REMOTE_FILE_NOT_FOUND.
    expect(await runProgram(home, 'curl', command(`/${folder};UID=99`))).toMatchObject({
      status: 78,
      output: '',
    });
  });

  test('searches', async () => {
    expect(await curl(`/${folder}?ALL`)).toBe('* SEARCH 1 2 3\r\n');
    expect(await curl(`/${folder}?SUBJECT%20%22${folder}%204%22`)).toBe('* SEARCH 3\r\n');
    expect(await curl(`/${folder}?BODY%20attachment`)).toBe('* SEARCH 3\r\n');
    expect(await curl(`/${folder}?UNSEEN%20UID%201:2`)).toMatch(/^\* SEARCH( \d)*\r\n$/);
  });

  test('sets a flag', async () => {
    const told = await curl(`/${folder}`, '-X', String.raw`STORE 2 +FLAGS (\Flagged $Forwarded)`);
    expect(told).toMatch(/^\* 2 FETCH \(.*FLAGS \(.*\\Flagged.*\)\)\r\n$/);
    expect((await inFolder())[1]?.flags).toEqual(
      expect.arrayContaining(['$Forwarded', String.raw`\Flagged`]),
    );
    expect(await curl(`/${folder}?FLAGGED`)).toBe('* SEARCH 2\r\n');
  });

  test('moves one message, copies one and expunges one', async () => {
    await curl('/', '-X', `CREATE ${folder}/Old`);
    await curl(`/${folder}`, '-X', `MOVE 1 ${folder}/Old`);
    await curl(`/${folder}`, '-X', `UID COPY 3 ${folder}/Old`);
    await curl(`/${folder}`, '-X', String.raw`STORE 1 +FLAGS.SILENT \Deleted`);
    expect(await curl(`/${folder}`, '-X', 'EXPUNGE')).toBe('* 1 EXPUNGE\r\n');
    expect((await inFolder()).map(({ uid }) => uid)).toEqual([3]);
    const old = await messagesOf(instance.imap, instance.alice, `${folder}/Old`);
    expect(old.map(({ subject }) => subject)).toEqual([`${folder} 0`, `${folder} 4`]);
  });

  test('idles, and is told of an append', async () => {
    // curl shows what it is told while it idles in its trace alone, and would wait for ever.
    const idling = startProgram(home, 'curl', ['-v', ...command(`/${folder}`, '-X', 'IDLE')]);
    const ended = once(idling, 'close');
    try {
      for await (const line of createInterface({ input: idling.stderr })) {
        if (line.startsWith('< + ')) await curl(`/${folder}`, '-T', path.join(home, 'message.eml'));
        if (line.startsWith('< * 2 EXISTS')) break;
      }
      expect(idling.exitCode).toBeNull();
    } finally {
      idling.kill();
      await ended;
    }
  });

  test('a wrong password is refused', async () => {
    const { url, options } = WAYS[way]();
    const args = ['--silent', ...options, '-u', `${instance.alice.address}:wrong`, `${url}/`];
    // 67: CURLE_LOGIN_DENIED.
    expect((await runProgram(home, 'curl', args)).status).toBe(67);
  });
});

test('a certificate that curl was not told of is refused', async () => {
  const { status } = await runProgram(home, 'curl', [
    '--silent',
    `imaps://localhost:${instance.imaps.port}/`,
  ]);
  // 60: CURLE_PEER_FAILED_VERIFICATION.
  expect(status).toBe(60);
});

test('a message that curl sends by SMTP is in the INBOX', async () => {
  const { raw } = variedMail(1, 'by curl');
  const client = await connectImapFlow(instance.imap, instance.bob);
  await client.mailboxOpen('INBOX');
  const exists = once(client, 'exists') as Promise<[{ count: number }]>;
  const idling = client.idle();
  const { host, port } = instance.smtp;
  const to = ['--mail-from', 'jane@example.com', '--mail-rcpt', instance.bob.address];
  await outputOf(home, 'curl', ['--silent', '--show-error', `smtp://${host}:${port}`, ...to, '-T', '-'], raw);
  const [{ count }] = await exists;
  expect(count).toBe(1);
  const message = await client.fetchOne('1', { source: true });
  await idling;
  await client.logout();
  const source = message ? message.source?.toString('latin1') : undefined;
  expect(source?.endsWith(raw.toString('latin1'))).toBe(true);
});
