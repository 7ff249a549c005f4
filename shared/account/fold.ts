/**
 * Folding, the pure part: what the tail of a journal makes of a checkpoint. `functions/compact` does the reading and
 * writing around it.
 */
import { type Report, type Visit, apply } from './apply.ts';
import { BUNDLE_BYTES, type Bundle, decodeBundle, encodeBundle } from './bundle.ts';
import type {
  Checkpoint,
  FoldedItem,
  GraveyardInfo,
  SegmentInfo,
  Superseded,
  UnpagedCheckpoint,
} from './checkpoint.ts';
import type { ChosenChunks, MergeLimits } from './chunk-merge.ts';
import type { Columns } from './columns.ts';
import { type PlannedSegment, type SegmentPlan, planSegments } from './fold-segments.ts';
import type { BuriedRow } from './graveyard.ts';
import { type BlobId, type MailboxId, type RecordNumber, modSeqOf } from './ids.ts';
import type { SegmentKey } from './journal-store.ts';
import type { Opening } from './opening.ts';
import { NO_PURGES, type Purges, forgottenBy, withPurge } from './purges.ts';
import type { Op, RestoredRow, SummaryPlace } from './ops.ts';
import type { JournalRecord } from './record.ts';
import { Packing, inPack } from './packing.ts';
import { type AccountState, resolveTarget, withAllColumns } from './state.ts';
import { MESSAGES_PER_SEGMENT } from './segment.ts';
import type { ChunkPlan } from './summary-chunk.ts';
import { forEachRow } from './uid-ranges.ts';

/** A fold is due after so many records, or so many bytes of ops: what an opening may have to read above the checkpoint. */
export const FOLD_RECORDS = 256;
export const FOLD_BYTES = 65_536;
/**
 * Records that one fold empties at most, so that it ends in bounded time: four times what it covers, so that folds catch
 * up with what was left behind.
 */
export const EMPTIED_PER_FOLD = 4 * FOLD_RECORDS;
/** Bytes of a segment a message, about; for those that are not at hand. */
const BYTES_PER_MESSAGE = 48;
/** An account that has outgrown its bundle gets one again when it has shrunk to half, so that it does not go to and fro. */
const REBUNDLE_SHARE = 0.5;

/** Sizes at which folds divide what they write; a test makes them small. */
export interface FoldLimits extends MergeLimits {
  readonly bundleBytes: number;
  readonly messagesPerSegment: number;
  readonly rowsPerGraveyard: number;
}

export const FOLD_LIMITS: FoldLimits = {
  bundleBytes: BUNDLE_BYTES,
  messagesPerSegment: MESSAGES_PER_SEGMENT,
  rowsPerGraveyard: MESSAGES_PER_SEGMENT,
  // Each fold reads and writes an open chunk once: two requests at any size.
  chunkBytes: 1024 * 1024,
  // What one fold may read and write of old ones.
  mergedBytes: 16 * 1024 * 1024,
};

/** Where a journal has come to. */
export interface JournalHead {
  readonly number: number;
  readonly journalBytes: number;
}

/** Whether the commit that led from `before` to `after` has made a fold due: true for one commit in `FOLD_RECORDS`. */
export function foldDue(before: JournalHead, after: JournalHead): boolean {
  const crossed = (from: number, to: number, step: number): boolean =>
    Math.floor(from / step) !== Math.floor(to / step);
  return (
    crossed(before.number, after.number, FOLD_RECORDS) ||
    crossed(before.journalBytes, after.journalBytes, FOLD_BYTES)
  );
}

/** A message that came in the tail. */
export interface Arrival {
  readonly record: RecordNumber;
  readonly slot: number;
  readonly mailbox: MailboxId;
  readonly blob: BlobId;
  readonly place: SummaryPlace;
}

export interface Replay {
  /** After the tail; columns are loaded where `touchedBy` said so, and in mailboxes that the tail created. */
  readonly state: AccountState;
  readonly arrivals: readonly Arrival[];
  /** Messages that came back in the tail. */
  readonly restored: readonly { readonly mailbox: MailboxId; readonly row: RestoredRow }[];
  /** Rows that left the account, without those that were purged again. */
  readonly buried: readonly BuriedRow[];
  /** What became of rows that had left before. */
  readonly purges: Purges;
  /** What was packed, or lies elsewhere now. */
  readonly packing: Packing;
}

