/**
 * The bytes of messages in the blob store: written framed, sealed where the account has a data key, or raw; read in
 * whichever way their id says (`blob-identity.ts`), alone or in a pack.
 *
 * A range of a framed message costs one request for its index, which is kept, and one for its frames; what fits the first
 * needs no second. A raw one costs one request; the first read of a part asks for its first bytes as well, to be sure
 * that it is raw: a framed object under an id that nobody can read is an error and not a message.
 */
import type { BlobPlace } from '../account/columns.ts';
import type { AccountId, BlobId } from '../account/ids.ts';
import { blobKeys } from '../aws/keys.ts';
import type { AccountKeys } from '../keys/account-keys.ts';
import type { DataKey } from '../keys/data-key.ts';
import type { Arrival } from './arrival.ts';
import { type BlobIdentity, type BlobKindNamed, kindOf, newBlobId } from './blob-identity.ts';
import type { BlobPutOptions, BlobStore, ByteRange } from './blob-store.ts';
import { DamagedBlobError } from './damaged-blob.ts';
import { AES_256_GCM, CHECKSUM, SALT_BYTES, frameSeal } from './frame-seal.ts';
import { type BlobSource, type OpenedBlob, type Signalled, openFramed, readFramed } from './framed-blob.ts';
import { type FrameIndex, beginsFramed, mostStoredBytes, writeFrames } from './frames.ts';
import type { PackStore } from './pack-store.ts';
import { peeked } from './peeked.ts';
import { BlobSizeError, checkBlobSize, sizedBody } from './sized-body.ts';

/** How new messages of accounts without a data key are stored. With one, they are framed and sealed in any case. */
export const BLOB_FORMATS = ['framed', 'raw'] as const;
export type BlobFormat = (typeof BLOB_FORMATS)[number];

/** What tells a framed object. */
const START_BYTES = 8;
/** An index in memory: a number for each 128 KiB of the message, and some hundred bytes. */
const INDEX_BYTES = 512;
const INDEX_BUDGET_BYTES = 16 * 1024 * 1024;
/** Ids of raw messages whose beginning was looked at. */
const KNOWN_RAW = 10_000;

/** What is known of a message beside its bytes. */
export interface MessageFacts {
  /** Asked for when all of it has gone by. */
  readonly digest: () => Uint8Array;
  readonly arrival: Arrival | null;
}

/** What an object tells of its message. */
export type StoredFacts =
  | { readonly kind: 'raw'; readonly arrival: null }
  | {
      readonly kind: 'framed' | 'sealed';
      /** Bytes of the message, and of the object. */
      readonly size: number;
      readonly stored: number;
      /** SHA-256 of the message. */
      readonly digest: Uint8Array;
      readonly arrival: Arrival | null;
    };

export interface MessageBlobsOptions {
  readonly blobs: BlobStore;
  readonly packs: PackStore;
  readonly keys: AccountKeys;
  readonly format: BlobFormat;
  /** `Rim.randomHex`. */
  readonly randomHex: (bytes: number) => string;
}

interface HeldIndex {
  readonly index: FrameIndex;
  /** With which it was opened. */
  readonly key: DataKey | null;
}

export class MessageBlobs {
  readonly #options: MessageBlobsOptions;
  /** By account and blob, least recently used first. */
  readonly #indexes = new Map<string, HeldIndex>();
  #indexBytes = 0;
  readonly #raw = new Set<string>();

  constructor(options: MessageBlobsOptions) {
    this.#options = options;
  }

  /** Stores a message of exactly `size` bytes while it streams by, under a new id. */
  async put(
    account: AccountId,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    size: number,
    facts: MessageFacts,
    options: BlobPutOptions = {},
  ): Promise<BlobId> {
    checkBlobSize(size);
    const { blobs, keys, randomHex } = this.#options;
    const key = await keys.of(account);
    const whole = body instanceof Uint8Array;
    if (whole && body.length !== size) throw new BlobSizeError(size, String(body.length));
    const from = whole ? { start: body, rest: body } : await this.#peekIfRaw(key, body);
    const kind = this.#kindFor(key, from.start);
    const blob = newBlobId(kind, account, key, randomHex) as BlobId;
    const at = blobKeys.message(account, blob);
    if (kind === 'raw') {
      await blobs.put(at, from.rest, size, options);
      return blob;
    }
    const salt = Buffer.from(randomHex(SALT_BYTES), 'hex');
    const seal = frameSeal({ account, blob, key }, kind === 'sealed' ? AES_256_GCM : CHECKSUM, salt);
    const frames = writeFrames(sizedBody(from.rest, size, options.signal), seal, facts);
    await blobs.put(at, frames, { atMost: mostStoredBytes(size, facts.arrival) }, options);
    return blob;
  }

