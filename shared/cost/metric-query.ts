/**
 * Metrics and expressions over them, as CloudWatch knows them: what widgets, alarms and the tally are made of. Data only;
 * who draws or asks turns them into what the API takes.
 */

export type Statistic = 'Sum' | 'Average' | 'Maximum' | 'Minimum' | 'SampleCount' | 'p50' | 'p90' | 'p99';

export interface MetricRef {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: Statistic;
}

/** One line of a widget: a metric, or an expression over lines with ids. */
export type Query = {
  /** Begins with a small letter; letters, digits and `_` only. */
  readonly id: string;
  readonly label?: string;
  /** Only what other lines are made of. */
  readonly hidden?: boolean;
} & ({ readonly metric: MetricRef } | { readonly expression: string });

/** Gives each metric, and each expression that is not shown, one id, however many others use it. */
export class QueryBook {
  readonly #ids = new Map<string, string>();
  readonly #queries: Query[] = [];
  readonly #hidden = new Map<string, string>();
  #expressions = 0;

  get queries(): readonly Query[] {
    return this.#queries;
  }

  /** The id of a metric that is not shown by itself. */
  use(metric: MetricRef): string {
    const key = JSON.stringify([metric.namespace, metric.name, metric.dimensions, metric.stat]);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = `m${this.#ids.size + 1}`;
      this.#ids.set(key, id);
      this.#queries.push({ id, metric, hidden: true });
    }
    return id;
  }

  /** The id of an expression; without a label it is not shown. */
  express(expression: string, label?: string): string {
    const known = label === undefined ? this.#hidden.get(expression) : undefined;
    if (known !== undefined) return known;
    const id = `e${++this.#expressions}`;
    this.#queries.push({ id, expression, ...(label === undefined ? { hidden: true } : { label }) });
    if (label === undefined) this.#hidden.set(expression, id);
    return id;
  }
}

/** A constant as metric math reads it: without an exponent. */
export function literal(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 12 - Math.floor(Math.log10(Math.abs(value))));
  const text = value.toFixed(Math.min(digits, 24));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
