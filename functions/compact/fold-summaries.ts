/** The summaries that a fold gathers into a chunk: those of the tail, and the chunk that they are put behind. */
import type { Checkpoint } from '../../shared/account/checkpoint.ts';
import type { Replay } from '../../shared/account/fold.ts';
import type { FoldSummaries } from '../../shared/account/fold-store.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import type { ArrivedSummary, WrittenChunk } from '../../shared/account/summary-chunk.ts';
import { summaryAt } from '../../shared/account/summary-reader.ts';
import { unlessLost } from './unless-lost.ts';

/** What came in the tail. A lost summary is worked out anew from its message by whoever wants it. */
export async function arrivedSummaries(
  summaries: FoldSummaries,
  account: AccountId,
  base: Checkpoint,
  { arrivals, restored }: Pick<Replay, 'arrivals' | 'restored'>,
): Promise<ArrivedSummary[]> {
  const arrived: ArrivedSummary[] = [];
  for (const { blob, place, record, slot, mailbox } of arrivals) {
    const summary = await unlessLost(summaryAt(summaries, account, { blob, summary: place }));
    if (summary) arrived.push({ from: { chunk: 0, at: record, slot }, mailbox, summary });
  }
  return [...arrived, ...(await strayed(summaries, account, base, restored))];
}

/**
 * Summaries of messages that came back, whose undelete was decided before the last fold and put after it: a fold makes no
 * conflict. Their rows name a record that is in no tail any more and is emptied soon, or a chunk that was merged into
 * another one, so they are worked out anew.
 */
async function strayed(
  summaries: FoldSummaries,
  account: AccountId,
  base: Checkpoint,
  restored: Replay['restored'],
): Promise<ArrivedSummary[]> {
  const found: ArrivedSummary[] = [];
  for (const { mailbox, row } of restored) {
    const { chunk, at } = row.summary;
    const known = chunk === 0 ? at > base.state.number : base.chunks.some(({ number }) => number === chunk);
    const summary = known ? null : await unlessLost(summaries.recompute(account, row));
    if (summary) found.push({ from: row.summary, mailbox, summary });
  }
  return found;
}

/** The last chunk of the checkpoint, if it may grow. */
export async function openChunk(
  summaries: FoldSummaries,
  account: AccountId,
  base: Checkpoint,
  chunkBytes: number,
): Promise<WrittenChunk | null> {
  const info = base.chunks.at(-1);
  if (!info || info.bytes >= chunkBytes) return null;
  const data = await unlessLost(summaries.chunk(account, info.fold, { start: 0, end: info.bytes }));
  // One that is not what the list says must not be built on.
  return data?.length === info.bytes ? { info, data } : null;
}
