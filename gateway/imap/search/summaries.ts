/** Summaries of many messages, brought near in few requests, with turns for others: SEARCH, SORT and THREAD read by them. */
import type { Summary } from '../../../shared/message/summary.ts';
import { Turns } from '../server/fairness.ts';
import { ExpungedError, type MessageReader } from '../session/message-reader.ts';

/** Decoded at a time, about a millisecond's work between two turns of others. */
const BATCH = 64;
/** Brought near at a time, about 2 MB: a request of S3 takes as long for 2,048 summaries as for 64. */
const PREFETCH = 32 * BATCH;

export interface Summarized<T> {
  readonly item: T;
  readonly summary: Summary;
}

/** `items` with their summaries, a batch at a time. What has been expunged is left out; what cannot be read is thrown. */
export async function* withSummaries<T extends { readonly row: number }>(
  reader: MessageReader,
  items: readonly T[],
): AsyncGenerator<Summarized<T>[], void, undefined> {
  const turns = new Turns(BATCH);
  for (let at = 0; at < items.length; at += BATCH) {
    if (at % PREFETCH === 0) await reader.prefetch(items.slice(at, at + PREFETCH).map(({ row }) => row));
    const batch = items.slice(at, at + BATCH);
    const summaries = await reader.summaries(batch.map(({ row }) => row));
    const read: Summarized<T>[] = [];
    batch.forEach((item, index) => {
      const summary = summaries[index] ?? new Error('a summary is missing');
      if (!(summary instanceof Error)) read.push({ item, summary });
      else if (!(summary instanceof ExpungedError)) throw summary;
    });
    yield read;
    if (turns.spend(batch.length)) await turns.next();
  }
}
