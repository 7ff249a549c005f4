/** The metrics of a process that runs on: handed over once a minute, and a last time when it stops. */
import { MetricRegistry, type MetricSink } from './metrics.ts';

/** CloudWatch keeps a value a minute: more often costs more and tells no more. */
export const FLUSH_EVERY_MS = 60_000;

export interface FlushedMetrics {
  readonly metrics: MetricRegistry;
  /** Hands over what is left. */
  readonly stop: () => void;
}

/** `repeat` calls a function again and again until it is stopped; a test has its own. */
export function startFlushing(
  sink: MetricSink,
  now: () => number = Date.now,
  repeat: (run: () => void, everyMs: number) => { stop(): void } = repeatUnref,
): FlushedMetrics {
  const metrics = new MetricRegistry(sink, now);
  const timer = repeat(() => metrics.flush(), FLUSH_EVERY_MS);
  return {
    metrics,
    stop: () => {
      timer.stop();
      metrics.flush();
    },
  };
}

/** It does not keep the process alive. */
function repeatUnref(run: () => void, everyMs: number): { stop(): void } {
  const timer = setInterval(run, everyMs).unref();
  return { stop: () => clearInterval(timer) };
}
