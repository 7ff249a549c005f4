/** Messages, their summaries' overflow and summary chunks in the blob store, by account (I9). */
import type { BlobPlace } from '../account/columns.ts';
import type { AccountId, BlobId } from '../account/ids.ts';
import type { SummaryPlace } from '../account/ops.ts';
import type { Rim } from '../account/rim.ts';
import type { SummarySource } from '../account/summary-reader.ts';
import { blobKeys } from '../aws/keys.ts';
import { SummaryBuilder, encodeSummary, summarize } from '../message/summary.ts';
import type { BlobStore, ByteRange } from './blob-store.ts';
import { PackStore } from './pack-store.ts';

/** A summary larger than this would make the record that carries it large; it gets an object of its own. */
export const INLINE_SUMMARY_BYTES = 8_192;
/** A record is put within an hour of its blobs (I2), long before a sweep may take an unnamed object. */
const FRESH_MS = 3_600_000;

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

export class MessageStore implements SummarySource {
  readonly packs: PackStore;
  readonly #blobs: BlobStore;
  readonly #rim: Pick<Rim, 'now' | 'randomHex'>;

  constructor(blobs: BlobStore, rim: Pick<Rim, 'now' | 'randomHex'>) {
    this.#blobs = blobs;
    this.packs = new PackStore(blobs);
    this.#rim = rim;
  }

  /** Stores a message while it streams by, under a new id (I2), and works out its summary. */
  async put(
    account: AccountId,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    size: number,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<StoredMessage> {
    const blob = this.#newId();
    const freshUntil = this.#rim.now() + FRESH_MS;
    const summary = new SummaryBuilder();
    const key = blobKeys.message(account, blob);
    if (body instanceof Uint8Array) summary.write(body);
    const tapped = body instanceof Uint8Array ? body : tap(body, (chunk) => summary.write(chunk));
    await this.#blobs.put(key, tapped, size, options);
    return {
      blob,
      size,
      summary: await this.#place(account, encodeSummary(summary.end())),
      freshUntil,
    };
  }

  /** Keeps bytes that a message will be made of, under a name that no record ever gets. */
  async putPiece(
    account: AccountId,
    body: AsyncIterable<Uint8Array>,
    size: number,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<BlobId> {
    const blob = this.#newId();
    await this.#blobs.put(blobKeys.message(account, blob), body, size, options);
    return blob;
  }

  /** Deletes what no record names (I5), as far as that is possible now: what stays is garbage, which the sweep finds. */
  async discard(account: AccountId, unnamed: readonly BlobId[]): Promise<void> {
    if (unnamed.length === 0) return;
    await this.#blobs.delete(unnamed.map((blob) => blobKeys.message(account, blob))).catch(() => undefined);
  }

  /** The summary of a message that was put a moment ago. */
  summaryOf(account: AccountId, { summary }: Pick<StoredMessage, 'summary'>): Promise<Uint8Array> {
    return 'inline' in summary ? Promise.resolve(summary.inline) : this.overflow(account, summary.object);
  }

  /** The message, or a range of it. Rejects with `BlobMissingError`. */
  get(
    account: AccountId,
    { blob, pack }: BlobPlace,
    range?: ByteRange,
    options?: { readonly signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>> {
    if (pack !== null) return this.packs.get(account, pack, blob, range, options);
    return this.#blobs.get(blobKeys.message(account, blob), range, options);
  }

  /** Every message that is stored, named by a record or not: first those in objects of their own, then those in packs. */
  async *stored(account: AccountId): AsyncIterable<StoredObject> {
    const prefix = blobKeys.messages(account);
    for await (const { key, size, modified } of this.#blobs.list(prefix))
      yield { blob: key.slice(prefix.length) as BlobId, pack: null, bytes: size, modified };
    yield* this.packs.stored(account);
  }

  /** A summary that was too large for its record. */
  async overflow(account: AccountId, object: BlobId): Promise<Uint8Array> {
    return collect(await this.#blobs.get(blobKeys.overflow(account, object)));
  }

  /** A range of a chunk of summaries. */
  async chunk(account: AccountId, fold: string, range: ByteRange): Promise<Uint8Array> {
    return collect(await this.#blobs.get(blobKeys.chunk(account, fold), range));
  }

  /** A summary worked out anew from the message. */
  async recompute(account: AccountId, place: BlobPlace): Promise<Uint8Array> {
    return encodeSummary(await summarize(await this.get(account, place)));
  }

  putChunk(account: AccountId, fold: string, chunk: Uint8Array): Promise<void> {
    return this.#blobs.put(blobKeys.chunk(account, fold), chunk, chunk.length);
  }

  /** Deletes chunks of summaries by their fold, and summaries that were too large for a record; gone ones are no error. */
  deleteSummaries(account: AccountId, chunks: readonly string[], overflow: readonly BlobId[]): Promise<void> {
    return this.#blobs.delete([
      ...chunks.map((fold) => blobKeys.chunk(account, fold)),
      ...overflow.map((object) => blobKeys.overflow(account, object)),
    ]);
  }

  /** Deletes messages that a purge names (I5); one that is gone is no error. */
  deleteMessages(account: AccountId, purged: readonly BlobId[]): Promise<void> {
    return this.#blobs.delete(purged.map((blob) => blobKeys.message(account, blob)));
  }

  async #place(account: AccountId, summary: Uint8Array): Promise<SummaryPlace> {
    if (summary.length <= INLINE_SUMMARY_BYTES) return { inline: summary };
    const object = this.#newId();
    await this.#blobs.put(blobKeys.overflow(account, object), summary, summary.length);
    return { object };
  }

  #newId(): BlobId {
    return this.#rim.randomHex(16) as BlobId;
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

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
