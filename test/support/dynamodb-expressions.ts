/**
 * Condition, key and update expressions of DynamoDB, as far as Quire uses them, as functions. What is not understood is
 * an error: a test must not pass because a condition was passed over.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type Item = Readonly<Record<string, AttributeValue>>;

/** What the placeholders of an expression stand for. */
export interface Placeholders {
  readonly names: Readonly<Record<string, string>> | undefined;
  readonly values: Item | undefined;
}

export type Condition = (item: Item, given: Placeholders) => boolean;
export type Update = (item: Item, given: Placeholders) => Item;

type Step = (next: Item, before: Item, given: Placeholders) => Item;
type Operand = (item: Item, given: Placeholders) => AttributeValue | undefined;

/** Strings, numbers and bytes, in the order in which keys sort. */
function compared(a: AttributeValue | undefined, b: AttributeValue | undefined): number {
  if (a?.N !== undefined && b?.N !== undefined) return Number(a.N) - Number(b.N);
  if (a?.S !== undefined && b?.S !== undefined) return a.S < b.S ? -1 : a.S > b.S ? 1 : 0;
  if (a?.B !== undefined && b?.B !== undefined) return Buffer.compare(a.B, b.B);
  if (a?.BOOL !== undefined && b?.BOOL !== undefined) return Number(a.BOOL) - Number(b.BOOL);
  // Of different types, or one is not there: equal to nothing, before and after nothing.
  return NaN;
}

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

class Parser {
  readonly #tokens: readonly string[];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/<>|<=|>=|[<>=(),+-]|[#:\w.]+/g) ?? [];
  }

  condition(): Condition {
    const whole = this.#or();
    if (this.#at < this.#tokens.length) this.#fail();
    return whole;
  }

  update(): Update {
    const steps: Step[] = [];
    while (this.#at < this.#tokens.length) steps.push(...this.#section());
    // Every clause reads the item as it was before the update.
    return (before, given) => steps.reduce((next, step) => step(next, before, given), before);
  }

  #section(): Step[] {
    const word = this.#next();
    const steps: Step[] = [];
    do steps.push(this.#clause(word));
    while (this.#take(','));
    return steps;
  }

  #clause(word: string): Step {
    const name = this.#name();
    if (word === 'REMOVE') return (next, _, given) => withAttribute(next, name(given), undefined);
    if (word === 'SET') {
      this.#expect('=');
      const value = this.#sum();
      return (next, before, given) => withAttribute(next, name(given), value(before, given));
    }
    const combine = word === 'ADD' ? added : word === 'DELETE' ? without : this.#fail();
    const operand = this.#operand();
    return (next, before, given) => {
      const change = needed(operand(before, given), this.#text);
      return withAttribute(next, name(given), combine(before[name(given)], change));
    };
  }

  #or(): Condition {
    let left = this.#and();
    while (this.#take('OR')) {
      const [a, b] = [left, this.#and()];
      left = (item, given) => a(item, given) || b(item, given);
    }
    return left;
  }

  #and(): Condition {
    let left = this.#not();
    while (this.#take('AND')) {
      const [a, b] = [left, this.#not()];
      left = (item, given) => a(item, given) && b(item, given);
    }
    return left;
  }

  #not(): Condition {
    if (!this.#take('NOT')) return this.#single();
    const inner = this.#not();
    return (item, given) => !inner(item, given);
  }

  #single(): Condition {
    if (this.#take('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    const word = this.#tokens[this.#at];
    if (word === 'attribute_exists' || word === 'attribute_not_exists') {
      const [name] = this.#call();
      return (item, given) => (name?.(item, given) !== undefined) === (word === 'attribute_exists');
    }
    if (word === 'begins_with') {
      const [whole, start] = this.#call();
      return (item, given) => (whole?.(item, given)?.S ?? '').startsWith(start?.(item, given)?.S ?? '\0');
    }
    return this.#comparison();
  }

  #comparison(): Condition {
    const left = this.#operand();
    if (this.#take('BETWEEN')) {
      const low = this.#operand();
      this.#expect('AND');
      const high = this.#operand();
      return (item, given) =>
        compared(left(item, given), low(item, given)) >= 0 &&
        compared(left(item, given), high(item, given)) <= 0;
    }
    const holds = COMPARISONS[this.#next()] ?? this.#fail();
    const right = this.#operand();
    return (item, given) => {
      const a = left(item, given);
      // A comparison with an attribute that is not there is false, but for <>.
      return holds(compared(a, right(item, given)));
    };
  }

  #call(): Operand[] {
    this.#next();
    this.#expect('(');
    const operands = [this.#operand()];
    while (this.#take(',')) operands.push(this.#operand());
    this.#expect(')');
    return operands;
  }

  #sum(): Operand {
    let left = this.#operand();
    while (this.#tokens[this.#at] === '+' || this.#tokens[this.#at] === '-') {
      const sign = this.#next() === '+' ? 1 : -1;
      const [a, b] = [left, this.#operand()];
      left = (item, given) => ({ N: String(Number(a(item, given)?.N) + sign * Number(b(item, given)?.N)) });
    }
    return left;
  }

  #operand(): Operand {
    const token = this.#tokens[this.#at] ?? this.#fail();
    if (token === 'if_not_exists') {
      const [name, otherwise] = this.#call();
      return (item, given) => name?.(item, given) ?? otherwise?.(item, given);
    }
    if (token.startsWith(':')) {
      this.#at++;
      return (_, { values }) => needed(values?.[token], `${this.#text}: ${token}`);
    }
    const name = this.#name();
    return (item, given) => item[name(given)];
  }

  #name(): (given: Placeholders) => string {
    const token = this.#next();
    if (!/^#?\w+$/.test(token)) this.#fail();
    return token.startsWith('#')
      ? ({ names }) => needed(names?.[token], `${this.#text}: ${token}`)
      : () => token;
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? this.#fail();
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) this.#fail();
  }

  #fail(): never {
    throw new Error(`the expression "${this.#text}" is not understood at token ${this.#at}`);
  }
}

function withAttribute(item: Item, name: string, value: AttributeValue | undefined): Item {
  const { [name]: _removed, ...rest } = item;
  return value === undefined ? rest : { ...rest, [name]: value };
}

function added(before: AttributeValue | undefined, change: AttributeValue): AttributeValue {
  if (change.N !== undefined) return { N: String(Number(before?.N ?? 0) + Number(change.N)) };
  return { SS: [...new Set([...(before?.SS ?? []), ...needed(change.SS, 'ADD of a set')])] };
}

function without(before: AttributeValue | undefined, change: AttributeValue): AttributeValue | undefined {
  const left = (before?.SS ?? []).filter((each) => !change.SS?.includes(each));
  // DynamoDB keeps no empty set.
  return left.length > 0 ? { SS: left } : undefined;
}

function needed<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not given`);
  return value;
}

const conditions = new Map<string, Condition>();
const updates = new Map<string, Update>();

export function conditionOf(text: string): Condition {
  let known = conditions.get(text);
  if (!known) conditions.set(text, (known = new Parser(text).condition()));
  return known;
}

export function updateOf(text: string): Update {
  let known = updates.get(text);
  if (!known) updates.set(text, (known = new Parser(text).update()));
  return known;
}
