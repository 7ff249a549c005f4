/** The typed arrays of `Columns`, which writes behind the rows that older values can see; else they are copied. */
import type { KeywordSets } from './flags.ts';
import { IndexArray } from './index-array.ts';
import { BLOB_BYTES } from './pack-op.ts';
import { unpackInto } from './packed-numbers.ts';
import type { SegmentColumns } from './segment.ts';

/** Columns that change with flags. */
export class FlagArrays {
  used = 0;
  readonly capacity: number;
  readonly system: Uint8Array;
  readonly keywordSet: IndexArray;
  readonly modSeq: Float64Array;

  constructor(capacity: number, keywordSet = new IndexArray(capacity)) {
    this.capacity = capacity;
    this.system = new Uint8Array(capacity);
    this.keywordSet = keywordSet;
    this.modSeq = new Float64Array(capacity);
  }

  get bytes(): number {
    return (
      this.capacity * (this.system.BYTES_PER_ELEMENT + this.modSeq.BYTES_PER_ELEMENT) + this.keywordSet.bytes
    );
  }

  copy(count: number, capacity: number): FlagArrays {
    const copy = new FlagArrays(capacity, this.keywordSet.copy(count, capacity));
    copy.system.set(this.system.subarray(0, count));
    copy.modSeq.set(this.modSeq.subarray(0, count));
    copy.used = count;
    return copy;
  }

  /** Writes the rows of a segment from `row` on. */
  unpack(row: number, packed: SegmentColumns, keywordSets: KeywordSets): void {
    this.system.set(packed.system, row);
    unpackInto(this.modSeq, row, packed.modSeq);
    const interned = packed.sets.map((keywords) => keywordSets.intern(keywords));
    this.keywordSet.unpack(row, packed.set, (set) => interned[set] ?? 0);
  }
}

/** Of a row, beside its chunk: UID, size, date, zone, saved, blob, and the place of its summary. */
const BYTES_PER_ROW = 4 + 4 + 8 + 1 + 4 + BLOB_BYTES + 4 + 4;

/** Columns that stay as they are while the message lives. */
export class FixedArrays {
  used = 0;
  readonly capacity: number;
  readonly uid: Uint32Array;
  readonly size: Uint32Array;
  readonly date: Float64Array;
  /** Quarters of an hour: no zone in use has another step. */
  readonly zone: Int8Array;
  readonly saved: Uint32Array;
  readonly blob: Uint8Array;
  /** Chunks are of a megabyte each. */
  readonly chunk: IndexArray;
  readonly at: Uint32Array;
  readonly slot: Uint32Array;

  constructor(capacity: number, chunk = new IndexArray(capacity)) {
    this.capacity = capacity;
    this.uid = new Uint32Array(capacity);
    this.size = new Uint32Array(capacity);
    this.date = new Float64Array(capacity);
    this.zone = new Int8Array(capacity);
    this.saved = new Uint32Array(capacity);
    this.blob = new Uint8Array(capacity * BLOB_BYTES);
    this.chunk = chunk;
    this.at = new Uint32Array(capacity);
    this.slot = new Uint32Array(capacity);
  }

  get bytes(): number {
    return this.capacity * BYTES_PER_ROW + this.chunk.bytes;
  }

  copy(count: number, capacity: number): FixedArrays {
    const copy = new FixedArrays(capacity, this.chunk.copy(count, capacity));
    copy.uid.set(this.uid.subarray(0, count));
    copy.size.set(this.size.subarray(0, count));
    copy.date.set(this.date.subarray(0, count));
    copy.zone.set(this.zone.subarray(0, count));
    copy.saved.set(this.saved.subarray(0, count));
    copy.blob.set(this.blob.subarray(0, count * BLOB_BYTES));
    copy.at.set(this.at.subarray(0, count));
    copy.slot.set(this.slot.subarray(0, count));
    copy.used = count;
    return copy;
  }

  /** Writes the rows of a segment from `row` on. */
  unpack(row: number, packed: SegmentColumns): void {
    unpackInto(this.uid, row, packed.uid);
    unpackInto(this.size, row, packed.size);
    unpackInto(this.date, row, packed.date);
    unpackInto(this.zone, row, packed.zone);
    unpackInto(this.saved, row, packed.saved);
    this.blob.set(packed.blob, row * BLOB_BYTES);
    this.chunk.unpack(row, packed.chunk);
    unpackInto(this.at, row, packed.at);
    unpackInto(this.slot, row, packed.slot);
  }

  moveRow(from: number, to: number): void {
    this.uid[to] = this.uid[from] as number;
    this.size[to] = this.size[from] as number;
    this.date[to] = this.date[from] as number;
    this.zone[to] = this.zone[from] as number;
    this.saved[to] = this.saved[from] as number;
    this.blob.copyWithin(to * BLOB_BYTES, from * BLOB_BYTES, (from + 1) * BLOB_BYTES);
    this.chunk.set(to, this.chunk.at(from));
    this.at[to] = this.at[from] as number;
    this.slot[to] = this.slot[from] as number;
  }
}
