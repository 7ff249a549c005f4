/**
 * The blob store: message bodies and other immutable objects under a key. One implementation on S3, one on a folder;
 * `test/support/blob-store-contract.ts` holds both to this contract.
 *
 * Every key is written once and never changed, so there is no versioning and no locking here. `put` returns only when
 * the whole object is durable (I2): after it, `get` finds every byte from any process.
 */
export interface BlobStore {
  /**
   * Stores `body` of exactly `size` bytes under `key`. A body of another size is an error, and leaves no object. `size`
   * may be a bound instead, where it is not known beforehand: then the object is as long as the body, and a longer one
   * than the bound is the error.
   * An aborted or failed put leaves no readable object, unless its outcome could not be learned (a connection that broke
   * after the last byte): then a whole object may stand there, named by nobody, which the sweep removes.
   * Rejects with `BlobExistsError` if there is an object under the key.
   */
  put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    size: BodySize,
    options?: BlobPutOptions,
  ): Promise<void>;
  /**
   * Opens `key` for reading: the whole object, the bytes `range.start` … `range.end` (end excluded, clamped to the
   * object's size), or its last bytes (all of it if it has no more). A range that starts at or beyond the end is empty.
   * Rejects with `BlobMissingError` if there is no such object. If the transport breaks midway the iteration rejects; it never ends early. A file or a socket is held
   * until the iteration ends: who does not read to the end must leave the loop (or call `return()`), or abort.
   */
  get(
    key: string,
    range?: ByteRange | ByteSuffix,
    options?: { readonly signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Deletes any number of keys; a key that is not there is no error. */
  delete(keys: readonly string[]): Promise<void>;
  /** All objects whose key starts with `prefix`, in ascending order of key (UTF-8 bytes), every page. */
  list(prefix: string): AsyncIterable<BlobEntry>;
  /**
   * What stands between `prefix`, which ends with a slash, and the next slash of the keys that start with it: each once,
   * in the order of the keys, and without a look at every object.
   */
  folders(prefix: string): AsyncIterable<string>;
}

export interface BlobPutOptions {
  readonly signal?: AbortSignal;
}

/** Bytes `start` (included) to `end` (excluded). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The last bytes. */
export interface ByteSuffix {
  readonly last: number;
}

/** Bytes, or the most that there may be. */
export type BodySize = number | { readonly atMost: number };

export interface BlobEntry {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

/** There is no object under the key. */
export class BlobMissingError extends Error {
  readonly key: string;
  constructor(key: string) {
    super(`no object under key ${key}`);
    this.name = 'BlobMissingError';
    this.key = key;
  }
}

/** There is an object under the key already; objects never change. */
export class BlobExistsError extends Error {
  readonly key: string;
  constructor(key: string) {
    super(`there is an object under key ${key} already`);
    this.name = 'BlobExistsError';
    this.key = key;
  }
}
