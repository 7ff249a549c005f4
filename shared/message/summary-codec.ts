import { decode, encode } from 'cborg';
import type { PartOffsets } from './part-offsets.ts';
import type { PartKind } from './parts.ts';
import type { Summary } from './summary.ts';

/** Raised when the meaning of the bytes changes; what was written by an older release is read for ever (I8). */
const VERSION = 1;

/** By their index. Never reorder: the index is what is stored. */
const KINDS: readonly PartKind[] = ['text', 'basic', 'multipart', 'message'];
const ENCODINGS: readonly string[] = ['7bit', '8bit', 'binary', 'base64', 'quoted-printable'];
const CHARSETS: readonly string[] = ['utf-8', 'us-ascii', 'iso-8859-1', 'windows-1252'];

/** A summary is not one, or of a version that this release does not know. Summaries can be made again from messages. */
export class SummaryFormatError extends Error {
  override readonly name = 'SummaryFormatError';
}

/** A summary in CBOR, its version first. */
export function encodeSummary(summary: Summary): Uint8Array {
  const { size, envelope, envelopeUtf8, bodyStructure, headers, headersComplete, preview } = summary;
  return encode([
    VERSION,
    size,
    envelope,
    envelopeUtf8 ?? null,
    bodyStructure,
    headersComplete ? headers : [headers],
    partFields(summary.parts, 0),
    preview,
    summary.sentDate,
    summary.sentZone,
  ]);
}

/** The summary that `encodeSummary` wrote. Throws `SummaryFormatError` for anything else. */
export function decodeSummary(bytes: Uint8Array): Summary {
  const fields = read(bytes);
  const [version, size, envelope, envelopeUtf8, bodyStructure, headers, parts, preview, sentDate, sentZone] =
    fields;
  if (version !== VERSION) {
    throw new SummaryFormatError(
      `summary of version ${String(version)}: this release knows version ${VERSION} only`,
    );
  }
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

/** A part as [kind, gap before it, header bytes, body bytes, encoding, charset, children …], numbers before names. */
function partFields(part: PartOffsets, base: number): unknown[] {
  const { kind, start, bodyStart, end, encoding, charset, children } = part;
  return [
    KINDS.indexOf(kind),
    start - base,
    bodyStart - start,
    end - bodyStart,
    coded(ENCODINGS, encoding),
    charset === null ? null : coded(CHARSETS, charset),
    ...children.map((child, index) => partFields(child, children[index - 1]?.end ?? bodyStart)),
  ];
}

function partFrom(value: unknown, base: number): PartOffsets {
  const [kindIndex, gap, headerBytes, bodyBytes, encoding, charset, ...rest] = asArray(value);
  const kind = KINDS[asNumber(kindIndex)];
  if (!kind)
    throw new SummaryFormatError(`summary with a part of kind ${String(kindIndex)}, which there is not`);
  const start = base + asNumber(gap);
  const bodyStart = start + asNumber(headerBytes);
  const end = bodyStart + asNumber(bodyBytes);
  const children: PartOffsets[] = [];
  for (const child of rest) children.push(partFrom(child, children.at(-1)?.end ?? bodyStart));
  return {
    kind,
    start,
    bodyStart,
    end,
    encoding: named(ENCODINGS, encoding),
    charset: charset === null ? null : named(CHARSETS, charset),
    children,
  };
}

function coded(names: readonly string[], name: string): number | string {
  const index = names.indexOf(name);
  return index < 0 ? name : index;
}

function named(names: readonly string[], value: unknown): string {
  const name = typeof value === 'number' ? names[value] : value;
  if (typeof name !== 'string') throw new SummaryFormatError('summary with an unknown code for a name');
  return name;
}

function read(bytes: Uint8Array): unknown[] {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (error) {
    throw new SummaryFormatError('summary that is no CBOR', { cause: error });
  }
  return asArray(value);
}

function asArray(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw new SummaryFormatError('summary with something else where a list belongs');
}

function asNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  throw new SummaryFormatError('summary with something else where a number belongs');
}

function asBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new SummaryFormatError('summary with something else where bytes belong');
}

function asString(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new SummaryFormatError('summary with something else where text belongs');
}
