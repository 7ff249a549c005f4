/** Metrics of one machine: in the log, a line for each value of each dimension, if the settings ask for it. */
import type { Log } from '../../shared/log.ts';
import { DEFAULT_NAMESPACE, embeddedLines } from '../../shared/metrics/embedded-format.ts';
import { startFlushing } from '../../shared/metrics/flushing.ts';
import { type Metrics, NO_METRICS } from '../../shared/metrics/metrics.ts';
import type { StartedParts } from './started-parts.ts';

export function startLocalMetrics(wanted: boolean, log: Log, parts: StartedParts): Metrics {
  if (!wanted) return NO_METRICS;
  const flushed = startFlushing((measured, time) => {
    for (const line of embeddedLines(DEFAULT_NAMESPACE, measured, time))
      log.info({ ...line, _aws: undefined }, 'metrics');
  });
  parts.add('metrics', () => flushed.stop());
  return flushed.metrics;
}
