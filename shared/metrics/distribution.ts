/**
 * How often values came in which order of magnitude: a fixed number of counters however many values there are, so that
 * recording one allocates nothing.
 */

/** Neighbouring buckets differ by a fifth, so that a percentile is right within a tenth. */
const RATIO = 1.2;
/** CloudWatch takes 100 values of a metric at a time. From 0.05 to about 3.5 million: milliseconds of up to an hour. */
const BUCKETS = 100;
const FIRST = 0.05;
const SCALE = 1 / Math.log(RATIO);

/** Values with how often each came, and exact ends and sum. */
export interface DistributionSummary {
  readonly Values: readonly number[];
  readonly Counts: readonly number[];
  readonly Max: number;
  readonly Min: number;
  readonly Count: number;
  readonly Sum: number;
}

export class Distribution {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  get count(): number {
    return this.#count;
  }

  record(value: number): void {
    const bucket = value <= FIRST ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(value / FIRST) * SCALE));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** What was recorded since the last time, which it forgets. */
  take(): DistributionSummary {
    const Values: number[] = [];
    const Counts: number[] = [];
    for (const [bucket, count] of this.#counts.entries()) {
      if (count === 0) continue;
      Values.push(this.#middle(bucket));
      Counts.push(count);
    }
    const summary = { Values, Counts, Max: this.#max, Min: this.#min, Count: this.#count, Sum: this.#sum };
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
    return summary;
  }

  /** The bucket's geometric middle, within what was seen. */
  #middle(bucket: number): number {
    const middle = FIRST * RATIO ** (bucket - 0.5);
    return Number(Math.min(this.#max, Math.max(this.#min, middle)).toPrecision(4));
  }
}
