/** The stores, two gateways, three delivery functions and a fold, each its own process, and one account on them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { FoldResult } from '../../../functions/compact/fold-account.ts';
import { loadCertificate } from '../../../infra/local/certificate.ts';
import { dataPaths } from '../../../infra/local/data-folder.ts';
import { NEW_ACCOUNT_LIMITS } from '../../../infra/local/demo-accounts.ts';
import { sesNotification } from '../../../infra/local/ses-notification.ts';
import { readSettings } from '../../../infra/local/settings.ts';
import { ensureQueues } from '../../../infra/local/sqs.ts';
import { StartedParts } from '../../../infra/local/started-parts.ts';
import { startEngine, startStores } from '../../../infra/local/stores.ts';
import { beginAccount } from '../../../shared/account/new-account.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Engine } from '../../../shared/aws/engine.ts';
import { FolderBlobStore } from '../../../shared/blob/folder-blob-store.ts';
import { hashPassword } from '../../../shared/directory/password.ts';
import { createLog } from '../../../shared/log.ts';
import { stopProcess } from '../../support/stop-process.ts';
import { Violation } from '../violation.ts';
import type { Draw } from '../draw.ts';
import type { Notice, ProcessSettings } from './orders.ts';

const ADDRESS = 'swarm@example.test';
const PASSWORD = 'swarm-password';
export const LOGIN = `${ADDRESS} ${PASSWORD}`;
const PROGRAM = path.join(import.meta.dirname, 'process.ts');
const DELIVERY_FUNCTIONS = 3;
/** One gateway keeps everything; the other nothing, and reads it again and again. */
const BUDGETS = [256 * 1024 * 1024, 1];
/** Of notifications, as SQS may hand over a message twice. */
const SENT_TWICE = 0.15;
const KEPT_LOG = 300;

export interface World {
  readonly account: AccountId;
  readonly engine: Engine;
  readonly blobs: FolderBlobStore;
  readonly inbound: FolderBlobStore;
  /** Ports of the gateways. */
  readonly ports: readonly number[];
  /** Lines of the processes' logs. */
  readonly log: string[];
  fold(): Promise<FoldResult>;
  readonly deliver: (token: string, message: Buffer, draw: Draw) => Promise<void>;
  /** What a process has found wrong, or null. */
  wrong(): string | null;
  /** Conflicts that a delivery met at most. */
  conflicts(): number;
  stop(): Promise<void>;
}

export async function startWorld(data: string): Promise<World> {
  const log = createLog({ level: 'error', pretty: false });
  const parts = new StartedParts(log);
  try {
    return await start(data, parts);
  } catch (error) {
    await parts.stop().catch(() => undefined);
    throw error;
  }
}

async function start(data: string, parts: StartedParts): Promise<World> {
  const silent = createLog({ level: 'error', pretty: false });
  const settings = readSettings({ data, imapPort: '0', imapsPort: '0', smtpPort: '0' }, {}, data);
  const places = await startStores({ settings, log: silent, parts }, 'swarm');
  const engine = await startEngine(places, parts);
  const queueUrl = await ensureQueues(engine.sqs);
  await loadCertificate(data, Date.now(), silent);
  const account = await addUser(engine);
  const members = new Members(parts);
  const common = { data, places };
  const gateways = await Promise.all(
    BUDGETS.map(async (replicaBudgetBytes) => members.start('gateway', { ...common, replicaBudgetBytes })),
  );
  const functions = Array.from({ length: DELIVERY_FUNCTIONS }, async () =>
    members.start('deliver', { ...common, queueUrl }),
  );
  await Promise.all(functions);
  const folder = await members.start('fold', { ...common, account });
  const inbound = await FolderBlobStore.open(dataPaths(data).inbound);
  return {
    account,
    engine,
    blobs: await FolderBlobStore.open(dataPaths(data).blobs),
    inbound,
    ports: gateways.map(({ port }) => port),
    log: members.log,
    wrong: () => members.wrong,
    conflicts: () => members.conflicts,
    fold: async () => folded(folder.child),
    deliver: async (token, message, draw) => arrive({ engine, inbound, queueUrl }, token, message, draw),
    stop: async () => parts.stop(),
  };
}

async function addUser(engine: Engine): Promise<AccountId> {
  const account = await beginAccount(engine.journal, engine.rim);
  await engine.directory.domains.add('example.test');
  await engine.directory.users.add({
    address: ADDRESS,
    passwordHash: await hashPassword(PASSWORD),
    account,
    limits: { ...NEW_ACCOUNT_LIMITS, quotaMessages: 1_000_000 },
  });
  return account;
}

class Members {
  readonly log: string[] = [];
  wrong: string | null = null;
  conflicts = 0;
  readonly #parts: StartedParts;
  #stopping = false;

  constructor(parts: StartedParts) {
    this.#parts = parts;
  }

  async start(part: string, settings: ProcessSettings): Promise<{ child: ChildProcess; port: number }> {
    const child = spawn(process.execPath, [PROGRAM, part, JSON.stringify(settings)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { PATH: process.env.PATH },
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
    const notice = await new Promise<Notice | null>((resolve) => {
      child.once('message', (message: Notice) => resolve(message));
      child.once('exit', () => resolve(null));
    });
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

async function folded(child: ChildProcess): Promise<FoldResult> {
  const notice = await new Promise<Notice>((resolve) => {
    child.once('message', (message: Notice) => resolve(message));
    child.send('fold');
  });
  if (notice.notice === 'folded') return notice.result;
  throw new Violation(notice.notice === 'failed' ? notice.error : 'the fold says something else');
}

/** What SES does with a message; the queue may hand it over twice, at once or later. */
async function arrive(
  { engine, inbound, queueUrl }: { engine: Engine; inbound: FolderBlobStore; queueUrl: string },
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
  for (const delaySeconds of [0, ...again])
    await engine.sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: JSON.stringify(notification),
        DelaySeconds: delaySeconds,
      }),
    );
}
