/**
 * A cursor over one command, with the words of the grammar (RFC 3501 §9, RFC 9051 §9) as methods. The grammar of each
 * family of commands is in its own file (`fetch-grammar.ts`, …) and is built from these.
 *
 * Every method either returns a value and moves past it, or throws `ImapSyntaxError`. `at…` and `accept…` never throw.
 */
import type { ExtensionName } from '../extensions.ts';
import type { BufferedLiteral, Literal, Segment } from './command.ts';
import { parseCalendarDate, parseDateTime, type CalendarDate, type ZonedMoment } from './date-time.ts';
import { canonicalFlag } from './flag-name.ts';
import { decodeMailboxName, type NameEncoding } from './mailbox-name.ts';
import { MAX_NUMBER, SequenceSet } from './sequence-set.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** Parentheses, NOT and OR may nest this deep in one command: far more than people write, far less than the stack holds. */
export const MAX_NESTING = 64;

const ATOM = /[^\x00-\x20\x7f-\xff(){%*"\\\]]+/y;
const ASTRING_ATOM = /[^\x00-\x20\x7f-\xff(){%*"\\]+/y;
const LIST_CHARACTERS = /[^\x00-\x20\x7f-\xff(){"\\]+/y;
/** As an atom, but "+" is not allowed: `+` begins a continuation (RFC 9051 §9, `tag`). */
const TAG = /[^\x00-\x20\x7f-\xff(){%*"\\+]+/y;
const DIGITS = /[0-9]+/y;
const SEQUENCE_SET = /[0-9*:,$]+/y;
const ITEM_NAME = /[A-Za-z0-9.-]+/y;
const QUOTED_RUN = /[^"\\\r\n\x00]*/y;

const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface CursorOptions {
  /** The client has enabled UTF8=ACCEPT or IMAP4rev2: mailbox names are UTF-8 (see `mailbox-name.ts`). */
  readonly utf8?: boolean;
  /** The client has enabled UIDONLY: no argument is a message number. */
  readonly uidOnly?: boolean;
  /** Whether the gateway serves an extension; without it, all. */
  readonly offers?: (extension: ExtensionName) => boolean;
}

export class CommandCursor {
  readonly #segments: readonly Segment[];
  readonly #names: NameEncoding;
  readonly #offers: CursorOptions['offers'];
  /** No argument is a message number (RFC 9586 §3). */
  readonly uidOnly: boolean;
  #segment = 0;
  #text: string;
  #at = 0;
  #depth = 0;

  constructor(segments: readonly Segment[], options: CursorOptions = {}) {
    this.#segments = segments;
    this.#names = { utf8: options.utf8 ?? false };
    this.#offers = options.offers;
    this.uidOnly = options.uidOnly ?? false;
    this.#text = textAt(segments, 0);
  }

  /** Whether what belongs to `extension` is understood here. */
  offers(extension: ExtensionName): boolean {
    return this.#offers?.(extension) ?? true;
  }

  /** Throws unless `extension` is on offer, which `what` belongs to. */
  needs(extension: ExtensionName, what: string): void {
    if (!this.offers(extension))
      throw new ImapSyntaxError(`${what} needs ${extension}, which is not on offer`);
  }

  // --- places -------------------------------------------------------------------------------------------------

  /** At the end of the command. */
  atEnd(): boolean {
    return this.#at === this.#text.length && this.#segment + 1 >= this.#segments.length;
  }

  /** At a literal. */
  atLiteral(): boolean {
    return this.#at === this.#text.length && this.#segment + 1 < this.#segments.length;
  }

  /** Nothing but spaces is left: a trailing space is no separator before another argument. */
  atTrailingSpace(): boolean {
    return this.#segment + 1 >= this.#segments.length && /^ *$/.test(this.#text.slice(this.#at));
  }

  /** The next character, or '' at a literal or the end. */
  peek(): string {
    return this.#text.charAt(this.#at);
  }

  /** Whether the text of the command has `word` in it, ASCII case ignored, wherever and as whatever. */
  mentions(word: string): boolean {
    return this.#segments.some(
      (segment) => typeof segment === 'string' && segment.toUpperCase().includes(word.toUpperCase()),
    );
  }

  /** The error for what stands here. Quotes one character at most: what follows may be a password. */
  expected(what: string): ImapSyntaxError {
    return new ImapSyntaxError(`expected ${what}, found ${this.#found()} at ${this.#place()}`);
  }

  #found(): string {
    if (this.atEnd()) return 'the end of the command';
    if (this.atLiteral()) return 'a literal';
    const character = this.peek();
    if (character === ' ') return 'a space';
    return /[\x21-\x7e]/.test(character)
      ? `"${character}"`
      : `byte 0x${character.charCodeAt(0).toString(16)}`;
  }

  #place(): string {
    const literals = Math.floor(this.#segment / 2);
    const column = this.#at + 1;
    return literals === 0 ? `column ${column}` : `column ${column} after literal ${literals}`;
  }

  /** Throws unless the command ends here. A trailing space, which many clients send, is let pass. */
  end(): void {
    while (this.accept(' '));
    if (!this.atEnd()) throw this.expected('the end of the command');
  }

  // --- punctuation --------------------------------------------------------------------------------------------

  /** Moves past `text` if it stands here (ASCII case ignored). */
  accept(text: string): boolean {
    if (!this.at(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** Whether `text` stands here (ASCII case ignored). */
  at(text: string): boolean {
    const found = this.#text.slice(this.#at, this.#at + text.length);
    return found === text || found.toLowerCase() === text.toLowerCase();
  }

  /** Moves past `text` or throws that `what` was expected. */
  expect(text: string, what = `"${text}"`): void {
    if (!this.accept(text)) throw this.expected(what);
  }

  /** Moves past one space; `before` says what should follow it. */
  space(before: string): void {
    if (!this.accept(' ')) throw this.expected(`a space and ${before}`);
  }

  /** `(item item …)`; an empty list only if `empty` is 'allowed'. */
  list<T>(what: string, item: () => T, empty: 'allowed' | 'refused' = 'refused'): T[] {
    this.expect('(', `"(" and ${what}`);
    const items: T[] = [];
    if (empty === 'allowed' && this.accept(')')) return items;
    do items.push(item());
    while (this.accept(' '));
    this.expect(')', `a space and more of ${what}, or ")"`);
    return items;
  }

  /** Runs `parse` one level deeper; throws beyond `MAX_NESTING`, so that no command can exhaust the stack. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= MAX_NESTING) {
      throw new ImapSyntaxError(`nested more than ${MAX_NESTING} levels deep at ${this.#place()}`);
    }
    this.#depth++;
    try {
      return parse();
    } finally {
      this.#depth--;
    }
  }

  // --- words --------------------------------------------------------------------------------------------------

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return undefined;
    this.#at += found.length;
    return found;
  }

  #word(pattern: RegExp, what: string): string {
    const word = this.#match(pattern);
    if (word === undefined) throw this.expected(what);
    return word;
  }

  /** The tag at the start of a command. */
  tag(): string {
    return this.#word(TAG, 'a tag');
  }

  /** An atom, as sent. */
  atom(what = 'an atom'): string {
    return this.#word(ATOM, what);
  }

  /** An atom in upper case: a command's or a search key's name, an option. */
  keyword(what: string): string {
    return this.atom(what).toUpperCase();
  }

  /** The name of a data item, in upper case, up to its section: `BODY.PEEK` of `BODY.PEEK[1]`. */
  itemName(what: string): string {
    return this.#word(ITEM_NAME, what).toUpperCase();
  }

  /** 0 … 2^32-1. */
  number(what = 'a number'): number {
    const place = this.#at;
    const value = Number(this.#word(DIGITS, what));
    if (value <= MAX_NUMBER) return value;
    this.#at = place;
    throw new ImapSyntaxError(`expected ${what} below 4294967296 at ${this.#place()}`);
  }

  /** 1 … 2^32-1. */
  nzNumber(what = 'a number'): number {
    const place = this.#at;
    const value = this.number(what);
    if (value > 0) return value;
    this.#at = place;
    throw new ImapSyntaxError(`expected ${what} greater than 0 at ${this.#place()}`);
  }

  /**
   * 0 … 2^63-1: a mod-sequence or a size. What is above 2^53-1 comes back as 2^53-1: nothing in Quire grows so far, and
   * every comparison comes out the same.
   */
  number64(what = 'a number'): number {
    const place = this.#at;
    const digits = this.#word(DIGITS, what);
    if (BigInt(digits.length <= 32 ? digits : '9'.repeat(32)) >= 1n << 63n) {
      this.#at = place;
      throw new ImapSyntaxError(`expected ${what} below 2^63 at ${this.#place()}`);
    }
    return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
  }

  /** Numbers, ranges, `*`, or `$`. */
  sequenceSet(what = 'a sequence set'): SequenceSet {
    const place = this.#at;
    const text = this.#word(SEQUENCE_SET, what);
    try {
      return SequenceSet.parse(text);
    } catch (error) {
      this.#at = place;
      throw error instanceof ImapSyntaxError
        ? new ImapSyntaxError(`${error.message} (${this.#place()})`)
        : error;
    }
  }

  // --- strings ------------------------------------------------------------------------------------------------

  /** An atom (with `]`), a quoted string or a literal, decoded from UTF-8. */
  astring(what = 'a string'): string {
    return this.#utf8(this.astringBytes(what), what);
  }

  /** The same as a byte string: for SEARCH, whose CHARSET says how to decode it. */
  astringBytes(what = 'a string'): string {
    return this.#match(ASTRING_ATOM) ?? this.stringBytes(what);
  }

  /** A quoted string or a literal, decoded from UTF-8. */
  string(what = 'a string'): string {
    return this.#utf8(this.stringBytes(what), what);
  }

  /** A quoted string or a literal, as a byte string. */
  stringBytes(what = 'a string'): string {
    if (this.atLiteral()) return this.#literalText(what);
    this.expect('"', what);
    let bytes = '';
    for (;;) {
      bytes += this.#match(QUOTED_RUN) ?? '';
      if (this.accept('"')) return bytes;
      if (!this.accept('\\')) throw this.expected('the end of a quoted string');
      const escaped = this.peek();
      if (escaped !== '"' && escaped !== '\\') throw this.expected('\\ or " after a \\ in a quoted string');
      bytes += escaped;
      this.#at++;
    }
  }

  /** A string, or null for NIL. */
  nstring(what = 'a string or NIL'): string | null {
    const place = this.#at;
    if (this.#match(ATOM)?.toUpperCase() === 'NIL') return null;
    this.#at = place;
    return this.string(what);
  }

  /** The bytes of a string or of a literal8 (which may hold NUL), or null for NIL. */
  nbytes(what = 'a string or NIL'): Uint8Array | null {
    const next = this.atLiteral() ? this.#segments[this.#segment + 1] : undefined;
    if (typeof next === 'object' && next.kind === 'buffered' && next.binary) {
      this.literal(what);
      return Uint8Array.from(next.body);
    }
    const place = this.#at;
    if (this.#match(ATOM)?.toUpperCase() === 'NIL') return null;
    this.#at = place;
    return Uint8Array.from(Buffer.from(this.stringBytes(what), 'latin1'));
  }

  /** The literal that stands here, buffered or streamed. */
  literal(what = 'a literal'): Literal {
    const literal = this.atLiteral() ? this.#segments[this.#segment + 1] : undefined;
    if (literal === undefined || typeof literal === 'string') throw this.expected(what);
    this.#segment += 2;
    this.#text = textAt(this.#segments, this.#segment);
    this.#at = 0;
    return literal;
  }

  #literalText(what: string): string {
    const next = this.#segments[this.#segment + 1];
    if (typeof next !== 'object' || next.kind !== 'buffered') throw this.expected(what);
    // RFC 3516 §7: where the grammar has a string, a literal8 is none.
    if (next.binary) throw new ImapSyntaxError(`${what} must not be a literal8`);
    const bytes = byteString(next);
    if (bytes.includes('\0')) throw new ImapSyntaxError(`${what} must not hold a NUL byte`);
    this.literal(what);
    return bytes;
  }

  #utf8(bytes: string, what: string): string {
    const text = decodeUtf8(bytes);
    if (text === undefined) throw new ImapSyntaxError(`${what} is not valid UTF-8 (before ${this.#place()})`);
    return text;
  }

  // --- names, flags, dates ------------------------------------------------------------------------------------

  /** A mailbox name, decoded, INBOX in upper case. */
  mailbox(what = 'a mailbox name'): string {
    return decodeMailboxName(this.astring(what), this.#names);
  }

  /** A LIST pattern or reference as sent: only the two together can be decoded, see `canonicalPattern`. */
  listMailbox(what = 'a mailbox pattern'): string {
    return this.#utf8(this.#match(LIST_CHARACTERS) ?? this.stringBytes(what), what);
  }

  /** `\Seen` or a keyword. System flags come out in RFC 9051's spelling, keywords as sent. */
  flag(): string {
    if (this.accept('\\')) return canonicalFlag(`\\${this.atom('the name of a flag')}`);
    return this.atom('a flag');
  }

  /** `(flag flag …)`, possibly empty. */
  flagList(): string[] {
    return this.list('flags', () => this.flag(), 'allowed');
  }

  /** `1-Feb-2024`, quoted or not. */
  date(): CalendarDate {
    const place = this.#at;
    const date = parseCalendarDate(this.peek() === '"' ? this.stringBytes('a date') : this.atom('a date'));
    if (date !== undefined) return date;
    this.#at = place;
    throw this.expected('a date such as 1-Feb-2024');
  }

  /** `" 1-Feb-2024 12:34:56 +0100"`. */
  dateTime(): ZonedMoment {
    const place = this.#at;
    const text = this.peek() === '"' ? this.stringBytes('a date and time') : '';
    const moment = parseDateTime(text);
    if (moment !== undefined) return moment;
    this.#at = place;
    throw this.expected('a date and time such as " 1-Feb-2024 12:34:56 +0100"');
  }
}

function textAt(segments: readonly Segment[], index: number): string {
  const segment = segments[index];
  return typeof segment === 'string' ? segment : '';
}

function byteString(literal: BufferedLiteral): string {
  const { buffer, byteOffset, length } = literal.body;
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

/** Decodes a byte string from UTF-8; undefined if it is not valid. */
export function decodeUtf8(bytes: string): string | undefined {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  try {
    return utf8Decoder.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return undefined;
  }
}
