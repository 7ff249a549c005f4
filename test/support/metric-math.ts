/**
 * CloudWatch's metric math, as much of it as Quire's expressions use: a series has a value or none at each of its points;
 * arithmetic has one where both sides have, `SUM` of a list where any of it has. What it does not know it refuses.
 * ["Using metric math", Amazon CloudWatch user guide]
 */
import type { MetricRef, Query } from '../../shared/cost/metric-query.ts';

export type Series = readonly (number | undefined)[];
type Value = number | Series | { readonly list: readonly Series[] };

/** What CloudWatch has of a metric: a value or none for each period. */
export type MetricSource = (metric: MetricRef, periodSeconds: number) => Series;

/** Values of all lines, by id. */
export function evaluate(
  queries: readonly Query[],
  periodSeconds: number,
  points: number,
  source: MetricSource,
): ReadonlyMap<string, Series> {
  const byId = new Map(queries.map((query) => [query.id, query]));
  if (byId.size !== queries.length) throw new Error('two lines have one id');
  const done = new Map<string, Series>();
  const valueOf = (id: string): Series => {
    const known = done.get(id);
    if (known) return known;
    const query = byId.get(id);
    if (!query) throw new Error(`no line has the id ${id}`);
    const series =
      'metric' in query
        ? source(query.metric, periodSeconds)
        : new Expression(query.expression, points, valueOf).series();
    if (series.length !== points) throw new Error(`${id} has ${series.length} points instead of ${points}`);
    done.set(id, series);
    return series;
  };
  for (const { id } of queries) valueOf(id);
  return done;
}

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|([-+*/()[\],<>]))/y;

class Expression {
  readonly #text: string;
  readonly #points: number;
  readonly #valueOf: (id: string) => Series;
  #at = 0;
  #token = '';

  constructor(text: string, points: number, valueOf: (id: string) => Series) {
    this.#text = text;
    this.#points = points;
    this.#valueOf = valueOf;
    this.#next();
  }

  series(): Series {
    const value = this.#comparison();
    if (this.#token !== '') throw this.#error('something follows');
    if (typeof value === 'number' || 'list' in value) throw this.#error('no series comes of it');
    return value;
  }

  #next(): string {
    const before = this.#token;
    if (this.#text.slice(this.#at).trim() === '') {
      this.#token = '';
      return before;
    }
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (!match) throw this.#error('not understood');
    this.#at = TOKEN.lastIndex;
    this.#token = match[1] ?? match[2] ?? match[3] ?? '';
    return before;
  }

  #expect(token: string): void {
    if (this.#token !== token) throw this.#error(`${token} is missing`);
    this.#next();
  }

  #comparison(): Value {
    const left = this.#sum();
    if (this.#token !== '<' && this.#token !== '>') return left;
    const greater = this.#next() === '>';
    return this.#both(left, this.#sum(), (a, b) => Number(greater ? a > b : a < b));
  }

  #sum(): Value {
    let value = this.#product();
    while (this.#token === '+' || this.#token === '-') {
      const plus = this.#next() === '+';
      value = this.#both(value, this.#product(), (a, b) => (plus ? a + b : a - b));
    }
    return value;
  }

  #product(): Value {
    let value = this.#atom();
    while (this.#token === '*' || this.#token === '/') {
      const times = this.#next() === '*';
      value = this.#both(value, this.#atom(), (a, b) => (times ? a * b : a / b));
    }
    return value;
  }

  #atom(): Value {
    if (this.#token === '(') {
      this.#next();
      const value = this.#comparison();
      this.#expect(')');
      return value;
    }
    if (this.#token === '[') return this.#list();
    const token = this.#next();
    if (/^\d/.test(token)) return Number(token);
    if (/^[A-Z_]+$/.test(token)) return this.#call(token);
    if (/^[a-z]\w*$/.test(token)) return this.#valueOf(token);
    throw this.#error(`${token || 'the end'} was not expected`);
  }

  #list(): Value {
    this.#expect('[');
    const list: Series[] = [];
    for (;;) {
      list.push(this.#asSeries(this.#comparison()));
      if (this.#token !== ',') break;
      this.#next();
    }
    this.#expect(']');
    return { list };
  }

  #call(name: string): Value {
    this.#expect('(');
    if (name === 'FILL') return this.#fill();
    const given: Value[] = [this.#comparison()];
    while (this.#token === ',') {
      this.#next();
      given.push(this.#comparison());
    }
    this.#expect(')');
    const [first, second, third] = given;
    if (name === 'SUM' && typeof first === 'object' && 'list' in first) return this.#total(first.list);
    if (name === 'TIME_SERIES' && typeof first === 'number') return this.#asSeries(first);
    if (name === 'IF' && first !== undefined && second !== undefined && third !== undefined)
      return this.#choose(this.#asSeries(first), this.#asSeries(second), this.#asSeries(third));
    throw this.#error(`${name} is not known with these arguments`);
  }

  #fill(): Value {
    const series = this.#asSeries(this.#comparison());
    this.#expect(',');
    const how = this.#next();
    this.#expect(')');
    let last: number | undefined;
    if (how === 'REPEAT') return series.map((value) => (last = value ?? last));
    return series.map((value) => value ?? Number(how));
  }

  #total(list: readonly Series[]): Series {
    return Array.from({ length: this.#points }, (_, point) => {
      const values = list.flatMap((series) => series[point] ?? []);
      return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
    });
  }

  #choose(condition: Series, yes: Series, no: Series): Series {
    return condition.map((value, point) => (value === undefined ? undefined : (value ? yes : no)[point]));
  }

  #both(left: Value, right: Value, of: (a: number, b: number) => number): Value {
    if (typeof left === 'number' && typeof right === 'number') return of(left, right);
    const [a, b] = [this.#asSeries(left), this.#asSeries(right)];
    return a.map((value, point) => {
      const other = b[point];
      return value === undefined || other === undefined ? undefined : of(value, other);
    });
  }

  #asSeries(value: Value): Series {
    if (typeof value === 'number') return Array.from({ length: this.#points }, () => value);
    if ('list' in value) throw this.#error('a list where a series was expected');
    return value;
  }

  #error(what: string): Error {
    return new Error(`${what}, at ${this.#at} of ${this.#text}`);
  }
}
