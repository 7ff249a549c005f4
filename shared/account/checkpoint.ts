/**
 * The root of a checkpoint: an account's state at a record number without its messages, and the list of what holds them.
 *
 * The root item stays small (`ROOT_BYTES`), so that opening an account costs little however it is used; of what does not
 * fit, lists spill into pages, which are put before the root that names them and never overwritten. One that is as it was is
 * named again by the next root (`checkpoint-pages.ts`).
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decode, encode } from 'cborg';
import {
  CHECKPOINT_VERSION,
  type Fields,
  LISTS,
  PLAIN_VERSION,
  SUPERSEDED_FIELD,
  bodyFields,
  checkpointOf,
  supersededFields,
  versionFor,
} from './checkpoint-body.ts';
import {
  BY_BYTES,
  type PageInfo,
  type PagedList,
  type Part,
  type ReadPart,
  pageFields,
  pageOfFields,
  pageOut,
  readPage,
  readParts,
} from './checkpoint-pages.ts';
import type { BlobId, MailboxId, PackId, RecordNumber, Uid } from './ids.ts';
import type { AccountState } from './state.ts';
import { UnknownVersionError } from './unknown-version.ts';

/** A strongly consistent read of the root is at most 8 read units. */
export const ROOT_BYTES = 32_000;
/**
 * What lists take in a paged root, before compression: the one of what was superseded, and all others together, as far as they
 * fit in the order of `LISTS`. The rest of `ROOT_BYTES` is for the list of pages.
 */
const SUPERSEDED_BYTES = 8_000;
const INLINE_BYTES = 6_000;

/** Up to `MESSAGES_PER_SEGMENT` messages of one mailbox. */
export interface SegmentInfo {
  readonly firstUid: Uid;
  readonly lastUid: Uid;
  readonly count: number;
  /** The fold that wrote it: part of its key. In a bundle, the segment lies there under the same name. */
  readonly fold: string;
}

/** An S3 object of summaries. */
export interface ChunkInfo {
  /** How rows name it; never given out again. What is at an offset stays there, though the object grows. */
  readonly number: number;
  /** The fold that wrote the object: its key. The next fold may put a longer one in its place. */
  readonly fold: string;
  readonly bytes: number;
  /** Summaries that were put into it; 0: not known. */
  readonly count: number;
}

/** Rows that were expunged, in one item, for undelete and for the purge of their blobs. */
export interface GraveyardInfo {
  readonly fold: string;
  /** One fold may write several. */
  readonly part: number;
  readonly count: number;
}

/** Blobs that lie in one object. */
export interface PackInfo {
  readonly pack: PackId;
  /** How many, and their bytes, when it was made. */
  readonly count: number;
  readonly bytes: number;
  /** When it was made, seconds since the epoch. */
  readonly time: number;
}

/** What folds write beside root and bundle, each under a key of its own. */
export type FoldedItem =
  | { readonly kind: 'segment'; readonly mailbox: MailboxId; readonly firstUid: Uid; readonly fold: string }
  | { readonly kind: 'part'; readonly name: string; readonly fold: string }
  | { readonly kind: 'graveyard'; readonly part: number; readonly fold: string }
  | { readonly kind: 'chunk'; readonly fold: string }
  /** A summary that was too large for its record, and lies in a chunk now. */
  | { readonly kind: 'overflow'; readonly object: BlobId }
  /** The objects in which the blobs of a pack lay before. */
  | { readonly kind: 'packed'; readonly pack: PackId }
  /** A pack in which no row's blob lies any more. */
  | { readonly kind: 'pack'; readonly pack: PackId };

/** What a younger fold replaced; deleted from this list alone, a day after `since` (milliseconds). */
export interface Superseded {
  readonly since: number;
  readonly item: FoldedItem;
}

export interface Checkpoint {
  readonly fold: string;
  /** When it was written, milliseconds since the epoch. */
  readonly time: number;
  /** The state at `state.number`, no columns loaded. */
  readonly state: AccountState;
  readonly journalBytes: number;
  /** Whether all segments lie in the bundle of the same fold. */
  readonly bundled: boolean;
  readonly segments: ReadonlyMap<MailboxId, readonly SegmentInfo[]>;
  readonly chunks: readonly ChunkInfo[];
  readonly nextChunk: number;
  readonly graveyards: readonly GraveyardInfo[];
  readonly packs: readonly PackInfo[];
  readonly superseded: readonly Superseded[];
  /** Records up to this one have been emptied (I4). */
  readonly emptiedTo: RecordNumber;
  /** Earlier checkpoints whose records are not yet emptied: the records go a day after the checkpoint that covers them. */
  readonly covered: readonly { readonly number: RecordNumber; readonly time: number }[];
  /** What did not fit the root. */
  readonly pages: readonly PageInfo[];
}

