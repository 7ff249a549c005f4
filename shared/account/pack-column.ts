/**
 * Which pack each message of a mailbox lies in: two bytes a message where any is packed, and none elsewhere.
 *
 * A value, like the `Columns` that it belongs to: an append writes behind the rows that older values can see, everything
 * else copies.
 */
import type { PackId } from './ids.ts';
import { IndexArray } from './index-array.ts';
import { BLOB_BYTES } from './pack-op.ts';
import type { SegmentColumns } from './segment.ts';

/** The packs that a column names; index 0 is none. Only ever added to, so that values of different ages share it. */
class PackTable {
  readonly #packs: (PackId | null)[] = [null];
  readonly #byId = new Map<PackId | null, number>([[null, 0]]);

  at(index: number): PackId | null {
    return this.#packs[index] ?? null;
  }
  intern(pack: PackId | null): number {
    const known = this.#byId.get(pack);
    if (known !== undefined) return known;
    this.#byId.set(pack, this.#packs.length);
    return this.#packs.push(pack) - 1;
  }
}

interface Rows {
  used: number;
  readonly capacity: number;
  readonly indices: IndexArray;
}

export class PackColumn {
  static readonly NONE = new PackColumn(null, new PackTable());
  /** Null: no row is packed. */
  readonly #rows: Rows | null;
  readonly #table: PackTable;

  private constructor(rows: Rows | null, table: PackTable) {
    this.#rows = rows;
    this.#table = table;
  }

  static #of(count: number, packOf: (row: number) => PackId | null): PackColumn {
    const table = new PackTable();
    const indices = new IndexArray(count);
    for (let row = 0; row < count; row++) indices.set(row, table.intern(packOf(row)));
    return new PackColumn({ used: count, capacity: count, indices }, table);
  }

  get bytes(): number {
    return this.#rows?.indices.bytes ?? 0;
  }

  at(row: number): PackId | null {
    return this.#rows ? this.#table.at(this.#rows.indices.at(row)) : null;
  }

  /** With one more row behind the first `count`; `capacity` is how far to make room if there is none. */
  append(count: number, pack: PackId | null, capacity: number): PackColumn {
    if (!this.#rows && pack === null) return this;
    const { rows, table } = this.#writable(count, count + 1, capacity);
    rows.indices.set(count, table.intern(pack));
    rows.used = count + 1;
    return new PackColumn(rows, table);
  }

  /** With the rows of a segment behind the first `count`; `capacity` as `append` has it. */
  withSegment(
    count: number,
    { packs, packed, system }: Pick<SegmentColumns, 'packs' | 'packed' | 'system'>,
    capacity: number,
  ): PackColumn {
    if (!this.#rows && packs.length === 0) return this;
    const { rows, table } = this.#writable(count, count + system.length, capacity);
    const interned = packs.map((pack) => table.intern(pack));
    rows.indices.unpack(count, packed, (place) => interned[place - 1] ?? 0);
    rows.used = count + system.length;
    return new PackColumn(rows, table);
  }

  /** With the chosen ones of the first `count` rows in `pack`. */
  withRows(count: number, chosen: readonly number[], pack: PackId): PackColumn {
    const { rows, table } = this.#copy(count, count);
    const index = table.intern(pack);
    for (const row of chosen) rows.indices.set(row, index);
    return new PackColumn(rows, table);
  }

  /** The rows `kept`, in their order. */
  only(kept: readonly number[]): PackColumn {
    if (!this.#rows || kept.every((row) => this.at(row) === null)) return PackColumn.NONE;
    return PackColumn.#of(kept.length, (index) => this.at(kept[index] as number));
  }

  #writable(count: number, total: number, capacity: number): { rows: Rows; table: PackTable } {
    const rows = this.#rows;
    if (rows?.used === count && rows.capacity >= total) return { rows, table: this.#table };
    return this.#copy(count, Math.max(total, capacity));
  }

  #copy(count: number, capacity: number): { rows: Rows; table: PackTable } {
    const indices = this.#rows?.indices.copy(count, capacity) ?? new IndexArray(capacity);
    const table = this.#rows ? this.#table : new PackTable();
    return { rows: { used: count, capacity, indices }, table };
  }
}

/** Tells whether a row's blob (16 bytes at `at` of `blobs`) is one of a pack's. */
export type PackedBlobs = (blobs: Uint8Array, at: number) => boolean;

/**
 * Blob ids are random, so that their first four bytes tell nearly all of a mailbox's rows apart without making a string
 * of each.
 */
export function packedBlobs(blobs: Uint8Array): PackedBlobs {
  const starts = new Map<number, number[]>();
  for (let at = 0; at + BLOB_BYTES <= blobs.length; at += BLOB_BYTES) {
    const start = startOf(blobs, at);
    const known = starts.get(start);
    if (known) known.push(at);
    else starts.set(start, [at]);
  }
  return (of, at) => starts.get(startOf(of, at))?.some((mine) => sameBlob(of, at, blobs, mine)) ?? false;
}

function startOf(bytes: Uint8Array, at: number): number {
  const byte = (offset: number): number => bytes[at + offset] as number;
  return ((byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)) >>> 0;
}

function sameBlob(a: Uint8Array, at: number, b: Uint8Array, other: number): boolean {
  for (let byte = 0; byte < BLOB_BYTES; byte++) if (a[at + byte] !== b[other + byte]) return false;
  return true;
}
