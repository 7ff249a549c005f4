/**
 * The messages of one mailbox as typed arrays, a row a message in ascending order of UID: 58 bytes a message, 60
 * where messages lie in packs, no object.
 *
 * A `Columns` is a value: it never changes once made, so a command may stream from it while the mailbox moves on.
 * Values share their arrays. An append writes behind the rows that older values can see; a change of flags copies the
 * three columns that flags live in; only an expunge copies all.
 */
import { FixedArrays, FlagArrays } from './column-arrays.ts';
import type { BlobId, ModSeq, PackId, Uid } from './ids.ts';
import { type FlagMode, type Flags, KeywordSets, combineKeywords, combineSystem } from './flags.ts';
import { PackColumn, type PackedBlobs } from './pack-column.ts';
import { BLOB_BYTES } from './pack-op.ts';
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

/**
 * A mailbox has at least room for so many rows, and grows by so many or a 64th: what is spare is paid for by every mailbox in
 * memory, what is copied (60 bytes × 64 a message, in the long run: a microsecond) only by those that many messages come to.
 */
const MIN_CAPACITY = 16;
const grown = (count: number): number => count + Math.max(MIN_CAPACITY, count >> 6);

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
    return Columns.unpacked(segments, count);
  }

  /** As `ofSegments`, of segments that are made one at a time. `expected`: how many rows they are said to have. */
  static unpacked(segments: Iterable<SegmentColumns>, expected: number): Columns {
    const keywordSets = new KeywordSets();
    let flags = new FlagArrays(Math.max(MIN_CAPACITY, expected));
    let fixed = new FixedArrays(flags.capacity);
    let packs = PackColumn.NONE;
    let count = 0;
    for (const segment of segments) {
      const total = count + segment.system.length;
      if (total > flags.capacity) {
        flags = flags.copy(count, total);
        fixed = fixed.copy(count, total);
      }
      flags.unpack(count, segment, keywordSets);
      fixed.unpack(count, segment);
      packs = packs.withSegment(count, segment, flags.capacity);
      count = total;
    }
    flags.used = fixed.used = count;
    return new Columns(count, flags, fixed, packs, keywordSets);
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
    return this.#fixed.bytes + this.#flags.bytes + this.#packs.bytes;
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
      chunk: this.#fixed.chunk.at(row),
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
    fixed.chunk.set(at, row.summary.chunk);
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
      if (packed?.(blob, row * BLOB_BYTES) || chunks.has(chunk.at(row))) return true;
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
