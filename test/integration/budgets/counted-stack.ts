/**
 * A gateway and a delivery function on real stores over real sockets, each started cold, with every request counted at
 * the SDK's transport. What runs after the tagged answer (wake-ups, work items) is counted apart: nobody waits for it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { type GatewayProcess, startGatewayProcess } from '../../../gateway/start.ts';
import { startSqs, type LocalSqs } from '../../../infra/local/sqs.ts';
import { dayOf, isSweepDay } from '../../../shared/account/due.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { beginAccount } from '../../../shared/account/new-account.ts';
import type { Transport } from '../../../shared/aws/clients.ts';
import {
  type Engine,
  type EngineOptions,
  type EngineSettings,
  openEngine,
} from '../../../shared/aws/engine.ts';
import { type ScryptParameters, hashPassword } from '../../../shared/directory/password.ts';
import { ensureKeyFile } from '../../../shared/keys/key-file.ts';
import { createLog } from '../../../shared/log.ts';
import { type TestDynoxide, startTestDynoxide } from '../../support/dynoxide.ts';
import { ImapClient } from '../../support/imap-client.ts';
import { type LoopbackS3, startLoopbackS3 } from '../../support/loopback-s3.ts';
import { RequestLog, type RequestReport } from '../../support/request-log.ts';
import { callOf, wrapping, type Call } from '../../support/transport.ts';

const PASSWORD = 'correct horse';
/** As cheap as it goes: nobody attacks a test. */
const CHEAP: ScryptParameters = { ln: 4, r: 8, p: 1 };
export const log = createLog({ level: 'silent', pretty: false });

export class CountedStack {
  /** Not counted: for making accounts and messages. */
  readonly engine: Engine;
  readonly #settings: EngineSettings;
  readonly #store: TestDynoxide;
  readonly #s3: LoopbackS3;
  readonly #sqs: LocalSqs;
  readonly #folder: string;
  readonly #open: { stop(): Promise<void> }[] = [];
  #users = 0;
  #hash = '';

  private constructor(
    parts: { store: TestDynoxide; s3: LoopbackS3; sqs: LocalSqs; folder: string },
    settings: EngineSettings,
    engine: Engine,
  ) {
    this.#store = parts.store;
    this.#s3 = parts.s3;
    this.#sqs = parts.sqs;
    this.#folder = parts.folder;
    this.#settings = settings;
    this.engine = engine;
  }

  /** `sealed`: accounts have data keys, wrapped by a file. */
  static async start({ sealed = false } = {}): Promise<CountedStack> {
    const tables = ['mail', 'directory', ...(sealed ? ['keys'] : [])];
    const [store, s3, sqs] = [await startTestDynoxide(tables), await startLoopbackS3(), await startSqs()];
    const folder = await mkdtemp(join(tmpdir(), 'quire-budgets-'));
    const file = join(folder, 'data-keys.key');
    await ensureKeyFile(file);
    const endpoints = { dynamodb: store.endpoint, s3: s3.endpoint, sqs: sqs.endpoint };
    const settings: EngineSettings = {
      aws: { region: 'us-east-1', endpoints },
      mailTable: 'mail',
      directoryTable: 'directory',
      mail: { bucket: 'mail' },
      inbound: { bucket: 'inbound' },
      ...(sealed && { keys: { table: 'keys', wrap: { file }, create: true } }),
    };
    const engine = await openEngine(settings);
    const stack = new CountedStack({ store, s3, sqs, folder }, settings, engine);
    await engine.directory.domains.add('example.test');
    stack.#hash = await hashPassword(PASSWORD, CHEAP);
    return stack;
  }

