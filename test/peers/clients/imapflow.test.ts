/** imapflow, the client library of many services: everything that it does with a mailbox. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type FetchMessageObject, ImapFlow, type MailboxObject } from 'imapflow';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { createTransport } from 'nodemailer';
import { LocalInstance } from '../../support/instance.ts';
import { connectImapFlow } from './imapflow-client.ts';
import { variedMail } from './varied-mail.ts';

let instance: LocalInstance;
let client: ImapFlow;
let boxes = 0;
/** A mailbox of its own for each test, selected. */
let box: string;

beforeAll(async () => {
  instance = await LocalInstance.start();
  client = await connectImapFlow(instance.imap, instance.alice);
});
beforeEach(async () => {
  box = `test ${++boxes}`;
  await client.mailboxCreate(box);
  await client.mailboxOpen(box);
});
afterAll(() => client.logout());
afterAll(() => instance.stop());

const mail = (n: number) => variedMail(n, box);

/** Appends the messages of these numbers to the mailbox of the test. */
async function fill(...numbers: readonly number[]): Promise<void> {
  for (const n of numbers) await client.append(box, mail(n).raw, [...mail(n).flags], mail(n).date);
}

const selected = (): MailboxObject => {
  if (client.mailbox === false) throw new Error('no mailbox is selected');
  return client.mailbox;
};

async function one(
  range: string,
  query: Parameters<ImapFlow['fetchOne']>[1],
  options?: Parameters<ImapFlow['fetchOne']>[2],
): Promise<FetchMessageObject> {
  const message = await client.fetchOne(range, query, options);
  if (!message) throw new Error(`there is no message ${range}`);
  return message;
}

async function download(range: string, part: string) {
  const { content, meta } = await client.download(range, part);
  if (content === undefined) throw new Error(`there is no part ${part} of ${range}`);
  return { content, meta };
}

const subjectsOf = async (path: string): Promise<string[]> => {
  const lock = await client.getMailboxLock(path);
  const messages = await client.fetchAll('1:*', { envelope: true });
  lock.release();
  return messages.map(({ envelope }) => envelope?.subject ?? '');
};

describe('connecting', () => {
  test('over implicit TLS and over STARTTLS, the certificate verified', async () => {
    const ca = await readFile(instance.certificate, 'utf8');
    const auth = { user: instance.alice.address, pass: instance.alice.password };
    const ways = [
      { ...instance.imaps, secure: true },
      { ...instance.imap, secure: false, doSTARTTLS: true },
    ];
    for (const way of ways) {
      const secured = new ImapFlow({ ...way, auth, tls: { ca }, logger: false });
      await secured.connect();
      expect(secured.secureConnection).toBe(true);
      expect((await secured.mailboxOpen('INBOX')).path).toBe('INBOX');
      await secured.logout();
    }
  });

  test('a wrong password is told as such', async () => {
    const refused = new ImapFlow({
      ...instance.imap,
      secure: false,
      auth: { user: instance.alice.address, pass: 'wrong' },
      doSTARTTLS: false,
      logger: false,
    });
    await expect(refused.connect()).rejects.toMatchObject({
      authenticationFailed: true,
      serverResponseCode: 'AUTHENTICATIONFAILED',
    });
  });

  test('it finds what it uses, and switches on what it can', () => {
    const used = [
      'IDLE',
      'UIDPLUS',
      'MOVE',
      'ENABLE',
      'CONDSTORE',
      'SPECIAL-USE',
      'LIST-STATUS',
      'ESEARCH',
      'ID',
    ];
    expect([...client.capabilities.keys()]).toEqual(expect.arrayContaining(used));
    expect([...client.enabled].sort()).toEqual(['CONDSTORE', 'IMAP4REV2', 'UTF8=ACCEPT']);
    expect(client.serverInfo).toMatchObject({ name: 'Quire' });
  });

  test('it is told its quota', async () => {
    expect(client.capabilities.has('QUOTA')).toBe(true);
    expect(await client.getQuota('INBOX')).toMatchObject({
      storage: { usage: expect.any(Number) as unknown },
    });
    await client.noop();
  });
});

