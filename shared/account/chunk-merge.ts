/**
 * Which chunks of summaries are written anew as they age: those in which most messages are gone, and many small ones as one.
 * So their list in the checkpoint is as long as what they hold, not as long as the account's history, and summaries of
 * messages that were purged go.
 *
 * Pure. Who asks has every row of the account at hand, those that were expunged included.
 */
import type { ChunkInfo } from './checkpoint.ts';
import type { SummaryRef } from './columns.ts';
import { frameOf } from './summary-frame.ts';

export interface MergeLimits {
  /** A chunk that has grown to this is closed. */
  readonly chunkBytes: number;
  /** A chunk that others were merged into has at most so many, and at least half of it: then it is left alone. */
  readonly mergedBytes: number;
}

export interface ChosenChunks {
  /** To be written anew, as one. */
  readonly merged: readonly ChunkInfo[];
  /** In which nobody's summary lies. */
  readonly dead: readonly ChunkInfo[];
}

/** How many summaries of each chunk are named. Copies of a message share one. */
export function liveSummaries(named: Iterable<{ readonly ref: SummaryRef }>): ReadonlyMap<number, number> {
  const live = new Map<number, Set<number>>();
  for (const { ref } of named) {
    if (ref.chunk === 0) continue;
    const known = live.get(ref.chunk);
    const key = ref.at * SLOTS + frameOf(ref).slot;
    if (known) known.add(key);
    else live.set(ref.chunk, new Set([key]));
  }
  return new Map([...live].map(([chunk, keys]) => [chunk, keys.size]));
}

/** More than a frame has. */
const SLOTS = 256;

/** `chunks` of a checkpoint, in its order, and what of them is in use. */
export function chunksToMerge(
  chunks: readonly ChunkInfo[],
  live: ReadonlyMap<number, number>,
  { chunkBytes, mergedBytes }: MergeLimits,
): ChosenChunks {
  const last = chunks.at(-1);
  const open = last && last.bytes < chunkBytes ? last : null;
  const closed = chunks.filter((chunk) => chunk !== open);
  const liveIn = ({ number }: ChunkInfo): number => live.get(number) ?? 0;
  const dead = closed.filter((chunk) => liveIn(chunk) === 0);
  const used = closed.filter((chunk) => liveIn(chunk) > 0);
  // Of older chunks it is not known how many they had.
  const sparse = used.filter((chunk) => chunk.count > 0 && liveIn(chunk) * 2 < chunk.count);
  const small = used.filter((chunk) => !sparse.includes(chunk) && chunk.bytes * 2 < mergedBytes);
  const suffice = small.reduce((sum, { bytes }) => sum + bytes, 0) * 2 >= mergedBytes;
  const merged: ChunkInfo[] = [];
  let bytes = open?.bytes ?? 0;
  for (const chunk of [...sparse, ...(suffice ? small : [])]) {
    if (bytes + chunk.bytes > mergedBytes && merged.length > 0) break;
    merged.push(chunk);
    bytes += chunk.bytes;
  }
  // Behind the new one it would not grow any more.
  return { merged: merged.length > 0 && open ? [...merged, open] : merged, dead };
}
