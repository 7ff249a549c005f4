/**
 * What a FETCH answers for one message, from its columns and its summary: text, and literals that stand for ranges of the
 * blob. Pure; `commands/fetch.ts` reads and sends.
 *
 * Text is a byte string (a character a byte), because envelopes and headers are kept as the very bytes for the socket.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import {
  type BinarySection,
  binaryDecoder,
  binarySection,
  isStored,
} from '../../../shared/message/binary.ts';
import { bodyOf } from '../../../shared/message/body.ts';
import {
  type SectionSpec,
  type SectionText,
  partAt,
  resolveSection,
} from '../../../shared/message/section.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import type { FetchItem, PartialRange, Section } from '../wire/ast.ts';
import { formatDateTime } from '../wire/date-time.ts';
import { binaryLabel, bodyLabel, string } from '../wire/response.ts';
import { type Dialect, fetchHead } from './dialect.ts';
import { FlagText } from './flag-text.ts';
import { emailId, threadId } from './object-id.ts';
import { No } from './refusals.ts';

/** A literal whose bytes are in the blob, at `start … end`. */
export interface RangeLiteral {
  readonly kind: 'range';
  readonly start: number;
  readonly end: number;
}

/** A literal that is made of the header at `start … end` of the blob: some of its fields, and of them a part. */
export interface HeaderLiteral {
  readonly kind: 'header';
  readonly start: number;
  readonly end: number;
  readonly names: readonly string[];
  readonly not: boolean;
  readonly partial: PartialRange | undefined;
}

/** A literal of the section at `start … end` of the blob, decoded, and of that a part. */
export interface BinaryLiteral extends BinarySection {
  readonly kind: 'binary';
  readonly partial: PartialRange | undefined;
}

/** How long that would be: a number, which is found by decoding. */
export interface BinarySize extends BinarySection {
  readonly kind: 'binary.size';
}

export type Piece = string | RangeLiteral | HeaderLiteral | BinaryLiteral | BinarySize;

export interface MessageFacts {
  readonly row: number;
  readonly number: number;
  readonly uid: number;
  /** Only if the plan needs it. */
  readonly summary: Summary | undefined;
  /** FLAGS although nobody asked: this command has set \Seen. */
  readonly tellFlags: boolean;
}

export interface PlanOptions {
  readonly columns: Columns;
  readonly isRecent: (uid: number) => boolean;
  /** Envelopes and body structures as UTF-8. */
  readonly utf8: boolean;
  readonly dialect: Dialect;
}

type Teller = (facts: MessageFacts) => Piece | readonly Piece[];

export class FetchPlan {
  readonly needsSummary: boolean;
  /** The answer may hold bytes that are in the blob. */
  readonly needsBlob: boolean;
  readonly #tells: ReadonlySet<FetchItem['kind']>;
  readonly #tellers: readonly Teller[];
  readonly #flags: FlagText;
  readonly #options: PlanOptions;

  constructor(items: readonly FetchItem[], options: PlanOptions) {
    const flags = new FlagText(options.columns);
    this.#flags = flags;
    this.#options = options;
    this.#tellers = items.map((item) => tellerOf(item, options, flags));
    this.needsSummary = items.some(needsSummary);
    this.needsBlob = items.some(needsBlob);
    this.#tells = new Set(items.map(({ kind }) => kind));
  }

  get tellsFlags(): boolean {
    return this.#tells.has('flags');
  }

