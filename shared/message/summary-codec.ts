import { decode, encode } from 'cborg';
import type { PartOffsets } from './part-offsets.ts';
import { partFields, partFrom } from './part-offsets-codec.ts';
import type { Summary } from './summary.ts';
import { asArray, asBytes, asNumber, asString, SummaryFormatError } from './summary-format.ts';

export { SummaryFormatError } from './summary-format.ts';

/**
 * Raised when the meaning of the bytes changes; what was written by an older release is read for ever (I8).
 *
 * 2: the version; the length of each section as a LEB128 number; the sections. A listing of ten thousand envelopes cuts
 * each out of its summary, and looks at nothing else of it.
 *
 * 1: one CBOR list of everything. Its first byte is that of a list, and can be no version.
 */
const VERSION = 2;

/** In the order in which they are stored; an empty one is absent. */
const SECTIONS = [
  'envelope',
  'envelopeUtf8',
  'bodyStructure',
  'bodyStructureUtf8',
  'headers',
  'facts',
] as const;

type Section = (typeof SECTIONS)[number];

export function encodeSummary(summary: Summary): Uint8Array {
  const { envelope, envelopeUtf8, bodyStructure, bodyStructureUtf8, headers } = summary;
  const facts = encode([
    summary.size,
    summary.headersComplete,
    partFields(summary.parts, 0),
    summary.preview,
    summary.sentDate,
    summary.sentZone,
    // The seventh, which older releases do not look at, and older summaries do not have.
    ...(summary.digest ? [summary.digest] : []),
  ]);
  const none = new Uint8Array(0);
  const sections = [envelope, envelopeUtf8 ?? none, bodyStructure, bodyStructureUtf8 ?? none, headers, facts];
  const lengths = sections.flatMap(({ length }) => leb128(length));
  return Buffer.concat([Uint8Array.from([VERSION, ...lengths]), ...sections]);
}

/**
 * The summary that `encodeSummary` of this release or an older one wrote. Throws `SummaryFormatError` for anything else:
 * at once if it is none, and where facts are asked for that cannot be read.
 */
export function decodeSummary(bytes: Uint8Array): Summary {
  const [version] = bytes;
  if (version === VERSION) return new StoredSummary(bytes);
  // Major type 4 of CBOR.
  if (version !== undefined && version >> 5 === 4) return decodeVersion1(bytes);
  throw new SummaryFormatError(
    `summary of version ${String(version)}: this release knows versions up to ${VERSION}`,
  );
}

/** Cuts its sections out of the bytes as they are asked for. */
class StoredSummary implements Summary {
  readonly #bytes: Uint8Array;
  /** Where each section starts, and where the last one ends. */
  readonly #starts: readonly number[];
  #facts: readonly unknown[] | undefined;

  constructor(bytes: Uint8Array) {
    const lengths = new Lengths(bytes, 1);
    const sizes = SECTIONS.map(() => lengths.next());
    let at = lengths.at;
    this.#starts = [at, ...sizes.map((size) => (at += size))];
    this.#bytes = bytes;
    if (at !== bytes.length)
      throw new SummaryFormatError(`summary of ${bytes.length} bytes that should have ${at}`);
  }

  get envelope(): Uint8Array {
    return this.#section('envelope');
  }

  get envelopeUtf8(): Uint8Array | undefined {
    return this.#optional('envelopeUtf8');
  }

  get bodyStructure(): Uint8Array {
    return this.#section('bodyStructure');
  }

  get bodyStructureUtf8(): Uint8Array | undefined {
    return this.#optional('bodyStructureUtf8');
  }

  get headers(): Uint8Array {
    return this.#section('headers');
  }

  get size(): number {
    return asNumber(this.#fact(0));
  }

  get headersComplete(): boolean {
    return this.#fact(1) === true;
  }

  get parts(): PartOffsets {
    return partFrom(this.#fact(2), 0);
  }

  get preview(): string {
    return asString(this.#fact(3));
  }

  get sentDate(): number | null {
    const sent = this.#fact(4);
    return sent === null ? null : asNumber(sent);
  }

  get sentZone(): number {
    return asNumber(this.#fact(5));
  }

  get digest(): Uint8Array | undefined {
    const digest = this.#fact(6);
    return digest === undefined ? undefined : asBytes(digest);
  }

  #section(name: Section): Uint8Array {
    const index = SECTIONS.indexOf(name);
    return this.#bytes.subarray(this.#starts[index], this.#starts[index + 1]);
  }

  #optional(name: Section): Uint8Array | undefined {
    const bytes = this.#section(name);
    return bytes.length > 0 ? bytes : undefined;
  }

  #fact(index: number): unknown {
    this.#facts ??= fromCbor(this.#section('facts'));
    return this.#facts[index];
  }
}

/** LEB128: seven bits a byte, the lowest first, the high bit set on all but the last. */
function leb128(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

class Lengths {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  next(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new SummaryFormatError('summary whose sections have no length');
  }
}

function decodeVersion1(bytes: Uint8Array): Summary {
  const [version, size, envelope, envelopeUtf8, bodyStructure, headers, parts, preview, sentDate, sentZone] =
    fromCbor(bytes);
  if (version !== 1)
    throw new SummaryFormatError(`summary of version ${String(version)} in the form of version 1`);
  const headersComplete = !Array.isArray(headers);
  const utf8 = envelopeUtf8 === null ? null : asBytes(envelopeUtf8);
  return {
    size: asNumber(size),
    envelope: asBytes(envelope),
    ...(utf8 && { envelopeUtf8: utf8 }),
    bodyStructure: asBytes(bodyStructure),
    headers: asBytes(headersComplete ? headers : (headers as unknown[])[0]),
    headersComplete,
    parts: partFrom(parts, 0),
    preview: asString(preview),
    sentDate: sentDate === null ? null : asNumber(sentDate),
    sentZone: asNumber(sentZone),
  };
}

function fromCbor(bytes: Uint8Array): unknown[] {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (error) {
    throw new SummaryFormatError('summary that is no CBOR', { cause: error });
  }
  return asArray(value);
}
