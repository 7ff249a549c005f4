/** The bytes of ops that maintenance writes: what is purged, what comes back, and what policy says. */
import type { BlobId, MailboxId, ModSeq, RecordNumber, Uid } from './ids.ts';
import type { MaintenanceOp, RestoredRow, SpecialUse } from './ops.ts';
import type { PolicyChange, RetentionDays, RetentionScope } from './policy.ts';
import { decodeRows, encodeRows } from './segment.ts';
import { UnknownVersionError } from './unknown-version.ts';

const BLOB_BYTES = 16;

type Fields = readonly unknown[];

export function maintenanceFieldsOf(op: MaintenanceOp): Fields {
  switch (op.op) {
    case 'purge':
      return [Buffer.from(op.blobs.join(''), 'hex'), op.before, op.done];
    case 'restore':
      return [op.to, encodeRestored(op.rows)];
    case 'policy':
      return changeFields(op.change);
  }
}

/** Inverse of `maintenanceFieldsOf`. */
export function maintenanceOpOf(op: MaintenanceOp['op'], fields: Fields): MaintenanceOp {
  const [a, b, c] = fields;
  switch (op) {
    case 'purge':
      return { op, blobs: blobsOf(a as Uint8Array), before: b as number, done: c as RecordNumber };
    case 'restore':
      return { op, to: a as MailboxId, rows: decodeRestored(b as Uint8Array) };
    case 'policy':
      return { op, change: changeOf(fields) };
  }
}

function blobsOf(packed: Uint8Array): BlobId[] {
  const hex = Buffer.from(packed).toString('hex');
  return Array.from(
    { length: packed.length / BLOB_BYTES },
    (_, at) => hex.slice(at * 2 * BLOB_BYTES, (at + 1) * 2 * BLOB_BYTES) as BlobId,
  );
}

/** As a segment, whose UIDs say the order and no more. */
function encodeRestored(rows: readonly RestoredRow[]): Uint8Array {
  return encodeRows(
    rows.map((row, index) => ({ ...row, uid: (index + 1) as Uid, modSeq: 0 as ModSeq, saved: 0 })),
  );
}

function decodeRestored(bytes: Uint8Array): RestoredRow[] {
  return decodeRows(bytes).map(({ uid: _uid, modSeq: _modSeq, saved: _saved, ...row }) => row);
}

function changeFields(change: PolicyChange): Fields {
  if ('hold' in change) return ['hold', change.hold];
  if ('closing' in change) return ['closing', change.closing];
  if ('closed' in change) return ['closed'];
  const { scope, days } = change;
  const field = 'mailbox' in scope ? scope.mailbox : 'use' in scope ? scope.use : null;
  // No third field: the rule goes. Null: messages stay.
  return ['retention', field, ...(days === undefined ? [] : [days])];
}

function changeOf(fields: Fields): PolicyChange {
  const [what, value] = fields;
  switch (what) {
    case 'hold':
      return { hold: value as boolean };
    case 'closing':
      return { closing: value as number | null };
    case 'closed':
      return { closed: true };
    case 'retention':
      return {
        scope: scopeOf(value),
        days: fields.length > 2 ? (fields[2] as RetentionDays) : undefined,
      };
    default:
      throw new UnknownVersionError(`a policy of kind ${String(what)}`);
  }
}

function scopeOf(field: unknown): RetentionScope {
  return typeof field === 'number'
    ? { mailbox: field as MailboxId }
    : typeof field === 'string'
      ? { use: field as SpecialUse }
      : { account: true };
}