  /** The whole FETCH response of one message, its CRLF included. */
  compose(facts: MessageFacts): Piece[] {
    const pieces: Piece[] = [];
    let text = fetchHead(this.#options.dialect, facts.number, facts.uid);
    let separator = '';
    const add = (piece: Piece): void => {
      if (typeof piece === 'string') text += piece;
      else {
        pieces.push(text, piece);
        text = '';
      }
    };
    for (const teller of this.#tellers) {
      text += separator;
      separator = ' ';
      const told = teller(facts);
      if (typeof told === 'string') text += told;
      else if ('kind' in told) add(told);
      else told.forEach(add);
    }
    if (facts.tellFlags && !this.tellsFlags) text += separator + this.#unaskedFlags(facts);
    pieces.push(`${text})\r\n`);
    return pieces;
  }

  #unaskedFlags({ row, uid }: MessageFacts): string {
    const { columns, isRecent, dialect } = this.#options;
    const flags = `FLAGS ${this.#flags.at(row, isRecent(uid))}`;
    if (!dialect.modSeqs) return flags;
    // RFC 7162 §3.2.4 wants both where a FETCH has set \Seen.
    const told = this.#tells.has('uid') || dialect.uidOnly ? [flags] : [`UID ${uid}`, flags];
    if (!this.#tells.has('modseq')) told.push(`MODSEQ (${columns.modSeqs[row] ?? 0})`);
    return told.join(' ');
  }
}

/** Whether fetching the item sets \Seen (RFC 9051 §6.4.5). */
export function setsSeen(item: FetchItem): boolean {
  if (item.kind === 'body' || item.kind === 'binary') return !item.peek;
  return item.kind === 'rfc822' || item.kind === 'rfc822.text';
}

function needsSummary(item: FetchItem): boolean {
  switch (item.kind) {
    case 'envelope':
    case 'bodystructure':
    case 'rfc822.header':
    case 'rfc822.text':
    case 'binary':
    case 'binary.size':
    case 'threadid':
    case 'preview':
      return true;
    case 'body':
      return !isWhole(item.section);
    default:
      return false;
  }
}

function needsBlob({ kind }: FetchItem): boolean {
  if (kind === 'body' || kind === 'binary' || kind === 'binary.size') return true;
  return kind.startsWith('rfc822') && kind !== 'rfc822.size';
}

function isWhole({ part, text }: Section): boolean {
  return part.length === 0 && text.kind === 'all';
}

function tellerOf(item: FetchItem, options: PlanOptions, flags: FlagText): Teller {
  const { columns, isRecent, utf8 } = options;
  switch (item.kind) {
    case 'uid':
      return ({ uid }) => `UID ${uid}`;
    case 'flags':
      return ({ row, uid }) => `FLAGS ${flags.at(row, isRecent(uid))}`;
    case 'rfc822.size':
      return ({ row }) => `RFC822.SIZE ${columns.sizes[row] ?? 0}`;
    case 'modseq':
      return ({ row }) => `MODSEQ (${columns.modSeqs[row] ?? 0})`;
    case 'internaldate':
      return ({ row }) =>
        `INTERNALDATE "${formatDateTime((columns.dates[row] ?? 0) * 1000, columns.zoneAt(row))}"`;
    case 'envelope':
      return ({ summary }) => `ENVELOPE ${envelopeOf(summaryFor(summary), utf8)}`;
    case 'bodystructure':
      return ({ summary }) => {
        const bodyStructure = structureOf(summaryFor(summary), utf8);
        return item.extensible
          ? `BODYSTRUCTURE ${byteString(bodyStructure)}`
          : `BODY ${byteString(bodyOf(bodyStructure))}`;
      };
    case 'rfc822':
      return sectionTeller('RFC822', whole('all'), undefined, columns);
    case 'rfc822.header':
      return sectionTeller('RFC822.HEADER', whole('header'), undefined, columns);
    case 'rfc822.text':
      return sectionTeller('RFC822.TEXT', whole('text'), undefined, columns);
    case 'body': {
      const label = bodyLabel(item.section, item.partial?.offset);
      return sectionTeller(Buffer.from(label).toString('latin1'), item.section, item.partial, columns);
    }
    case 'binary':
      return binaryTeller(binaryLabel(item.part, item.partial?.offset), item.part, item.partial);
    case 'binary.size':
      return binarySizeTeller(item.part);
    case 'emailid':
      return ({ row }) => `EMAILID (${emailId(columns.blobAt(row))})`;
    case 'threadid':
      return ({ row, summary }) => `THREADID (${threadId(summaryFor(summary), columns.blobAt(row))})`;
    case 'savedate':
      return ({ row }) => `SAVEDATE "${formatDateTime((columns.saved[row] ?? 0) * 1000, 0)}"`;
    // A summary holds it ready: LAZY has nothing to put off (RFC 8970 §4.1).
    case 'preview':
      return ({ summary }) =>
        Buffer.from(`PREVIEW ${string(summaryFor(summary).preview, { utf8 })}`).toString('latin1');
  }
}

function whole(kind: 'all' | 'header' | 'text'): Section {
  return { part: [], text: { kind } };
}

function summaryFor(summary: Summary | undefined): Summary {
  if (!summary) throw new Error('the plan needs the summaries of its messages');
  return summary;
}

function envelopeOf({ envelope, envelopeUtf8 }: Summary, utf8: boolean): string {
  return byteString((utf8 ? envelopeUtf8 : undefined) ?? envelope);
}

function structureOf({ bodyStructure, bodyStructureUtf8 }: Summary, utf8: boolean): Uint8Array {
  return (utf8 ? bodyStructureUtf8 : undefined) ?? bodyStructure;
}

function sectionTeller(
  label: string,
  section: Section,
  partial: PartialRange | undefined,
  columns: Columns,
): Teller {
  if (isWhole(section)) return ({ row }) => [`${label} `, rangeOf(0, columns.sizes[row] ?? 0, partial)];
  const spec = specOf(section);
  return ({ summary }) => {
    const source = resolveSection(summaryFor(summary), spec);
    if (!source) return `${label} NIL`;
    if (source.from === 'blob') return [`${label} `, rangeOf(source.start, source.end, partial)];
    if (source.from === 'summary') return `${label} ${literalText(cut(source.bytes, partial))}`;
    const { start, end, names, not } = source;
    return [`${label} `, { kind: 'header', start, end, names, not, partial }];
  };
}

/** RFC 3516 §4.3. */
function binaryTeller(label: string, path: readonly number[], partial: PartialRange | undefined): Teller {
  return ({ summary }) => {
    const section = decodableSection(summaryFor(summary), path);
    if (!section) return `${label} NIL`;
    // Bytes that are sent as they are stored need not be read from the first on.
    if (!isStored(section.decoding)) return [`${label} `, { kind: 'binary', ...section, partial }];
    const { start, end } = rangeOf(section.start, section.end, partial);
    return [`${label} `, { kind: 'binary', start, end, decoding: section.decoding, partial: undefined }];
  };
}

function binarySizeTeller(path: readonly number[]): Teller {
  const label = `${binaryLabel(path).replace('BINARY', 'BINARY.SIZE')} `;
  return ({ summary }) => {
    const section = decodableSection(summaryFor(summary), path);
    // The size of NIL, which BINARY answers: the grammar has a number here.
    if (!section) return `${label}0`;
    if (isStored(section.decoding)) return `${label}${section.end - section.start}`;
    return [label, { kind: 'binary.size', ...section }];
  };
}

/** Null if there is no such part. Throws `No` if nobody knows how to decode it. */
function decodableSection({ parts }: Summary, path: readonly number[]): BinarySection | null {
  const part = partAt(parts, path);
  if (!part) return null;
  const section = binarySection(part, path.length === 0);
  if (binaryDecoder(section.decoding)) return section;
  throw new No(`part ${path.join('.')} has a transfer encoding that is not known`, 'UNKNOWN-CTE');
}

const TEXTS: Record<Section['text']['kind'], SectionText> = {
  all: '',
  header: 'HEADER',
  text: 'TEXT',
  mime: 'MIME',
  'header.fields': 'HEADER.FIELDS',
};

export function specOf({ part, text }: Section): SectionSpec {
  if (text.kind !== 'header.fields') return { path: part, text: TEXTS[text.kind], fields: [] };
  return { path: part, text: text.not ? 'HEADER.FIELDS.NOT' : 'HEADER.FIELDS', fields: text.fields };
}

function rangeOf(start: number, end: number, partial: PartialRange | undefined): RangeLiteral {
  if (!partial) return { kind: 'range', start, end };
  const first = Math.min(end, start + partial.offset);
  return { kind: 'range', start: first, end: Math.min(end, first + partial.length) };
}

/** The bytes that a partial fetch asks for. */
export function cut(bytes: Uint8Array, partial: PartialRange | undefined): Uint8Array {
  return partial ? bytes.subarray(partial.offset, partial.offset + partial.length) : bytes;
}

/** A literal in text; NUL, which it must not hold, is sent as 0x80. */
function literalText(bytes: Uint8Array): string {
  return `{${bytes.length}}\r\n${byteString(bytes).replaceAll('\0', '\x80')}`;
}

function byteString(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
