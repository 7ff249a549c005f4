/**
 * What is to be packed, on the state of a whole account: pure, so that it can be decided again whenever another record
 * came first.
 *
 * A blob lies unread when it has been in every mailbox that names it for a week. Nothing is written when somebody reads,
 * so that age has to tell, and it tells enough: a message's body is fetched in the days after it arrived, by each of the
 * user's devices; what is read later costs the same one request out of a pack as out of an object (and the index, once).
 * Packs move to a colder class no sooner than by their own age, so that a message that is read now and then in its second
 * week costs nothing more either. \Seen says nothing of it: it stands for messages that were read once, and never again.
 */
import type { Checkpoint, PackInfo } from './checkpoint.ts';
import type { BlobPlace } from './columns.ts';
import { retirementOf } from './fold.ts';
import type { AccountId, BlobId, MailboxId, PackId } from './ids.ts';
import type { PackOp } from './ops.ts';
import { packedBlobs } from './pack-column.ts';
import { blobBytesOf } from './pack-op.ts';
import type { AccountState } from './state.ts';
import type { WholeState } from './whole-state.ts';

export interface PackLimits {
  /** Stored bytes after which a pack is closed. */
  readonly packBytes: number;
  /** Blobs of one pack: its record is to stay small, at 18 bytes each. */
  readonly packBlobs: number;
  /** Messages of this size and more stay objects: S3's colder tiers take them as they are. */
  readonly smallBytes: number;
  /** What a message's object takes of its size, about: most is compressed text. */
  readonly storedShare: number;
  /** Seconds in a mailbox after which a message counts as unread. */
  readonly restSeconds: number;
}

export const PACK_LIMITS: PackLimits = {
  packBytes: 16 * 1024 * 1024,
  packBlobs: 4096,
  smallBytes: 128 * 1024,
  storedShare: 0.5,
  restSeconds: 7 * 86_400,
};

/**
 * Whether a fold at `now` is the first one of a week, for an account that has enough for a pack: then it is looked through.
 * Weeks begin at another time for each account.
 */
export function packingDue(
  account: AccountId,
  before: Pick<Checkpoint, 'time' | 'packs'>,
  { usage }: AccountState,
  now: number,
): boolean {
  const week = PACK_LIMITS.restSeconds * 1000;
  const offset = Number.parseInt(account.slice(0, 8), 16) % week || 0;
  const weekOf = (time: number): number => Math.floor((time + offset) / week);
  const enough = usage.bytes >= PACK_LIMITS.packBytes || before.packs.length > 0;
  return enough && weekOf(before.time) !== weekOf(now);
}

/** A blob that is to be packed, and the bytes of its message. */
export interface Packable extends BlobPlace {
  readonly size: number;
}

type Rows = Pick<WholeState, 'state' | 'buried'>;

/** The packs that the account has. */
export function packsOf({ opening, packing }: Pick<WholeState, 'opening' | 'packing'>): readonly PackInfo[] {
  return packing.packsAfter(opening.base.packs);
}

/**
 * The messages that are to be packed, at most `limit` of them, neighbours together. Rows that were expunged are not packed
 * for their own sake: their grace will end.
 */
export function packable({ state }: Rows, now: number, limits: PackLimits, limit: number): Packable[] {
  const rested = Math.floor(now / 1000) - limits.restSeconds;
  const found = new Map<BlobId, Packable>();
  for (const { columns } of state.mailboxes.values()) {
    for (let row = 0; columns && row < columns.count && found.size < limit; row++) {
      const size = columns.sizes[row] as number;
      if (columns.packAt(row) !== null || size >= limits.smallBytes) continue;
      if ((columns.saved[row] as number) > rested) continue;
      const blob = columns.blobAt(row);
      found.set(blob, { blob, pack: null, size });
    }
  }
  for (const blob of youngBlobs(state, [...found.keys()], rested)) found.delete(blob);
  return [...found.values()];
}

/** Those of `blobs` that have come into some mailbox after `rested`: a COPY is a new arrival of the same blob. */
function youngBlobs(state: Rows['state'], blobs: readonly BlobId[], rested: number): BlobId[] {
  const wanted = packedBlobs(blobBytesOf(blobs));
  const young: BlobId[] = [];
  for (const { columns } of state.mailboxes.values())
    for (const row of columns?.rowsOf(wanted) ?? [])
      if (columns && (columns.saved[row] as number) > rested) young.push(columns.blobAt(row));
  return young;
}

/**
 * Whether an account that nobody writes to has work for the compaction: messages for a pack, or what a fold may delete or
 * empty by now. Folds of the others find both by themselves.
 */
