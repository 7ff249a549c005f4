/**
 * The messages of one mailbox as typed arrays, a row a message in ascending order of UID: 60 bytes a message, 62
 * where messages lie in packs, no object.
 *
 * A `Columns` is a value: it never changes once made, so a command may stream from it while the mailbox moves on.
 * Values share their arrays. An append writes behind the rows that older values can see; a change of flags copies the
 * three columns that flags live in; only an expunge copies all.
 */
import type { BlobId, ModSeq, PackId, Uid } from './ids.ts';
import { type FlagMode, type Flags, KeywordSets, combineKeywords, combineSystem } from './flags.ts';
import { IndexArray } from './index-array.ts';
import { PackColumn, type PackedBlobs } from './pack-column.ts';
import { BLOB_BYTES } from './pack-op.ts';
import { unpackInto, unpackNumbers } from './packed-numbers.ts';
import type { SegmentColumns } from './segment.ts';
import { type UidRanges, forEachRow, lowerBound } from './uid-ranges.ts';

/** Minutes. */
export const ZONE_STEP = 15;

/** Where a blob lies: in a pack, or, with null, in an object of its own. */
export interface BlobPlace {
  readonly blob: BlobId;
  readonly pack: PackId | null;
}

/** Where a blob lies that was put a moment ago. */
export const unpacked = (blob: BlobId): BlobPlace => ({ blob, pack: null });

/** Where a message's summary lies: in a record of the journal, or in a chunk. */
export interface SummaryRef {
  /** 0: record `at` of the journal, op `slot`. Else the chunk of that number in the checkpoint's list. */
  readonly chunk: number;
  /** Record number, or byte offset of the frame in the chunk. */
  readonly at: number;
  /** Op index; or the frame's length × 256 + the summary's place in the frame. */
  readonly slot: number;
}

export interface Row extends Flags, BlobPlace {
  readonly uid: Uid;
  readonly modSeq: ModSeq;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly date: number;
  /** Minutes east of UTC, a multiple of `ZONE_STEP`. */
  readonly zone: number;
  /** When it came into this mailbox, seconds since the epoch (RFC 8514). */
  readonly saved: number;
  readonly summary: SummaryRef;
}

/** Columns that change with flags. */
class FlagArrays {
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
    unpackNumbers(packed.set).forEach((set, index) => this.keywordSet.set(row + index, interned[set] ?? 0));
  }
}

/** Columns that stay as they are while the message lives. */
class FixedArrays {
  used = 0;
  readonly capacity: number;
  readonly uid: Uint32Array;
  readonly size: Uint32Array;
  readonly date: Float64Array;
  /** Quarters of an hour: no zone in use has another step. */
  readonly zone: Int8Array;
  readonly saved: Uint32Array;
  readonly blob: Uint8Array;
  readonly chunk: Uint32Array;
  readonly at: Uint32Array;
  readonly slot: Uint32Array;
  constructor(capacity: number) {
    this.capacity = capacity;
    this.uid = new Uint32Array(capacity);
    this.size = new Uint32Array(capacity);
    this.date = new Float64Array(capacity);
    this.zone = new Int8Array(capacity);
    this.saved = new Uint32Array(capacity);
    this.blob = new Uint8Array(capacity * BLOB_BYTES);
    this.chunk = new Uint32Array(capacity);
    this.at = new Uint32Array(capacity);
    this.slot = new Uint32Array(capacity);
  }
  copy(count: number, capacity: number): FixedArrays {
    const copy = new FixedArrays(capacity);
    copy.uid.set(this.uid.subarray(0, count));
    copy.size.set(this.size.subarray(0, count));
    copy.date.set(this.date.subarray(0, count));
    copy.zone.set(this.zone.subarray(0, count));
    copy.saved.set(this.saved.subarray(0, count));
    copy.blob.set(this.blob.subarray(0, count * BLOB_BYTES));
    copy.chunk.set(this.chunk.subarray(0, count));
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
    unpackInto(this.chunk, row, packed.chunk);
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
    this.chunk[to] = this.chunk[from] as number;
    this.at[to] = this.at[from] as number;
    this.slot[to] = this.slot[from] as number;
  }
}

/** Bytes of memory that one row of capacity takes, beside its set of keywords and its pack. */
const FLAG_BYTES_PER_ROW = 1 + 8;
const FIXED_BYTES_PER_ROW = 4 + 4 + 8 + 1 + 4 + BLOB_BYTES + 4 + 4 + 4;

/**
 * A mailbox has at least room for so many rows, and grows by so many or a 32nd: what is spare is paid for by every mailbox in
 * memory, what is copied (62 bytes × 32 a message, in the long run) only by those that many messages come to.
 */
const MIN_CAPACITY = 16;
const grown = (count: number): number => count + Math.max(MIN_CAPACITY, count >> 5);

