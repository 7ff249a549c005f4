/**
 * The very files that `cdk deploy` would publish, started as the templates say: handler, command, user, environment. Every
 * call that they make to AWS is held against the policies of their roles.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { generate } from 'selfsigned';
import type { QuireConfig } from '../../../infra/config/config.ts';
import { UNRECORDED } from '../../../infra/stacks/permissions.ts';
import { compactHandler } from '../../../functions/compact/index.ts';
import { expungeDeps, expungeHandler } from '../../../functions/expunge/index.ts';
import { apply } from '../../../shared/account/apply.ts';
import { dayOf, isSweepDay } from '../../../shared/account/due.ts';
import type { AccountId, GatewayId, RecordNumber } from '../../../shared/account/ids.ts';
import { openAccount } from '../../../shared/account/opening.ts';
import { commitOnWholeState } from '../../../shared/account/whole-state.ts';
import { mailboxFor } from '../../../shared/account/state.ts';
import { accountKeys } from '../../../shared/aws/keys.ts';
import { DynamoDbKeyStore } from '../../../shared/aws/dynamodb-key-store.ts';
import { type Engine, openEngine } from '../../../shared/aws/engine.ts';
import { createWakeQueue } from '../../../shared/aws/sqs-wake-queue.ts';
import type { BlobFormat } from '../../../shared/blob/message-blobs.ts';
import { hashPassword } from '../../../shared/directory/password.ts';
import { createLog } from '../../../shared/log.ts';
import { fillAccount, filledAccount, foldNow } from '../../bench/filled-account.ts';
import { startSqs, type LocalSqs } from '../../../infra/local/sqs.ts';
import { startTestDynoxide, type TestDynoxide } from '../../support/dynoxide.ts';
import { ImapClient } from '../../support/imap-client.ts';
import { type AwsCall, AwsFront } from '../../support/infra/aws-front.ts';
import { GatewayTask, type TaskPlan, taskPlan } from '../../support/infra/gateway-task.ts';
import { type FunctionPlan, functionPlan, LambdaProcess } from '../../support/infra/lambda.ts';
import { allowing, permissionsOf } from '../../support/infra/permission.ts';
import { Resolver } from '../../support/infra/resolve.ts';
import { standInKms } from '../../support/infra/stand-in-kms.ts';
import {
  type Assembly,
  EXAMPLE,
  roleStatements,
  type Statement,
  synthesise,
} from '../../support/infra/synthesised.ts';
import { type LoopbackS3, startLoopbackS3 } from '../../support/loopback-s3.ts';
import { proxyHeader, WithholdingLoadBalancer } from '../../support/load-balancer.ts';
import { notificationOf, sqsEvent } from '../../support/ses.ts';

// Processes are started, and machines are busy.
jest.setTimeout(300_000);

const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:imap-AbCdEf';
const TEST: QuireConfig = { ...EXAMPLE, domains: [{ name: 'example.test' }], host: 'mail.example.test' };
const CONFIGS = {
  balancer: TEST,
  gateway: { ...TEST, tls: { at: 'gateway', secretArn: SECRET }, starttls: true },
} as const satisfies Record<string, QuireConfig>;
const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
/** Whose mail has rested for months. */
const KEEPER = 'keeper@example.test';
const PASSWORD = 'correct horse battery';
const silent = createLog({ level: 'silent', pretty: false });

let assemblies: Record<keyof typeof CONFIGS, Assembly>;
let resolver: Resolver;
let folder: string;
let dynoxide: TestDynoxide;
let s3: LoopbackS3;
let sqs: LocalSqs;
let aws: AwsFront;
/** Of the account: the receipt rule sets that there are, and the one that is active. */
let ruleSets: readonly string[] = [];
let activeRules: string | undefined;

beforeAll(async () => {
  ({ assemblies } = await synthesise(CONFIGS));
  resolver = new Resolver(assemblies.balancer);
  folder = await mkdtemp(path.join(tmpdir(), 'quire-bundles-'));
  const {
    MailTableName = '',
    DirectoryTableName = '',
    KeysTableName = '',
  } = resolver.outputs('Quire-Storage');
  dynoxide = await startTestDynoxide([MailTableName, DirectoryTableName, KeysTableName]);
  s3 = await startLoopbackS3();
  sqs = await startSqs();
  const made = await generate([{ name: 'commonName', value: 'mail.example.test' }], {
    keyType: 'ec',
    curve: 'P-256',
  });
  const secret = JSON.stringify({ certificate: made.cert, privateKey: made.private });
  aws = await AwsFront.start({
    dynamodb: dynoxide.endpoint,
    s3: s3.endpoint,
    sqs: sqs.endpoint,
    kms: standInKms(),
    ses: sesAnswer,
    secretsmanager: () => ({
      status: 200,
      body: JSON.stringify({ SecretString: secret }),
      type: 'application/x-amz-json-1.1',
    }),
    cloudformation: (_operation, body) => ({
      status: 200,
      body: stacksAnswer(new URLSearchParams(body).get('StackName') ?? ''),
    }),
  });
}, 300_000);

