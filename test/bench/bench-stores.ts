/** Stores for a benchmark: the embedded ones, on a fresh folder, and an engine on them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startDynoxide } from '../../infra/local/dynoxide.ts';
import { ensureQueues, startSqs } from '../../infra/local/sqs.ts';
import { ensureTables } from '../../infra/local/tables.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import { type Engine, type EngineSettings, openEngine } from '../../shared/aws/engine.ts';
import { hashPassword } from '../../shared/directory/password.ts';
import { createLog } from '../../shared/log.ts';

export const silent = createLog({ level: 'silent', pretty: false });
export const DOMAIN = 'bench.test';
export const PASSWORD = 'correct horse';
/** Sign-ins are not what is measured. */
const CHEAP = { ln: 4, r: 8, p: 1 };

export interface BenchStores {
  readonly settings: EngineSettings;
  readonly engine: Engine;
  readonly queueUrl: string;
  addUser(address: string, account: AccountId): Promise<void>;
  stop(): Promise<void>;
}

export async function startBenchStores(): Promise<BenchStores> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quire-bench-'));
  const store = await startDynoxide({ database: path.join(folder, 'bench.db'), log: silent });
  const sqs = await startSqs();
  const settings: EngineSettings = {
    aws: { region: 'us-east-1', endpoints: { dynamodb: store.endpoint, sqs: sqs.endpoint } },
    mailTable: 'mail',
    directoryTable: 'directory',
    mail: { folder: path.join(folder, 'mail') },
    inbound: { folder: path.join(folder, 'inbound') },
  };
  const engine = await openEngine(settings);
  await ensureTables(engine.dynamodb, [settings.mailTable, settings.directoryTable]);
  const queueUrl = await ensureQueues(engine.sqs);
  await engine.directory.domains.add(DOMAIN);
  const passwordHash = await hashPassword(PASSWORD, CHEAP);
  return {
    settings,
    engine,
    queueUrl,
    async addUser(address, account) {
      const limits = { quotaBytes: 2 ** 45, quotaMessages: 2 ** 30, maxConnections: 2 ** 20 };
      await engine.directory.users.add({ address, account, passwordHash, limits });
    },
    async stop() {
      engine.close();
      await sqs.stop();
      await store.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
