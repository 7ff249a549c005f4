/** The blob store in memory, by the contract that the real ones keep. */
import { checkBlobKey, checkByteRange, rangeWithin } from '../../shared/blob/blob-key.ts';
import {
  type BlobEntry,
  BlobExistsError,
  BlobMissingError,
  type BlobPutOptions,
  type BlobStore,
  type BodySize,
  type ByteRange,
  type ByteSuffix,
} from '../../shared/blob/blob-store.ts';
import { checkBlobSize, sizedBody } from '../../shared/blob/sized-body.ts';

/** As a socket or a file would give them. */
const CHUNK = 64 * 1024;

export class MemoryBlobStore implements BlobStore {
  readonly objects = new Map<string, Uint8Array>();
  readonly #modified = new Map<string, number>();
  readonly #now: () => number;

  /** `now`: milliseconds since the epoch. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Keys of messages, in the order in which they were put: what folds keep beside them is left out. */
  get messages(): readonly string[] {
    return [...this.objects.keys()].filter((key) => key.startsWith('blobs/'));
  }

  /** When the object was put, milliseconds since the epoch; 0 for one that is not there. */
  modified(key: string): number {
    return this.#modified.get(key) ?? 0;
  }

  /** An object that was deleted comes back, as a version of S3 does when its delete marker goes. */
  putBack(key: string, bytes: Uint8Array, modified: number): void {
    this.objects.set(key, bytes);
    this.#modified.set(key, modified);
  }

  async put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    size: BodySize,
    options: BlobPutOptions = {},
  ): Promise<void> {
    checkBlobKey(key);
    checkBlobSize(size);
    const whole: Uint8Array[] = [];
    for await (const chunk of sizedBody(body, size, options.signal)) whole.push(chunk);
    if (this.objects.has(key)) throw new BlobExistsError(key);
    // A copy: what the caller does to his buffer later is not stored.
    this.objects.set(key, Buffer.concat(whole));
    this.#modified.set(key, this.#now());
  }

  async get(
    key: string,
    range?: ByteRange | ByteSuffix,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    checkBlobKey(key);
    if (range) checkByteRange(range);
    signal?.throwIfAborted();
    const whole = this.objects.get(key);
    if (!whole) throw new BlobMissingError(key);
    const { start, end } = rangeWithin(range, whole.length);
    const bytes = whole.subarray(start, end);
    return (async function* () {
      for (let at = 0; at < bytes.length; at += CHUNK) {
        yield bytes.subarray(at, at + CHUNK);
        signal?.throwIfAborted();
      }
    })();
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkBlobKey(key);
    for (const key of keys) this.objects.delete(key);
  }

  async *list(prefix: string): AsyncIterable<BlobEntry> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
    for (const key of keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
      yield { key, size: this.objects.get(key)?.length ?? 0, modified: this.modified(key) };
  }

  async *folders(prefix: string): AsyncIterable<string> {
    let last: string | undefined;
    for await (const { key } of this.list(prefix)) {
      const slash = key.indexOf('/', prefix.length);
      const name = key.slice(prefix.length, slash);
      if (slash < 0 || name === last) continue;
      last = name;
      yield name;
    }
  }
}
