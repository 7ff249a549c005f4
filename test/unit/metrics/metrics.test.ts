/** The door: what is added, recorded and read comes out once, by metric and value of its dimension. */
import { describe, expect, test } from '@jest/globals';
import { METRICS } from '../../../shared/metrics/catalogue.ts';
import { Distribution } from '../../../shared/metrics/distribution.ts';
import { embeddedLines, metricSinkFrom } from '../../../shared/metrics/embedded-format.ts';
import { startFlushing } from '../../../shared/metrics/flushing.ts';
import { type Measured, MetricRegistry } from '../../../shared/metrics/metrics.ts';
import { seededRandom } from '../../support/seeded-random.ts';

function registry() {
  const flushed: (readonly Measured[])[] = [];
  return {
    flushed,
    metrics: new MetricRegistry(
      (measured) => flushed.push(measured),
      () => 1_000,
    ),
  };
}

describe('between two flushes', () => {
  test('a counter is added up by the value of its dimension, and is not told where nothing was added', () => {
    const { metrics, flushed } = registry();
    metrics.add('ReadUnits', 1, 'read');
    metrics.add('ReadUnits', 0.5, 'read');
    metrics.add('ReadUnits', 2, 'deliver');
    metrics.flush();
    metrics.flush();
    expect(flushed).toEqual([
      [
        { name: 'ReadUnits', of: 'read', value: 1.5 },
        { name: 'ReadUnits', of: 'deliver', value: 2 },
      ],
    ]);
  });

  test('a gauge is read when it is flushed; what several parts of a process say is summed up; one that ended is silent', () => {
    const { metrics, flushed } = registry();
    let sessions = 3;
    metrics.gauge('Sessions', () => sessions);
    const forget = metrics.gauge('Sessions', () => 10);
    sessions = 5;
    metrics.flush();
    forget();
    metrics.flush();
    expect(flushed.map((each) => each[0]?.value)).toEqual([15, 5]);
  });

  test('a distribution of nothing is not told', () => {
    const { metrics, flushed } = registry();
    metrics.record('CommandLatency', 3, 'NOOP');
    metrics.flush();
    metrics.flush();
    expect(flushed).toHaveLength(1);
  });

  test('a dimension with more values than a closed set has is cut off: the rest is one', () => {
    const { metrics, flushed } = registry();
    for (let i = 0; i < 1_000; i++) metrics.add('RequestUnits', 1, `operation${i}`);
    metrics.flush();
    expect(flushed[0]).toHaveLength(65);
    expect(flushed[0]?.at(-1)).toEqual({ name: 'RequestUnits', of: 'other', value: 1_000 - 64 });
  });

  test('a process that stops tells what is left', () => {
    const told: number[] = [];
    let [run, stopped] = [() => undefined as unknown, false];
    const { metrics, stop } = startFlushing(
      (measured) => told.push(measured[0]?.value as number),
      () => 0,
      (flush) => {
        run = flush;
        return { stop: () => void (stopped = true) };
      },
    );
    metrics.add('Deliveries', 2);
    run();
    metrics.add('Deliveries', 1);
    stop();
    expect({ told, stopped }).toEqual({ told: [2, 1], stopped: true });
  });
});

describe('a distribution', () => {
  test('is at most 100 values that stand for all: its ends exact, percentiles within a tenth', () => {
    const random = seededRandom(7);
    const distribution = new Distribution();
    const all = Array.from({ length: 50_000 }, () => Math.exp(random() * 14 - 2));
    for (const value of all) distribution.record(value);
    const values = distribution.take();
    all.sort((a, b) => a - b);
    expect(values).toHaveLength(100);
    expect([values[0], values.at(-1)]).toEqual([all[0], all.at(-1)]);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    for (const percentile of [0.5, 0.9, 0.98]) {
      const wanted = all[Math.floor(all.length * (percentile + 0.005))] ?? 0;
      const told = values[Math.floor(values.length * percentile)] ?? 0;
      expect(told / wanted).toBeGreaterThan(0.89);
      expect(told / wanted).toBeLessThan(1.11);
    }
  });

  test('of few values has one for each', () => {
    const distribution = new Distribution();
    for (const value of [5, 1_000, 20, 20]) distribution.record(value);
    const values = distribution.take();
    expect(values).toHaveLength(4);
    expect([values[0], values[3]]).toEqual([5, 1_000]);
    for (const value of values.slice(1, 3)) expect(Math.abs(value / 20 - 1)).toBeLessThan(0.11);
  });

  test('takes what is beyond its ends, and begins anew', () => {
    const distribution = new Distribution();
    for (const value of [0, 1e-9, 1e12]) distribution.record(value);
    expect(distribution.take()).toEqual([0, expect.any(Number), 1e12]);
    expect(distribution.take()).toEqual([]);
    distribution.record(5);
    expect(distribution.take()).toEqual([5]);
  });
});

describe('as log lines', () => {
  test('one line for each value of each dimension, with the metrics that share it', () => {
    const measured: Measured[] = [
      { name: 'ReadUnits', of: 'read', value: 1.5 },
      { name: 'Sessions', of: null, value: 3 },
      { name: 'WriteUnits', of: 'read', value: 1 },
    ];
    expect(embeddedLines('Quire', measured, 1_700_000_000_000)).toEqual([
      {
        _aws: {
          Timestamp: 1_700_000_000_000,
          CloudWatchMetrics: [
            {
              Namespace: 'Quire',
              Dimensions: [['Activity']],
              Metrics: [
                { Name: 'ReadUnits', Unit: 'Count' },
                { Name: 'WriteUnits', Unit: 'Count' },
              ],
            },
          ],
        },
        Activity: 'read',
        ReadUnits: 1.5,
        WriteUnits: 1,
      },
      {
        _aws: {
          Timestamp: 1_700_000_000_000,
          CloudWatchMetrics: [
            { Namespace: 'Quire', Dimensions: [[]], Metrics: [{ Name: 'Sessions', Unit: 'Count' }] },
          ],
        },
        Sessions: 3,
      },
    ]);
  });
});

test('no metric has an account, a session, an address or a gateway as its dimension', () => {
  const dimensions = Object.values(METRICS).flatMap((spec) => ('by' in spec ? [spec.by] : []));
  expect(new Set(dimensions)).toEqual(new Set(['Activity', 'Command', 'Operation', 'Service', 'Table']));
});

test('how many bytes were stored is told only where they are copied to another region: each metric is billed', () => {
  const told = (environment: Readonly<Record<string, string>>) => {
    const lines: string[] = [];
    const registry = new MetricRegistry(
      metricSinkFrom({ QUIRE_METRICS_NAMESPACE: 'Mail', ...environment }, (line) => void lines.push(line)),
      () => 0,
    );
    registry.add('BytesStored', 7);
    registry.add('Deliveries', 1);
    registry.flush();
    return lines.map((line) => JSON.parse(line) as object);
  };
  expect(told({})).toEqual([expect.not.objectContaining({ BytesStored: 7 })]);
  expect(told({ QUIRE_STANDBY: 'us-west-2' })).toEqual([
    expect.objectContaining({ BytesStored: 7, Deliveries: 1 }),
  ]);
});
