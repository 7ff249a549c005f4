/** Reads what a fold writes anew of old chunks: the summaries in them that a row still names. */
import { type ChosenChunks, chunksToMerge, liveSummaries } from '../../shared/account/chunk-merge.ts';
import type { ChunkInfo } from '../../shared/account/checkpoint.ts';
import type { SummaryRef } from '../../shared/account/columns.ts';
import type { FoldLimits, Replay } from '../../shared/account/fold.ts';
import type { FoldStore, FoldSummaries } from '../../shared/account/fold-store.ts';
import { type BuriedRow, decodeGraveyard } from '../../shared/account/graveyard.ts';
import type { AccountId, MailboxId } from '../../shared/account/ids.ts';
import type { Opening } from '../../shared/account/opening.ts';
import { forgottenByAll } from '../../shared/account/purges.ts';
import type { ArrivedSummary } from '../../shared/account/summary-chunk.ts';
import { decodeFrame, frameOf } from '../../shared/account/summary-frame.ts';
import { unlessLost } from './unless-lost.ts';

export interface ChunkMerge extends ChosenChunks {
  /** What lies in `merged` and is named. */
  readonly summaries: readonly ArrivedSummary[];
}

interface MergeDeps {
  readonly folds: Pick<FoldStore, 'graveyard'>;
  readonly summaries: Pick<FoldSummaries, 'chunk' | 'frameOpener'>;
}

/** A summary, and the mailbox whose messages it is asked for with. */
interface Named {
  readonly ref: SummaryRef;
  readonly mailbox: MailboxId;
}

/** What is to be merged; null if nothing is, or a graveyard is gone: a younger fold came between. */
export async function planMerge(
  deps: MergeDeps,
  account: AccountId,
  opening: Opening,
  replay: Replay,
  limits: FoldLimits,
): Promise<ChunkMerge | null> {
  const { chunks } = opening.base;
  // One that grows is written by every fold.
  if (chunks.every(({ bytes }) => bytes < limits.chunkBytes)) return null;
  const graves = await gravesOf(deps, account, opening, replay);
  if (!graves) return null;
  const live = liveSummaries(named(replay, graves));
  const read = new Map<ChunkInfo, ArrivedSummary[] | null>();
  for (;;) {
    // One that cannot be read stays as it is: what of it can be had is had by its readers.
    const readable = chunks.filter((info) => read.get(info) !== null);
    const { merged, dead } = chunksToMerge(readable, live, limits);
    const unread = merged.filter((info) => !read.has(info));
    const wanted = namedBy(replay, graves, unread);
    for (const info of unread)
      read.set(info, await summariesIn(deps, account, info, wanted.get(info.number) ?? []));
    if (merged.some((info) => read.get(info) === null)) continue;
    if (merged.length + dead.length === 0) return null;
    return { merged, dead, summaries: merged.flatMap((info) => read.get(info) ?? []) };
  }
}

/** What is named of some chunks: of a million rows, only those in question are gathered. */
function namedBy(
  replay: Replay,
  graves: readonly BuriedRow[],
  chunks: readonly ChunkInfo[],
): ReadonlyMap<number, readonly Named[]> {
  const byChunk = new Map<number, Named[]>(chunks.map(({ number }) => [number, []]));
  for (const each of named(replay, graves)) byChunk.get(each.ref.chunk)?.push(each);
  return byChunk;
}

/** The rows of graveyards that are not purged. */
async function gravesOf(
  { folds }: MergeDeps,
  account: AccountId,
  { base }: Opening,
  { purges }: Replay,
): Promise<BuriedRow[] | null> {
  const rows: BuriedRow[] = [];
  const forgets = forgottenByAll(purges);
  for (const { part, fold } of base.graveyards) {
    const data = await folds.graveyard(account, part, fold);
    if (!data) return null;
    for (const row of decodeGraveyard(data)) if (!forgets(row)) rows.push(row);
  }
  return rows;
}

function* named({ state, buried }: Replay, graves: readonly BuriedRow[]): Generator<Named> {
  for (const { id, columns } of state.mailboxes.values())
    for (let row = 0; columns && row < columns.count; row++)
      yield { ref: columns.summaryAt(row), mailbox: id };
  for (const { row, mailbox } of graves) yield { ref: row.summary, mailbox };
  for (const { row, mailbox } of buried) yield { ref: row.summary, mailbox };
}

async function summariesIn(
  { summaries }: MergeDeps,
  account: AccountId,
  info: ChunkInfo,
  wanted: readonly Named[],
): Promise<ArrivedSummary[] | null> {
  if (wanted.length === 0) return [];
  const data = await unlessLost(summaries.chunk(account, info.fold, { start: 0, end: info.bytes }));
  if (data?.length !== info.bytes) return null;
  const opened = await unlessLost(summaries.frameOpener(account));
  if (!opened) return null;
  const frames = new Map<number, readonly Uint8Array[]>();
  const found: ArrivedSummary[] = [];
  const seen = new Set<string>();
  for (const { ref, mailbox } of wanted) {
    const { offset, length, slot } = frameOf(ref);
    if (seen.has(`${offset}/${slot}`)) continue;
    seen.add(`${offset}/${slot}`);
    const sealed = data.subarray(offset, offset + length);
    const frame = frames.get(offset) ?? orNull(() => decodeFrame(opened(info.number, offset, sealed)));
    if (!frame) return null;
    frames.set(offset, frame);
    const summary = frame[slot];
    if (!summary) return null;
    found.push({ from: ref, mailbox, summary });
  }
  return found;
}

/** What does not decode is damaged: no reason for an account not to be folded. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
