/**
 * What of a checkpoint does not fit its root: its lists, cut into pages. A page that is as it was keeps its key; the others
 * are written anew, as segments are.
 *
 * Where a list is cut depends on the entries beside the cut alone: on a hash of the key of one, and its size, so that what is put
 * in or taken out somewhere changes the page that it is in. An entry's size counts as a power of two: a counter that has become
 * longer moves no cut.
 */
import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decode, encode } from 'cborg';

/** A DynamoDB item is at most 400 KB, keys and attribute names included. */
export const PART_BYTES = 390_000;
/** Of a page before compression, on average: one that changes costs some ten write units. */
const PAGE_BYTES = 32_768;
/** A root lists so many pages of average size; pages are larger where there would be more. */
const AVERAGE_PAGES = 64;
/** Whatever keys somebody chooses: pages are at least this share of the average, and at most so many times as large. */
const SMALLEST_SHARE = 1 / 8;
const LARGEST = 4;
const HASH_BYTES = 16;

/** A page as the root lists it. */
export interface PageInfo {
  /** Which field of the checkpoint it is a part of. */
  readonly field: number;
  /** Of its bytes before compression. */
  readonly hash: string;
  /** The fold that wrote it, and the names of its parts: one, but for what is larger than an item. */
  readonly fold: string;
  readonly names: readonly string[];
}

/** Of a page in a checkpoint that was cut by bytes alone: it has no field, and none is ever like it. */
export const BY_BYTES = -1;

export interface Part {
  readonly name: string;
  readonly data: Uint8Array;
}

/** A list of a checkpoint. */
export interface PagedList {
  readonly field: number;
  readonly entries: readonly unknown[];
  /** What an entry is known by while it changes. */
  readonly key: (entry: unknown) => string;
}

/** Pages for `lists`: those of `before` where they are the same. */
export function pageOut(
  lists: readonly PagedList[],
  before: readonly PageInfo[],
  fold: string,
): { readonly pages: readonly PageInfo[]; readonly written: readonly Part[] } {
  const encoded = lists.map((list) => ({ ...list, bytes: list.entries.map((entry) => encode(entry)) }));
  const total = encoded.reduce(
    (sum, { bytes }) => sum + bytes.reduce((all, each) => all + weightOf(each), 0),
    0,
  );
  let average = PAGE_BYTES;
  while (total > AVERAGE_PAGES * average) average *= 2;
  const known = new Map(before.map((page) => [`${page.field}/${page.hash}`, page]));
  const pages: PageInfo[] = [];
  const written: Part[] = [];
  for (const { field, entries, key, bytes } of encoded)
    for (const { from, to } of cuts(entries.map(key), bytes, average)) {
      const plain = encode(entries.slice(from, to));
      const hash = createHash('sha256')
        .update(plain)
        .digest('hex')
        .slice(0, HASH_BYTES * 2);
      const kept = known.get(`${field}/${hash}`);
      // Of two that are alike, one is kept: each part has one place.
      known.delete(`${field}/${hash}`);
      const parts = kept ? [] : partsOf(zstdCompressSync(plain), written.length);
      written.push(...parts);
      pages.push(kept ?? { field, hash, fold, names: parts.map(({ name }) => name) });
    }
  return { pages, written };
}

function cuts(
  keys: readonly string[],
  bytes: readonly Uint8Array[],
  average: number,
): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  let from = 0;
  let size = 0;
  keys.forEach((key, index) => {
    const weight = weightOf(bytes[index] ?? new Uint8Array(0));
    size += weight;
    const falls = hashOf(key) / 2 ** 32 < weight / average;
    if ((falls && size >= average * SMALLEST_SHARE) || size >= average * LARGEST) {
      ranges.push({ from, to: index + 1 });
      from = index + 1;
      size = 0;
    }
  });
  if (from < keys.length) ranges.push({ from, to: keys.length });
  return ranges;
}

const weightOf = ({ length }: Uint8Array): number => 2 ** Math.ceil(Math.log2(Math.max(1, length)));

/** FNV-1a, and a last stir: it leaves the upper bits of short keys alike. */
function hashOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function partsOf(page: Uint8Array, first: number): Part[] {
  return Array.from({ length: Math.ceil(page.length / PART_BYTES) }, (_, index) => ({
    name: `page-${first + index}`,
    data: page.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
  }));
}

/** The bytes of a part; rejects if it is gone. */
export type ReadPart = (name: string, fold: string) => Promise<Uint8Array>;

export async function readParts(
  names: readonly string[],
  fold: string,
  readPart: ReadPart,
): Promise<Uint8Array> {
  return Buffer.concat(await Promise.all(names.map((name) => readPart(name, fold))));
}

/** The entries of a page. */
export async function readPage({ names, fold }: PageInfo, readPart: ReadPart): Promise<readonly unknown[]> {
  return decode(zstdDecompressSync(await readParts(names, fold, readPart))) as readonly unknown[];
}

/** As the root has it. */
export const pageFields = ({ field, hash, fold, names }: PageInfo) => [
  field,
  Buffer.from(hash, 'hex'),
  fold,
  names,
];

export function pageOfFields([field, hash, fold, names]: readonly unknown[]): PageInfo {
  return {
    field: field as number,
    hash: Buffer.from(hash as Uint8Array).toString('hex'),
    fold: fold as string,
    names: names as string[],
  };
}
