/** A process of the swarm: a gateway, a delivery function, or a fold, on a bad day. It ends with whoever started it. */
import { createLog } from '../../../shared/log.ts';
import { startGatewayProcess } from '../../../gateway/start.ts';
import { foldAccount } from '../../../functions/compact/fold-account.ts';
import { deliveryHandler } from '../../../functions/deliver/index.ts';
import { createSecureContext } from 'node:tls';
import { loadCertificate } from '../../../infra/local/certificate.ts';
import { startEventSource } from '../../../infra/local/event-source.ts';
import { engineSettings } from '../../../infra/local/stores.ts';
import { type Engine, openEngine } from '../../../shared/aws/engine.ts';
import { badDay } from '../bad-day.ts';
import type { FoldOrder, Notice, ProcessSettings } from './orders.ts';

const log = createLog({ level: 'warn', pretty: false });
const tell = (notice: Notice): void => void process.send?.(notice);
process.on('disconnect', () => process.exit(1));

async function gateway(engine: Engine, { data, replicaBudgetBytes }: ProcessSettings): Promise<void> {
  const certificate = await loadCertificate(data, Date.now(), log);
  const context = createSecureContext({ cert: certificate.certificate, key: certificate.privateKey });
  const running = await startGatewayProcess({
    engine,
    listeners: [{ kind: 'plain', host: '127.0.0.1', port: 0 }],
    tls: { context: () => context },
    ...(replicaBudgetBytes !== undefined && { replicaBudgetBytes }),
    log,
  });
  tell({ notice: 'ready', port: running.addresses[0]?.port ?? 0 });
}

async function deliver(engine: Engine, { queueUrl }: ProcessSettings): Promise<void> {
  if (queueUrl === undefined) throw new Error('a delivery function needs a queue');
  // It tells at this level how many conflicts it met.
  const handler = deliveryHandler(engine, 'swarm', createLog({ level: 'info', pretty: false }));
  startEventSource({ sqs: engine.sqs, queueUrl, handler, log, concurrency: 2 });
  tell({ notice: 'ready' });
}

async function fold(engine: Engine, { keepMs = 0 }: ProcessSettings): Promise<void> {
  const { journal, folds, messages: summaries, rim } = engine;
  process.on('message', ({ account }: FoldOrder) => {
    const report = (_: unknown, divergence: unknown): void =>
      tell({ notice: 'failed', error: `the fold found a divergence: ${JSON.stringify(divergence)}` });
    foldAccount({ journal, folds, summaries, packs: summaries.packs, rim, report, keepMs }, account).then(
      (result) => tell({ notice: 'folded', result }),
      (error: unknown) =>
        tell({
          notice: 'failed',
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
    );
  });
  tell({ notice: 'ready' });
}

const PARTS = { gateway, deliver, fold };

const [part = '', json = '{}'] = process.argv.slice(2);
// Written by the hunter alone.
const settings = JSON.parse(json) as ProcessSettings;
if (!(part in PARTS)) throw new Error(`there is no part ${part}`);
const wrapTransport = badDay(settings.seed, (struck) => tell({ notice: 'struck', struck }));
const engine = await openEngine(engineSettings(settings.places), { wrapTransport });
await PARTS[part as keyof typeof PARTS](engine, settings);
