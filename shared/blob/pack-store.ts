/** Packs in the blob store, by account (I9). Their indexes are kept under a budget of bytes: a pack never changes. */
import type { FoldPacks } from '../account/fold-store.ts';
import type { AccountId, BlobId, PackId } from '../account/ids.ts';
import { blobKeys } from '../aws/keys.ts';
import { BlobMissingError, type BlobStore, type ByteRange, type ByteSuffix } from './blob-store.ts';
import { collected } from './collected.ts';
import { type BlobSource, sliceOf } from './framed-blob.ts';
import {
  DamagedPackError,
  INDEX_TAIL_BYTES,
  type PackIndex,
  type PackedBlob,
  decodeIndex,
  encodePack,
} from './pack-format.ts';

/** Of an entry of an index in memory: a string of 32 characters, a range, and the map's place. */
const ENTRY_BYTES = 160;
/** Indexes of some hundred packs: what clients are reading at a time. */
const INDEX_BUDGET_BYTES = 32 * 1024 * 1024;

export type TellDamaged = (pack: PackId, error: DamagedPackError) => void;

export class PackStore implements FoldPacks {
  readonly #blobs: BlobStore;
  readonly #budget: number;
  /** By key, least recently used first. */
  readonly #indexes = new Map<string, Promise<PackIndex>>();
  #bytes = 0;

  constructor(blobs: BlobStore, budgetBytes = INDEX_BUDGET_BYTES) {
    this.#blobs = blobs;
    this.#budget = budgetBytes;
  }

  /** Puts a pack that was not there. */
  async put(account: AccountId, pack: PackId, blobs: readonly PackedBlob[]): Promise<void> {
    const bytes = encodePack(blobs);
    await this.#blobs.put(blobKeys.pack(account, pack), bytes, bytes.length);
  }

  /** Where its blobs lie. Rejects with `BlobMissingError` or `DamagedPackError`. */
  index(account: AccountId, pack: PackId): Promise<PackIndex> {
    const key = blobKeys.pack(account, pack);
    const known = this.#indexes.get(key);
    if (known) {
      this.#indexes.delete(key);
      this.#indexes.set(key, known);
      return known;
    }
    const reading = this.#readIndex(key);
    this.#indexes.set(key, reading);
    reading.then(
      (index) => this.#account(key, index),
      () => this.#indexes.delete(key),
    );
    return reading;
  }

  /** Every message in every pack. `damaged` is told of packs whose index cannot be read: nobody knows what lies in them. */
  async *stored(
    account: AccountId,
    damaged: TellDamaged = () => undefined,
  ): AsyncIterable<{ blob: BlobId; pack: PackId; bytes: number; modified: number }> {
    const prefix = blobKeys.packs(account);
    for await (const { key, modified } of this.#blobs.list(prefix)) {
      const pack = key.slice(prefix.length) as PackId;
      const index = await this.#readIndex(key).catch((error: unknown) => {
        if (error instanceof DamagedPackError) damaged(pack, error);
        return unlessUnreadable(error);
      });
      for (const [blob, { start, end }] of index ?? []) yield { blob, pack, bytes: end - start, modified };
    }
  }

  /**
   * The stored bytes of a blob, or a range of them, as if they were an object. Rejects with `BlobMissingError` if the pack
   * is gone, or the blob not in it.
   */
  async get(
    account: AccountId,
    pack: PackId,
    blob: BlobId,
    range?: ByteRange | ByteSuffix,
    options?: { readonly signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>> {
    const place = (await this.index(account, pack)).get(blob);
    const key = blobKeys.pack(account, pack);
    if (!place) throw new BlobMissingError(`${key}, blob ${blob}`);
    const stored: BlobSource = (part, signalled) => this.#blobs.get(key, part, signalled);
    return sliceOf(stored, place.start, place.end - place.start)(range, options);
  }

  /** The stored bytes of a blob that lies in an object of its own. Rejects with `BlobMissingError`. */
  async object(account: AccountId, blob: BlobId): Promise<Uint8Array> {
    return collected(await this.#blobs.get(blobKeys.message(account, blob)));
  }

  /** Everything that lies in a pack. Rejects with `BlobMissingError` or `DamagedPackError`. */
  async read(account: AccountId, pack: PackId): Promise<PackedBlob[]> {
    const bytes = await collected(await this.#blobs.get(blobKeys.pack(account, pack)));
    // As it is now, and not as an index tells that was read before: what is cut off since must not be packed again.
    const index = decodeIndex(bytes, true);
    if ('needed' in index) throw new DamagedPackError('it is shorter than its index');
    return [...index].map(([blob, { start, end }]) => ({ blob, bytes: bytes.subarray(start, end) }));
  }

  delete(account: AccountId, pack: PackId): Promise<void> {
    return this.#blobs.delete([blobKeys.pack(account, pack)]);
  }

  async deleteUnpacked(account: AccountId, pack: PackId): Promise<void> {
    // Not the index that is kept: it would not tell that the pack is gone.
    const index = await this.#readIndex(blobKeys.pack(account, pack)).catch(unlessUnreadable);
    if (!index) return;
    await this.#blobs.delete([...index.keys()].map((blob) => blobKeys.message(account, blob)));
  }

  async #readIndex(key: string): Promise<PackIndex> {
    const tail = await this.#last(key, INDEX_TAIL_BYTES);
    const found = decodeIndex(tail, tail.length < INDEX_TAIL_BYTES);
    if (!('needed' in found)) return found;
    const index = decodeIndex(await this.#last(key, found.needed), false);
    if ('needed' in index) throw new DamagedPackError('it is shorter than its index');
    return index;
  }

  async #last(key: string, bytes: number): Promise<Uint8Array> {
    return collected(await this.#blobs.get(key, { last: bytes }));
  }

  #account(key: string, index: PackIndex): void {
    this.#bytes += index.size * ENTRY_BYTES;
    void this.#drop(key);
  }

  async #drop(newest: string): Promise<void> {
    for (const [key, held] of this.#indexes) {
      if (this.#bytes <= this.#budget || key === newest) return;
      this.#indexes.delete(key);
      // One that is being read and fails was never counted.
      const index = await held.catch(() => null);
      this.#bytes -= (index?.size ?? 0) * ENTRY_BYTES;
    }
  }
}

function unlessUnreadable(error: unknown): null {
  if (error instanceof DamagedPackError || error instanceof BlobMissingError) return null;
  throw error;
}