describe('mailboxes', () => {
  test('special ones are known by their use, not by their names', async () => {
    const listed = await client.list({ statusQuery: { messages: true } });
    const special = listed.filter(({ specialUse }) => specialUse !== undefined);
    expect(
      special.map(({ path, specialUse, specialUseSource }) => [path, specialUse, specialUseSource]),
    ).toEqual(
      expect.arrayContaining([
        ['Archive', '\\Archive', 'extension'],
        ['Drafts', '\\Drafts', 'extension'],
        ['Junk', '\\Junk', 'extension'],
        ['Sent', '\\Sent', 'extension'],
        ['Trash', '\\Trash', 'extension'],
      ]),
    );
    expect(listed.find(({ path }) => path === 'INBOX')).toMatchObject({ status: { messages: 0 } });
  });

  test('are made, renamed with what is below, subscribed and deleted', async () => {
    const names = (await client.list()).length;
    expect(await client.mailboxCreate(['Größe', '2024 & more'])).toMatchObject({
      path: 'Größe/2024 & more',
      created: true,
    });
    expect(await client.mailboxCreate('Größe/2024 & more')).toMatchObject({ created: false });
    expect(await client.mailboxRename('Größe', '東京')).toMatchObject({ path: 'Größe', newPath: '東京' });
    expect(await client.mailboxSubscribe('東京/2024 & more')).toBe(true);
    const listed = await client.list();
    expect(listed.map(({ path }) => path)).toEqual(expect.arrayContaining(['東京', '東京/2024 & more']));
    expect(listed.find(({ path }) => path === '東京/2024 & more')).toMatchObject({
      subscribed: true,
      delimiter: '/',
      parent: ['東京'],
    });
    await client.mailboxDelete('東京/2024 & more');
    await client.mailboxDelete('東京');
    expect(await client.list()).toHaveLength(names);
    await expect(client.mailboxDelete('東京')).rejects.toMatchObject({ serverResponseCode: 'NONEXISTENT' });
  });

  test('STATUS counts', async () => {
    await fill(0, 1, 2);
    const status = await client.status(box, {
      messages: true,
      uidNext: true,
      uidValidity: true,
      unseen: true,
      highestModseq: true,
    });
    expect(status).toEqual({
      path: box,
      messages: 3,
      uidNext: 4,
      uidValidity: selected().uidValidity,
      unseen: 1,
      highestModseq: expect.any(BigInt),
    });
  });
});