afterAll(async () => {
  await aws.stop();
  await sqs.stop();
  await s3.stop();
  await dynoxide.stop();
  await rm(folder, { recursive: true });
});

function sesAnswer(operation: string, body: string): { status: number; body: string } {
  const input = new URLSearchParams(body);
  if (operation === 'SetActiveReceiptRuleSet') {
    const wanted = input.get('RuleSetName') ?? undefined;
    if (wanted !== undefined && !ruleSets.includes(wanted))
      return {
        status: 400,
        body: `<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><Error><Type>Sender</Type><Code>RuleSetDoesNotExist</Code><Message>Rule set does not exist: ${wanted}</Message></Error></ErrorResponse>`,
      };
    activeRules = wanted;
  }
  const result =
    operation === 'SendBounce'
      ? '<MessageId>b1</MessageId>'
      : operation === 'DescribeActiveReceiptRuleSet' && activeRules !== undefined
        ? `<Metadata><Name>${activeRules}</Name></Metadata>`
        : '';
  return {
    status: 200,
    body: `<${operation}Response xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><${operation}Result>${result}</${operation}Result></${operation}Response>`,
  };
}

function stacksAnswer(stack: string): string {
  const outputs = Object.entries(resolver.outputs(stack))
    .map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    )
    .join('');
  return `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>${stack}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
}

/** Every call that was made in the name of a role, by the role's logical id. */
const made = new Map<string, { readonly stack: string; readonly calls: AwsCall[] }>();
function remember(stack: string, role: string, front = aws): AwsCall[] {
  const calls = front.take();
  const known = made.get(`${stack} ${role}`);
  if (known) known.calls.push(...calls);
  else made.set(`${stack} ${role}`, { stack, calls });
  return calls;
}

/** Lines that compression shortens by no more than a quarter. */
const noise = (): string => randomBytes(9_000_000).toString('base64').replace(/.{76}/g, '$&\r\n');

const names = (calls: readonly AwsCall[]): string[] =>
  [...new Set(calls.map(({ service, operation }) => `${service} ${operation.split(' ')[0] ?? ''}`))].sort();

async function quire(...args: string[]): Promise<string> {
  const config = path.join(folder, 'test.config.mjs');
  await writeFile(config, `export default ${JSON.stringify(TEST)};\n`);
  const program = path.join(import.meta.dirname, '../../../infra/cli/quire.js');
  const child = promisify(execFile)(
    process.execPath,
    ['--no-warnings', program, ...args, '--stack', '--config', config],
    {
      env: { PATH: process.env.PATH, ...aws.environment },
    },
  );
  child.child.stdin?.end(`${PASSWORD}\n`);
  return (await child).stdout;
}

test('quire looks after the users of a stack, which it finds by its outputs', async () => {
  expect(await quire('user', 'add', ALICE, '--name', 'Alice', '--password-stdin')).toContain(ALICE);
  expect(await quire('user', 'list')).toContain(`${ALICE}\tactive`);
  expect(await quire('key', 'show', ALICE)).toContain('encrypted from its beginning, key wrapped by KMS');
  await quire('user', 'add', BOB, '--password-stdin');
  await quire('user', 'admin', ALICE);
  expect(names(aws.take())).toContain('cloudformation DescribeStacks');
});

describe('the delivery function', () => {
  let plan: FunctionPlan;
  let deliver: LambdaProcess;
  beforeAll(async () => {
    plan = functionPlan(assemblies.balancer, resolver, 'Quire-Delivery', 'Deliver');
    deliver = await LambdaProcess.start(plan, aws.environment);
  });
  afterAll(() => deliver.stop());

  const bucket = (): string => plan.environment.QUIRE_INBOUND_BUCKET ?? '';
  const inbound = (): string[] =>
    [...s3.objects.keys()]
      .filter((key) => key.startsWith(`${bucket()}/`))
      .map((key) => key.slice(bucket().length + 1));

  function arrives(id: string, recipients: readonly string[], raw: string): string {
    const objectKey = `example.test/${id}`;
    s3.objects.set(`${bucket()}/${objectKey}`, { bytes: Buffer.from(raw), modified: new Date() });
    return notificationOf({ messageId: id, recipients, objectKey, source: 'jane@example.com' });
  }
  const mail = (subject: string, body = 'Hello.', more = ''): string =>
    `Return-Path: <jane@example.com>\r\nFrom: jane@example.com\r\nSubject: ${subject}\r\n${more}\r\n${body}\r\n`;
  const deliverAll = (bodies: readonly string[], attempt = 1): Promise<unknown> =>
    deliver.invoke(sqsEvent(bodies, attempt));
  const DONE = { batchItemFailures: [] };

  test('takes what SES and SQS hand over, and says what it does', async () => {
    expect(await deliverAll([arrives('m1', [ALICE], mail('first'))])).toEqual(DONE);
    expect(inbound()).toEqual([]);
    expect(deliver.log).toContain('"delivered":1');
  });

  test('bounces what reaches nobody, and keeps it', async () => {
    expect(await deliverAll([arrives('m2', ['nobody@example.test'], mail('lost'))])).toEqual(DONE);
    expect(inbound().sort()).toEqual([
      'aside/undeliverable/example.test/m2',
      'aside/undeliverable/example.test/m2.bounced',
      'aside/undeliverable/example.test/m2.notification.json',
    ]);
    const bounce = aws.calls.find(({ service }) => service === 'ses');
    expect(Object.fromEntries(new URLSearchParams(bounce?.body))).toMatchObject({
      Action: 'SendBounce',
      OriginalMessageId: 'm2',
      BounceSender: 'mailer-daemon@example.test',
      'MessageDsn.ReportingMta': 'dns; mail.example.test',
      'BouncedRecipientInfoList.member.1.Recipient': 'nobody@example.test',
      'BouncedRecipientInfoList.member.1.BounceType': 'DoesNotExist',
    });
  });

  test('reports what it cannot settle, and settles it once when it comes again', async () => {
    const body = arrives('m3', [ALICE], mail('again'));
    s3.objects.delete(`${bucket()}/example.test/m3`);
    expect(await deliverAll([body])).toEqual({ batchItemFailures: [{ itemIdentifier: 'sqs-0' }] });
    arrives('m3', [ALICE], mail('again'));
    expect(await deliverAll([body], 2)).toEqual(DONE);
    expect(await deliverAll([body], 3)).toEqual(DONE);
  });

  test('delivers large messages, and enough of them that a fold is due', async () => {
    const large = mail('large', noise());
    expect(await deliverAll([arrives('m4', [ALICE], large)])).toEqual(DONE);
    for (let batch = 0; batch < 4; batch++) {
      const bodies = Array.from({ length: 10 }, (_, index) => {
        const id = `fold${batch}-${index}`;
        // What a summary keeps, and compression cannot shorten.
        return arrives(
          id,
          [ALICE],
          mail(id, 'x', `References: <${randomBytes(1_500).toString('base64url')}@x>\r\n`),
        );
      });
      expect(await deliverAll(bodies)).toEqual(DONE);
    }
    expect(aws.calls.map(({ operation }) => operation)).toContain('UpdateItem');
  });

  test('delivers to an account of which nothing is left but a checkpoint in parts: nobody wrote to it for a year', async () => {
    const { engine } = await engineOf();
    const { dynamodb, directory, journal } = engine;
    const account = await filledAccount(engine, { messages: 1 });
    const limits = { quotaBytes: 2 ** 30, quotaMessages: 1_000, maxConnections: 10 };
    const address = 'sleeper@example.test';
    await directory.users.add({ address, account, passwordHash: await hashPassword('secret'), limits });
    // More mailboxes than a root holds: their names cannot be compressed.
    await commitOnWholeState(engine, account, () => ({
      ops: Array.from({ length: 1_000 }, (_, index) => {
        const name = randomBytes(48).toString('base64url');
        return { op: 'create', name, use: null, uidValidity: index + 1_000 } as const;
      }),
      value: null,
    }));
    await foldNow(engine, account);
    const { base, tail } = await openAccount(journal, account);
    expect(base.pages.length).toBeGreaterThan(0);
    expect(tail).toEqual([]);
    // What TTL does.
    const { MailTableName: TableName } = resolver.outputs('Quire-Storage');
    for (let number = 1; number <= base.state.number; number++) {
      const { pk, sk } = accountKeys.record(account, number as RecordNumber);
      await dynamodb.send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk }, sk: { S: sk } } }));
    }
    expect(await journal.newest(account, 'strong')).toBeNull();
    expect(await deliverAll([arrives('m5', [address], mail('awake'))])).toEqual(DONE);
    expect((await openAccount(journal, account)).tail).toHaveLength(1);
    engine.close();
  });

  test('asked for nothing that its role does not allow', () => {
    const calls = remember('Quire-Delivery', plan.role);
    expect(names(calls)).toEqual(
      expect.arrayContaining(['dynamodb TransactWriteItems', 's3 PUT', 's3 POST', 'ses SendBounce']),
    );
    expect(refused('Quire-Delivery', plan.role)).toEqual([]);
  });
});

describe('the gateway', () => {
  let plan: TaskPlan;
  const tasks: GatewayTask[] = [];
  const start = async (
    of: TaskPlan,
    changes: Readonly<Record<string, string>> = {},
  ): Promise<GatewayTask> => {
    const task = await GatewayTask.start(of, { ...aws.environment, ...changes });
    tasks.push(task);
    return task;
  };
  beforeAll(() => {
    plan = taskPlan(assemblies.balancer, resolver, path.join(folder, 'balancer'));
  });
  afterAll(async () => {
    for (const task of tasks) await task.stop();
  });

  test('is an image without a shell, from a build that has checked its Node, for a user who is not root', async () => {
    const { image, user } = plan;
    expect(image.base).toMatch(/^gcr\.io\/distroless\/nodejs24-debian12:nonroot@sha256:[0-9a-f]{64}$/);
    // The same bytes wherever it is built.
    for (const base of image.bases) expect(base).toMatch(/@sha256:[0-9a-f]{64}$/);
    expect(image.user).toBe('65532:65532');
    expect(user).toBe(image.user);
    expect(image.command[0]).toBe('/nodejs/bin/node');
    const { mode } = await stat(path.join(image.root, '/app/index.mjs'));
    expect((mode & 0o777).toString(8)).toBe('444');
  });

  test('answers IMAP behind a load balancer that ends TLS', async () => {
    const task = await start(plan);
    if (process.getuid?.() === 0) expect((await stat(`/proc/${task.pid}`)).uid).toBe(65_532);
    const client = await ImapClient.connect(task.ports.QUIRE_BEHIND_TLS_PORT ?? 0);
    const greeting = await client.line();
    expect(greeting).toMatch(/^\* OK /);
    expect(greeting).not.toContain('STARTTLS');
    await client.run(`LOGIN ${ALICE} "${PASSWORD}"`);
    expect(await client.run('SELECT INBOX')).toContain('* 43 EXISTS');
    expect((await client.run('FETCH 1 (FLAGS ENVELOPE BODY.PEEK[])')).join('\n')).toContain('Subject: first');
    expect((await client.run('STORE 1 +FLAGS (\\Seen)'))[0]).toContain('\\Seen');
    const message = 'Subject: draft\r\n\r\nHello.\r\n';
    expect(await client.append('Drafts', message)).toContain('APPENDUID');
    // Larger than what is put at once, compressed or not.
    const large = `Subject: large\r\n\r\n${noise()}\r\n`;
    expect(await client.append('Drafts', large)).toContain('APPENDUID');
    // A NUL has no place in what is kept: the message is written once more, and its first blob is taken back.
    const binary = 'Content-Type: image/gif\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b';
    const before = objectsOf('blobs').length;
    const appended = await client.run(`APPEND Drafts ~{${binary.length}+}\r\n${binary}`);
    expect(appended.at(-1)).toContain('APPENDUID');
    expect(objectsOf('blobs').length).toBe(before + 1);
    // So much at once that a fold is due: what a summary keeps, and compression cannot shorten.
    const long = Array.from(
      { length: 40 },
      (_, index) =>
        `Subject: ${index}\r\nReferences: <${randomBytes(1_500).toString('base64url')}@x>\r\n\r\nx\r\n`,
    );
    const literals = long.map((each) => `{${each.length}+}\r\n${each}`).join(' ');
    expect((await client.run(`APPEND Drafts ${literals}`)).at(-1)).toContain('APPENDUID');
    // What is shared is told to the directory, and an administrator's word about quotas as well.
    expect((await client.run(`SETACL Drafts ${BOB} lr`)).at(-1)).toMatch(/^tag OK/);
    expect((await client.run('LIST "" "*"')).at(-1)).toMatch(/^tag OK/);
    expect((await client.run('GETQUOTAROOT INBOX')).at(-1)).toMatch(/^tag OK/);
    expect((await client.run(`SETQUOTA "#user/${ALICE}" (MESSAGE 100000)`)).at(-1)).toMatch(/^tag OK/);
    client.send('i IDLE\r\n');
    expect(await client.line()).toBe('+ idling');
    client.send('DONE\r\n');
    expect(await client.line()).toMatch(/^i OK/);
    client.destroy();
    const health = await fetch(`http://127.0.0.1:${task.ports.QUIRE_HEALTH_PORT ?? 0}/healthy`);
    expect([health.status, await health.text()]).toEqual([200, 'healthy']);
  });

  test('sees its clients out when ECS stops it, and takes its queue away', async () => {
    const [task] = tasks;
    const client = await ImapClient.connect(task?.ports.QUIRE_BEHIND_TLS_PORT ?? 0);
    await client.line();
    const stopped = task?.stop();
    expect(await client.line()).toMatch(/^\* BYE \[UNAVAILABLE\] /);
    client.end();
    expect(await stopped).toBe(0);
    expect(aws.calls.map(({ operation }) => operation)).toContain('DeleteQueue');
  });

  test('asked for nothing that its role does not allow', () => {
    const calls = remember('Quire-Gateway', plan.role);
    expect(names(calls)).toEqual(
      expect.arrayContaining(['dynamodb PutItem', 's3 GET', 's3 PUT', 'sqs CreateQueue']),
    );
    expect(refused('Quire-Gateway', plan.role)).toEqual([]);
  });

  test('serves TLS by itself with the certificate of a secret, and believes the load balancer alone', async () => {
    const own = new Resolver(assemblies.gateway);
    const ending = taskPlan(assemblies.gateway, own, path.join(folder, 'gateway'));
    const closed = await start(ending);
    // By the template only the load balancer's subnets may connect, and this machine is not in them.
    await expect(ImapClient.connect(closed.ports.QUIRE_IMAPS_PORT ?? 0, 'tls')).rejects.toThrow();
    const plain = await ImapClient.connect(closed.ports.QUIRE_IMAP_PORT ?? 0);
    expect(await plain.line()).toContain('STARTTLS');
    expect((await plain.run('STARTTLS')).at(-1)).toBe('tag OK begin TLS now');
    await plain.startTls();
    await plain.run(`LOGIN ${ALICE} "${PASSWORD}"`);
    plain.destroy();
    expect(await closed.stop()).toBe(0);
    const open = await start(ending, { QUIRE_PROXY_PROTOCOL_FROM: '127.0.0.1/32' });
    const balancer = await WithholdingLoadBalancer.start(
      open.ports.QUIRE_IMAPS_PORT ?? 0,
      proxyHeader('203.0.113.7', 40_000),
    );
    const client = await ImapClient.connect(balancer.port, 'tls');
    expect(await client.line()).toMatch(/^\* OK /);
    // A sign-in that is refused is told of with the address that it came from.
    expect((await client.run(`LOGIN ${ALICE} wrong`)).at(-1)).toMatch(/^tag NO /);
    await open.logged('"peer":"203.0.113.7"');
    client.destroy();
    expect(await open.stop()).toBe(0);
    await balancer.stop();
    remember('Quire-Gateway', ending.role);
    expect(refused('Quire-Gateway', ending.role, own)).toEqual([]);
  });
});

