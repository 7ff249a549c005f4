import type { PartOffsets } from './part-offsets.ts';
import type { PartKind } from './parts.ts';
import { asArray, asNumber, SummaryFormatError } from './summary-format.ts';

/** By their index. Never reorder: the index is what is stored. */
const KINDS: readonly PartKind[] = ['text', 'basic', 'multipart', 'message'];
const ENCODINGS: readonly string[] = ['7bit', '8bit', 'binary', 'base64', 'quoted-printable'];
const CHARSETS: readonly string[] = ['utf-8', 'us-ascii', 'iso-8859-1', 'windows-1252'];

/** A part as [kind, gap before it, header bytes, body bytes, encoding, charset, children …], numbers before names. */
export function partFields(part: PartOffsets, base: number): unknown[] {
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

export function partFrom(value: unknown, base: number): PartOffsets {
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
