/**
 * Messages that nobody has stored: a store of objects in which a number of them are there, their bytes made from their ids.
 * Everything else lies where it is put.
 */
import { createHash } from 'node:crypto';
import type { AccountId, BlobId } from '../../shared/account/ids.ts';
import { blobKeys } from '../../shared/aws/keys.ts';
import {
  type BlobEntry,
  BlobMissingError,
  type BlobPutOptions,
  type BlobStore,
  type BodySize,
  type ByteRange,
  type ByteSuffix,
} from '../../shared/blob/blob-store.ts';
import { rangeWithin } from '../../shared/blob/blob-key.ts';

/** Odd, so that numbers and what they are multiplied to are one to one; and what takes that back, both modulo 2^32. */
const SPREAD = 0x9e37_79b1;
const GATHER = 0x0e8b_2f51;
const DIGITS = 8;

/** Ids are as random as real ones, and tell their number. */
export function virtualBlob(index: number): BlobId {
  const start = spread(index).toString(16).padStart(DIGITS, '0');
  return (start + createHash('md5').update(start).digest('hex').slice(DIGITS)) as BlobId;
}

const spread = (index: number): number => Math.imul(index, SPREAD) >>> 0;
const indexOf = (blob: string): number => Math.imul(Number.parseInt(blob.slice(0, DIGITS), 16), GATHER) >>> 0;

export interface VirtualMessagesOptions {
  readonly account: AccountId;
  readonly count: number;
  /** Bytes of each. */
  readonly bytes: number;
}

export class VirtualMessages implements BlobStore {
  readonly #inner: BlobStore;
  readonly #options: VirtualMessagesOptions;
  readonly #prefix: string;
  readonly #deleted = new Set<number>();
  readonly #asked = new Map<string, number>();

  constructor(inner: BlobStore, options: VirtualMessagesOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#prefix = blobKeys.messages(options.account);
  }

  /** What was asked for, as S3 counts it: a listing has 1,000 objects a request, and so have deletions. */
  get requests(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#asked].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  async put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    size: BodySize,
    options?: BlobPutOptions,
  ): Promise<void> {
    this.#count('s3.PutObject');
    await this.#inner.put(key, body, size, options);
  }

  async get(
    key: string,
    range?: ByteRange | ByteSuffix,
    options?: { readonly signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>> {
    this.#count('s3.GetObject');
    const index = this.#virtual(key);
    if (index === null) return this.#inner.get(key, range, options);
    if (this.#deleted.has(index)) throw new BlobMissingError(key);
    const whole = messageOf(index, this.#options.bytes);
    const { start, end } = rangeWithin(range, whole.length);
    return (async function* () {
      yield whole.subarray(start, end);
    })();
  }

  async delete(keys: readonly string[]): Promise<void> {
    this.#count('s3.DeleteObjects', Math.ceil(keys.length / 1_000));
    const real: string[] = [];
    for (const key of keys) {
      const index = this.#virtual(key);
      if (index === null) real.push(key);
      else this.#deleted.add(index);
    }
    await this.#inner.delete(real);
  }

  async *list(prefix: string): AsyncIterable<BlobEntry> {
    let listed = 0;
    const { count, bytes } = this.#options;
    const starts =
      prefix === this.#prefix ? Uint32Array.from({ length: count }, (_, index) => spread(index)) : [];
    for (const start of starts.toSorted()) {
      const index = Math.imul(start, GATHER) >>> 0;
      if (this.#deleted.has(index)) continue;
      if (listed++ % 1_000 === 0) this.#count('s3.ListObjectsV2');
      yield { key: this.#prefix + virtualBlob(index), size: bytes, modified: 0 };
    }
    for await (const entry of this.#inner.list(prefix)) {
      if (listed++ % 1_000 === 0) this.#count('s3.ListObjectsV2');
      yield entry;
    }
    if (listed === 0) this.#count('s3.ListObjectsV2');
  }

  folders(prefix: string): AsyncIterable<string> {
    return this.#inner.folders(prefix);
  }

  /** The number of the message under the key; null: it is none of these. */
  #virtual(key: string): number | null {
    if (!key.startsWith(this.#prefix)) return null;
    const blob = key.slice(this.#prefix.length);
    const index = indexOf(blob);
    return index < this.#options.count && virtualBlob(index) === blob ? index : null;
  }

  #count(name: string, times = 1): void {
    this.#asked.set(name, (this.#asked.get(name) ?? 0) + times);
  }
}

/** A short text, padded to its size. */
export function messageOf(index: number, bytes: number): Uint8Array {
  const head = `From: sender-${index % 997}@example.org\r\nSubject: message ${index}\r\n\r\n`;
  return Buffer.from(head + 'all is well here. '.repeat(Math.ceil(bytes / 18))).subarray(0, bytes);
}