/**
 * Applies the tail to the checkpoint's state with the columns of all touched mailboxes. `before`: what earlier records have
 * buried, purged and packed, where the tail does not begin at the checkpoint.
 */
export function replayTail(
  { base, tail }: { readonly base: Pick<Checkpoint, 'state'>; readonly tail: readonly JournalRecord[] },
  columns: ReadonlyMap<MailboxId, Columns>,
  report: Report,
  before?: Pick<Replay, 'buried' | 'purges' | 'packing'>,
): Replay {
  const arrivals: Arrival[] = [];
  const restored: Replay['restored'][number][] = [];
  let buried: BuriedRow[] = [...(before?.buried ?? [])];
  let purges = before?.purges ?? NO_PURGES;
  const packing = new Packing(before?.packing);
  const visit: Visit = (seen, op, { record, index, saved }) => {
    if (op.op === 'append') {
      const mailbox = resolveTarget(seen, op.to)?.id;
      const { blob, summary: place } = op;
      if (mailbox !== undefined) arrivals.push({ record, slot: index, mailbox, blob, place });
    }
    if (op.op === 'restore') for (const row of op.rows) restored.push({ mailbox: op.to, row });
    for (const row of buriedBy(seen, op, saved)) buried.push(row);
    if (op.op === 'purge') {
      const forgets = forgottenBy(op);
      buried = buried.filter((row) => !forgets(row));
      purges = withPurge(purges, record, op);
    }
    if (op.op === 'pack') {
      packing.add(op, saved);
      buried = buried.map((one) => inPack(one, op));
    }
  };
  let state = withAllColumns(base.state, columns);
  for (const record of tail) state = apply(state, record, report, visit);
  return { state, arrivals, restored, buried, purges, packing };
}

function buriedBy(state: AccountState, op: Op, expunged: number): BuriedRow[] {
  if (op.op !== 'expunge' && op.op !== 'delete' && op.op !== 'mend') return [];
  const mailbox = state.mailboxes.get(op.mailbox);
  const columns = mailbox?.columns;
  if (!columns) return [];
  const rows: number[] = [];
  const taken = op.op === 'expunge' ? op.uids : op.op === 'mend' ? op.gone : null;
  if (taken) forEachRow(taken, columns.uids, columns.count, (row) => rows.push(row));
  else for (let row = 0; row < columns.count; row++) rows.push(row);
  const { id, name } = mailbox;
  return rows.map((row) => ({ mailbox: id, name, expunged, row: columns.row(row) }));
}

/** The segments of each mailbox after the fold. */
export type Layout = ReadonlyMap<MailboxId, readonly PlannedSegment[]>;

export function layOut(
  { base, bundle }: Pick<Opening, 'base' | 'bundle'>,
  { state, packing }: Pick<Replay, 'state' | 'packing'>,
  fold: string,
  { relocate, moved }: Pick<SegmentPlan, 'relocate' | 'moved'>,
  limits: FoldLimits,
): Layout {
  const bundled = bundle ? decodeBundle(bundle.data) : null;
  const changedFrom = modSeqOf((base.state.number + 1) as RecordNumber, 0);
  const layout = new Map<MailboxId, readonly PlannedSegment[]>();
  for (const { id, columns, messages } of state.mailboxes.values()) {
    const before = base.segments.get(id) ?? [];
    if (!columns && before.length === 0 && messages > 0)
      throw new Error(`the messages of mailbox ${id} were not loaded for the fold`);
    const planned = columns
      ? planSegments(columns, before, { changedFrom, packed: packing.blobs(), moved, fold, relocate, limits })
      : before.map((info) => ({ info, data: null }));
    if (planned.length > 0) layout.set(id, bundled ? fromBundle(id, planned, bundled) : planned);
  }
  return layout;
}

function fromBundle(
  mailbox: MailboxId,
  planned: readonly PlannedSegment[],
  bundle: Bundle,
): PlannedSegment[] {
  return planned.map(({ info, data }) => {
    const kept = data ?? bundle.get(mailbox)?.get(info.firstUid);
    if (!kept) throw new Error(`the bundle lacks segment ${info.firstUid} of mailbox ${mailbox}`);
    return { info, data: kept };
  });
}