export class Columns {
  readonly count: number;
  readonly keywordSets: KeywordSets;
  readonly #flags: FlagArrays;
  readonly #fixed: FixedArrays;
  readonly #packs: PackColumn;

  private constructor(
    count: number,
    flags: FlagArrays,
    fixed: FixedArrays,
    packs: PackColumn,
    keywordSets: KeywordSets,
  ) {
    this.count = count;
    this.#flags = flags;
    this.#fixed = fixed;
    this.#packs = packs;
    this.keywordSets = keywordSets;
  }

  static empty(): Columns {
    return new Columns(0, new FlagArrays(0), new FixedArrays(0), PackColumn.NONE, new KeywordSets());
  }

  /** Columns of `rows`, which must be ascending by UID. */
  static of(rows: Iterable<Row>, expected = 0): Columns {
    let columns = Columns.empty().#reserve(expected);
    for (const row of rows) columns = columns.append(row);
    return columns;
  }

  /** The rows of segments, in their order, without an object a row: 100,000 of those would stop a process for a while. */
  static ofSegments(segments: readonly SegmentColumns[]): Columns {
    const count = segments.reduce((sum, { system }) => sum + system.length, 0);
    const keywordSets = new KeywordSets();
    const flags = new FlagArrays(Math.max(MIN_CAPACITY, count));
    const fixed = new FixedArrays(flags.capacity);
    let row = 0;
    for (const segment of segments) {
      flags.unpack(row, segment, keywordSets);
      fixed.unpack(row, segment);
      row += segment.system.length;
    }
    flags.used = fixed.used = count;
    return new Columns(count, flags, fixed, PackColumn.ofSegments(segments), keywordSets);
  }

