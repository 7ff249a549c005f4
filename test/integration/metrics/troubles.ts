/** A bad day, with metrics on: writers meet, a store fails, a record was tampered with, mail leads nowhere. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { compactHandler } from '../../../functions/compact/index.ts';
import { deliveryHandler } from '../../../functions/deliver/index.ts';
import { expungeHandler } from '../../../functions/expunge/index.ts';
import { tallyHandler } from '../../../functions/tally/index.ts';
import { SecretCertificate } from '../../../gateway/fargate/certificate.ts';
import { startGatewayProcess } from '../../../gateway/start.ts';
import type { AccountId, RecordNumber } from '../../../shared/account/ids.ts';
import { openAccount } from '../../../shared/account/opening.ts';
import { dynamoDbClient } from '../../../shared/aws/clients.ts';
import type { Engine } from '../../../shared/aws/engine.ts';
import type { BlobStore } from '../../../shared/blob/blob-store.ts';
import { pricesIn } from '../../../shared/cost/prices.ts';
import { type EmbeddedLine, embeddedLines } from '../../../shared/metrics/embedded-format.ts';
import { type Metrics, MetricRegistry } from '../../../shared/metrics/metrics.ts';
import { fillAccount, filledAccount } from '../../bench/filled-account.ts';
import { sampleMail } from '../../bench/sample-mail.ts';
import { ImapClient } from '../../support/imap-client.ts';
import { SAMPLE_RESOURCES } from '../../support/sample-metrics.ts';
import { notificationOf, sqsEvent } from '../../support/ses.ts';
import { generate } from 'selfsigned';
import { CountedStack, expectOk, log } from '../budgets/counted-stack.ts';

const HOUR_MS = 3_600_000;
const PASSWORD = 'correct horse';

export async function runTroubles(): Promise<readonly EmbeddedLine[]> {
  const stack = await CountedStack.start();
  try {
    const lines: EmbeddedLine[] = [];
    const metrics = new MetricRegistry((measured, time) => {
      lines.push(...embeddedLines('Quire', measured, time));
    }, Date.now);
    const store = { fails: false };
    const { engine } = await stack.coldEngine({ metrics, wrapBlobs: (inner) => failing(inner, store) });
    await deliveriesMeet(stack, engine);
    await clientsInTrouble(stack, engine, store);
    await foldFails(stack, engine);
    await expungeFails(stack, engine);
    await storesFail(metrics);
    await certificateEnds(metrics);
    await tally(metrics);
    metrics.flush();
    return lines;
  } finally {
    await stack.stop();
  }
}

function failing(inner: BlobStore, store: { readonly fails: boolean }): BlobStore {
  return {
    put: (...args) => inner.put(...args),
    get: (...args) => (store.fails ? Promise.reject(new Error('the disk is on fire')) : inner.get(...args)),
    delete: (keys) => inner.delete(keys),
    list: (prefix) => inner.list(prefix),
    folders: (prefix) => inner.folders(prefix),
  };
}

/** Eight functions at once, one account; mail to nobody; and a large one, of two full chunks. */
async function deliveriesMeet(stack: CountedStack, engine: Engine): Promise<void> {
  const { address } = await stack.addUser();
  const deliver = deliveryHandler(engine, 'mx.example.test', log);
  const arrived = async (messageId: string, recipient: string, bytes = 40_000): Promise<string> => {
    const raw = Buffer.from(sampleMail(messageId.length, { to: recipient, bytes }), 'latin1');
    await stack.engine.inbound.put(`all/${messageId}`, raw, raw.length);
    return notificationOf({ messageId, recipients: [recipient], objectKey: `all/${messageId}` });
  };
  await Promise.all(
    Array.from({ length: 8 }, async (_, index) =>
      deliver(sqsEvent([await arrived(`storm${index}`, address)])),
    ),
  );
  await deliver(sqsEvent([await arrived('stray', 'nobody@example.test')]));
  await deliver(sqsEvent([await arrived('large', address, 600_000)]));
}

