/**
 * Summaries of the tail, gathered into frames of a chunk by a fold, so that emptying their records loses none.
 *
 * A chunk grows from fold to fold: the next object holds the bytes of the last one and the new frames behind them, under
 * the same number. References into it stay right, and an account of 100,000 messages has dozens of chunks, not thousands.
 */
import type { ChunkInfo } from './checkpoint.ts';
import type { SummaryRef } from './columns.ts';
import type { MailboxId } from './ids.ts';
import { FRAME_BYTES, type FrameCoder, SUMMARIES_PER_FRAME, encodeFrame, frameRef } from './summary-frame.ts';

/** A reference has 24 bits for a frame's length; a larger one (of a single summary) is left to be worked out anew. */
const FRAME_LENGTH_LIMIT = 2 ** 24;

/** A summary, and where it lay before: with the append op that brought it, or in an older chunk. */
export interface ArrivedSummary {
  readonly from: SummaryRef;
  readonly mailbox: MailboxId;
  readonly summary: Uint8Array;
}

/** Where a row's summary lies after the fold. */
export type Relocate = (ref: SummaryRef) => SummaryRef;

export interface WrittenChunk {
  readonly info: ChunkInfo;
  readonly data: Uint8Array;
}

export interface ChunkPlan {
  /** Null: no summary arrived. */
  readonly chunk: WrittenChunk | null;
  readonly relocate: Relocate;
}

/**
 * The chunk that holds `arrived`. `open` is the last chunk if it may grow, with its bytes; without it the chunk gets
 * `nextNumber`. Frames are sealed for their place by `seal`.
 */
export function planChunk(
  arrived: readonly ArrivedSummary[],
  open: WrittenChunk | null,
  nextNumber: number,
  fold: string,
  seal: FrameCoder,
): ChunkPlan {
  const number = open?.info.number ?? nextNumber;
  const pieces: Uint8Array[] = open ? [open.data] : [];
  let offset = open?.data.length ?? 0;
  const places = new Map<string, SummaryRef>();
  for (const group of frames(arrived)) {
    const frame = seal(number, offset, encodeFrame(group.map(({ summary }) => summary)));
    if (frame.length >= FRAME_LENGTH_LIMIT) continue;
    group.forEach(({ from }, index) => {
      places.set(keyOf(from), frameRef(number, offset, frame.length, index));
    });
    pieces.push(frame);
    offset += frame.length;
  }
  const relocate: Relocate = (ref) => places.get(keyOf(ref)) ?? ref;
  if (places.size === 0) return { chunk: null, relocate };
  const count = (open?.info.count ?? 0) + places.size;
  return { chunk: { info: { number, fold, bytes: offset, count }, data: Buffer.concat(pieces) }, relocate };
}

const keyOf = ({ chunk, at, slot }: SummaryRef): string => `${chunk}/${at}/${slot}`;

const chunkOrder = ({ chunk }: SummaryRef): number => (chunk === 0 ? Number.MAX_SAFE_INTEGER : chunk);
/** In their order: older chunks, and then what arrived. */
const inOrder = (a: SummaryRef, b: SummaryRef): number =>
  chunkOrder(a) - chunkOrder(b) || a.at - b.at || a.slot - b.slot;

/** Those of one mailbox together: they are asked for together. */
function frames(arrived: readonly ArrivedSummary[]): ArrivedSummary[][] {
  const sorted = arrived.toSorted((a, b) => a.mailbox - b.mailbox || inOrder(a.from, b.from));
  const groups: ArrivedSummary[][] = [];
  let bytes = 0;
  for (const each of sorted) {
    const group = groups.at(-1);
    const joins =
      group?.[0]?.mailbox === each.mailbox &&
      group.length < SUMMARIES_PER_FRAME &&
      bytes + each.summary.length <= FRAME_BYTES;
    if (joins) group.push(each);
    else groups.push([each]);
    bytes = (joins ? bytes : 0) + each.summary.length;
  }
  return groups;
}