const DAY_MS = 86_400_000;

/** The installation's stores, not by way of what is recorded; `daysAgo`, as it was. */
async function engineOf(
  blobFormat: BlobFormat = 'framed',
): Promise<{ engine: Engine; daysAgo: (days: number) => Engine }> {
  const outputs = resolver.outputs('Quire-Storage');
  const engine = await openEngine({
    aws: {
      region: 'us-east-1',
      endpoints: { dynamodb: dynoxide.endpoint, s3: s3.endpoint, sqs: sqs.endpoint },
    },
    mailTable: outputs.MailTableName ?? '',
    directoryTable: outputs.DirectoryTableName ?? '',
    mail: { bucket: outputs.MailBucketName ?? '' },
    inbound: { bucket: outputs.InboundBucketName ?? '' },
    blobFormat,
  });
  const daysAgo = (days: number): Engine => ({
    ...engine,
    rim: { ...engine.rim, now: () => engine.rim.now() - days * DAY_MS, sleep: () => Promise.resolve() },
  });
  return { engine, daysAgo };
}

/** Names of the objects of one kind in the bucket of mail. */
const objectsOf = (kind: string): string[] => {
  const prefix = `${resolver.outputs('Quire-Storage').MailBucketName ?? ''}/${kind}/`;
  return [...s3.objects.keys()].filter((key) => key.startsWith(prefix));
};
const LONG = { getRemainingTimeInMillis: () => DAY_MS };

