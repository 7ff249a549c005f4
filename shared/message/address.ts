import { Cursor } from './cursor.ts';

export interface Mailbox {
  readonly kind: 'mailbox';
  readonly name: string | null;
  /** Obsolete source route, `@a,@b` (RFC 5322 §4.4). */
  readonly route: string | null;
  readonly local: string;
  /** '' if there is none: it may not be null, that would mean a group (RFC 9051 §7.5.2). */
  readonly host: string;
}

export type Address =
  Mailbox | { readonly kind: 'groupStart'; readonly name: string } | { readonly kind: 'groupEnd' };

/**
 * The addresses of a From, To … field's text (RFC 5322 §3.4, with the obsolete syntax of §4.4). Made for what is out
 * there: missing commas, brackets, quotes and at-signs give the likeliest address, never an error, in linear time.
 * Groups are returned as start and end marks around their members.
 */
export function parseAddresses(text: string): Address[] {
  return new AddressParser(new Cursor(text)).parse();
}

/** Ends an atom here. */
const SPECIALS = ' \t()<>@,;:"';

/** As `parseAddresses`, on a cursor whose steps can be counted. */
export class AddressParser {
  readonly #cursor: Cursor;
  readonly #found: Address[] = [];
  #inGroup = false;
  /** An address that is complete but for a name in a comment. */
  #complete: Mailbox | null = null;
  /** Words since the last separator: all of them, those before the last unbroken run, and that run. */
  #phrase = '';
  #before = '';
  #run = '';
  /** There was a word, be it an empty one. */
  #hasWord = false;
  #comment: string | null = null;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  parse(): Address[] {
    const cursor = this.#cursor;
    for (;;) {
      const { comment, skipped } = cursor.skipBlanks();
      if (comment) this.#comment = comment;
      if (cursor.done) break;
      const quoted = cursor.quotedString();
      if (quoted !== null) this.#word(quoted, skipped);
      else this.#next(skipped);
    }
    this.#flush();
    if (this.#inGroup) this.#found.push({ kind: 'groupEnd' });
    return this.#found;
  }

  #next(skipped: boolean): void {
    const cursor = this.#cursor;
    const char = cursor.peek();
    const atom = cursor.until(SPECIALS);
    if (atom !== '') {
      this.#word(atom, skipped);
      return;
    }
    cursor.pos++;
    if (char === ',') this.#flush();
    else if (char === ';') this.#endGroup();
    else if (char === ':') this.#startGroup();
    else if (char === '<') this.#angle();
    else if (char === '@') this.#at();
    // A bracket or quote that is never closed is a letter; `>` and `)` that close nothing are noise.
    else if (char === '"' || char === '(') this.#word(char, skipped);
  }

  #word(word: string, spaced: boolean): void {
    const joins = !spaced || word.startsWith('.') || this.#run.endsWith('.');
    this.#before = joins ? this.#before : this.#phrase;
    this.#run = joins ? this.#run + word : word;
    this.#phrase += (spaced && this.#phrase !== '' ? ' ' : '') + word;
    this.#hasWord = true;
  }

  /** `local@domain` outside of angle brackets; words before the local part are taken for a name. */
  #at(): void {
    const name = this.#before;
    const local = this.#run;
    this.#settle();
    this.#complete = { kind: 'mailbox', name: name || null, route: null, local, host: this.#domain() };
    this.#forgetWords();
  }

  #angle(): void {
    const name = this.#phrase;
    this.#settle();
    this.#forgetWords();
    const route = this.#route();
    let local = '';
    for (;;) {
      const { comment } = this.#cursor.skipBlanks();
      if (comment) this.#comment = comment;
      const part = this.#cursor.quotedString() ?? this.#cursor.until(SPECIALS);
      // Only a dot or nothing may be next to it; a colon here is garbage to be kept.
      if (part !== '') local += part;
      else if (!this.#cursor.take(':')) break;
    }
    const host = this.#cursor.take('@') ? this.#domain() : '';
    // Whatever else is inside is noise; a bracket that is never closed ends with the address.
    this.#cursor.until('<>,;');
    this.#cursor.take('>');
    this.#complete = { kind: 'mailbox', name: name || null, route, local, host };
  }

  #route(): string | null {
    const cursor = this.#cursor;
    const hops: string[] = [];
    for (;;) {
      cursor.skipBlanks();
      if (cursor.take(',')) continue;
      if (!cursor.take('@')) break;
      hops.push(`@${this.#domain()}`);
    }
    cursor.take(':');
    return hops.length > 0 ? hops.join(',') : null;
  }

  #domain(): string {
    const cursor = this.#cursor;
    let domain = '';
    for (;;) {
      const { pos } = cursor;
      const { comment } = cursor.skipBlanks();
      const literal = cursor.peek() === '[';
      // Blanks may stand around the dots only (RFC 5322 §4.4).
      if (domain !== '' && cursor.pos > pos && cursor.peek() !== '.' && !domain.endsWith('.')) {
        if (comment) this.#comment = comment;
        return domain;
      }
      const part = literal ? cursor.until(']<>,;') + (cursor.take(']') ? ']' : '') : cursor.until(SPECIALS);
      if (comment) this.#comment = comment;
      if (part === '') return domain;
      domain += part;
    }
  }

  #startGroup(): void {
    // A group may be called "" (RFC 5322 §3.2.5), but has a name.
    if (this.#inGroup || this.#complete || !this.#hasWord) return;
    this.#found.push({ kind: 'groupStart', name: this.#phrase });
    this.#inGroup = true;
    this.#forgetWords();
    this.#comment = null;
  }

  #endGroup(): void {
    this.#flush();
    if (!this.#inGroup) return;
    this.#found.push({ kind: 'groupEnd' });
    this.#inGroup = false;
  }

  /** Ends what stands before a separator; words without an at-sign are a mailbox without a host. */
  #flush(): void {
    if (!this.#complete && this.#phrase !== '') {
      this.#complete = { kind: 'mailbox', name: null, route: null, local: this.#phrase, host: '' };
    }
    this.#settle();
    this.#forgetWords();
    this.#comment = null;
  }

  /** `user@host (Full Name)` is how names were written before RFC 822's angle brackets. */
  #settle(): void {
    if (this.#complete) this.#found.push({ ...this.#complete, name: this.#complete.name ?? this.#comment });
    if (this.#complete) this.#comment = null;
    this.#complete = null;
  }

  #forgetWords(): void {
    this.#phrase = this.#before = this.#run = '';
    this.#hasWord = false;
  }
}
