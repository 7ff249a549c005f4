import { ByteBuffer, concatBytes } from './byte-buffer.ts';

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
/** No field in use has a name near this long; a colon further on belongs to text. */
const MAX_NAME = 200;
/** What a retained field costs beside its bytes, so that a million empty fields cannot fill the memory. */
const FIELD_OVERHEAD = 64;

export interface HeaderField {
  /** Lower case. */
  readonly name: string;
  /** The whole field: name, colon, value, line ends. */
  readonly raw: Uint8Array;
  /** Where in `raw` the value starts. */
  readonly valueAt: number;
  /** More of it was in the message than was kept. */
  readonly cut: boolean;
}

interface OpenField {
  readonly name: string;
  readonly valueAt: number;
  readonly limit: number;
  cut: boolean;
}

/** Bytes that one message's retained header fields may still take; shared by all its parts. */
export interface RetentionBudget {
  left: number;
  /** A field was dropped or cut for want of it. */
  spent: boolean;
}

/**
 * The end of the field name that opens `line`, and where the value starts; null if it opens with none (a
 * continuation, or garbage). Blanks before the colon are obsolete syntax and allowed (RFC 5322 §4.5).
 */
export function fieldNameOf(line: Uint8Array): { name: string; valueAt: number } | null {
  const limit = Math.min(line.length, MAX_NAME);
  let end = 0;
  while (end < limit && isNameByte(line[end])) end++;
  let colon = end;
  while (colon < limit && (line[colon] === 0x20 || line[colon] === 0x09)) colon++;
  if (end === 0 || line[colon] !== COLON) return null;
  const name = Buffer.from(line.buffer, line.byteOffset, end).toString('latin1').toLowerCase();
  return { name, valueAt: colon + 1 };
}

function isNameByte(byte: number | undefined): boolean {
  return byte !== undefined && byte > 0x20 && byte < 0x7f && byte !== COLON;
}

/** A line that ends a header: nothing but its line end. */
export function isBlankLine(line: Uint8Array): boolean {
  return line[0] === LF || (line[0] === CR && line[1] === LF);
}

/** A continuation of the field before it (RFC 5322 §2.2.3). */
function isContinuation(line: Uint8Array): boolean {
  return line[0] === 0x20 || line[0] === 0x09;
}

/**
 * Collects the fields of one header as its lines stream by. `wanted` says how many bytes of a field to keep, 0 for
 * none; what is beyond that, or beyond the message's budget, is dropped and marked.
 */
export class HeaderCollector {
  readonly #wanted: (name: string) => number;
  readonly #budget: RetentionBudget;
  readonly #fields: HeaderField[] = [];
  readonly #raw = new ByteBuffer();
  #open: OpenField | null = null;

  constructor(wanted: (name: string) => number, budget: RetentionBudget) {
    this.#wanted = wanted;
    this.#budget = budget;
  }

  /** The first bytes of a line: all of it, or at least as much as a field name takes. */
  line(head: Uint8Array): void {
    if (!isContinuation(head)) {
      this.#close();
      // Once there is no room, a flood of fields is not worth reading the names of.
      const field = this.#budget.spent ? null : fieldNameOf(head);
      const limit = field ? this.#wanted(field.name) : 0;
      if (field && limit > 0) this.#begin({ ...field, limit, cut: false });
    }
    this.more(head, 0, head.length);
  }

  /** Further bytes of the line begun last. */
  more(bytes: Uint8Array, start: number, end: number): void {
    const field = this.#open;
    if (!field) return;
    const room = Math.min(field.limit - this.#raw.length, this.#budget.left);
    const taken = Math.min(room, end - start);
    if (taken < end - start) {
      field.cut = true;
      if (taken === this.#budget.left) this.#budget.spent = true;
    }
    this.#raw.push(bytes, start, start + taken);
    this.#budget.left -= taken;
  }

  /** Ends the header and gives its fields in message order. */
  end(): readonly HeaderField[] {
    this.#close();
    return this.#fields;
  }

  #begin(field: OpenField): void {
    if (this.#budget.left < FIELD_OVERHEAD) {
      this.#budget.spent = true;
      return;
    }
    this.#budget.left -= FIELD_OVERHEAD;
    this.#open = field;
  }

  #close(): void {
    if (!this.#open) return;
    const { name, valueAt, cut } = this.#open;
    this.#fields.push({ name, raw: this.#raw.bytes().slice(), valueAt, cut });
    this.#raw.clear();
    this.#open = null;
  }
}

/**
 * The fields of `header` whose names are among `names` (`not`: are not among them), unchanged and in order, with the
 * blank line that ends the header if it has one (RFC 9051 §6.4.5.1). Names match without regard to ASCII case. Lines
 * that belong to no field match no name.
 */
export function filterHeaderFields(header: Uint8Array, names: readonly string[], not = false): Uint8Array {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const kept: Uint8Array[] = [];
  let keep = not;
  for (let at = 0; at < header.length;) {
    const lf = header.indexOf(LF, at);
    const line = header.subarray(at, lf < 0 ? header.length : lf + 1);
    at += line.length;
    if (isBlankLine(line)) {
      kept.push(line);
      break;
    }
    if (!isContinuation(line)) {
      const field = fieldNameOf(line);
      keep = (field !== null && wanted.has(field.name)) !== not;
    }
    if (keep) kept.push(line);
  }
  return concatBytes(kept);
}
