/**
 * Reads FETCH responses as RFC 9051 §9 writes them, knowing nothing of the servers under test: what is not well-formed
 * throws. Chars are bytes.
 */
import type { Response } from '../hunt/imap-connection.ts';

/** A string, and how it was sent: only a literal8 may hold NUL. */
export interface WireString {
  readonly text: string;
  readonly form: 'quoted' | 'literal' | 'literal8';
}

export type WireValue = null | number | WireString | readonly WireValue[];

export function isString(value: WireValue | undefined): value is WireString {
  return typeof value === 'object' && value !== null && 'form' in value;
}

export function isList(value: WireValue | undefined): value is readonly WireValue[] {
  return Array.isArray(value);
}

/** The bytes of a string; '' for NIL and for what is none. */
export function textOf(value: WireValue | undefined): string {
  return isString(value) ? value.text : '';
}

export interface FetchAnswer {
  readonly number: number;
  /** By data item, as the server writes it, in upper case. */
  readonly items: ReadonlyMap<string, WireValue>;
}

/** Null for a response that is no FETCH; UIDFETCH (RFC 9586 §3.3) has the UID in the place of the number. */
export function readFetch(response: Response): FetchAnswer | null {
  const match = /^\* (\d+) (?:UID)?FETCH /.exec(response.text);
  if (!match) return null;
  const reader = new Reader(response, match[0].length);
  return { number: Number(match[1]), items: reader.items() };
}

class Reader {
  readonly #text: string;
  readonly #literals: Buffer[];
  #at: number;

  constructor({ text, literals }: Response, at: number) {
    this.#text = text;
    this.#literals = [...literals];
    this.#at = at;
  }

  items(): Map<string, WireValue> {
    const items = new Map<string, WireValue>();
    this.#expect('(');
    for (;;) {
      const label = this.#match(/[A-Z0-9.]+(?:\[[^\]]*\])?(?:<\d+>)?/y, 'a data item');
      this.#expect(' ');
      if (items.has(label.toUpperCase())) this.#fail(`${label} came twice`);
      items.set(label.toUpperCase(), this.#value());
      if (this.#text[this.#at] === ')') break;
      this.#expect(' ');
    }
    this.#at++;
    if (this.#at !== this.#text.length) this.#fail('text behind the response');
    return items;
  }

  #value(): WireValue {
    const char = this.#text[this.#at];
    if (char === '"') return { text: this.#quoted(), form: 'quoted' };
    if (char === '(') return this.#list();
    if (char === '{') return { text: this.#literal(), form: 'literal' };
    if (char === '~') {
      this.#at++;
      return { text: this.#literal(), form: 'literal8' };
    }
    const word = this.#match(/NIL|\d+|\\?[A-Za-z$][\w$-]*/y, 'a value');
    if (word === 'NIL') return null;
    return /^\d/.test(word) ? Number(word) : { text: word, form: 'quoted' };
  }

  #list(): WireValue[] {
    const values: WireValue[] = [];
    this.#at++;
    while (this.#text[this.#at] !== ')') {
      // Addresses and bodies stand side by side.
      const beside = this.#text[this.#at] === '(' && Array.isArray(values.at(-1));
      if (values.length > 0 && !beside) this.#expect(' ');
      values.push(this.#value());
    }
    this.#at++;
    return values;
  }

  #quoted(): string {
    let text = '';
    for (this.#at++; this.#text[this.#at] !== '"'; this.#at++) {
      let char = this.#text[this.#at];
      if (char === '\\') {
        char = this.#text[++this.#at];
        if (char !== '"' && char !== '\\') this.#fail('an escape of what needs none');
      }
      if (char === undefined || /[\0\r\n\x80-\xff]/.test(char))
        this.#fail('a string that holds what it must not');
      text += char;
    }
    this.#at++;
    return text;
  }

  #literal(): string {
    this.#match(/\{\d+\}/y, 'a literal');
    const literal = this.#literals.shift() ?? this.#fail('a literal that did not come');
    return literal.toString('latin1');
  }

  #expect(char: string): void {
    if (this.#text[this.#at] !== char) this.#fail(`no ${JSON.stringify(char)}`);
    this.#at++;
  }

  #match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? this.#fail(`not ${what}`);
    this.#at += found.length;
    return found;
  }

  #fail(what: string): never {
    const near = JSON.stringify(this.#text.slice(Math.max(0, this.#at - 60), this.#at + 60));
    throw new Error(`${what} at ${this.#at}: ${near}`);
  }
}