describe('messages', () => {
  test('an append tells the UID, and the message comes back byte for byte', async () => {
    for (let n = 0; n < 9; n++) {
      const { raw, flags, date } = mail(n);
      const appended = await client.append(box, raw, [...flags], date);
      expect(appended).toMatchObject({ uid: n + 1, uidValidity: selected().uidValidity, seq: n + 1 });
      const message = await one(String(n + 1), { source: true, flags: true, internalDate: true, size: true });
      expect(message.source?.toString('latin1')).toBe(raw.toString('latin1'));
      expect(message.size).toBe(raw.length);
      expect(message.internalDate).toEqual(date);
      expect([...(message.flags ?? [])].filter((flag) => flag !== '\\Recent').sort()).toEqual(
        [...flags].sort(),
      );
    }
  });

  test('the envelope and the structure of one with an attachment', async () => {
    await fill(4);
    const message = await one('1', { envelope: true, bodyStructure: true });
    expect(message.envelope).toMatchObject({
      subject: mail(4).subject,
      messageId: `<${box}.4@example.com>`,
      from: [{ name: 'Jane Doe', address: 'jane@example.com' }],
      to: [{ address: instance.alice.address }],
      date: mail(4).date,
    });
    expect(message.bodyStructure).toMatchObject({
      type: 'multipart/mixed',
      childNodes: [
        { part: '1', type: 'text/plain', size: 'See the attachment.'.length },
        {
          part: '2',
          type: 'application/octet-stream',
          encoding: 'base64',
          disposition: 'attachment',
          dispositionParameters: { filename: 'data-4.bin' },
        },
      ],
    });
  });

  test('parts and downloads', async () => {
    await fill(4, 1, 2);
    const message = await one('1', { bodyParts: ['1', '2'], headers: ['subject'] });
    expect(message.bodyParts?.get('1')?.toString()).toBe('See the attachment.');
    expect(message.headers?.toString()).toBe(`Subject: ${mail(4).subject}\r\n\r\n`);
    const { content, meta } = await download('1', '2');
    expect(meta).toMatchObject({ contentType: 'application/octet-stream', filename: 'data-4.bin' });
    const bytes = Buffer.from(Array.from({ length: 30_000 }, (_, at) => (at * 31 + 4) % 256));
    expect(await text(content.setEncoding('latin1'))).toBe(bytes.toString('latin1'));
    // Decoded from the charset that the part names.
    expect(await text((await download('3', '1')).content)).toBe('Café crème no. 2\r\n');
    const cut = await one('1', { source: { start: 10, maxLength: 20 } });
    expect(cut.source?.toString()).toBe(mail(4).raw.toString().slice(10, 30));
  });

  test('flags are added, removed, replaced, and told to another session', async () => {
    await fill(0, 5, 10);
    const other = await connectImapFlow(instance.imap, instance.alice);
    await other.mailboxOpen(box);
    expect(await client.messageFlagsAdd('1:2', ['\\Seen', '$Work'])).toBe(true);
    expect(await client.messageFlagsRemove('2', ['\\Seen'])).toBe(true);
    expect(await client.messageFlagsSet('3', ['\\Answered'])).toBe(true);
    await other.noop();
    const flags = (await other.fetchAll('1:*', { flags: true })).map((message) =>
      [...(message.flags ?? [])].sort(),
    );
    expect(flags).toEqual([['$Work', '\\Seen'], ['$Work'], ['\\Answered']]);
    const told = once(other, 'flags') as Promise<[{ uid: number; flags: Set<string> }]>;
    await client.messageFlagsAdd({ uid: '3' }, ['\\Flagged']);
    await other.noop();
    const [{ uid, flags: now }] = await told;
    expect([uid, [...now].sort()]).toEqual([3, ['\\Answered', '\\Flagged']]);
    await other.logout();
  });

  test('are moved and copied, and the answer maps their UIDs', async () => {
    await fill(0, 1, 2);
    await client.mailboxCreate(`${box}/target`);
    expect(await client.messageCopy('1:2', `${box}/target`)).toMatchObject({
      destination: `${box}/target`,
      uidMap: new Map([
        [1, 1],
        [2, 2],
      ]),
    });
    expect(await client.messageMove({ uid: '2:3' }, `${box}/target`)).toMatchObject({
      uidMap: new Map([
        [2, 3],
        [3, 4],
      ]),
    });
    expect(selected().exists).toBe(1);
    expect(await subjectsOf(box)).toEqual([mail(0).subject]);
    expect(await subjectsOf(`${box}/target`)).toEqual([0, 1, 1, 2].map((n) => mail(n).subject));
  });

  test('are deleted, only those that are named', async () => {
    await fill(0, 1, 2, 3);
    await client.messageFlagsAdd('4', ['\\Deleted']);
    // By UID: for sequence numbers it sends EXPUNGE, which would take the fourth as well.
    expect(await client.messageDelete({ uid: '2:3' })).toBe(true);
    expect(selected().exists).toBe(2);
    expect(await subjectsOf(box)).toEqual([mail(0).subject, mail(3).subject]);
  });

  test('are searched', async () => {
    await fill(0, 1, 2, 3, 4);
    expect(await client.search({ subject: mail(3).subject })).toEqual([4]);
    expect(await client.search({ seen: true })).toEqual([2, 3, 5]);
    expect(await client.search({ body: '東京' })).toEqual([2]);
    expect(await client.search({ body: 'café' })).toEqual([3]);
    expect(await client.search({ larger: 20_000 }, { uid: true })).toEqual([4, 5]);
    expect(await client.search({ or: [{ flagged: true }, { draft: true }] })).toEqual([4, 5]);
    expect(await client.search({ from: 'jane@example.com', not: { seen: true } })).toEqual([1, 4]);
    expect(await client.search({ header: { 'message-id': `<${box}.2@example.com>` } })).toEqual([3]);
    expect(await client.search({ since: new Date('2030-01-01') })).toEqual([]);
    expect(await client.search({ seen: true }, { returnOptions: ['COUNT', 'MIN', 'MAX'] })).toMatchObject({
      count: 3,
      min: 2,
      max: 5,
    });
  });

  test('CHANGEDSINCE gives what has changed since, and nothing else', async () => {
    await fill(0, 1, 2);
    const before = (await client.mailboxOpen(box)).highestModseq ?? 0n;
    expect(await client.fetchAll('1:*', { flags: true }, { changedSince: before })).toEqual([]);
    await client.messageFlagsAdd('2', ['\\Flagged']);
    await fill(3);
    const changed = await client.fetchAll('1:*', { flags: true, uid: true }, { changedSince: before });
    expect(changed.map(({ uid }) => uid)).toEqual([2, 4]);
    expect(changed.every(({ modseq = 0n }) => modseq > before)).toBe(true);
    const refused = { unchangedSince: before };
    await client.messageFlagsAdd('2', ['\\Deleted'], refused);
    expect((await one('2', { flags: true })).flags?.has('\\Deleted')).toBe(false);
  });
});

describe('idling', () => {
  test('hears of a delivery, of flags and of an expunge', async () => {
    await client.mailboxOpen('INBOX');
    const exists = once(client, 'exists') as Promise<[{ path: string; count: number; prevCount: number }]>;
    let idling = client.idle();
    const smtp = createTransport({ ...instance.smtp, ignoreTLS: true });
    await smtp.sendMail({
      from: 'jane@example.com',
      to: instance.alice.address,
      subject: 'Now',
      text: 'Hello',
    });
    expect((await exists)[0]).toMatchObject({ path: 'INBOX', count: 1, prevCount: 0 });
    expect((await one('*', { envelope: true })).envelope?.subject).toBe('Now');
    await idling;

    const other = await connectImapFlow(instance.imap, instance.alice);
    await other.mailboxOpen('INBOX');
    const flags = once(client, 'flags') as Promise<[{ seq: number; flags: Set<string> }]>;
    idling = client.idle();
    await other.messageFlagsAdd('1', ['\\Flagged']);
    const [told] = await flags;
    expect([told.seq, told.flags.has('\\Flagged')]).toEqual([1, true]);
    const expunge = once(client, 'expunge');
    await other.messageDelete('1');
    expect((await expunge)[0]).toMatchObject({ path: 'INBOX', seq: 1 });
    await client.noop();
    await idling;
    expect(selected().exists).toBe(0);
    await other.logout();
  });
});