async function clientsInTrouble(
  stack: CountedStack,
  engine: Engine,
  store: { fails: boolean },
): Promise<void> {
  const account = await filledAccount(stack.engine, {
    messages: 10,
    bodies: true,
    perRecord: 1,
    fold: false,
  });
  const { address } = await stack.addUser(account);
  const gateway = await startGatewayProcess({
    engine,
    listeners: [{ kind: 'plain', host: '127.0.0.1', port: 0 }],
    tls: { context: () => createSecureContext() },
    log,
  });
  const client = await ImapClient.connect(gateway.addresses[0]?.port ?? 0);
  await client.line();
  expectOk(await client.run(`LOGIN ${address} "${PASSWORD}"`));
  expectOk(await client.run('SELECT INBOX'));
  // Another gateway came first.
  await fillAccount(stack.engine, account, { messages: 1, fold: false });
  expectOk(await client.run('STORE 1:3 +FLAGS (\\Flagged)'));
  store.fails = true;
  await client.run('FETCH 4 BODY.PEEK[]');
  store.fails = false;
  await tamper(stack.engine, account);
  await client.run('NOOP');
  client.destroy();
  await gateway.stop();
}

/** The newest record again, under the next number, with an effect that it cannot have had. */
async function tamper(engine: Engine, account: AccountId): Promise<void> {
  const { tail } = await openAccount(engine.journal, account);
  const last = tail.at(-1);
  if (!last) throw new Error('there is no record to tamper with');
  const ops = last.ops.map((op) =>
    op.op === 'flags' ? { ...op, effect: { messages: 7, unseen: 7, deleted: 7, bytes: 7 } } : op,
  );
  const number = (last.number + 1) as RecordNumber;
  await engine.journal.put(account, [{ ...last, number, commit: 'tampered', ops }]);
}

async function foldFails(stack: CountedStack, engine: Engine): Promise<void> {
  const account = await filledAccount(stack.engine, { messages: 300, perRecord: 1, fold: false });
  await stack.engine.work.leave('compact', account);
  const folds = Object.assign(Object.create(engine.folds) as Engine['folds'], {
    swap: () => Promise.reject(new Error('the checkpoint cannot be written')),
  });
  await compactHandler({ ...engine, folds }, log)({}, { getRemainingTimeInMillis: () => HOUR_MS });
}

async function expungeFails(stack: CountedStack, engine: Engine): Promise<void> {
  const account = await filledAccount(stack.engine, { messages: 1 });
  await stack.engine.calendar.leave(account, 0);
  const journal = Object.assign(Object.create(engine.journal) as Engine['journal'], {
    open: () => Promise.reject(new Error('the account cannot be read')),
  });
  await expungeHandler(
    { ...engine, journal },
    { graceDays: 7 },
    log,
  )({}, { getRemainingTimeInMillis: () => HOUR_MS });
}

/** A store that answers as one does that is overloaded, or broken. */
async function storesFail(metrics: Metrics): Promise<void> {
  for (const [status, code] of [
    [400, 'ThrottlingException'],
    [500, 'InternalServerError'],
  ] as const) {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}` }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const endpoints = { dynamodb: `http://127.0.0.1:${port}` };
    const client = dynamoDbClient({ region: 'us-east-1', endpoints }, { metrics });
    const key = { pk: { S: 'account#x' }, sk: { S: 'checkpoint' } };
    await client.send(new GetItemCommand({ TableName: 'mail', Key: key })).catch(() => undefined);
    client.destroy();
    server.close();
  }
}

async function certificateEnds(metrics: Metrics): Promise<void> {
  const made = await generate([{ name: 'commonName', value: 'mail.example.test' }], {
    keyType: 'ec',
    curve: 'P-256',
  });
  const secret = JSON.stringify({ certificate: made.cert, privateKey: made.private });
  const certificate = await SecretCertificate.load(() => Promise.resolve(secret), log);
  metrics.gauge('CertificateDays', () => certificate.daysLeft(Date.now()));
}

async function tally(metrics: Metrics): Promise<void> {
  const run = tallyHandler({
    settings: {
      resources: SAMPLE_RESOURCES,
      fixed: {
        taskCpu: 1,
        taskGb: 2,
        deliveryGb: 1,
        tls: 'gateway',
        network: 'public',
        domains: 1,
        alarms: 1,
        metrics: 1,
      },
      monthly: {
        endpoints: 0,
        balancerHours: 730,
        dashboards: 2,
        metricRequests: 1,
        keys: 1,
        serviceKeyRequests: 0,
        secrets: 1,
      },
      prices: pricesIn('us-east-1'),
    },
    ask: (queries) => Promise.resolve(new Map(queries.map(({ id }) => [id, [1, 2]]))),
    standing: () =>
      Promise.resolve({
        tableBytes: { [SAMPLE_RESOURCES.mailTable]: 1, [SAMPLE_RESOURCES.directoryTable]: 1 },
        mailboxes: 3,
        backupsOff: ['mail-bucket'],
      }),
    metrics,
    now: () => Date.UTC(2026, 10, 17, 12),
    log,
  });
  await run();
}
