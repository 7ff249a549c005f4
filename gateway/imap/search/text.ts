/**
 * Finding texts in messages as SEARCH does: by i;unicode-casemap (RFC 5051), in headers and bodies as people read them.
 * Pure: bytes are written in as they come, in pieces, so that no message has to be in memory.
 */
import { casemap } from '../../../shared/message/casemap.ts';
import { charsetDecoder } from '../../../shared/message/charset.ts';
import { decodeHeaderText } from '../../../shared/message/decode.ts';
import { fieldEnd, rawFieldValues } from '../../../shared/message/field-values.ts';
import { fieldNameOf } from '../../../shared/message/header-fields.ts';
import type { PartOffsets } from '../../../shared/message/part-offsets.ts';
import { transferDecoder } from '../../../shared/message/transfer-encoding.ts';
import { FuzzyFinder, type Score } from './fuzzy.ts';

/** A header beyond this is searched up to here: lists of recipients are long, but not so long. */
const MAX_HEADER = 1024 * 1024;

/** Looks for several texts, given casemapped, in one that comes in pieces. */
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
    const window = this.#tail + casemap(text);
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

/** Texts that are looked for: exactly, casemapped; and by FUZZY, as they are. */
export interface SoughtTexts {
  readonly exact: ReadonlySet<string>;
  readonly fuzzy: ReadonlySet<string>;
}

/** Both ways of finding at once. */
class Finder {
  readonly exact: TextFinder;
  readonly fuzzy: FuzzyFinder;

  constructor({ exact, fuzzy }: SoughtTexts) {
    this.exact = new TextFinder(exact);
    this.fuzzy = new FuzzyFinder(fuzzy);
  }

  get done(): boolean {
    return this.exact.done && this.fuzzy.done;
  }

  get findings(): { exact: ReadonlySet<string>; fuzzy: ReadonlyMap<string, Score> } {
    return { exact: this.exact.found, fuzzy: this.fuzzy.scores };
  }

  write(text: string): void {
    this.exact.write(text);
    this.fuzzy.write(text);
  }

  break(): void {
    this.exact.break();
    this.fuzzy.break();
  }
}

/** The values of the header fields of that name, decoded, in order. */
export function fieldValues(header: Uint8Array, name: string): string[] {
  return rawFieldValues(header, name.toLowerCase()).map(decodeHeaderText);
}

/** The fields of a header as texts, decoded; lines that belong to no field, too, for they are there to be read. */
function fieldTexts(header: Uint8Array): string[] {
  const texts: string[] = [];
  for (let at = 0; at < header.length;) {
    const end = fieldEnd(header, at);
    const raw = header.subarray(at, end);
    const field = fieldNameOf(raw);
    texts.push(
      field ? `${field.name}:${decodeHeaderText(raw.subarray(field.valueAt))}` : decodeHeaderText(raw),
    );
    at = end;
  }
  return texts;
}

/** A stretch of a message that is searched, and how its bytes become text. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  write(bytes: Uint8Array): void;
  finish(): void;
}

/** What a scan is made for. */
export interface ScanOptions {
  /** TEXT's: looked for in all headers and bodies. */
  readonly texts: SoughtTexts;
  /** BODY's. */
  readonly bodyTexts: SoughtTexts;
  /** The message's own header is wanted as it is. */
  readonly keepHeader: boolean;
  /** There are parts of types `message/…` that hold no message: they are searched like text. */
  readonly notes: boolean;
}

/**
 * Takes a message's bytes from `start` to `end` in pieces, and finds texts in its headers (`TEXT`; those of its parts and of
 * messages within are among them, and BODY "doesn't match any header fields", RFC 9051 §6.4.4) and in its body (`TEXT` and
 * `BODY`): in all parts of type text and message, transfer encoding and charset undone.
 */
export class MessageScan {
  readonly header: Finder;
  readonly body: Finder;
  readonly start: number;
  readonly end: number;
  readonly #stretches: Stretch[] = [];
  readonly #keeps: boolean;
  readonly #notes: boolean;
  #kept: Uint8Array = new Uint8Array(0);
  #position: number;
  #next = 0;

  constructor(root: PartOffsets, { texts, bodyTexts, keepHeader, notes }: ScanOptions) {
    this.header = new Finder(texts);
    this.body = new Finder({
      exact: new Set([...texts.exact, ...bodyTexts.exact]),
      fuzzy: new Set([...texts.fuzzy, ...bodyTexts.fuzzy]),
    });
    this.#keeps = keepHeader;
    this.#notes = notes;
    const keep = (header: Uint8Array): void => void (this.#kept = header);
    if (!this.header.done || !this.body.done) this.#add(root, keepHeader ? keep : undefined);
    else if (keepHeader) this.#stretches.push(headerStretch(root, this.header, keep));
    this.start = this.#stretches[0]?.start ?? 0;
    this.end = this.#stretches.at(-1)?.end ?? 0;
    this.#position = this.start;
  }

  #add(part: PartOffsets, keep?: (header: Uint8Array) => void): void {
    const text = part.kind === 'text' ? textStretch(part, this.body) : null;
    const note = part.kind === 'basic' && this.#notes ? noteStretch(part, this.body) : null;
    if (keep || note || !this.header.done)
      this.#stretches.push(
        headerStretch(part, this.header, (header) => {
          keep?.(header);
          note?.learn(header);
        }),
      );
    if (text ?? note) this.#stretches.push((text ?? note) as Stretch);
    for (const child of part.children) this.#add(child);
  }

  /** The message's header, if it was to be kept and has been written. */
  get kept(): Uint8Array {
    return this.#kept;
  }

  /** Whether reading on could find anything. */
  isDone(): boolean {
    if (this.#next >= this.#stretches.length) return true;
    return this.header.done && this.body.done && !(this.#keeps && this.#next === 0);
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

function textStretch({ bodyStart, end, encoding, charset }: PartOffsets, finder: Finder): Stretch {
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

/** The body of a part that is searched if its header, which comes before, says that it is of a type `message/…`. */
function noteStretch(part: PartOffsets, finder: Finder): Stretch & { learn(header: Uint8Array): void } {
  const text = textStretch(part, finder);
  let isNote = false;
  return {
    ...text,
    learn(header) {
      const [type = ''] = fieldValues(header, 'content-type');
      isNote = /^\s*message\//i.test(type);
    },
    write: (bytes) => isNote && text.write(bytes),
    finish: () => isNote && text.finish(),
  };
}

function headerStretch(
  { start, bodyStart }: PartOffsets,
  finder: Finder,
  keep?: (header: Uint8Array) => void,
): Stretch {
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
      const header = Buffer.concat(chunks);
      keep?.(header);
      if (finder.done) return;
      for (const text of fieldTexts(header)) {
        finder.write(text);
        finder.break();
      }
    },
  };
}