  /** The message, or a range of it. Rejects with `BlobMissingError` and `DamagedBlobError`. */
  async get(
    account: AccountId,
    place: BlobPlace,
    range?: ByteRange,
    options: Signalled = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const identity = await this.#identity(account, place);
    const source = this.#source(account, place);
    if (kindOf(identity) === 'raw') return this.#getRaw(source, identity, range, options);
    const known = this.#indexes.get(nameOf(identity));
    const opened = known?.key === identity.key ? known : await this.#opened(source, identity, options);
    return readFramed(source, identity, opened, range, options);
  }

  /** What the object of a message tells of it, without reading the message. Rejects as `get` does. */
  async facts(account: AccountId, place: BlobPlace): Promise<StoredFacts> {
    const identity = await this.#identity(account, place);
    const kind = kindOf(identity);
    if (kind === 'raw') return { kind, arrival: null };
    const known = this.#indexes.get(nameOf(identity));
    const source = this.#source(account, place);
    const { index } = known?.key === identity.key ? known : await this.#opened(source, identity, {});
    const { size, stored, digest, arrival } = index;
    return { kind, size, stored, digest, arrival };
  }

  async #identity(account: AccountId, { blob }: BlobPlace): Promise<BlobIdentity> {
    return { account, blob, key: await this.#options.keys.of(account) };
  }

  #source(account: AccountId, { blob, pack }: BlobPlace): BlobSource {
    const { blobs, packs } = this.#options;
    if (pack !== null) return (range, options) => packs.get(account, pack, blob, range, options);
    return (range, options) => blobs.get(blobKeys.message(account, blob), range, options);
  }

  async #opened(source: BlobSource, identity: BlobIdentity, options: Signalled): Promise<OpenedBlob> {
    const opened = await openFramed(source, identity, options);
    this.#hold(nameOf(identity), { index: opened.index, key: identity.key });
    return opened;
  }

  #hold(name: string, held: HeldIndex): void {
    this.#forget(name);
    this.#indexes.set(name, held);
    this.#indexBytes += bytesOf(held);
    for (const oldest of this.#indexes.keys()) {
      if (this.#indexBytes <= INDEX_BUDGET_BYTES || oldest === name) return;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    const held = this.#indexes.get(name);
    if (!held) return;
    this.#indexes.delete(name);
    this.#indexBytes -= bytesOf(held);
  }

  async #getRaw(
    source: BlobSource,
    identity: BlobIdentity,
    range: ByteRange | undefined,
    options: Signalled,
  ): Promise<AsyncIterable<Uint8Array>> {
    const name = nameOf(identity);
    if (this.#raw.has(name)) return source(range, options);
    const inHand = range === undefined || (range.start === 0 && range.end >= START_BYTES);
    const [{ start, rest }, asked] = inHand
      ? [await peeked(await source(range, options), START_BYTES), null]
      : await Promise.all([
          source({ start: 0, end: START_BYTES }, options).then((chunks) => peeked(chunks, START_BYTES)),
          source(range, options),
        ]);
    if (beginsFramed(start)) {
      await (asked ?? rest)[Symbol.asyncIterator]().return?.();
      throw new DamagedBlobError(
        identity.blob,
        'it is framed, and its id does not say so: it is of another account, or the data key of its account is gone',
      );
    }
    if (this.#raw.size >= KNOWN_RAW) this.#raw.clear();
    this.#raw.add(name);
    return asked ?? rest;
  }

  /** Only a raw message is looked into before it is stored: one that begins as a framed one does is framed. */
  async #peekIfRaw(key: DataKey | null, body: AsyncIterable<Uint8Array>) {
    if (key || this.#options.format === 'framed') return { start: new Uint8Array(0), rest: body };
    return peeked(body, START_BYTES);
  }

  #kindFor(key: DataKey | null, start: Uint8Array): BlobKindNamed {
    if (key) return 'sealed';
    return this.#options.format === 'framed' || beginsFramed(start) ? 'framed' : 'raw';
  }
}

const nameOf = ({ account, blob }: BlobIdentity): string => `${account}/${blob}`;

const bytesOf = ({ index }: HeldIndex): number => INDEX_BYTES + 8 * index.ends.length;
