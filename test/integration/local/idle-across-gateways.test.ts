/** IDLE on one gateway hears of what another process has delivered, through the gateway's own SQS queue. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTransport } from 'nodemailer';
import { loadCertificate } from '../../../infra/local/certificate.ts';
import { type RunningGateway, startGateway } from '../../../infra/local/gateway.ts';
import { readSettings } from '../../../infra/local/settings.ts';
import { type RunningInstance, startLocal } from '../../../infra/local/start.ts';
import { engineSettings } from '../../../infra/local/stores.ts';
import { type Engine, openEngine } from '../../../shared/aws/engine.ts';
import { createLog } from '../../../shared/log.ts';
import { ImapClient } from '../../support/imap-client.ts';
import { temporaryFolder } from './temporary-folder.ts';

const log = createLog({ level: 'silent', pretty: false });
let instance: RunningInstance;
let engine: Engine;
let second: RunningGateway;
let client: ImapClient;

beforeAll(async () => {
  const data = await temporaryFolder();
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
  const lines = [await client.line(), await client.line()];
  expect(lines.sort()).toEqual(['* 1 EXISTS', '* 1 RECENT']);
  client.send('DONE\r\n');
  expect(await client.line()).toMatch(/^3 OK /);
});