/** The segments to read so that the account may have a bundle again; none if it is too large, or they are at hand. */
export function neededForBundle(layout: Layout, limits: FoldLimits): readonly SegmentKey[] {
  const all = [...layout].flatMap(([mailbox, list]) => list.map((segment) => ({ mailbox, ...segment })));
  const estimate = all.reduce(
    (sum, { info, data }) => sum + (data?.length ?? info.count * BYTES_PER_MESSAGE),
    0,
  );
  if (estimate > limits.bundleBytes * REBUNDLE_SHARE) return [];
  return all
    .filter(({ data }) => !data)
    .map(({ mailbox, info }) => ({ mailbox, firstUid: info.firstUid, fold: info.fold }));
}

/** `layout` with the bytes of segments that were read. */
export function withPieces(
  layout: Layout,
  keys: readonly SegmentKey[],
  pieces: readonly Uint8Array[],
): Layout {
  const nameOf = (mailbox: MailboxId, firstUid: number): string => `${mailbox}/${firstUid}`;
  const found = new Map(keys.map((key, index) => [nameOf(key.mailbox, key.firstUid), pieces[index]]));
  return new Map(
    [...layout].map(([mailbox, list]) => [
      mailbox,
      list.map(({ info, data }) => ({
        info,
        data: data ?? found.get(nameOf(mailbox, info.firstUid)) ?? null,
      })),
    ]),
  );
}

/** How the segments are kept: all in the bundle, or each as an item. */
export interface Stored {
  /** Null: the account is too large for one. */
  readonly bundle: Uint8Array | null;
  readonly segments: ReadonlyMap<MailboxId, readonly SegmentInfo[]>;
  /** Segments that must be put. */
  readonly written: readonly { readonly item: FoldedItem & { kind: 'segment' }; readonly data: Uint8Array }[];
}

export function storedAs(layout: Layout, base: Checkpoint, fold: string, limits: FoldLimits): Stored {
  // A segment that leaves the bundle, or enters it, is stored anew: it takes this fold's name.
  const renamed = ({ info, data }: PlannedSegment): PlannedSegment => ({ info: { ...info, fold }, data });
  const bundle = bundleOf(layout, limits.bundleBytes);
  if (bundle) return { bundle, segments: infosOf(layout, renamed), written: [] };
  const kept = new Set(base.bundled ? [] : [...base.segments.values()].flat());
  const written = [...layout].flatMap(([mailbox, list]) =>
    list.flatMap(({ info, data }) => {
      if (kept.has(info)) return [];
      if (!data)
        throw new Error(`segment ${info.firstUid} of mailbox ${mailbox} was neither kept nor written`);
      return [{ item: { kind: 'segment' as const, mailbox, firstUid: info.firstUid, fold }, data }];
    }),
  );
  const segments = infosOf(layout, (segment) => (kept.has(segment.info) ? segment : renamed(segment)));
  return { bundle: null, segments, written };
}

function infosOf(
  layout: Layout,
  named: (segment: PlannedSegment) => PlannedSegment,
): ReadonlyMap<MailboxId, readonly SegmentInfo[]> {
  return new Map([...layout].map(([mailbox, list]) => [mailbox, list.map((segment) => named(segment).info)]));
}

function bundleOf(layout: Layout, limit: number): Uint8Array | null {
  let bytes = 0;
  const bundle = new Map<MailboxId, Map<SegmentInfo['firstUid'], Uint8Array>>();
  for (const [mailbox, list] of layout) {
    const pieces = new Map<SegmentInfo['firstUid'], Uint8Array>();
    for (const { info, data } of list) {
      if (!data || (bytes += data.length) > limit) return null;
      pieces.set(info.firstUid, data);
    }
    bundle.set(mailbox, pieces);
  }
  const encoded = encodeBundle(bundle);
  return encoded.length <= limit ? encoded : null;
}

/** What a checkpoint allows to go: the day after has come. */
export interface Retirement {
  readonly items: readonly FoldedItem[];
  /** Records above `base.emptiedTo` up to this one. */
  readonly emptyTo: RecordNumber;
}