describe('the compaction', () => {
  let plan: FunctionPlan;
  let compact: LambdaProcess;
  beforeAll(async () => {
    plan = functionPlan(assemblies.balancer, resolver, 'Quire-Maintenance', 'Compact');
    compact = await LambdaProcess.start(plan, aws.environment);
  });
  afterAll(() => compact.stop());

  test('folds what deliveries have left, as its schedule would have it', async () => {
    expect(await compact.invoke({ 'detail-type': 'Scheduled Event' })).toMatchObject({
      folded: 1,
      failed: 0,
    });
    expect(names(remember('Quire-Maintenance', plan.role))).toContain('dynamodb TransactWriteItems');
  });

  test('packs what has rested, and takes away what lies in packs', async () => {
    // Compressed, they would fill no pack.
    const raw = await engineOf('raw');
    const { engine, daysAgo } = await engineOf();
    // As many as make two packs, twice.
    const fill = { messages: 275, bytes: 125_000, bodies: true };
    const account = await filledAccount(raw.daysAgo(90), fill);
    const limits = { quotaBytes: 2 ** 30, quotaMessages: 1_000, maxConnections: 10 };
    const passwordHash = await hashPassword(PASSWORD);
    await engine.directory.users.add({ address: KEEPER, account, passwordHash, limits });
    await engine.work.leave('pack', account);
    await compactHandler(daysAgo(60), silent)({}, LONG);
    await fillAccount(raw.daysAgo(30), account, { ...fill, fold: false });
    await engine.work.leave('pack', account);
    for (const each of [raw.engine, engine]) each.close();
    expect([objectsOf('packs').length, objectsOf('blobs').length]).toEqual([2, 550 + before]);
    await compact.invoke({ 'detail-type': 'Scheduled Event' });
    // The first packs took all but a few of their messages.
    expect(objectsOf('packs').length).toBe(4);
    expect(objectsOf('blobs').length).toBeLessThan(300 + before);
    remember('Quire-Maintenance', plan.role);
  });

  test('what was packed and folded is read by the gateway where it lies now', async () => {
    const reader = taskPlan(assemblies.balancer, resolver, path.join(folder, 'reader'));
    const task = await GatewayTask.start(reader, aws.environment);
    try {
      const client = await ImapClient.connect(task.ports.QUIRE_BEHIND_TLS_PORT ?? 0);
      await client.line();
      await client.run(`LOGIN ${KEEPER} "${PASSWORD}"`);
      expect(await client.run('SELECT INBOX')).toContain('* 550 EXISTS');
      const fetched = (await client.run('FETCH 2 (RFC822.SIZE ENVELOPE BODY.PEEK[])')).join('\n');
      const subject = /ENVELOPE \("[^"]+" "([^"]+)"/.exec(fetched)?.[1] ?? 'none';
      expect(fetched).toContain(`Subject: ${subject}`);
      client.destroy();
    } finally {
      await task.stop();
    }
    const calls = remember('Quire-Gateway', reader.role);
    const read = new Set(
      calls
        .filter(({ service }) => service === 's3')
        .map(({ operation }) => /^GET \/[^/]+\/(\w+)\//.exec(operation)?.[1]),
    );
    expect([read.has('packs'), read.has('summaries'), read.has('blobs')]).toEqual([true, true, false]);
    expect(refused('Quire-Gateway', reader.role, resolver, calls)).toEqual([]);
  });
  let before = 0;
  beforeEach(() => {
    before = objectsOf('blobs').length;
  });

  test('asked for nothing that its role does not allow', () => {
    expect(refused('Quire-Maintenance', plan.role)).toEqual([]);
  });
});

describe('the expunge function', () => {
  let plan: FunctionPlan;
  let expunge: LambdaProcess;
  beforeAll(async () => {
    plan = functionPlan(assemblies.balancer, resolver, 'Quire-Maintenance', 'Expunge');
    expunge = await LambdaProcess.start(plan, aws.environment);
  });
  afterAll(() => expunge.stop());

  /**
   * An account in whose Trash some messages lie too long, and from which others went long ago; an object that nothing
   * leads to; a gateway that ended without a word.
   */
  async function dueAccount(): Promise<void> {
    const { engine, daysAgo } = await engineOf();
    const today = dayOf(engine.rim.now() / 1_000);
    // One whose sweep is today.
    let id = engine.rim.randomHex(10) as AccountId;
    while (!isSweepDay(id, today)) id = engine.rim.randomHex(10) as AccountId;
    const ids = [id];
    const then = daysAgo(90);
    const rim = { ...then.rim, randomHex: (bytes: number) => ids.pop() ?? engine.rim.randomHex(bytes) };
    const account = await filledAccount({ ...then, rim }, { messages: 1 });
    const { base, tail } = await openAccount(engine.journal, account);
    const state = tail.reduce((so, record) => apply(so, record), base.state);
    const trash = mailboxFor(state, 'Trash');
    if (!trash) throw new Error('there is no Trash');
    await fillAccount(daysAgo(80), account, { messages: 3, mailbox: trash.id, bodies: true });
    await fillAccount(daysAgo(40), account, { messages: 2, mailbox: trash.id, bodies: true });
    await giveKey(engine, account);
    await engine.calendar.leave(account, 0);
    await expungeHandler(daysAgo(30), { graceDays: 7 }, silent)({}, LONG);
    await engine.calendar.leave(account, today);
    s3.objects.set(
      `${resolver.outputs('Quire-Storage').MailBucketName ?? ''}/blobs/${account}/${'ab'.repeat(16)}`,
      {
        bytes: Buffer.from('never named'),
        modified: new Date(Date.now() - 9 * DAY_MS),
      },
    );
    const gone = engine.rim.randomHex(8) as GatewayId;
    await engine.gateways.live(gone, 0);
    await createWakeQueue(engine.sqs, gone);
    engine.close();
  }

  /** A data key that nobody unwraps. */
  async function giveKey({ dynamodb, rim }: Engine, account: AccountId): Promise<DynamoDbKeyStore> {
    const keys = new DynamoDbKeyStore(dynamodb, resolver.outputs('Quire-Storage').KeysTableName ?? '');
    const wrapped = randomBytes(184);
    await keys.create(account, { kind: 'key', wrapped, by: 'kms', fromBeginning: false, created: rim.now() });
    return keys;
  }

  test('keeps the retention of an account that is due, and purges what nobody can bring back', async () => {
    await dueAccount();
    const stored = objectsOf('blobs').length;
    expect(plan.environment.QUIRE_GRACE_DAYS).toBe('7');
    expect(await expunge.invoke({ 'detail-type': 'Scheduled Event' })).toMatchObject({
      expired: 2,
      purged: 3,
      failed: 0,
    });
    expect(objectsOf('blobs').length).toBe(stored - 3 - 1);
    expect(names(remember('Quire-Maintenance', plan.role))).toEqual(
      expect.arrayContaining(['dynamodb PutItem', 'dynamodb UpdateItem', 's3 POST', 'sqs DeleteQueue']),
    );
  });

  test('closes an account whose time has come, and leaves nothing of it but a tombstone', async () => {
    const { engine } = await engineOf();
    const { journal, calendar, directory, sharing } = engine;
    const stored = objectsOf('blobs').length;
    const account = await filledAccount(engine, { messages: 20, bodies: true });
    const limits = { quotaBytes: 2 ** 30, quotaMessages: 1_000, maxConnections: 10 };
    const address = 'leaves@example.org';
    await directory.domains.add('example.org');
    const keys = await giveKey(engine, account);
    await directory.users.add({ address, account, passwordHash: await hashPassword('secret'), limits });
    await sharing.publish({
      owner: account,
      address,
      number: 1 as RecordNumber,
      grantees: new Map([['anyone', { shown: ['Team'], hidden: [] }]]),
    });
    const deps = expungeDeps(engine, { graceDays: 7 }, silent);
    await commitOnWholeState(deps, account, () => ({
      ops: [{ op: 'policy', change: { closing: engine.rim.now() - 1_000 } }],
      value: null,
    }));
    // Two days later it is done once more.
    for (let times = 1; times <= 2; times++) {
      await calendar.leave(account, dayOf(engine.rim.now() / 1_000));
      expect(await expunge.invoke({})).toMatchObject({ accounts: 1, failed: 0 });
    }
    expect(objectsOf('blobs').length).toBe(stored);
    expect(await directory.users.read(account)).toBeUndefined();
    expect(await directory.users.find(address)).toBeUndefined();
    expect(await keys.read(account, 'strong')).toMatchObject({ kind: 'deleted' });
    const { base } = await openAccount(journal, account);
    expect([base.state.policy.closed, base.state.mailboxes.size]).toEqual([true, 0]);
    engine.close();
    remember('Quire-Maintenance', plan.role);
  });

  test('asked for nothing that its role does not allow', () => {
    expect(refused('Quire-Maintenance', plan.role)).toEqual([]);
  });
});

describe('the tally', () => {
  test('adds up the month, counts, and looks after backups', async () => {
    const plan = functionPlan(assemblies.balancer, resolver, 'Quire-Observability', 'Tally');
    const json = (value: object) => ({
      status: 200,
      body: JSON.stringify(value),
      type: 'application/x-amz-json-1.0',
    });
    const answers: Record<string, object> = {
      DescribeTable: { Table: { TableSizeBytes: 1_000 } },
      DescribeContinuousBackups: {
        ContinuousBackupsDescription: {
          ContinuousBackupsStatus: 'ENABLED',
          PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' },
        },
      },
      Scan: { Count: 2, ScannedCount: 6 },
    };
    const front = await AwsFront.start({
      dynamodb: (operation) => json(answers[operation] ?? {}),
      cloudwatch: () => json({ MetricDataResults: [], Messages: [] }),
      s3: () => ({
        status: 200,
        body: '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>',
      }),
    });
    const tally = await LambdaProcess.start(plan, front.environment);
    await tally.invoke({ 'detail-type': 'Scheduled Event' });
    expect(tally.log).toContain('"mailboxes":2');
    expect(tally.log).not.toContain('backups are switched off');
    await tally.stop();
    expect(names(remember('Quire-Observability', plan.role, front))).toEqual([
      'cloudwatch GetMetricData',
      'dynamodb DescribeContinuousBackups',
      'dynamodb DescribeTable',
      'dynamodb Scan',
      's3 GET',
    ]);
    expect(refused('Quire-Observability', plan.role)).toEqual([]);
    await front.stop();
  });
});

describe('the activation of receipt rules', () => {
  let plan: FunctionPlan;
  let activate: LambdaProcess;
  let cloudFormation: Server;
  const answers: { Status: string; PhysicalResourceId: string; Data: { Outcome: string } }[] = [];
  beforeAll(async () => {
    plan = functionPlan(assemblies.balancer, resolver, 'Quire-Delivery', 'ActivationFunction');
    activate = await LambdaProcess.start(plan, aws.environment);
    cloudFormation = createServer((request, response) => {
      void text(request).then((body) => {
        answers.push(JSON.parse(body) as (typeof answers)[number]);
        response.end();
      });
    });
    await new Promise<void>((resolve) => cloudFormation.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await activate.stop();
    cloudFormation.close();
  });

  const NEW = 'active-receipt-rules-quire-mail';

  /** `id`: of the resource, as CloudFormation has had it since its creation. */
  async function ask(
    RequestType: string,
    Activate: 'never' | 'if-none' | 'replace',
    id?: string,
  ): Promise<string> {
    await activate.invoke({
      RequestType,
      ResponseURL: `http://127.0.0.1:${(cloudFormation.address() as AddressInfo).port}/`,
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'Active',
      ...(id === undefined ? {} : { PhysicalResourceId: id }),
      ResourceProperties: { RuleSetName: 'quire-mail', Activate },
    });
    const answer = answers.at(-1);
    expect(answer).toMatchObject({
      Status: 'SUCCESS',
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'Active',
      PhysicalResourceId: id ?? expect.stringContaining(NEW),
    });
    return answer?.Data.Outcome ?? '';
  }

  test('takes a free place, gives it back, and is not put out by asking twice', async () => {
    ruleSets = ['quire-mail'];
    activeRules = undefined;
    expect(await ask('Create', 'if-none')).toBe('activated');
    expect(answers.at(-1)?.PhysicalResourceId).toBe(NEW);
    expect(activeRules).toBe('quire-mail');
    expect(await ask('Update', 'if-none', NEW)).toBe('active already');
    expect(await ask('Delete', 'if-none', NEW)).toBe('deactivated');
    expect(activeRules).toBeUndefined();
  });

  test('never takes the place of others unless told to, and never takes theirs away', async () => {
    ruleSets = ['quire-mail', 'theirs'];
    activeRules = 'theirs';
    expect(await ask('Create', 'if-none')).toBe(
      "the set theirs is active and stays so; write activateReceiptRules: 'replace' to have quire-mail take its place",
    );
    expect(await ask('Delete', 'if-none', NEW)).toBe('another set is active');
    expect(activeRules).toBe('theirs');
    expect(await ask('Update', 'replace', NEW)).toBe('activated in place of theirs');
    expect(activeRules).toBe('quire-mail');
  });

  test('a configuration that goes back to `never` leaves the set that takes mail where it is', async () => {
    activeRules = 'quire-mail';
    expect(await ask('Update', 'never', NEW)).toBe('active already');
    expect(activeRules).toBe('quire-mail');
    activeRules = undefined;
    expect(await ask('Create', 'never')).toBe('quire-mail is not active, and left to be activated by hand');
    expect(activeRules).toBeUndefined();
  });

  test('a first deployment that replaced a set and then failed puts it back, if it is still there', async () => {
    ruleSets = ['quire-mail', 'theirs'];
    activeRules = 'theirs';
    expect(await ask('Create', 'replace')).toBe('activated in place of theirs');
    const id = answers.at(-1)?.PhysicalResourceId ?? '';
    expect(id).toBe(`${NEW} after theirs`);
    expect(await ask('Delete', 'replace', id)).toBe('the set theirs is active again');
    expect(activeRules).toBe('theirs');
    expect(await ask('Update', 'replace', id)).toBe('activated in place of theirs');
    ruleSets = ['quire-mail'];
    expect(await ask('Delete', 'replace', id)).toBe('deactivated');
    expect(activeRules).toBeUndefined();
  });

  test('asked for nothing that its role does not allow', () => {
    remember('Quire-Delivery', plan.role);
    expect(refused('Quire-Delivery', plan.role)).toEqual([]);
  });
});

describe('the policies', () => {
  test('an evaluator that allowed everything would be found out', () => {
    const statements = statementsOf(
      'Quire-Delivery',
      functionPlan(assemblies.balancer, resolver, 'Quire-Delivery', 'Deliver').role,
    );
    const table = `arn:aws:dynamodb:us-east-1:000000000000:table/${resolver.outputs('Quire-Storage').DirectoryTableName ?? ''}`;
    const ask = (action: string, resource: string, key: string): number =>
      allowing({ action, resource, context: { 'dynamodb:LeadingKeys': [key] } }, statements).length;
    expect(ask('dynamodb:BatchGetItem', table, 'address#alice@example.test')).toBe(1);
    expect(ask('dynamodb:BatchGetItem', table, `credential#${ALICE}`)).toBe(0);
    expect(ask('dynamodb:PutItem', table, 'address#alice@example.test')).toBe(0);
    expect(ask('dynamodb:BatchGetItem', `${table}2`, 'address#alice@example.test')).toBe(0);
    expect(() =>
      allowing({ action: 'a', resource: 'r', context: {} }, [
        { Effect: 'Allow', Action: 'a', Resource: 'r', Condition: { IpAddress: { x: 'y' } } },
      ]),
    ).toThrow('nothing is known of the condition IpAddress');
  });

  test('hold no statement that nothing has used, but those with a reason', () => {
    const statements = [...made.keys()].flatMap((key) => {
      const [stack = '', role = ''] = key.split(' ');
      return statementsOf(stack, role).map(({ Sid = '' }) => ({
        name: `${role.slice(0, -8)}.${Sid}`,
        used: used.has(`${role} ${Sid}`),
      }));
    });
    const unused = statements.filter((each) => !each.used).map(({ name }) => name);
    expect(unused.filter((name) => !(name in UNRECORDED))).toEqual([]);
    // Chance may have one be used all the same: on a slow machine, answers are lost.
    const known = new Set(statements.map(({ name }) => name));
    expect(Object.keys(UNRECORDED).filter((name) => !known.has(name))).toEqual([]);
  });
});

/** Calls that no statement of the role allows, as a person would want to read of them. */
function refused(
  stack: string,
  role: string,
  by = resolver,
  calls = made.get(`${stack} ${role}`)?.calls ?? [],
): string[] {
  const statements = statementsOf(stack, role, by);
  const key = by.text('Quire-Storage', { 'Fn::GetAtt': [keyId(), 'Arn'] });
  const bad = calls
    .flatMap((call) => permissionsOf(call, { key }))
    .filter((permission) => {
      const allows = allowing(permission, statements);
      for (const { Sid = '' } of allows) used.add(`${role} ${Sid}`);
      return allows.length === 0;
    });
  return [...new Set(bad.map((permission) => JSON.stringify(permission)))];
}

const used = new Set<string>();
const keyId = (): string =>
  Object.entries(resolver.template('Quire-Storage').Resources).find(
    ([, { Type }]) => Type === 'AWS::KMS::Key',
  )?.[0] ?? '';
function statementsOf(stack: string, role: string, by = resolver): Statement[] {
  return roleStatements(by.template(stack))
    .filter(({ policy }) => policy.startsWith(role.slice(0, -8)))
    .map(({ statement }) => by.value(stack, statement) as Statement);
}