  /** A login for a new account, or for the one that is given. */
  async addUser(existing?: AccountId): Promise<{ address: string; account: AccountId }> {
    const address = `user${++this.#users}@example.test`;
    const account = existing ?? (await beginAccount(this.engine.journal, this.engine.rim));
    const limits = { quotaBytes: 2 ** 45, quotaMessages: 2 ** 30, maxConnections: 100 };
    await this.engine.directory.users.add({ address, account, passwordHash: this.#hash, limits });
    return { address, account };
  }

  /** An engine with nothing in memory, as a Lambda begins with. */
  async coldEngine(options: Pick<EngineOptions, 'metrics' | 'wrapBlobs'> = {}): Promise<ColdProcess> {
    const process = new ColdProcess();
    process.engine = await openEngine(this.#settings, { ...options, wrapTransport: process.wrap });
    this.#open.push(process);
    return process;
  }

  /** A gateway with nothing in memory. */
  async coldGateway(options: Pick<EngineOptions, 'metrics'> = {}): Promise<ColdGateway> {
    const { engine, requests, afterwards } = await this.coldEngine(options);
    const gateway = await startGatewayProcess({
      engine,
      listeners: [{ kind: 'plain', host: '127.0.0.1', port: 0 }],
      tls: { context: () => createSecureContext() },
      log,
    });
    const cold = new ColdGateway(gateway, requests, afterwards);
    this.#open.unshift(cold);
    return cold;
  }

  /** Ends what was started cold since the last time. */
  async release(): Promise<void> {
    for (const each of this.#open.splice(0)) await each.stop();
  }

  async stop(): Promise<void> {
    await this.release();
    this.engine.close();
    await Promise.all([this.#store.stop(), this.#s3.stop(), this.#sqs.stop()]);
    await rm(this.#folder, { recursive: true });
  }
}

/** A process's requests: those that somebody waits for, and those that come after the answer. */
export class ColdProcess {
  declare engine: Engine;
  readonly requests = new RequestLog();
  readonly afterwards = new RequestLog();

  readonly wrap = (inner: Transport): Transport => {
    const waitedFor = this.requests.wrap(inner);
    const later = this.afterwards.wrap(inner);
    return wrapping(inner, (request, options) => {
      const call = callOf(request);
      // A long poll is always under way, and tells nothing about a command.
      if (call.operation === 'ReceiveMessage') return inner.handle(request, options);
      return (isAfterwards(call) ? later : waitedFor).handle(request, options);
    });
  };

  stop(): Promise<void> {
    this.engine.close();
    return Promise.resolve();
  }
}

/** Wake-ups (their look-up and their sending), work items; the registration of an idle session is waited for. */
function isAfterwards({ service, operation, json }: Call): boolean {
  if (service === 'sqs') return true;
  const values = json.ExpressionAttributeValues as Record<string, { S?: string }> | undefined;
  const key = (json.Key as Record<string, { S?: string }> | undefined)?.pk?.S ?? values?.[':pk']?.S ?? '';
  return key.startsWith('work#') || (key.startsWith('watch#') && operation === 'Query');
}

export class ColdGateway {
  readonly requests: RequestLog;
  readonly afterwards: RequestLog;
  readonly #gateway: GatewayProcess;
  readonly #clients: ImapClient[] = [];
  #stopped = false;

  constructor(gateway: GatewayProcess, requests: RequestLog, afterwards: RequestLog) {
    this.#gateway = gateway;
    this.requests = requests;
    this.afterwards = afterwards;
  }

  /** A connection, its greeting read. */
  async connect(): Promise<ImapClient> {
    const client = await ImapClient.connect(this.#gateway.addresses[0]?.port ?? 0);
    this.#clients.push(client);
    await client.line();
    return client;
  }

  async signIn(address: string): Promise<ImapClient> {
    const client = await this.connect();
    expectOk(await client.run(`LOGIN ${address} "${PASSWORD}"`));
    return client;
  }

  /** What one command costs, which must be answered OK. */
  async cost(client: ImapClient, command: string): Promise<RequestReport & { lines: string[] }> {
    const { result: lines, report } = await this.requests.measure(() => client.run(command));
    expectOk(lines);
    return { ...report, lines };
  }

  /** The cost of signing in: a connection's first command. */
  async costOfLogin(address: string): Promise<RequestReport & { client: ImapClient }> {
    const client = await this.connect();
    return { ...(await this.cost(client, `LOGIN ${address} "${PASSWORD}"`)), client };
  }

  /** Returns when what the last commands left behind has been done, too. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const client of this.#clients) client.destroy();
    await this.#gateway.stop();
  }
}

export function expectOk(lines: readonly string[]): void {
  const last = lines.at(-1) ?? '';
  if (!last.startsWith('tag OK')) throw new Error(`not answered OK: ${last}`);
}

/** The engine, whose next account is swept in so many days: by its id, which chance would choose. */
export function sweptIn(days: number, engine: Engine): Engine {
  const { rim } = engine;
  let id = rim.randomHex(10);
  while (!isSweepDay(id as AccountId, dayOf(rim.now() / 1_000) + days)) id = rim.randomHex(10);
  const ids = [id];
  return { ...engine, rim: { ...rim, randomHex: (bytes) => ids.pop() ?? rim.randomHex(bytes) } };
}
