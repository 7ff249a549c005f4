/** IDLE on one gateway hears of what another process has delivered, through the gateway's own SQS queue. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { loadCertificate } from '../../../infra/local/certificate.ts';
import { type RunningGateway, startGateway } from '../../../infra/local/gateway.ts';
import { readSettings } from '../../../infra/local/settings.ts';
import { type RunningInstance, startLocal } from '../../../infra/local/start.ts';
import { engineSettings } from '../../../infra/local/stores.ts';
import { type Engine, openEngine } from '../../../shared/aws/engine.ts';
import { createLog } from '../../../shared/log.ts';
import { ImapClient } from '../../support/imap-client.ts';

const log = createLog({ level: 'silent', pretty: false });
/** For both tests, unlike a `temporaryFolder`. */
let data: string;
let instance: RunningInstance;
let engine: Engine;
let second: RunningGateway;
let client: ImapClient;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'quire-test-'));
  const ports = { imapPort: '0', imapsPort: '0', smtpPort: '0' };
  instance = await startLocal(readSettings({ data, ...ports }, {}, data), log);
  engine = await openEngine(engineSettings(instance.endpoints));
  const certificate = await loadCertificate(data, Date.now(), log);
  second = await startGateway({ engine, host: '127.0.0.1', imapPort: 0, certificate, log });
});
afterAll(async () => {
  client.destroy();
  await second.stop();
  engine.close();
  await instance.stop();
  await rm(data, { recursive: true, force: true });
});

test('a message delivered by another process is announced to a session that idles', async () => {
  client = await ImapClient.connect(second.imap.port);
  const [alice] = instance.accounts;
  await client.line();
  client.send(`1 LOGIN ${alice?.address ?? ''} ${alice?.password ?? ''}\r\n2 SELECT INBOX\r\n3 IDLE\r\n`);
  for (let line = await client.line(); !line.startsWith('+'); line = await client.line());
  const { host, port } = instance.endpoints.smtp;
  const mailer = createTransport({ host, port, tls: { rejectUnauthorized: false } });
  await mailer.sendMail({ from: 'you@example.com', to: alice?.address ?? '', subject: 'news', text: 'x' });
  expect(await client.line()).toBe('* 1 EXISTS');
  // The mailbox has its keyword from now on.
  expect(await client.line()).toMatch(/^\* FLAGS \(.* \$hasnoattachment\)$/);
  expect(await client.line()).toMatch(/^\* OK \[PERMANENTFLAGS /);
  expect(await client.line()).toBe('* 1 RECENT');
  client.send('DONE\r\n');
  expect(await client.line()).toMatch(/^3 OK /);
});

describe('a guest who has given NOTIFY hears of what an owner does on another gateway', () => {
  // Nobody else on the second gateway watches this owner.
  const setUp = async (
    mailbox: string,
  ): Promise<{ owner: ImapClient; guest: ImapClient; shared: string }> => {
    const [alice, bob] = instance.accounts;
    if (!alice || !bob) throw new Error('a first start makes two accounts');
    const owner = await ImapClient.connect(instance.endpoints.imap.port);
    const guest = await ImapClient.connect(second.imap.port);
    for (const [session, { address, password }] of [
      [owner, bob],
      [guest, alice],
    ] as const) {
      await session.line();
      expect((await session.run(`LOGIN ${address} ${password}`)).at(-1)).toMatch(/^tag OK/);
    }
    expect((await owner.run(`SETACL ${mailbox} ${alice.address} lr`)).at(-1)).toMatch(/^tag OK/);
    return { owner, guest, shared: `#user/${bob.address}/${mailbox}` };
  };

  test('in a mailbox that is selected later', async () => {
    const { owner, guest, shared } = await setUp('Sent');
    expect(await guest.run('NOTIFY SET (SELECTED (MessageNew MessageExpunge))')).toEqual(['tag OK watching']);
    expect((await guest.run(`SELECT ${shared}`)).at(-1)).toMatch(/^tag OK/);
    expect(await owner.append('Sent', 'Subject: news\r\n\r\nx\r\n')).toMatch(/^tag OK/);
    expect(await guest.line()).toBe('* 1 EXISTS');
    for (const session of [owner, guest]) session.destroy();
  });

  test('in a mailbox that is watched by its name', async () => {
    const { owner, guest, shared } = await setUp('Drafts');
    const watching = await guest.run(`NOTIFY SET (MAILBOXES ${shared} (MessageNew MessageExpunge))`);
    expect(watching).toEqual(['tag OK watching']);
    expect(await owner.append('Drafts', 'Subject: news\r\n\r\nx\r\n')).toMatch(/^tag OK/);
    expect(await guest.line()).toBe(`* STATUS ${shared} (UIDNEXT 2 MESSAGES 1)`);
    for (const session of [owner, guest]) session.destroy();
  });
});

test('a guest who idles in a shared mailbox hears of what its owner does on another gateway, and when it is over', async () => {
  const [alice, bob] = instance.accounts;
  if (!alice || !bob) throw new Error('a first start makes two accounts');
  const owner = await ImapClient.connect(instance.endpoints.imap.port);
  const guest = await ImapClient.connect(second.imap.port);
  for (const [session, { address, password }] of [
    [owner, alice],
    [guest, bob],
  ] as const) {
    await session.line();
    expect((await session.run(`LOGIN ${address} ${password}`)).at(-1)).toMatch(/^tag OK/);
  }
  expect((await owner.run(`SETACL Archive ${bob.address} lr`)).at(-1)).toMatch(/^tag OK/);
  expect((await guest.run(`SELECT #user/${alice.address}/Archive`)).at(-1)).toMatch(/^tag OK/);
  guest.send('i IDLE\r\n');
  expect(await guest.line()).toMatch(/^\+/);
  expect(await owner.append('Archive', 'Subject: news\r\n\r\nx\r\n')).toMatch(/^tag OK/);
  expect(await guest.line()).toBe('* 1 EXISTS');
  expect((await owner.run(`DELETEACL Archive ${bob.address}`)).at(-1)).toMatch(/^tag OK/);
  expect(await guest.line()).toMatch(/^\* BYE /);
  owner.destroy();
  guest.destroy();
});
