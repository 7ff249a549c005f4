/** Messages, their summaries' overflow and summary chunks in the blob store, by account (I9). */
import { createHash } from 'node:crypto';
import type { BlobPlace } from '../account/columns.ts';
import type { AccountId, BlobId } from '../account/ids.ts';
import type { SummaryPlace } from '../account/ops.ts';
import type { Rim } from '../account/rim.ts';
import type { FrameCoder } from '../account/summary-frame.ts';
import type { SummarySource } from '../account/summary-reader.ts';
import { blobKeys } from '../aws/keys.ts';
import { type AccountKeys, NO_KEYS } from '../keys/account-keys.ts';
import { SummaryBuilder, encodeSummary } from '../message/summary.ts';
import type { Arrival } from './arrival.ts';
import type { BlobStore, ByteRange } from './blob-store.ts';
import { collected } from './collected.ts';
import { type BlobFormat, MessageBlobs, type StoredFacts } from './message-blobs.ts';
import { PackStore, type TellDamaged } from './pack-store.ts';
import { SealedSummaries } from './sealed-summaries.ts';

/** A summary larger than this would make the record that carries it large; it gets an object of its own. */
export const INLINE_SUMMARY_BYTES = 8_192;
/** A record is put within an hour of its blobs (I2), long before a sweep may take an unnamed object. */
export const FRESH_MS = 3_600_000;

/** A message that is durable and not yet named by any record. */
export interface StoredMessage {
  readonly blob: BlobId;
  /** Bytes. */
  readonly size: number;
  readonly summary: SummaryPlace;
  /** Until when a record may name it, milliseconds since the epoch. */
  readonly freshUntil: number;
}

/** A message as the store has it. */
export interface StoredObject extends BlobPlace {
  /** As stored. */
  readonly bytes: number;
  /** When it, or its pack, was put, milliseconds since the epoch. */
  readonly modified: number;
}

export interface MessageStoreOptions {
  /** Default `framed`. */
  readonly format?: BlobFormat;
  /** Default: no account has a data key. */
  readonly keys?: AccountKeys;
}

export interface PutOptions {
  readonly signal?: AbortSignal;
  /** Kept with the message where it is stored framed. */
  readonly arrival?: Arrival;
  /** Of all of the message, where somebody had to look at it before. */
  readonly look?: FirstLook;
}

export class MessageStore implements SummarySource {
  readonly packs: PackStore;
  /** How new messages are stored. */
  readonly format: BlobFormat;
  readonly #store: BlobStore;
  readonly #blobs: MessageBlobs;
  readonly #summaries: SealedSummaries;
  readonly #keys: AccountKeys;
  readonly #rim: Pick<Rim, 'now' | 'randomHex'>;

  constructor(blobs: BlobStore, rim: Pick<Rim, 'now' | 'randomHex'>, options: MessageStoreOptions = {}) {
    const { format = 'framed', keys = NO_KEYS } = options;
    const randomHex = (bytes: number): string => rim.randomHex(bytes);
    this.#store = blobs;
    this.format = format;
    this.packs = new PackStore(blobs);
    this.#blobs = new MessageBlobs({ blobs, packs: this.packs, keys, format, randomHex });
    this.#summaries = new SealedSummaries(keys, randomHex);
    this.#keys = keys;
    this.#rim = rim;
  }

  /** Rejects if the account's mail cannot be read at all: its data key was deleted. */
  async ready(account: AccountId): Promise<void> {
    await this.#keys.of(account);
  }

  /** Stores a message while it streams by, under a new id (I2), and works out its summary. */
  async put(
    account: AccountId,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    size: number,
    { arrival, look = new FirstLook(), ...options }: PutOptions = {},
  ): Promise<StoredMessage> {
    const freshUntil = this.#rim.now() + FRESH_MS;
    const isWhole = body instanceof Uint8Array;
    if (isWhole && !look.ended) look.write(body);
    const tapped = isWhole || look.ended ? body : tap(body, (chunk) => look.write(chunk));
    const facts = { digest: () => look.digest, arrival: arrival ?? null };
    const blob = await this.#blobs.put(account, tapped, size, facts, options);
    return { blob, size, summary: await this.place(account, blob, look.end().summary), freshUntil };
  }

