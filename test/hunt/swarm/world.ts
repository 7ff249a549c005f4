/**
 * The stores, two gateways, three delivery functions and a fold, each its own process, and on them the account of the
 * owner and those of the guests. Objects are in an S3, which fails in more ways than a folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { FoldResult } from '../../../functions/compact/fold-account.ts';
import { loadCertificate } from '../../../infra/local/certificate.ts';
import { NEW_ACCOUNT_LIMITS } from '../../../infra/local/demo-accounts.ts';
import { sesNotification } from '../../../infra/local/ses-notification.ts';
import { readSettings } from '../../../infra/local/settings.ts';
import { ensureQueues } from '../../../infra/local/sqs.ts';
import { StartedParts } from '../../../infra/local/started-parts.ts';
import { startEngine, startStores } from '../../../infra/local/stores.ts';
import { beginAccount } from '../../../shared/account/new-account.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Engine } from '../../../shared/aws/engine.ts';
import { withRetry } from '../../../shared/aws/retry.ts';
import type { BlobStore } from '../../../shared/blob/blob-store.ts';
import { hashPassword } from '../../../shared/directory/password.ts';
import { createLog } from '../../../shared/log.ts';
import { startLoopbackS3 } from '../../support/loopback-s3.ts';
import { stopProcess } from '../../support/stop-process.ts';
import { Tally } from '../bad-day.ts';
import { Violation } from '../violation.ts';
import type { Draw } from '../draw.ts';
import type { FoldOrder, Notice, ProcessSettings } from './orders.ts';
import { CHILD_ENVIRONMENT } from '../../support/child-environment.ts';

const ADDRESS = 'swarm@example.test';
const PASSWORD = 'swarm-password';
export const LOGIN = `${ADDRESS} ${PASSWORD}`;
/** Users with whom the account shares mailboxes. */
const GUESTS = ['reader@example.test', 'colleague@example.test'];
const PROGRAM = path.join(import.meta.dirname, 'process.ts');
const DELIVERY_FUNCTIONS = 3;
/** One gateway keeps everything; the other nothing, and reads it again and again. */
const BUDGETS = [256 * 1024 * 1024, 1];
/** Of notifications, as SQS may hand over a message twice. */
const SENT_TWICE = 0.15;
const KEPT_LOG = 300;

export interface GuestUser {
  readonly address: string;
  readonly account: AccountId;
  readonly login: string;
  /** Before the names of the shared mailboxes. */
  readonly prefix: string;
}

export interface World {
  /** The address of the account's owner. */
  readonly owner: string;
  readonly guests: readonly GuestUser[];
  readonly account: AccountId;
  readonly engine: Engine;
  readonly inbound: BlobStore;
  /** What the processes have met. */
  readonly faults: Tally;
  /** Ports of the gateways. */
  readonly ports: readonly number[];
  /** Lines of the processes' logs. */
  readonly log: string[];
  /** From which the processes draw their faults. */
  readonly seeds: readonly string[];
  readonly fold: (account: AccountId) => Promise<FoldResult>;
  readonly deliver: (token: string, message: Buffer, draw: Draw) => Promise<void>;
  /** What a process has found wrong, or null. */
  wrong(): string | null;
  /** Conflicts that a delivery met at most. */
  conflicts(): number;
  stop(): Promise<void>;
}

/** `draw`: where the processes' seeds come from, in the order in which they are started. `keepMs`: of folds. */
export async function startWorld(data: string, draw: Draw, keepMs: number): Promise<World> {
  const log = createLog({ level: 'error', pretty: false });
  const parts = new StartedParts(log);
  try {
    return await start(data, draw, keepMs, parts);
  } catch (error) {
    await parts.stop().catch(() => undefined);
    throw error;
  }
}

const PORTS = { imapPort: '0', imapsPort: '0', smtpPort: '0' };
const BUCKETS = { mailBucket: 'mail', inboundBucket: 'inbound' };

async function start(data: string, draw: Draw, keepMs: number, parts: StartedParts): Promise<World> {
  const silent = createLog({ level: 'error', pretty: false });
  const s3 = await startLoopbackS3();
  parts.add('S3', async () => s3.stop());
  const settings = readSettings({ data, ...PORTS, ...BUCKETS, s3Endpoint: s3.endpoint }, {}, data);
  const places = await startStores({ settings, log: silent, parts }, 'swarm');
  const engine = await startEngine(places, parts);
  const queueUrl = await ensureQueues(engine.sqs);
  await loadCertificate(data, Date.now(), silent);
  await engine.directory.domains.add('example.test');
  const account = await addUser(engine, ADDRESS);
  const guests: GuestUser[] = [];
  for (const address of GUESTS) {
    const its = await addUser(engine, address);
    guests.push({ address, account: its, login: `${address} ${PASSWORD}`, prefix: `#user/${ADDRESS}/` });
  }
  const members = new Members(draw, parts);
  const common = { data, places };
  const gateways = await Promise.all(
    BUDGETS.map(async (replicaBudgetBytes) => members.start('gateway', { ...common, replicaBudgetBytes })),
  );
  const functions = Array.from({ length: DELIVERY_FUNCTIONS }, async () =>
    members.start('deliver', { ...common, queueUrl }),
  );
  await Promise.all(functions);
  const folder = await members.start('fold', { ...common, keepMs });
  const { inbound } = engine;
  return {
    owner: ADDRESS,
    account,
    guests,
    engine,
    inbound,
    faults: members.faults,
    ports: gateways.map(({ port }) => port),
    log: members.log,
    seeds: members.seeds,
    wrong: () => members.wrong,
    conflicts: () => members.conflicts,
    fold: async (its) => folded(folder.child, { account: its }),
    deliver: async (token, message, draw) => arrive({ engine, inbound, queueUrl }, token, message, draw),
    stop: async () => parts.stop(),
  };
}

