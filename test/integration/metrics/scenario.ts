/**
 * An installation at work, in this process on real stores over real sockets, with its metrics on: mail is delivered, read,
 * searched for and compacted, somebody idles, somebody guesses a password. What it emits is what CloudWatch would get.
 */
import { createSecureContext } from 'node:tls';
import { compactHandler } from '../../../functions/compact/index.ts';
import { expungeHandler } from '../../../functions/expunge/index.ts';
import { deliveryHandler } from '../../../functions/deliver/index.ts';
import { type GatewayProcess, startGatewayProcess } from '../../../gateway/start.ts';
import { type EmbeddedLine, embeddedLines } from '../../../shared/metrics/embedded-format.ts';
import { MetricRegistry } from '../../../shared/metrics/metrics.ts';
import { sampleMail } from '../../bench/sample-mail.ts';
import { ImapClient } from '../../support/imap-client.ts';
import { notificationOf, sqsEvent } from '../../support/ses.ts';
import { CountedStack, expectOk, log } from '../budgets/counted-stack.ts';

export interface Scenario {
  /** Lines of the gateway, of the delivery and of the compaction. */
  readonly lines: readonly EmbeddedLine[];
  /** All texts that must never be in a metric: addresses, accounts, ids. */
  readonly secrets: readonly string[];
}

const HOUR_MS = 3_600_000;
const MONTH_MS = 31 * 24 * HOUR_MS;
/** More than make a fold due. */
const MESSAGES = 40;

export async function runScenario(): Promise<Scenario> {
  const stack = await CountedStack.start();
  try {
    const lines: EmbeddedLine[] = [];
    const metrics = new MetricRegistry((measured, time) => {
      lines.push(...embeddedLines('Quire', measured, time));
    }, Date.now);
    const { engine } = await stack.coldEngine({ metrics });
    const { address, account } = await stack.addUser();
    const deliver = deliveryHandler(engine, 'mx.example.test', log);
    for (let message = 0; message < MESSAGES; message++) {
      const objectKey = `all/message${message}`;
      const raw = Buffer.from(sampleMail(message, { to: address }), 'latin1');
      await stack.engine.inbound.put(objectKey, raw, raw.length);
      const recipients = [address];
      await deliver(sqsEvent([notificationOf({ messageId: `message${message}`, recipients, objectKey })]));
    }
    // One that nobody can deliver yet, and one that nobody will.
    const nowhere = { messageId: 'lost', recipients: [address], objectKey: 'all/lost' };
    await deliver(sqsEvent([notificationOf(nowhere)]));
    const gateway = await startGatewayProcess({
      engine,
      listeners: [{ kind: 'plain', host: '127.0.0.1', port: 0 }],
      tls: { context: () => createSecureContext() },
      log,
    });
    const clients = await readMail(gateway, address);
    await compactHandler(engine, log)({}, { getRemainingTimeInMillis: () => HOUR_MS });
    // A month later nobody can bring back any more what was expunged today.
    const rim = { ...engine.rim, now: () => engine.rim.now() + MONTH_MS };
    const expunge = expungeHandler({ ...engine, rim }, { graceDays: 7 }, log);
    await expunge({}, { getRemainingTimeInMillis: () => HOUR_MS });
    metrics.flush();
    for (const client of clients) client.destroy();
    await gateway.stop();
    return { lines, secrets: [address, account, 'message1', 'example.test'] };
  } finally {
    await stack.stop();
  }
}

/** Clients that are left open, one of them idling. */
async function readMail(gateway: GatewayProcess, address: string): Promise<ImapClient[]> {
  const port = gateway.addresses[0]?.port ?? 0;
  const client = await ImapClient.connect(port);
  await client.line();
  await client.run(`LOGIN ${address} "a wrong guess"`);
  for (const command of [
    `LOGIN ${address} "correct horse"`,
    'SELECT INBOX',
    'FETCH 1:* (UID FLAGS ENVELOPE)',
    'FETCH 1 BODY[]',
    'STORE 2:5 +FLAGS (\\Seen)',
    'STORE 6 +FLAGS (\\Deleted)',
    'EXPUNGE',
    'MOVE 7 Trash',
    'SEARCH BODY "the"',
    'NOOP',
    'LIST "" "*"',
  ])
    expectOk(await client.run(command));
  const idler = await ImapClient.connect(port);
  await idler.line();
  expectOk(await idler.run(`LOGIN ${address} "correct horse"`));
  expectOk(await idler.run('SELECT INBOX'));
  idler.send('i IDLE\r\n');
  await idler.line();
  return [client, idler];
}