export function hasRested(whole: WholeState, now: number, keepMs: number, limits = PACK_LIMITS): boolean {
  const { base, tail } = whole.opening;
  const { items, emptyTo } = retirementOf(base, now, keepMs, tail.length > 0);
  if (items.length > 0 || emptyTo > base.emptiedTo) return true;
  return makesPack(packable(whole, now, limits, limits.packBlobs), limits);
}

/** Whether these messages are enough for a pack. */
export function makesPack(
  fresh: readonly Packable[],
  { packBytes, packBlobs, storedShare }: PackLimits,
): boolean {
  const bytes = fresh.reduce((sum, { size }) => sum + size, 0) * storedShare;
  return bytes >= packBytes || fresh.length >= packBlobs;
}

/** A pack, and those of its blobs that a row names by it. */
export interface PackUse {
  readonly info: PackInfo;
  readonly live: ReadonlyMap<BlobId, number>;
}

/** What is in use of each pack: by messages, and by expunged rows until they are purged. Sizes are those of messages. */
export function packUses(whole: WholeState): PackUse[] {
  const { state, buried } = whole;
  const uses = new Map(packsOf(whole).map((info) => [info.pack, { info, live: new Map<BlobId, number>() }]));
  const use = (pack: PackId | null, blob: () => BlobId, size: number): void => {
    if (pack !== null) uses.get(pack)?.live.set(blob(), size);
  };
  for (const { columns } of state.mailboxes.values())
    for (let row = 0; columns && row < columns.count; row++)
      use(columns.packAt(row), () => columns.blobAt(row), columns.sizes[row] as number);
  for (const { row } of buried) use(row.pack, () => row.blob, row.size);
  return [...uses.values()];
}

/** A pack that has been put, before a record says so: its blobs in their order, where each was read, and its bytes there. */
export interface PutPack {
  readonly pack: PackId;
  readonly blobs: readonly (BlobPlace & { readonly bytes: number })[];
}

/**
 * The ops that put `packs` to use, and take `emptied` out of it, on the state as it is now. A pack of which a blob lies
 * elsewhere by now than where it was read is left out: another packing came between. So is one that nobody wants any more.
 */
export function decidePacking(
  whole: WholeState,
  packs: readonly PutPack[],
  emptied: readonly PackId[],
): readonly PackOp[] {
  const ops = packs.flatMap((put) => opOf(whole, put) ?? []);
  const moved = new Set(
    ops.flatMap(({ pack }) => packs.find((put) => put.pack === pack)?.blobs ?? []).map(({ blob }) => blob),
  );
  const known = new Set(packsOf(whole).map(({ pack }) => pack));
  const replaced = emptied.filter((pack) => known.has(pack) && !isUsed(whole, pack, moved));
  if (replaced.length === 0) return ops;
  const last = ops.at(-1);
  if (last) return [...ops.slice(0, -1), { ...last, replaced }];
  const none = { blobs: new Uint8Array(0), lengths: [], mailboxes: [], buried: false };
  return [{ op: 'pack', pack: null, ...none, replaced }];
}

function opOf({ state, buried }: Rows, { pack, blobs }: PutPack): PackOp | null {
  const from = new Map(blobs.map((place) => [place.blob, place.pack]));
  const bytes = blobBytesOf(blobs.map(({ blob }) => blob));
  const matches = packedBlobs(bytes);
  const mailboxes: MailboxId[] = [];
  for (const { id, columns } of state.mailboxes.values()) {
    const rows = columns?.rowsOf(matches) ?? [];
    if (rows.some((row) => columns?.packAt(row) !== from.get(columns?.blobAt(row) as BlobId))) return null;
    if (rows.length > 0) mailboxes.push(id);
  }
  const graves = buried.filter(({ row }) => from.has(row.blob));
  if (graves.some(({ row }) => row.pack !== from.get(row.blob))) return null;
  if (mailboxes.length === 0 && graves.length === 0) return null;
  const lengths = blobs.map((blob) => blob.bytes);
  return { op: 'pack', pack, blobs: bytes, lengths, mailboxes, buried: graves.length > 0, replaced: [] };
}

/** Whether a row will name `pack` after those of `moved` have gone elsewhere. */
function isUsed({ state, buried }: Rows, pack: PackId, moved: ReadonlySet<BlobId>): boolean {
  for (const { columns } of state.mailboxes.values())
    for (let row = 0; columns && row < columns.count; row++)
      if (columns.packAt(row) === pack && !moved.has(columns.blobAt(row))) return true;
  return buried.some(({ row }) => row.pack === pack && !moved.has(row.blob));
}