async function addUser(engine: Engine, address: string): Promise<AccountId> {
  const account = await beginAccount(engine.journal, engine.rim);
  await engine.directory.users.add({
    address,
    passwordHash: await hashPassword(PASSWORD),
    account,
    limits: { ...NEW_ACCOUNT_LIMITS, quotaMessages: 1_000_000 },
  });
  return account;
}

interface Member {
  readonly child: ChildProcess;
  readonly port: number;
}

class Members {
  readonly log: string[] = [];
  readonly seeds: string[] = [];
  readonly faults = new Tally();
  wrong: string | null = null;
  conflicts = 0;
  readonly #draw: Draw;
  readonly #parts: StartedParts;
  #stopping = false;

  constructor(draw: Draw, parts: StartedParts) {
    this.#draw = draw;
    this.#parts = parts;
  }

  async start(part: string, given: Omit<ProcessSettings, 'seed'>): Promise<Member> {
    const settings: ProcessSettings = { ...given, seed: this.#draw.below(2 ** 32) };
    this.seeds.push(`${part} ${settings.seed}`);
    const child = spawn(process.execPath, [PROGRAM, part, JSON.stringify(settings)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: CHILD_ENVIRONMENT,
    });
    this.#parts.add(part, async () => {
      this.#stopping = true;
      // They hold nothing that must be seen to its end.
      await stopProcess(child, 500);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#note(part, text));
    child.once('exit', (code) => {
      if (!this.#stopping) this.wrong ??= `a ${part} process has ended: ${String(code)}`;
    });
    child.on('message', (message: Notice) => {
      if (message.notice === 'struck') this.faults.add(message.struck);
    });
    const notice = await noticeOf(child);
    if (notice?.notice !== 'ready') throw new Violation(`a ${part} does not start:\n${this.log.join('\n')}`);
    return { child, port: notice.port ?? 0 };
  }

  #note(part: string, text: string): void {
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const conflicts = Number(/"conflicts":(\d+)/.exec(line)?.[1] ?? 0);
      this.conflicts = Math.max(this.conflicts, conflicts);
      if (line.includes('"level":30')) continue;
      this.log.push(`${part}: ${line}`);
      if (/another state than its record|a command failed|outcome unknown/.test(line))
        this.wrong ??= `${part} says: ${line}`;
    }
    this.log.splice(0, Math.max(0, this.log.length - KEPT_LOG));
  }
}

/** What a process says next of itself; null if it has ended. */
async function noticeOf(child: ChildProcess): Promise<Notice | null> {
  return new Promise((resolve) => {
    const end = (notice: Notice | null): void => {
      child.off('message', hear);
      child.off('exit', leave);
      resolve(notice);
    };
    const hear = (message: Notice): void => {
      if (message.notice !== 'struck') end(message);
    };
    const leave = (): void => end(null);
    child.on('message', hear);
    child.on('exit', leave);
  });
}

async function folded(child: ChildProcess, order: FoldOrder): Promise<FoldResult> {
  const heard = noticeOf(child);
  child.send(order);
  const notice = await heard;
  if (notice?.notice === 'folded') return notice.result;
  throw new Violation(notice?.notice === 'failed' ? notice.error : 'the fold says something else');
}

/** What SES does with a message; the queue may hand it over twice, at once or later. */
async function arrive(
  { engine, inbound, queueUrl }: { engine: Engine; inbound: BlobStore; queueUrl: string },
  token: string,
  message: Buffer,
  draw: Draw,
): Promise<void> {
  const messageId = `${token}${randomBytes(18).toString('hex')}`;
  const objectKey = `all/${messageId}`;
  const now = Date.now();
  const notification = sesNotification({
    messageId,
    source: 'hunter@example.com',
    recipients: [draw.chance(0.2) ? `swarm+${token}@example.test` : ADDRESS],
    received: now,
    processed: now,
    start: message.subarray(0, 2000),
    bucketName: 'inbound',
    objectKey,
  });
  await inbound.put(objectKey, message, message.length);
  const again = draw.chance(SENT_TWICE) ? [draw.below(2)] : [];
  for (const DelaySeconds of [0, ...again]) {
    const body = { QueueUrl: queueUrl, MessageBody: JSON.stringify(notification), DelaySeconds };
    // The queue closes connections that were idle, at times just as one is used.
    await withRetry(() => engine.sqs.send(new SendMessageCommand(body)));
  }
}
