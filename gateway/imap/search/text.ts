/**
 * Finding texts in messages as SEARCH does: without regard to case, in Unicode, in headers and bodies as people read them.
 * Pure: bytes are written in as they come, in pieces, so that no message has to be in memory.
 */
import { charsetDecoder } from '../../../shared/message/charset.ts';
import { decodeHeaderText } from '../../../shared/message/decode.ts';
import { fieldNameOf, filterHeaderFields } from '../../../shared/message/header-fields.ts';
import type { PartOffsets } from '../../../shared/message/part-offsets.ts';
import { transferDecoder } from '../../../shared/message/transfer-encoding.ts';

/** A header beyond this is searched up to here: lists of recipients are long, but not so long. */
const MAX_HEADER = 1024 * 1024;

/**
 * Text in a form in which equal means "the same but for case" (after RFC 5051): decomposed, upper and then lower case, so
 * that ß meets SS and every sigma is one. Folding piece by piece gives the same as folding the whole.
 */
export function fold(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  return text.normalize('NFKD').toUpperCase().toLowerCase().replaceAll('ς', 'σ');
}

/** Looks for several texts, given folded, in one that comes in pieces. */
export class TextFinder {
  readonly #missing: Set<string>;
  readonly #found = new Set<string>();
  readonly #keep: number;
  #tail = '';

  constructor(needles: Iterable<string>) {
    this.#missing = new Set(needles);
    // Every text holds the empty one, also where there is no text at all.
    if (this.#missing.delete('')) this.#found.add('');
    this.#keep = Math.max(0, ...[...this.#missing].map((needle) => needle.length)) - 1;
  }

  get found(): ReadonlySet<string> {
    return this.#found;
  }

  /** Nothing is left to be found. */
  get done(): boolean {
    return this.#missing.size === 0;
  }

  write(text: string): void {
    if (this.done) return;
    const window = this.#tail + fold(text);
    for (const needle of this.#missing) {
      if (!window.includes(needle)) continue;
      this.#missing.delete(needle);
      this.#found.add(needle);
    }
    this.#tail = this.#keep > 0 ? window.slice(-this.#keep) : '';
  }

  /** What comes next is another text: nothing is found across the two. */
  break(): void {
    this.#tail = '';
  }
}

/** The values of the header fields of that name, decoded, in order. */
export function fieldValues(header: Uint8Array, name: string): string[] {
  return fieldsOf(filterHeaderFields(header, [name])).map(({ value }) => value);
}

/** The fields of a header, decoded. */
function fieldsOf(header: Uint8Array): { name: string; value: string }[] {
  const fields: { name: string; value: string }[] = [];
  for (let at = 0; at < header.length;) {
    let end = lineEnd(header, at);
    while (header[end] === 0x20 || header[end] === 0x09) end = lineEnd(header, end);
    const raw = header.subarray(at, end);
    const field = fieldNameOf(raw);
    if (field) fields.push({ name: field.name, value: decodeHeaderText(raw.subarray(field.valueAt)) });
    at = end;
  }
  return fields;
}

function lineEnd(bytes: Uint8Array, from: number): number {
  const lf = bytes.indexOf(0x0a, from);
  return lf < 0 ? bytes.length : lf + 1;
}

/** A stretch of a message that is searched, and how its bytes become text. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  write(bytes: Uint8Array): void;
  finish(): void;
}

/**
 * Takes a message's bytes from `start` to `end` in pieces, and finds texts in its header (`TEXT`) and in its body (`TEXT`
 * and `BODY`): in all parts of text, transfer encoding and charset undone, and in the headers of messages within.
 */
export class MessageScan {
  readonly header: TextFinder;
  readonly body: TextFinder;
  readonly start: number;
  readonly end: number;
  readonly #stretches: Stretch[] = [];
  #position: number;
  #next = 0;

  /** `headerTexts` are looked for in header and body, `bodyTexts` in the body; all folded. */
  constructor(root: PartOffsets, headerTexts: Iterable<string>, bodyTexts: Iterable<string>) {
    const inHeader = [...headerTexts];
    this.header = new TextFinder(inHeader);
    this.body = new TextFinder([...inHeader, ...bodyTexts]);
    if (!this.header.done) this.#stretches.push(headerStretch(root, this.header));
    this.#addBody(root);
    this.start = this.#stretches[0]?.start ?? 0;
    this.end = this.#stretches.at(-1)?.end ?? 0;
    this.#position = this.start;
  }

  #addBody(part: PartOffsets): void {
    if (part.kind === 'text') this.#stretches.push(textStretch(part, this.body));
    for (const child of part.children) {
      if (part.kind === 'message') this.#stretches.push(headerStretch(child, this.body));
      this.#addBody(child);
    }
  }

  /** Whether reading on could find anything. */
  isDone(): boolean {
    return (this.header.done && this.body.done) || this.#next >= this.#stretches.length;
  }

  write(chunk: Uint8Array): void {
    const from = this.#position;
    this.#position += chunk.length;
    for (let stretch = this.#stretches[this.#next]; stretch; stretch = this.#stretches[this.#next]) {
      const start = Math.max(stretch.start, from);
      const end = Math.min(stretch.end, this.#position);
      if (end > start) stretch.write(chunk.subarray(start - from, end - from));
      if (stretch.end > this.#position) return;
      stretch.finish();
      this.#next++;
    }
  }
}

function textStretch({ bodyStart, end, encoding, charset }: PartOffsets, finder: TextFinder): Stretch {
  const transfer = transferDecoder(encoding);
  const decoder = charsetDecoder(charset);
  return {
    start: bodyStart,
    end,
    write: (bytes) => finder.write(decoder.write(transfer ? transfer.write(bytes) : bytes)),
    finish() {
      if (transfer) finder.write(decoder.write(transfer.end()));
      finder.write(decoder.end());
      finder.break();
    },
  };
}

function headerStretch({ start, bodyStart }: PartOffsets, finder: TextFinder): Stretch {
  const chunks: Uint8Array[] = [];
  let room = MAX_HEADER;
  return {
    start,
    end: bodyStart,
    write(bytes) {
      // A piece of the reader's buffer, which may be used again.
      chunks.push(bytes.slice(0, room));
      room -= Math.min(room, bytes.length);
    },
    finish() {
      for (const { name, value } of fieldsOf(Buffer.concat(chunks))) {
        finder.write(`${name}: ${value}`);
        finder.break();
      }
    },
  };
}
