/**
 * Frames of summaries in a chunk: up to `SUMMARIES_PER_FRAME` of them, compressed together, read by one byte range.
 * Mail of one mailbox is alike, so that together they take a third of what each would take alone.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decode, encode } from 'cborg';
import type { SummaryRef } from './columns.ts';

export const SUMMARIES_PER_FRAME = 32;
/** Bytes before compression after which a frame is closed early, so that one summary is never a large read. */
export const FRAME_BYTES = 65_536;

const SLOTS = 256;

/** Seals a frame for its place in a chunk, or opens it again. */
export type FrameCoder = (chunk: number, offset: number, frame: Uint8Array) => Uint8Array;

/** Where nothing is sealed. */
export const UNSEALED: FrameCoder = (_chunk, _offset, frame) => frame;

export function encodeFrame(summaries: readonly Uint8Array[]): Uint8Array {
  return zstdCompressSync(encode(summaries));
}

export function decodeFrame(bytes: Uint8Array): readonly Uint8Array[] {
  return decode(zstdDecompressSync(bytes)) as Uint8Array[];
}

/** How a row names the summary at `slot` of the frame of `length` bytes at `offset` of a chunk. */
export function frameRef(chunk: number, offset: number, length: number, slot: number): SummaryRef {
  return { chunk, at: offset, slot: length * SLOTS + slot };
}

/** Inverse of `frameRef`. */
export function frameOf(ref: SummaryRef): { offset: number; length: number; slot: number } {
  return { offset: ref.at, length: Math.floor(ref.slot / SLOTS), slot: ref.slot % SLOTS };
}