  /** Keeps bytes that a message will be made of, under a name that no record ever gets. */
  putPiece(
    account: AccountId,
    body: AsyncIterable<Uint8Array>,
    size: number,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<BlobId> {
    const hash = createHash('sha256');
    const tapped = tap(body, (chunk) => hash.update(chunk));
    return this.#blobs.put(account, tapped, size, { digest: () => hash.digest(), arrival: null }, options);
  }

  /** Deletes what no record names (I5), as far as that is possible now: what stays is garbage, which the sweep finds. */
  async discard(account: AccountId, unnamed: readonly BlobId[]): Promise<void> {
    if (unnamed.length === 0) return;
    await this.#store.delete(unnamed.map((blob) => blobKeys.message(account, blob))).catch(() => undefined);
  }

  /** The summary of a message that was put a moment ago. */
  summaryOf(
    account: AccountId,
    { blob, summary }: Pick<StoredMessage, 'blob' | 'summary'>,
  ): Promise<Uint8Array> {
    return 'inline' in summary
      ? this.inline(account, blob, summary.inline)
      : this.overflow(account, summary.object, blob);
  }

  /** The message, or a range of it. Rejects with `BlobMissingError` and `DamagedBlobError`. */
  get(
    account: AccountId,
    place: BlobPlace,
    range?: ByteRange,
    options?: { readonly signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>> {
    return this.#blobs.get(account, place, range, options);
  }

  /** Size, digest and arrival of a message, as its object tells them: one request. Rejects as `get` does. */
  facts(account: AccountId, place: BlobPlace): Promise<StoredFacts> {
    return this.#blobs.facts(account, place);
  }

  inline(account: AccountId, blob: BlobId, stored: Uint8Array): Promise<Uint8Array> {
    return this.#summaries.open(account, blob, stored);
  }

  /** Every message that is stored, named by a record or not: first those in objects of their own, then those in packs. */
  async *stored(account: AccountId, damaged?: TellDamaged): AsyncIterable<StoredObject> {
    const prefix = blobKeys.messages(account);
    for await (const { key, size, modified } of this.#store.list(prefix))
      yield { blob: key.slice(prefix.length) as BlobId, pack: null, bytes: size, modified };
    yield* this.packs.stored(account, damaged);
  }

  /** A summary that was too large for its record. */
  async overflow(account: AccountId, object: BlobId, blob: BlobId): Promise<Uint8Array> {
    const stored = await collected(await this.#store.get(blobKeys.overflow(account, object)));
    return this.#summaries.open(account, blob, stored);
  }

  /** A range of a chunk of summaries, as it is stored. */
  async chunk(account: AccountId, fold: string, range: ByteRange): Promise<Uint8Array> {
    return collected(await this.#store.get(blobKeys.chunk(account, fold), range));
  }

  frameOpener(account: AccountId): Promise<FrameCoder> {
    return this.#summaries.frameOpener(account);
  }

  frameSealer(account: AccountId): Promise<FrameCoder> {
    return this.#summaries.frameSealer(account);
  }

  /** A summary worked out anew from the message. */
  async recompute(account: AccountId, place: BlobPlace): Promise<Uint8Array> {
    const look = new FirstLook();
    for await (const chunk of await this.get(account, place)) look.write(chunk);
    return look.end().summary;
  }

  putChunk(account: AccountId, fold: string, chunk: Uint8Array): Promise<void> {
    return this.#store.put(blobKeys.chunk(account, fold), chunk, chunk.length);
  }

  /** Deletes chunks of summaries by their fold, and summaries that were too large for a record; gone ones are no error. */
  deleteSummaries(account: AccountId, chunks: readonly string[], overflow: readonly BlobId[]): Promise<void> {
    return this.#store.delete([
      ...chunks.map((fold) => blobKeys.chunk(account, fold)),
      ...overflow.map((object) => blobKeys.overflow(account, object)),
    ]);
  }

  /** Deletes messages that a purge names (I5); one that is gone is no error. */
  deleteMessages(account: AccountId, purged: readonly BlobId[]): Promise<void> {
    return this.#store.delete(purged.map((blob) => blobKeys.message(account, blob)));
  }

  /** A summary as a record of its message carries it, or the name of the object that holds it. */
  async place(account: AccountId, blob: BlobId, summary: Uint8Array): Promise<SummaryPlace> {
    const stored = await this.#summaries.seal(account, blob, summary);
    if (stored.length <= INLINE_SUMMARY_BYTES) return { inline: stored };
    const object = this.#rim.randomHex(16) as BlobId;
    await this.#store.put(blobKeys.overflow(account, object), stored, stored.length);
    return { object };
  }
}

interface Seen {
  readonly summary: Uint8Array;
  /** That a delivery sets (RFC 9979 §4). */
  readonly keywords: readonly string[];
}

/** What is worked out of a message while it goes by. */
export class FirstLook {
  readonly #builder = new SummaryBuilder();
  readonly #hash = createHash('sha256');
  #digest: Uint8Array | undefined;
  #seen: Seen | undefined;

  /** A look at a whole message. */
  static at(message: Uint8Array): FirstLook {
    const look = new FirstLook();
    look.write(message);
    look.end();
    return look;
  }

  /** All has gone by. */
  get ended(): boolean {
    return this.#seen !== undefined;
  }

  write(chunk: Uint8Array): void {
    this.#builder.write(chunk);
    this.#hash.update(chunk);
  }

  /** SHA-256, once all has gone by. */
  get digest(): Uint8Array {
    return (this.#digest ??= this.#hash.digest());
  }

  /** Once all has gone by. */
  end(): Seen {
    return (this.#seen ??= {
      summary: encodeSummary({ ...this.#builder.end(), digest: this.digest }),
      keywords: this.#builder.keywords,
    });
  }
}

async function* tap(
  body: AsyncIterable<Uint8Array>,
  see: (chunk: Uint8Array) => void,
): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    see(chunk);
    yield chunk;
  }
}
