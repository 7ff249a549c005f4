/** A function's metrics: kept while it runs, and written to its log at the end of each invocation. */
import { metricSinkFrom } from '../shared/metrics/embedded-format.ts';
import { MetricRegistry, type Metrics } from '../shared/metrics/metrics.ts';

/**
 * `start` makes the handler, on an engine that tells `metrics`. A batch that failed has cost something too, so that its
 * metrics are written as well.
 */
export async function flushingMetrics<A extends unknown[], R>(
  environment: Readonly<Record<string, string | undefined>>,
  start: (metrics: Metrics) => Promise<(...args: A) => Promise<R>>,
  write: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): Promise<(...args: A) => Promise<R>> {
  const registry = new MetricRegistry(metricSinkFrom(environment, write), Date.now);
  const handler = await start(registry);
  return async (...args) => {
    try {
      return await handler(...args);
    } finally {
      registry.flush();
    }
  };
}
