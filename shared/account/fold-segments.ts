/**
 * Which segments a mailbox has after a fold. What did not change is kept by its key; what did is written anew, joined
 * with its neighbours as long as they fit one segment together, so that segments do not fragment for ever: no two
 * neighbours are left that would fit.
 */
import type { SegmentInfo } from './checkpoint.ts';
import type { Columns } from './columns.ts';
import type { ModSeq, Uid } from './ids.ts';
import { encodeRows } from './segment.ts';
import type { PackedBlobs } from './pack-column.ts';
import type { Relocate } from './summary-chunk.ts';
import { lowerBound } from './uid-ranges.ts';

/** A DynamoDB item is at most 400 KB, keys and attribute names included. */
export const SEGMENT_BYTES = 390_000;

/** A segment of the checkpoint to be; `data` is null where the one under the key is kept. */
export interface PlannedSegment {
  readonly info: SegmentInfo;
  readonly data: Uint8Array | null;
}

/** Rows `from` … `to` (end excluded) of the columns; `kept` while they are what the segment of that name holds. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly kept: SegmentInfo | null;
}

export interface SegmentPlan {
  /** Rows with at least this mod-sequence were changed since the checkpoint that is folded from. */
  readonly changedFrom: ModSeq;
  /** Blobs that were packed since then, which sets no mod-sequence. */
  readonly packed: PackedBlobs | null;
  /** Chunks whose summaries lie in another one now. */
  readonly moved: ReadonlySet<number>;
  /** The name of new segments. */
  readonly fold: string;
  readonly relocate: Relocate;
  readonly limits: { readonly messagesPerSegment: number };
}

/** Segments for `columns`. `before`: those of the checkpoint that is folded from. */
export function planSegments(
  columns: Columns,
  before: readonly SegmentInfo[],
  plan: SegmentPlan,
): PlannedSegment[] {
  const { messagesPerSegment } = plan.limits;
  const parts = runsOf(columns, before, plan).flatMap((run) => evenParts(run, messagesPerSegment));
  return joinSmall(parts, messagesPerSegment).flatMap((run) =>
    run.kept ? [{ info: run.kept, data: null }] : written(columns, run.from, run.to, plan),
  );
}

function runsOf(columns: Columns, before: readonly SegmentInfo[], plan: SegmentPlan): Run[] {
  const runs: Run[] = [];
  let from = 0;
  for (const info of before) {
    const to = lowerBound(columns.uids, columns.count, info.lastUid + 1);
    const changed = to - from !== info.count || changedSince(columns, from, to, plan);
    if (to > from) runs.push({ from, to, kept: changed ? null : info });
    from = to;
  }
  if (from < columns.count) runs.push({ from, to: columns.count, kept: null });
  return runs;
}

/** UIDs are never given out again, and whatever changes a row sets its mod-sequence, but for what is moved. */
function changedSince(
  columns: Columns,
  from: number,
  to: number,
  { changedFrom, packed, moved }: SegmentPlan,
): boolean {
  for (let row = from; row < to; row++) if ((columns.modSeqs[row] as number) >= changedFrom) return true;
  return (packed !== null || moved.size > 0) && columns.anyMoved(from, to, packed, moved);
}

function joinSmall(runs: readonly Run[], limit: number): Run[] {
  const joined: Run[] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    const fits = last && run.to - last.from <= limit;
    if (last && fits && !(last.kept && run.kept))
      joined[joined.length - 1] = { ...last, to: run.to, kept: null };
    else joined.push(run);
  }
  return joined;
}

function evenParts(run: Run, limit: number): Run[] {
  const { from, to, kept } = run;
  if (kept) return [run];
  const parts = Math.ceil((to - from) / limit);
  const cut = (part: number): number => from + Math.floor(((to - from) * part) / parts);
  return Array.from({ length: parts }, (_, part) => ({ from: cut(part), to: cut(part + 1), kept }));
}

/** One segment, or several where many different sets of keywords make it larger than an item. */
function written(columns: Columns, from: number, to: number, plan: SegmentPlan): PlannedSegment[] {
  const { fold, relocate } = plan;
  const rows = Array.from({ length: to - from }, (_, index) => {
    const row = columns.row(from + index);
    return { ...row, summary: relocate(row.summary) };
  });
  const data = encodeRows(rows);
  const firstUid = columns.uidAt(from);
  if (data.length <= SEGMENT_BYTES) {
    const lastUid: Uid = columns.uidAt(to - 1);
    return [{ info: { firstUid, lastUid, count: to - from, fold }, data }];
  }
  if (to - from === 1)
    throw new Error(`message ${firstUid} alone is larger than a segment of ${SEGMENT_BYTES} bytes`);
  const middle = (from + to) >> 1;
  return [...written(columns, from, middle, plan), ...written(columns, middle, to, plan)];
}
