/**
 * The door through which the engine tells what it does. It is handed in like clocks and logs are; who hands in nothing
 * gets `NO_METRICS`. Telling is cheap enough for every request and every command: it adds to a number in memory, which
 * is written out once a minute, or at the end of an invocation.
 */
import type { CounterName, DistributionName, GaugeName, MetricName } from './catalogue.ts';
import { Distribution } from './distribution.ts';

export interface Metrics {
  /** Adds to a counter. `of`: the value of its dimension; of a closed set. */
  add(name: CounterName, value: number, of?: string): void;
  /** One value of a distribution. */
  record(name: DistributionName, value: number, of?: string): void;
  /** Has a gauge read at each flush, until the returned function is called. */
  gauge(name: GaugeName, read: () => number, of?: string): () => void;
  /** Milliseconds from some moment on, finer than one, to measure how long something took. */
  clock(): number;
}

const nothing = (): void => undefined;

/** Where nobody looks. */
export const NO_METRICS: Metrics = { add: nothing, record: nothing, gauge: () => nothing, clock: () => 0 };

/** What a metric came to between two flushes. */
export interface Measured {
  readonly name: MetricName;
  /** Null for a metric without dimension. */
  readonly of: string | null;
  readonly value: number | readonly number[];
}

/** Takes what was measured; `time` in milliseconds since the epoch. */
export type MetricSink = (measured: readonly Measured[], time: number) => void;

/**
 * Values of a dimension that a process keeps apart; the rest are one, `other`. The sets are closed by construction: this
 * is the net under it, for each value is billed.
 */
const MOST_VALUES = 64;
const NONE = '';
const OTHER = 'other';

export class MetricRegistry implements Metrics {
  readonly #sink: MetricSink;
  readonly #now: () => number;
  readonly #counters = new Map<CounterName, Map<string, number>>();
  readonly #distributions = new Map<DistributionName, Map<string, Distribution>>();
  readonly #gauges = new Set<{
    readonly name: GaugeName;
    readonly of: string;
    readonly read: () => number;
  }>();

  constructor(sink: MetricSink, now: () => number) {
    this.#sink = sink;
    this.#now = now;
  }

  add(name: CounterName, value: number, of = NONE): void {
    const values = mapOf(this.#counters, name);
    const key = bounded(values, of);
    values.set(key, (values.get(key) ?? 0) + value);
  }

  record(name: DistributionName, value: number, of = NONE): void {
    const values = mapOf(this.#distributions, name);
    const key = bounded(values, of);
    let distribution = values.get(key);
    if (!distribution) values.set(key, (distribution = new Distribution()));
    distribution.record(value);
  }

  gauge(name: GaugeName, read: () => number, of = NONE): () => void {
    const gauge = { name, of, read };
    this.#gauges.add(gauge);
    return () => this.#gauges.delete(gauge);
  }

  clock(): number {
    return performance.now();
  }

  /**
   * Hands over what came together since the last time. What is 0 is not told: a metric is billed for each hour in which
   * it has a value.
   */
  flush(): void {
    const measured: Measured[] = [];
    for (const [name, values] of this.#counters) {
      for (const [of, value] of values) {
        if (value !== 0) measured.push({ name, of: of || null, value });
        values.set(of, 0);
      }
    }
    for (const [name, values] of this.#distributions)
      for (const [of, distribution] of values)
        if (distribution.count > 0) measured.push({ name, of: of || null, value: distribution.take() });
    const gauges = new Map<string, Measured & { value: number }>();
    for (const { name, of, read } of this.#gauges) {
      const key = `${name} ${of}`;
      gauges.set(key, { name, of: of || null, value: (gauges.get(key)?.value ?? 0) + read() });
    }
    measured.push(...gauges.values());
    if (measured.length > 0) this.#sink(measured, this.#now());
  }
}

function mapOf<N, V>(maps: Map<N, Map<string, V>>, name: N): Map<string, V> {
  let values = maps.get(name);
  if (!values) maps.set(name, (values = new Map<string, V>()));
  return values;
}

function bounded(values: ReadonlyMap<string, unknown>, of: string): string {
  return values.has(of) || values.size < MOST_VALUES ? of : OTHER;
}
