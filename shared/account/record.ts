/**
 * Journal records and their bytes. A record's ops are CBOR arrays, compressed with zstd where that helps: a summary is
 * mostly header text, and write units are paid by the kilobyte.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decode, encode } from 'cborg';
import type { AnnotationScope } from './annotations.ts';
import type { AccountId, BlobId, MailboxId, RecordNumber } from './ids.ts';
import { packFields, packOpOf } from './pack-op.ts';
import type { Effect, MaintenanceOp, Op, SpecialUse, SummaryPlace, Target } from './ops.ts';
import type { FlagMode } from './flags.ts';
import type { Usage } from './state.ts';
import { packRanges, unpackRanges } from './uid-ranges.ts';
import { maintenanceFieldsOf, maintenanceOpOf } from './record-maintenance.ts';
import { UnknownVersionError } from './unknown-version.ts';

export { UnknownVersionError };

/** The version of records that this release writes (I8). */
export const RECORD_VERSION = 1;

export interface JournalRecord {
  readonly number: RecordNumber;
  /** Random per commit: how a writer recognises its own record after an unknown outcome (I3). */
  readonly commit: string;
  /** Milliseconds since the epoch, by the writer's clock. */
  readonly time: number;
  readonly ops: readonly Op[];
  /** The account's usage after this record. */
  readonly usage: Usage;
  /** Bytes of ops of all records up to and with this one: tells when a fold is due. */
  readonly journalBytes: number;
}

/** A record whose ops a fold has emptied (I4): its number can never be used again. */
export interface EmptiedRecord {
  readonly number: RecordNumber;
  readonly usage: Usage;
  readonly journalBytes: number;
  readonly emptied: true;
}

export type JournalEntry = JournalRecord | EmptiedRecord;

export function isEmptied(entry: JournalEntry): entry is EmptiedRecord {
  return 'emptied' in entry;
}

/** Codes of ops on disk. A code is never given to another op. */
const CODES = {
  append: 1,
  flags: 2,
  expunge: 3,
  copy: 4,
  move: 5,
  create: 6,
  delete: 7,
  rename: 8,
  subscribe: 9,
  unsubscribe: 10,
  recent: 11,
  epoch: 12,
  annotate: 13,
  acl: 14,
  seen: 15,
  purge: 16,
  restore: 17,
  policy: 18,
  mend: 20,
  pack: 19,
} as const satisfies Record<Op['op'], number>;

const MODES: readonly FlagMode[] = ['add', 'remove', 'replace'];
/** Below this, compression gains nothing that a write unit would notice. */
const COMPRESS_FROM_BYTES = 256;
const PLAIN = 0;
const ZSTD = 1;

/** Bytes of `ops`, as the record item keeps them: one byte for the form, then CBOR, compressed or not. */
export function encodeOps(ops: readonly Op[]): Uint8Array {
  const plain = encode(ops.map(fieldsOf));
  if (plain.length >= COMPRESS_FROM_BYTES) {
    const packed = zstdCompressSync(plain);
    if (packed.length < plain.length) return Buffer.concat([Uint8Array.of(ZSTD), packed]);
  }
  return Buffer.concat([Uint8Array.of(PLAIN), plain]);
}

/** Bytes of one op before compression: the bound that a record is closed by. */
export function opBytes(op: Op): number {
  return encode(fieldsOf(op)).length;
}

/** Inverse of `encodeOps`. Throws `UnknownVersionError` on an op that this release does not know. */
export function decodeOps(bytes: Uint8Array): readonly Op[] {
  const form = bytes[0];
  const body = bytes.subarray(1);
  if (form !== PLAIN && form !== ZSTD) throw new UnknownVersionError(`a record of form ${String(form)}`);
  const fields = decode(form === ZSTD ? zstdDecompressSync(body) : body) as readonly (readonly unknown[])[];
  return fields.map(opOf);
}

const targetField = (to: Target): unknown => ('mailbox' in to ? to.mailbox : 'use' in to ? to.use : null);
const targetOf = (field: unknown): Target =>
  typeof field === 'number'
    ? { mailbox: field as MailboxId }
    : typeof field === 'string'
      ? { use: field as SpecialUse }
      : { inbox: true };

const placeField = (place: SummaryPlace): unknown => ('inline' in place ? place.inline : place.object);
const placeOf = (field: unknown): SummaryPlace =>
  typeof field === 'string' ? { object: field as BlobId } : { inline: field as Uint8Array };

const effectField = (effect: Effect): number[] => [
  effect.messages,
  effect.unseen,
  effect.deleted,
  effect.bytes,
];
const effectOf = (field: unknown): Effect => {
  const [messages = 0, unseen = 0, deleted = 0, bytes = 0] = field as number[];
  return { messages, unseen, deleted, bytes };
};