/** A checkpoint before it is known which pages it has. */
export type UnpagedCheckpoint = Omit<Checkpoint, 'pages'>;

export interface EncodedCheckpoint {
  readonly root: Uint8Array;
  /** Parts that are to be put, under the checkpoint's fold. */
  readonly parts: readonly Part[];
}

/** The items in which pages lie. */
export function partsIn(pages: readonly PageInfo[]): Extract<FoldedItem, { kind: 'part' }>[] {
  return pages.flatMap(({ fold, names }) => names.map((name) => ({ kind: 'part' as const, name, fold })));
}

/**
 * Bytes of the root, and of the parts that are new. `before`: the pages of the checkpoint that it replaces; those that it does
 * without are superseded by it.
 */
export function encodeCheckpoint(
  checkpoint: UnpagedCheckpoint,
  before: readonly PageInfo[] = [],
): EncodedCheckpoint {
  const alone = withoutPages(checkpoint, before);
  const version = versionFor(alone);
  const body = zstdCompressSync(encode(bodyFields(alone, version)));
  if (body.length <= ROOT_BYTES) return { root: encode([version, [], body]), parts: [] };
  const listsSuperseded = encode(supersededFields(alone)).length > SUPERSEDED_BYTES;
  // The list of what is superseded has pages, too, and grows by those of them that are not kept: at its end, so that none is
  // kept then that was not before. What is in the list at last is exactly what is not kept, or nothing of it would be true.
  let stale: readonly PageInfo[] = [];
  for (let round = 0; ; round++) {
    const fields = bodyFields(withoutPages(checkpoint, stale), CHECKPOINT_VERSION);
    const { inline, lists } = spilled(fields, listsSuperseded);
    const { pages, written } = pageOut(lists, round > before.length ? [] : before, checkpoint.fold);
    const dropped = before.filter((page) => !pages.includes(page));
    if (dropped.length === stale.length && dropped.every((page) => stale.includes(page))) {
      const rest = zstdCompressSync(encode([pages.map(pageFields), inline]));
      return { root: encode([CHECKPOINT_VERSION, [], rest]), parts: written };
    }
    stale = dropped;
  }
}

function withoutPages(checkpoint: UnpagedCheckpoint, stale: readonly PageInfo[]): UnpagedCheckpoint {
  const fresh = partsIn(stale).map((item) => ({ since: checkpoint.time, item }));
  return { ...checkpoint, superseded: [...checkpoint.superseded, ...fresh] };
}

/** What stays in the root of `fields`, with null in the place of lists that do not. */
function spilled(
  fields: Fields,
  listsSuperseded: boolean,
): { readonly inline: Fields; readonly lists: readonly PagedList[] } {
  let room = INLINE_BYTES;
  const inline = [...fields];
  const lists: PagedList[] = [];
  for (const [field, key] of LISTS) {
    const entries = fields[field] as Fields;
    const bytes = field === SUPERSEDED_FIELD ? 0 : encode(entries).length;
    const fits = field === SUPERSEDED_FIELD ? !listsSuperseded : bytes <= room;
    if (fits) room -= bytes;
    if (fits || entries.length === 0) continue;
    inline[field] = null;
    lists.push({ field, entries, key: (entry) => String(key(entry)) });
  }
  return { inline, lists };
}

/** Inverse of `encodeCheckpoint`. `readPart` rejects if the part is gone: a younger fold came between, so open again. */
export async function decodeCheckpoint(
  { root, fold }: { readonly root: Uint8Array; readonly fold: string },
  readPart: ReadPart,
): Promise<Checkpoint> {
  const [version, names, rest] = decode(root) as [number, string[], Uint8Array];
  if (version < PLAIN_VERSION || version > CHECKPOINT_VERSION)
    throw new UnknownVersionError(`a checkpoint of version ${String(version)}`);
  if (version < CHECKPOINT_VERSION) {
    const pages = names.length > 0 ? [{ field: BY_BYTES, hash: '', fold, names }] : [];
    const body = names.length > 0 ? await readParts(names, fold, readPart) : rest;
    return { ...checkpointOf(decode(zstdDecompressSync(body)) as Fields), pages };
  }
  const [listed, inline] = decode(zstdDecompressSync(rest)) as [Fields[], Fields];
  const pages = listed.map(pageOfFields);
  const entries = await Promise.all(pages.map((page) => readPage(page, readPart)));
  const listOf = (field: number): Fields =>
    pages.flatMap((page, index) => (page.field === field ? (entries[index] ?? []) : []));
  const paged = new Set(pages.map(({ field }) => field));
  const fields = inline.map((value, field) => (paged.has(field) ? listOf(field) : value));
  return { ...checkpointOf(fields), pages };
}
