/**
 * How often values came in which order of magnitude: a fixed number of counters however many values there are, so that
 * recording one allocates nothing. What comes out is a list of at most 100 values that stand for all of them: more than that
 * CloudWatch takes for no metric of a line.
 */

/** Neighbouring buckets differ by a fifth, so that a percentile is right within a tenth. */
const RATIO = 1.2;
/** From 0.05 to about 3.5 million: milliseconds of up to an hour. */
const BUCKETS = 100;
const FIRST = 0.05;
const SCALE = 1 / Math.log(RATIO);
/** Values of one metric in one line. [Embedded metric format, "Target members"] */
const MOST_VALUES = 100;

export class Distribution {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #min = Infinity;
  #max = -Infinity;

  get count(): number {
    return this.#count;
  }

  record(value: number): void {
    const bucket = value <= FIRST ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(value / FIRST) * SCALE));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /**
   * What was recorded since the last time, which it forgets: in ascending order, a value for each, or 100 at even distances
   * of rank. The least and the greatest are exact.
   */
  take(): readonly number[] {
    const length = Math.min(this.#count, MOST_VALUES);
    const values: number[] = [];
    let [bucket, below] = [-1, 0];
    for (let place = 0; place < length; place++) {
      const rank = ((place + 0.5) * this.#count) / length;
      while (below < rank) below += this.#counts[++bucket] ?? Infinity;
      values.push(this.#middle(bucket));
    }
    // The greatest is what an alarm is for, so that it wins where there is one value only.
    if (length > 0) values[0] = this.#min;
    if (length > 0) values[length - 1] = this.#max;
    this.#counts.fill(0);
    this.#count = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
    return values;
  }

  /** The bucket's geometric middle, within what was seen. */
  #middle(bucket: number): number {
    const middle = FIRST * RATIO ** (bucket - 0.5);
    return Number(Math.min(this.#max, Math.max(this.#min, middle)).toPrecision(4));
  }
}
