import { concatBytes } from './byte-buffer.ts';

const OPEN = 0x28;
const CLOSE = 0x29;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const SPACE = 0x20;
const LF = 0x0a;

/**
 * The value of FETCH BODY, which is BODYSTRUCTURE without its extension data (RFC 9051 §7.5.2), from the bytes that
 * `bodyStructureBytes` made.
 */
export function bodyOf(structure: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  new BodyReader(structure, kept).body(0);
  return concatBytes(kept);
}

/** Copies the basic fields of each body and passes over its extension data. */
class BodyReader {
  readonly #bytes: Uint8Array;
  readonly #kept: Uint8Array[];

  constructor(bytes: Uint8Array, kept: Uint8Array[]) {
    this.#bytes = bytes;
    this.#kept = kept;
  }

  /** Copies the body at `at`; returns where it ends. */
  body(at: number): number {
    if (this.#bytes[at] !== OPEN) throw new Error(`a body structure has no body at byte ${at}`);
    this.#copy(at, at + 1);
    let next = at + 1;
    if (this.#bytes[next] === OPEN) {
      while (this.#bytes[next] === OPEN) next = this.body(next);
      // SP media-subtype.
      next = this.#copyValues(next, 1);
    } else {
      next = this.#onePart(next);
    }
    while (this.#bytes[next] === SPACE) next = this.#valueEnd(next + 1);
    if (this.#bytes[next] !== CLOSE) throw new Error(`a body structure is broken at byte ${next}`);
    this.#copy(next, next + 1);
    return next + 1;
  }

  #onePart(at: number): number {
    const typeEnd = this.#valueEnd(at);
    const type = this.#text(at, typeEnd);
    this.#copy(at, typeEnd);
    // Subtype, parameters, id, description, encoding, octets.
    let next = this.#copyValues(typeEnd, 6);
    // Only a message has a list here, its envelope; a message/global may be told as one or not.
    if (type === '"MESSAGE"' && this.#bytes[next + 1] === OPEN) {
      next = this.#copyValues(next, 1);
      this.#copy(next, next + 1);
      next = this.#copyValues(this.body(next + 1), 1);
    } else if (type === '"TEXT"') {
      next = this.#copyValues(next, 1);
    }
    return next;
  }

  /** Copies `count` values, each with the blank before it; returns where they end. */
  #copyValues(at: number, count: number): number {
    let end = at;
    for (let index = 0; index < count; index++) end = this.#valueEnd(end + 1);
    this.#copy(at, end);
    return end;
  }

  #copy(start: number, end: number): void {
    this.#kept.push(this.#bytes.subarray(start, end));
  }

  #text(start: number, end: number): string {
    return Buffer.from(this.#bytes.subarray(start, end)).toString('latin1');
  }

  /** Where the value at `at` ends: a string, a number, NIL or a list with all that is in it. */
  #valueEnd(at: number): number {
    let depth = 0;
    let next = at;
    do {
      const byte = this.#bytes[next];
      if (byte === undefined) throw new Error('a body structure ends too early');
      if (byte === OPEN) depth++;
      if (byte === CLOSE) depth--;
      if (byte === OPEN || byte === CLOSE || byte === SPACE) next++;
      else next = this.#atomEnd(next);
    } while (depth > 0);
    return next;
  }

  #atomEnd(at: number): number {
    const bytes = this.#bytes;
    let next = at;
    if (bytes[at] === QUOTE) {
      for (next = at + 1; next < bytes.length && bytes[next] !== QUOTE; next++)
        if (bytes[next] === BACKSLASH) next++;
      return next + 1;
    }
    if (bytes[at] === BRACE) {
      const lf = bytes.indexOf(LF, at);
      return lf + 1 + Number.parseInt(this.#text(at + 1, lf), 10);
    }
    while (next < bytes.length && bytes[next] !== SPACE && bytes[next] !== CLOSE && bytes[next] !== OPEN)
      next++;
    return next;
  }
}
