/**
 * What the purges of a tail say: which buried rows are forgotten, and which objects may still lie there.
 *
 * A purge's objects are deleted after its record stands, by a function that may die anywhere. A later record says which
 * purges are done with. Those that are not are found again as long as they stand in the tail, and the fold that takes
 * them out of it deletes their objects first: so none is ever lost sight of.
 */
import type { BuriedRow } from './graveyard.ts';
import type { BlobId, RecordNumber } from './ids.ts';
import type { PurgeOp } from './ops.ts';

export interface Purges {
  /** In the order of the journal. */
  readonly ops: readonly PurgeOp[];
  /** Whose objects are not known to be deleted. */
  readonly open: readonly { readonly record: RecordNumber; readonly blobs: readonly BlobId[] }[];
}

export const NO_PURGES: Purges = { ops: [], open: [] };

export function withPurge(purges: Purges, record: RecordNumber, op: PurgeOp): Purges {
  const open = [...purges.open, { record, blobs: op.blobs }];
  return {
    ops: [...purges.ops, op],
    open: open.filter((each) => each.record > op.done && each.blobs.length > 0),
  };
}

/** Whether a purge forgets a row that had left the account before it. */
export function forgottenBy(op: PurgeOp): (row: BuriedRow) => boolean {
  const blobs = new Set(op.blobs);
  return ({ expunged, row }) => expunged < op.before || blobs.has(row.blob);
}

/** As `forgottenBy`, for rows that had left before all of `purges`: those of graveyards. */
export function forgottenByAll({ ops }: Purges): (row: BuriedRow) => boolean {
  const each = ops.map(forgottenBy);
  return (row) => each.some((forgets) => forgets(row));
}

/** The last open purge such that it and all before it are among `deleted`; 0 if there is none. */
export function doneUpTo({ open }: Purges, deleted: ReadonlySet<RecordNumber>): RecordNumber {
  let done = 0 as RecordNumber;
  for (const { record } of open) {
    if (!deleted.has(record)) break;
    done = record;
  }
  return done;
}