function fieldsOf(op: Op): unknown[] {
  const code = CODES[op.op];
  switch (op.op) {
    case 'append': {
      const { blob, size, system, keywords, date, zone } = op;
      const id = Buffer.from(blob, 'hex');
      return [code, targetField(op.to), id, size, system, keywords, date, zone, placeField(op.summary)];
    }
    case 'flags': {
      const mode = MODES.indexOf(op.mode);
      return [code, op.mailbox, packRanges(op.uids), mode, op.system, op.keywords, effectField(op.effect)];
    }
    case 'expunge':
      return [code, op.mailbox, packRanges(op.uids), effectField(op.effect)];
    case 'copy':
    case 'move':
      return [code, op.from, op.to, packRanges(op.uids), op.keywords, effectField(op.effect)];
    case 'create':
      return [code, op.name, op.uidValidity, op.use];
    case 'delete':
      return [code, op.mailbox];
    case 'rename':
      return [code, op.from, op.to];
    case 'subscribe':
    case 'unsubscribe':
      return [code, op.name];
    case 'recent':
      return [code, op.mailbox, op.floor];
    case 'epoch':
      return [code, op.uidJump, op.uidValidity];
    case 'annotate':
      return [code, op.mailbox, op.scope, op.name, op.value];
    case 'acl':
      return [code, op.mailbox, op.entry.identifier, op.entry.account, op.entry.rights];
    case 'seen':
      return [code, op.mailbox, op.reader, packRanges(op.uids), op.seen];
    case 'mend': {
      const { messages, unseen, deleted, bytes } = op;
      const counters = effectField({ messages, unseen, deleted, bytes });
      return [code, op.mailbox, packRanges(op.gone), counters, op.uidNext, op.keywords];
    }
    case 'purge':
    case 'restore':
    case 'policy':
      return [code, ...maintenanceFieldsOf(op)];
    case 'pack':
      return [code, ...packFields(op)];
  }
}

/**
 * The types are trusted, not checked: records are written by this file alone, and a damaged one does not decode as
 * CBOR at all.
 */
function opOf(fields: readonly unknown[]): Op {
  const [code, a, b, c, d, e, f, g, h] = fields;
  switch (code) {
    case CODES.append:
      return {
        op: 'append',
        to: targetOf(a),
        blob: Buffer.from(b as Uint8Array).toString('hex') as BlobId,
        size: c as number,
        system: d as number,
        keywords: e as string[],
        date: f as number,
        zone: g as number,
        summary: placeOf(h),
      };
    case CODES.flags:
      return {
        op: 'flags',
        mailbox: a as MailboxId,
        uids: unpackRanges(b as Uint8Array),
        mode: MODES[c as number] ?? unknown('flags mode', c),
        system: d as number,
        keywords: e as string[],
        effect: effectOf(f),
      };
    case CODES.expunge:
      return {
        op: 'expunge',
        mailbox: a as MailboxId,
        uids: unpackRanges(b as Uint8Array),
        effect: effectOf(c),
      };
    case CODES.copy:
    case CODES.move:
      return {
        op: code === CODES.copy ? 'copy' : 'move',
        from: a as MailboxId,
        to: b as MailboxId,
        uids: unpackRanges(c as Uint8Array),
        keywords: d as string[],
        effect: effectOf(e),
      };
    case CODES.create:
      return { op: 'create', name: a as string, uidValidity: b as number, use: c as SpecialUse | null };
    case CODES.delete:
      return { op: 'delete', mailbox: a as MailboxId };
    case CODES.rename:
      return { op: 'rename', from: a as string, to: b as string };
    case CODES.subscribe:
      return { op: 'subscribe', name: a as string };
    case CODES.unsubscribe:
      return { op: 'unsubscribe', name: a as string };
    case CODES.recent:
      return { op: 'recent', mailbox: a as MailboxId, floor: b as number };
    case CODES.epoch:
      return { op: 'epoch', uidJump: a as number, uidValidity: b as number };
    default:
      return sharingOpOf(fields);
  }
}

/** As `opOf`: annotations, access control, what readers have seen, and maintenance. */
function sharingOpOf(fields: readonly unknown[]): Op {
  const [code, a, b, c, d] = fields;
  switch (code) {
    case CODES.annotate:
      return {
        op: 'annotate',
        mailbox: a as MailboxId | null,
        scope: b as AnnotationScope,
        name: c as string,
        value: d as Uint8Array | null,
      };
    case CODES.acl: {
      const entry = { identifier: b as string, account: c as AccountId | null, rights: d as string };
      return { op: 'acl', mailbox: a as MailboxId, entry };
    }
    case CODES.seen:
      return {
        op: 'seen',
        mailbox: a as MailboxId,
        reader: b as AccountId,
        uids: unpackRanges(c as Uint8Array),
        seen: d as boolean,
      };
    case CODES.mend:
      return mendOpOf(fields);
    case CODES.purge:
    case CODES.restore:
    case CODES.policy:
      return maintenanceOpOf(opNamed(code), fields.slice(1));
    case CODES.pack:
      return packOpOf(fields.slice(1));
    default:
      return unknown('an op with code', code);
  }
}

function mendOpOf([, mailbox, gone, counters, uidNext, keywords]: readonly unknown[]): Op {
  return {
    op: 'mend',
    mailbox: mailbox as MailboxId,
    gone: unpackRanges(gone as Uint8Array),
    ...effectOf(counters),
    uidNext: uidNext as number,
    keywords: keywords as string[],
  };
}

function opNamed(code: 16 | 17 | 18): MaintenanceOp['op'] {
  return code === CODES.purge ? 'purge' : code === CODES.restore ? 'restore' : 'policy';
}

function unknown(what: string, value: unknown): never {
  throw new UnknownVersionError(`${what} ${String(value)}`);
}