/**
 * What may be deleted and emptied by `base`, which is still the account's checkpoint. Records are emptied up to a
 * checkpoint that is `keepMs` old (I4). The newest record of the account is never among them, for it is above the
 * checkpoint, or, without a tail, the last that is covered, which stays: so the newest key never gets an expiry, and a journal never ends below its
 * checkpoint, however TTL picks among expired keys.
 */
export function retirementOf(base: Checkpoint, now: number, keepMs: number, hasTail = true): Retirement {
  const old = (time: number): boolean => now - time >= keepMs;
  const covered = coveredBy(base).filter(({ time }) => old(time));
  const newest = hasTail ? Infinity : base.state.number - 1;
  const limit = Math.min(newest, Math.max(base.emptiedTo, ...covered.map(({ number }) => number)));
  return {
    items: base.superseded.filter(({ since }) => old(since)).map(({ item }) => item),
    emptyTo: Math.max(base.emptiedTo, Math.min(limit, base.emptiedTo + EMPTIED_PER_FOLD)) as RecordNumber,
  };
}

function coveredBy(base: Checkpoint): Checkpoint['covered'] {
  if (base.fold === '') return [];
  return [...base.covered, { number: base.state.number, time: base.time }];
}

export interface FoldParts {
  readonly fold: string;
  readonly now: number;
  readonly opening: Opening;
  readonly replay: Replay;
  readonly stored: Stored;
  readonly chunk: ChunkPlan['chunk'];
  /** Chunks that the checkpoint does without: what of them is in use lies in `chunk`. */
  readonly merge: ChosenChunks | null;
  readonly graveyards: readonly GraveyardInfo[];
  /** What was retired: deleted items leave the list, emptied records are done with. */
  readonly retired: { readonly items: readonly FoldedItem[]; readonly emptiedTo: RecordNumber };
  /** Overflow objects whose summaries lie in the chunk now. */
  readonly overflow: readonly FoldedItem[];
}

/** The checkpoint that replaces `opening.base`; which of its pages it keeps, `encodeCheckpoint` finds. */
export function nextCheckpoint(parts: FoldParts): UnpagedCheckpoint {
  const { fold, now, opening, replay, stored, chunk, retired } = parts;
  const { base, tail } = opening;
  const { packing } = replay;
  const gone = new Set(retired.items);
  const { merged = [], dead = [] } = parts.merge ?? {};
  const before = base.chunks.filter((each) => !merged.includes(each) && !dead.includes(each));
  const chunks = chunk
    ? [...before.filter(({ number }) => number !== chunk.info.number), chunk.info]
    : before;
  const fresh: Superseded[] = [
    ...supersededSegments(base, stored),
    ...base.chunks
      .filter((each) => !chunks.includes(each))
      .map((grown) => ({ kind: 'chunk' as const, fold: grown.fold })),
    ...base.graveyards
      .filter((old) => !parts.graveyards.includes(old))
      .map((old) => ({ kind: 'graveyard' as const, part: old.part, fold: old.fold })),
    ...parts.overflow,
    ...packing.superseded(),
  ].map((item) => ({ since: now, item }));
  return {
    fold,
    time: now,
    state: replay.state,
    journalBytes: tail.at(-1)?.journalBytes ?? base.journalBytes,
    bundled: stored.bundle !== null,
    segments: stored.segments,
    chunks,
    nextChunk: Math.max(base.nextChunk, ...chunks.map(({ number }) => number + 1)),
    graveyards: parts.graveyards,
    packs: packing.packsAfter(base.packs),
    superseded: [...base.superseded.filter(({ item }) => !gone.has(item)), ...fresh],
    emptiedTo: retired.emptiedTo,
    covered: coveredBy(base).filter(({ number }) => number > retired.emptiedTo),
  };
}

function supersededSegments(base: Checkpoint, stored: Stored): FoldedItem[] {
  if (base.bundled) return [];
  const kept = new Set([...stored.segments.values()].flat());
  return [...base.segments].flatMap(([mailbox, list]) =>
    list
      .filter((info) => stored.bundle !== null || !kept.has(info))
      .map(({ firstUid, fold }) => ({ kind: 'segment' as const, mailbox, firstUid, fold })),
  );
}
