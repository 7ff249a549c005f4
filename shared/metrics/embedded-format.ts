/**
 * Metrics as log lines, from which CloudWatch Logs makes metrics: its embedded metric format, one JSON object a line.
 * [Amazon CloudWatch user guide, "Specification: Embedded metric format"]
 *
 * A metric is a number, or a list of at most 100 numbers. Lines with `Values` and `Counts` in the place of the list would tell
 * more (AWS's own Java client writes them), but the specification does not have them, and what it does not have may be dropped
 * without a word. So a distribution is a list that stands for all its values, and how many there were is a counter of its own.
 */
import { METRICS, type MetricName, dimensionOf } from './catalogue.ts';
import type { Measured, MetricSink } from './metrics.ts';

/** Of an installation that is alone in its account and region. */
export const DEFAULT_NAMESPACE = 'Quire';

/** Two installations in one account and region are told apart by it, not by a dimension that each metric would carry. */
export function metricsNamespace(environment: Readonly<Record<string, string | undefined>>): string {
  return environment.QUIRE_METRICS_NAMESPACE ?? DEFAULT_NAMESPACE;
}

/** CloudWatch's limit of metrics in one directive. */
const METRICS_PER_LINE = 100;

export interface EmbeddedLine {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly [
      {
        readonly Namespace: string;
        readonly Dimensions: readonly [readonly string[]];
        readonly Metrics: readonly { readonly Name: MetricName; readonly Unit: string }[];
      },
    ];
  };
  readonly [member: string]: unknown;
}

/** A line for each value of each dimension: all metrics that share it. */
export function embeddedLines(
  namespace: string,
  measured: readonly Measured[],
  time: number,
): EmbeddedLine[] {
  const groups = new Map<string, { dimensions: Record<string, string>; members: Measured[] }>();
  for (const each of measured) {
    const dimension = dimensionOf(each.name);
    const dimensions = dimension && each.of !== null ? { [dimension]: each.of } : {};
    const key = JSON.stringify(dimensions);
    const group = groups.get(key);
    if (group && group.members.length < METRICS_PER_LINE) group.members.push(each);
    else groups.set(key, { dimensions, members: [each] });
  }
  return [...groups.values()].map(({ dimensions, members }) => ({
    _aws: {
      Timestamp: time,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: members.map(({ name }) => ({ Name: name, Unit: METRICS[name].unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(members.map(({ name, value }) => [name, value])),
  }));
}

/**
 * For a process on AWS, as its environment says: `QUIRE_METRICS_NAMESPACE`, and `QUIRE_STANDBY`, the region to which what is stored
 * is copied. Without one nobody asks how many bytes that are, and each metric is billed.
 */
export function metricSinkFrom(
  environment: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): MetricSink {
  const sink = embeddedSink(metricsNamespace(environment), write);
  if (environment.QUIRE_STANDBY !== undefined) return sink;
  return (measured, time) =>
    sink(
      measured.filter(({ name }) => name !== 'BytesStored'),
      time,
    );
}

/** Writes each line to `write`, without its end. */
export function embeddedSink(namespace: string, write: (line: string) => void): MetricSink {
  return (measured, time) => {
    for (const line of embeddedLines(namespace, measured, time)) write(JSON.stringify(line));
  };
}
