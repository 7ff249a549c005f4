/** Reads what a fold writes anew of old chunks: the summaries in them that a row still names. */
import { type ChosenChunks, chunksToMerge, liveSummaries } from '../../shared/account/chunk-merge.ts';
import type { ChunkInfo } from '../../shared/account/checkpoint.ts';
import type { SummaryRef } from '../../shared/account/columns.ts';
import type { FoldLimits, Replay } from '../../shared/account/fold.ts';
import type { FoldStore, FoldSummaries } from '../../shared/account/fold-store.ts';
import { decodeGraveyard } from '../../shared/account/graveyard.ts';
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
  const named = await namedIn(deps, account, opening, replay);
  if (!named) return null;
  const chosen = chunksToMerge(chunks, liveSummaries(named.map(({ ref }) => ref)), limits);
  const merged: ChunkInfo[] = [];
  const summaries: ArrivedSummary[] = [];
  for (const info of chosen.merged) {
    const refs = named.filter(({ ref }) => ref.chunk === info.number);
    const found = await summariesIn(deps, account, info, refs);
    // One that cannot be read stays as it is: what of it can be had is had by its readers.
    if (!found) continue;
    merged.push(info);
    summaries.push(...found);
  }
  return merged.length + chosen.dead.length > 0 ? { merged, dead: chosen.dead, summaries } : null;
}

async function namedIn(
  { folds }: MergeDeps,
  account: AccountId,
  { base }: Opening,
  { state, buried, purges }: Replay,
): Promise<Named[] | null> {
  const named: Named[] = [];
  for (const { id, columns } of state.mailboxes.values())
    for (let row = 0; columns && row < columns.count; row++)
      named.push({ ref: columns.summaryAt(row), mailbox: id });
  const forgets = forgottenByAll(purges);
  for (const { part, fold } of base.graveyards) {
    const data = await folds.graveyard(account, part, fold);
    if (!data) return null;
    for (const one of decodeGraveyard(data))
      if (!forgets(one)) named.push({ ref: one.row.summary, mailbox: one.mailbox });
  }
  for (const { row, mailbox } of buried) named.push({ ref: row.summary, mailbox });
  return named.filter(({ ref }) => ref.chunk !== 0);
}

async function summariesIn(
  { summaries }: MergeDeps,
  account: AccountId,
  info: ChunkInfo,
  named: readonly Named[],
): Promise<ArrivedSummary[] | null> {
  if (named.length === 0) return [];
  const data = await unlessLost(summaries.chunk(account, info.fold, { start: 0, end: info.bytes }));
  if (data?.length !== info.bytes) return null;
  const opened = await summaries.frameOpener(account);
  const frames = new Map<number, readonly Uint8Array[]>();
  const found: ArrivedSummary[] = [];
  const seen = new Set<string>();
  for (const { ref, mailbox } of named) {
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
