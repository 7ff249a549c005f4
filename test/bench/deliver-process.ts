/** One delivery function in a process of its own, as a Lambda is; tells what each of its batches came to. */
import { deliveryHandler } from '../../functions/deliver/index.ts';
import { startEventSource } from '../../infra/local/event-source.ts';
import { type EngineSettings, openEngine } from '../../shared/aws/engine.ts';
import { createLog } from '../../shared/log.ts';

export interface DeliverProcessSettings {
  readonly engine: EngineSettings;
  readonly queueUrl: string;
}
export interface DeliverReport {
  readonly delivered: number;
  readonly duplicates: number;
  readonly conflicts: number;
  /** Messages that the batch reported as failed: they come again. */
  readonly failed: number;
}

const { engine: settings, queueUrl } = JSON.parse(process.argv[2] ?? '{}') as DeliverProcessSettings;
const engine = await openEngine(settings);
const none: DeliverReport = { delivered: 0, duplicates: 0, conflicts: 0, failed: 0 };
/** What the function logs of each account is where the conflicts are told. */
const log = createLog({
  level: 'info',
  pretty: false,
  target: {
    write(line) {
      const { delivered, duplicates, conflicts, level } = JSON.parse(line) as Partial<DeliverReport> & {
        level: number;
      };
      if (delivered !== undefined) process.send?.({ ...none, delivered, duplicates, conflicts });
      else if (level >= 50) process.stderr.write(line);
    },
  },
});
const handler = deliveryHandler(engine, 'bench', log);
process.send?.(none);
process.once('message', () => {
  const source = startEventSource({
    sqs: engine.sqs,
    queueUrl,
    handler: async (event) => {
      const response = await handler(event);
      const failed = response.batchItemFailures.length;
      if (failed > 0) process.send?.({ ...none, failed });
      return response;
    },
    log,
    concurrency: 1,
  });
  process.on('disconnect', () => {
    void source.stop().finally(() => {
      engine.close();
      process.exit(0);
    });
  });
});