  /** UIDs, ascending; the first `count` entries are this value's. */
  get uids(): Uint32Array {
    return this.#fixed.uid;
  }
  get system(): Uint8Array {
    return this.#flags.system;
  }
  get keywordSet(): ArrayLike<number> {
    return this.#flags.keywordSet.cells;
  }
  get modSeqs(): Float64Array {
    return this.#flags.modSeq;
  }
  get sizes(): Uint32Array {
    return this.#fixed.size;
  }
  get dates(): Float64Array {
    return this.#fixed.date;
  }
  zoneAt(row: number): number {
    return (this.#fixed.zone[row] as number) * ZONE_STEP;
  }
  get saved(): Uint32Array {
    return this.#fixed.saved;
  }
  /** Bytes of memory held. Values that share arrays each count them. */
  get bytes(): number {
    const indices = this.#flags.keywordSet.bytes + this.#packs.bytes;
    return this.#fixed.capacity * FIXED_BYTES_PER_ROW + this.#flags.capacity * FLAG_BYTES_PER_ROW + indices;
  }

  uidAt(row: number): Uid {
    return this.#fixed.uid[row] as Uid;
  }
  keywordsAt(row: number): readonly string[] {
    return this.keywordSets.at(this.#flags.keywordSet.at(row));
  }
  blobAt(row: number): BlobId {
    const { buffer, byteOffset } = this.#fixed.blob;
    return Buffer.from(buffer, byteOffset + row * BLOB_BYTES, BLOB_BYTES).toString('hex') as BlobId;
  }
  placeAt(row: number): BlobPlace {
    return { blob: this.blobAt(row), pack: this.packAt(row) };
  }
  packAt(row: number): PackId | null {
    return this.#packs.at(row);
  }
  summaryAt(row: number): SummaryRef {
    return {
      chunk: this.#fixed.chunk[row] as number,
      at: this.#fixed.at[row] as number,
      slot: this.#fixed.slot[row] as number,
    };
  }

  /** Row of the UID, or -1. */
  rowOf(uid: number): number {
    const row = lowerBound(this.#fixed.uid, this.count, uid);
    return row < this.count && this.#fixed.uid[row] === uid ? row : -1;
  }

  row(row: number): Row {
    return {
      uid: this.uidAt(row),
      system: this.#flags.system[row] as number,
      keywords: this.keywordsAt(row),
      modSeq: this.#flags.modSeq[row] as ModSeq,
      size: this.#fixed.size[row] as number,
      date: this.#fixed.date[row] as number,
      zone: this.zoneAt(row),
      saved: this.#fixed.saved[row] as number,
      blob: this.blobAt(row),
      pack: this.packAt(row),
      summary: this.summaryAt(row),
    };
  }

  /** With one more message, whose UID must be above all others. */
  append(row: Row): Columns {
    const target = this.#reserve(this.count + 1);
    const flags = target.#flags;
    const fixed = target.#fixed;
    const at = this.count;
    flags.system[at] = row.system;
    flags.keywordSet.set(at, this.keywordSets.intern(row.keywords));
    flags.modSeq[at] = row.modSeq;
    fixed.uid[at] = row.uid;
    fixed.size[at] = row.size;
    fixed.date[at] = row.date;
    fixed.zone[at] = Math.round(row.zone / ZONE_STEP);
    fixed.saved[at] = row.saved;
    fixed.blob.set(Buffer.from(row.blob, 'hex'), at * BLOB_BYTES);
    fixed.chunk[at] = row.summary.chunk;
    fixed.at[at] = row.summary.at;
    fixed.slot[at] = row.summary.slot;
    flags.used = fixed.used = at + 1;
    const packs = this.#packs.append(at, row.pack, fixed.capacity);
    return new Columns(at + 1, flags, fixed, packs, this.keywordSets);
  }

  /** With the flags of the chosen messages changed and their mod-sequence set. */
  withFlags(
    uids: UidRanges,
    mode: FlagMode,
    system: number,
    keywords: readonly string[],
    modSeq: ModSeq,
  ): Columns {
    const flags = this.#flags.copy(this.count, this.#flags.capacity);
    const combined = new Map<number, number>();
    forEachRow(uids, this.#fixed.uid, this.count, (row) => {
      flags.system[row] = combineSystem(flags.system[row] as number, mode, system);
      flags.modSeq[row] = modSeq;
      const set = flags.keywordSet.at(row);
      let next = combined.get(set);
      if (next === undefined) {
        next = this.keywordSets.intern(combineKeywords(this.keywordSets.at(set), mode, keywords));
        combined.set(set, next);
      }
      flags.keywordSet.set(row, next);
    });
    return new Columns(this.count, flags, this.#fixed, this.#packs, this.keywordSets);
  }

  /**
   * With flags and mod-sequences of its own, which `change` sets: columns as one reader has them. What does not depend on
   * the reader is shared.
   */
  withOwnFlags(change: (system: Uint8Array, modSeqs: Float64Array) => void): Columns {
    const flags = this.#flags.copy(this.count, Math.max(MIN_CAPACITY, this.count));
    change(flags.system, flags.modSeq);
    return new Columns(this.count, flags, this.#fixed, this.#packs, this.keywordSets);
  }

  /** With the messages whose blobs are `packed` in `pack`. */
  inPack(packed: PackedBlobs, pack: PackId): Columns {
    const rows = this.rowsOf(packed);
    if (rows.length === 0) return this;
    const packs = this.#packs.withRows(this.count, rows, pack);
    return new Columns(this.count, this.#flags, this.#fixed, packs, this.keywordSets);
  }

  /** The rows whose blobs are `wanted`. */
  rowsOf(wanted: PackedBlobs): number[] {
    const rows: number[] = [];
    for (let row = 0; row < this.count; row++) if (wanted(this.#fixed.blob, row * BLOB_BYTES)) rows.push(row);
    return rows;
  }

  /** Whether a row of `from` … `to` (end excluded) has a blob that is `packed`, or its summary in one of `chunks`. */
  anyMoved(from: number, to: number, packed: PackedBlobs | null, chunks: ReadonlySet<number>): boolean {
    const { blob, chunk } = this.#fixed;
    for (let row = from; row < to; row++)
      if (packed?.(blob, row * BLOB_BYTES) || chunks.has(chunk[row] as number)) return true;
    return false;
  }

  /** Without the chosen messages. */
  without(uids: UidRanges): Columns {
    const capacity = Math.max(MIN_CAPACITY, this.count);
    const flags = this.#flags.copy(this.count, capacity);
    const fixed = this.#fixed.copy(this.count, capacity);
    const rows: number[] = [];
    let kept = 0;
    let range = 0;
    for (let row = 0; row < this.count; row++) {
      const uid = fixed.uid[row] as number;
      while (range < uids.length && (uids[range + 1] as number) < uid) range += 2;
      if (range < uids.length && (uids[range] as number) <= uid) continue;
      if (kept !== row) {
        fixed.moveRow(row, kept);
        flags.system[kept] = flags.system[row] as number;
        flags.keywordSet.set(kept, flags.keywordSet.at(row));
        flags.modSeq[kept] = flags.modSeq[row] as number;
      }
      kept = rows.push(row);
    }
    flags.used = fixed.used = kept;
    return new Columns(kept, flags, fixed, this.#packs.only(rows), this.keywordSets);
  }

  /**
   * A value with room for `total` rows. Rows behind `count` may belong to a younger value (or to a trial that was
   * given up): then the arrays are copied, so that no two values ever write the same row.
   */
  #reserve(total: number): Columns {
    const fits = (arrays: { used: number; capacity: number }): boolean =>
      arrays.used === this.count && arrays.capacity >= total;
    if (fits(this.#flags) && fits(this.#fixed)) return this;
    const capacity = Math.max(total, grown(this.count));
    const flags = fits(this.#flags) ? this.#flags : this.#flags.copy(this.count, capacity);
    const fixed = fits(this.#fixed) ? this.#fixed : this.#fixed.copy(this.count, capacity);
    return new Columns(this.count, flags, fixed, this.#packs, this.keywordSets);
  }
}
