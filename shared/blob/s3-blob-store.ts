/**
 * Blobs as objects of one S3 bucket (AWS, Ceph RADOS Gateway, MinIO …). The role needs ListBucket: without it AWS
 * answers a missing key with 403 instead of 404.
 */
import { Readable } from 'node:stream';
import { DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput, ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3';
import type { RetryClock } from '../aws/retry.ts';
import { DEFAULT_RETRY, backoffMs, systemRetryClock, withRetry } from '../aws/retry.ts';
import { checkBlobKey, checkByteRange } from './blob-key.ts';
import type { BlobEntry, BlobPutOptions, BlobStore, BodySize, ByteRange, ByteSuffix } from './blob-store.ts';
import { BlobMissingError } from './blob-store.ts';
import { closingIterable } from './closing-iterable.ts';
import { type S3Bucket, type Signalled, abortSignal, isMissing, objectSize } from './s3-object.ts';
import { PART_BYTES, s3Put } from './s3-put.ts';
import { checkBlobSize } from './sized-body.ts';

/** Most that one DeleteObjects takes. */
const DELETE_BATCH = 1_000;
/** Attempts at a read that bring no further byte, in a row, before it is given up. */
const FRUITLESS_READS = 5;

export interface S3BlobStoreOptions {
  readonly clock?: RetryClock;
  /** `PART_BYTES` unless a test, against a store that takes them, wants parts of a size that is quickly sent. */
  readonly partBytes?: number;
}

export class S3BlobStore implements BlobStore {
  readonly #bucket: S3Bucket;

  constructor(client: S3Client, bucket: string, options: S3BlobStoreOptions = {}) {
    const { clock = systemRetryClock, partBytes = PART_BYTES } = options;
    this.#bucket = { client, name: bucket, clock, partBytes };
  }

  async put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    size: BodySize,
    options: BlobPutOptions = {},
  ): Promise<void> {
    checkBlobKey(key);
    checkBlobSize(size);
    await s3Put(this.#bucket, key, body, size, options);
  }

  async get(
    key: string,
    range?: ByteRange | ByteSuffix,
    options: Signalled = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    checkBlobKey(key);
    if (range) checkByteRange(range);
    // HTTP has no way to ask for no bytes.
    if (range && ('last' in range ? range.last === 0 : range.start === range.end)) {
      if ((await objectSize(this.#bucket, key, options)) === undefined) throw new BlobMissingError(key);
      return nothing();
    }
    const answer = await withRetry(() => this.#read(key, range, options.signal), {
      clock: this.#bucket.clock,
      signal: options.signal,
    });
    if (answer === undefined) return nothing();
    const reading: Reading = { current: answer, closed: false };
    const end = answer.start + answer.size;
    // An abort needs no care here: the SDK's transport destroys the connection, whoever reads from it.
    return closingIterable(this.#chunks(key, reading, answer.start, end, options.signal), () => {
      reading.closed = true;
      reading.current.body.destroy();
    });
  }

  /** Bytes `start` … `end`, going on from the byte where a connection broke. */
  async *#chunks(
    key: string,
    reading: Reading,
    start: number,
    end: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let at = start;
    let fruitless = 0;
    try {
      for (;;) {
        let failure: unknown;
        const from = at;
        try {
          for await (const chunk of reading.current.body as AsyncIterable<Uint8Array>) {
            if (at + chunk.length > end) throw new RangeError(`S3 sent more of ${key} than it said`);
            at += chunk.length;
            yield chunk;
          }
        } catch (error) {
          failure = error;
        }
        signal?.throwIfAborted();
        if (at === end && failure === undefined) return;
        failure ??= new Error(`the connection ended at byte ${at} of ${end}`);
        fruitless = at > from ? 1 : fruitless + 1;
        // An error after the last byte is a checksum that does not match.
        const hopeless = at === end || fruitless >= FRUITLESS_READS || failure instanceof RangeError;
        if (hopeless || reading.closed) throw brokenRead(key, failure);
        await this.#bucket.clock.sleep(
          backoffMs(fruitless, DEFAULT_RETRY, this.#bucket.clock.random),
          signal,
        );
        reading.current = await this.#resume(key, at, end, signal);
      }
    } finally {
      reading.current.body.destroy();
    }
  }

  async #resume(key: string, at: number, end: number, signal?: AbortSignal): Promise<OpenRead> {
    const answer = await withRetry(() => this.#read(key, { start: at, end }, signal), {
      clock: this.#bucket.clock,
      signal,
    });
    if (answer?.size !== end - at) {
      answer?.body.destroy();
      throw brokenRead(key, new Error(`the object's size changed while it was read`));
    }
    return answer;
  }

  /** Asks for a range, else for all; undefined if the object has no bytes there. */
  async #read(
    key: string,
    range: ByteRange | ByteSuffix | undefined,
    signal?: AbortSignal,
  ): Promise<OpenRead | undefined> {
    const input = {
      Bucket: this.#bucket.name,
      Key: key,
      ...(range ? { Range: rangeHeader(range) } : {}),
    };
    try {
      const answer = await this.#bucket.client.send(new GetObjectCommand(input), abortSignal(signal));
      return openRead(key, answer, range);
    } catch (error) {
      if (statusOf(error) === 416) return undefined;
      throw isMissing(error) ? new BlobMissingError(key) : error;
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkBlobKey(key);
    for (let i = 0; i < keys.length; i += DELETE_BATCH)
      await this.#deleteBatch(keys.slice(i, i + DELETE_BATCH));
  }

  /** S3 answers for each key by itself: those that failed are asked for again, until all are gone. */
  async #deleteBatch(keys: readonly string[]): Promise<void> {
    let left = keys;
    await withRetry(
      async () => {
        const input = { Objects: left.map((Key) => ({ Key })), Quiet: true };
        const answer = await this.#bucket.client.send(
          new DeleteObjectsCommand({ Bucket: this.#bucket.name, Delete: input }),
        );
        const errors = (answer.Errors ?? []).filter((error) => error.Code !== 'NoSuchKey');
        if (errors.length === 0) return;
        left = errors.map((error) => error.Key ?? '');
        throw new BlobDeleteError(left, errors[0]?.Code ?? 'unknown');
      },
      { clock: this.#bucket.clock },
    );
  }

  async *list(prefix: string): AsyncIterable<BlobEntry> {
    for await (const { Contents } of this.#pages({ Prefix: prefix }))
      for (const { Key, Size, LastModified } of Contents ?? []) {
        if (Key === undefined || Size === undefined || LastModified === undefined) {
          throw new Error(`S3 listed an object of ${this.#bucket.name} without key, size or time`);
        }
        yield { key: Key, size: Size, modified: LastModified.getTime() };
      }
  }

  async *folders(prefix: string): AsyncIterable<string> {
    for await (const { CommonPrefixes } of this.#pages({ Prefix: prefix, Delimiter: '/' }))
      for (const { Prefix } of CommonPrefixes ?? []) {
        if (Prefix === undefined)
          throw new Error(`S3 listed a prefix of ${this.#bucket.name} without its name`);
        yield Prefix.slice(prefix.length, -1);
      }
  }

  async *#pages(asked: ListedPart): AsyncIterable<ListObjectsV2CommandOutput> {
    let token: string | undefined;
    do {
      const input = {
        Bucket: this.#bucket.name,
        ...asked,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      };
      const page = await withRetry(() => this.#bucket.client.send(new ListObjectsV2Command(input)), {
        clock: this.#bucket.clock,
      });
      yield page;
      token = page.NextContinuationToken;
      if (page.IsTruncated === true && token === undefined) {
        throw new Error(`S3 cut the list of ${this.#bucket.name} without saying where to go on`);
      }
    } while (token !== undefined);
  }
}

/** Of the objects of a bucket. */
interface ListedPart {
  readonly Prefix: string;
  readonly Delimiter?: string;
}

/** Some keys could not be deleted; `name` is S3's code for the first, so that it is classified like any other error. */
export class BlobDeleteError extends Error {
  readonly keys: readonly string[];
  constructor(keys: readonly string[], code: string) {
    super(`S3 did not delete ${keys.length} objects (${code}), the first being ${keys[0] ?? ''}`);
    this.name = code === 'ServiceUnavailable' ? 'SlowDown' : code;
    this.keys = keys;
  }
}

/** A read under way: the connection it has now, and whether its reader has left. */
interface Reading {
  current: OpenRead;
  closed: boolean;
}

interface OpenRead {
  readonly body: Readable;
  /** Where in the object it begins. */
  readonly start: number;
  /** Bytes that `body` has to give. */
  readonly size: number;
}

function rangeHeader(range: ByteRange | ByteSuffix): string {
  if ('last' in range) return `bytes=-${range.last}`;
  return `bytes=${range.start}-${range.end - 1}`;
}

/** Checks that the answer is what was asked for: a server that ignores Range would give the wrong bytes. */
function openRead(
  key: string,
  answer: GetObjectCommandOutput,
  range: ByteRange | ByteSuffix | undefined,
): OpenRead {
  const { Body: body, ContentLength: size, ContentRange: told } = answer;
  if (!(body instanceof Readable)) throw new Error(`S3 sent no stream for ${key}`);
  // The reader may come later than the error.
  body.on('error', () => undefined);
  const start = range ? startTold(range, told) : 0;
  if (size === undefined || start === undefined) {
    body.destroy();
    throw new Error(
      `S3 answered a read of ${key} with length ${size ?? 'unset'} and range ${told ?? 'unset'}`,
    );
  }
  return { body, start, size };
}

/** Where the bytes begin that answer a request for `range`; undefined if they are others. */
function startTold(range: ByteRange | ByteSuffix, told = ''): number | undefined {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(told)?.map(Number) ?? [];
  if (first === undefined || last === undefined || total === undefined) return undefined;
  const asked = 'last' in range ? Math.max(0, total - range.last) : range.start;
  if ('last' in range && last !== total - 1) return undefined;
  return first === asked ? first : undefined;
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  // No bytes.
}

function brokenRead(key: string, cause: unknown): Error {
  return new Error(`reading ${key} from S3 broke off`, { cause });
}

/** By shape, not by class: the SDK throws more than its own classes. */
function statusOf(error: unknown): number | undefined {
  return (error as { readonly $metadata?: { readonly httpStatusCode?: number } } | null)?.$metadata
    ?.httpStatusCode;
}
