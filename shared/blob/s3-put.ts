/**
 * Puts of objects into an S3 bucket, which can be repeated in whole or in part: a client that stalls in the middle of
 * an APPEND must not hold a request open, because S3 closes one that is silent for about 20 seconds.
 *
 * `@aws-sdk/lib-storage` was tried for this and does not fit: it leaves retries to the client, whose own are off
 * (`clients.ts`); it does not settle a completion whose answer is lost; and an upload that is aborted while its body
 * stalls is left behind.
 */
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { DEFAULT_RETRY, classifyFailure, outcomeUnknown, withRetry } from '../aws/retry.ts';
import { BlobExistsError, type BodySize } from './blob-store.ts';
import { type S3Bucket, type Signalled, abortSignal, objectSize } from './s3-object.ts';
import { mostBytes, sizedBody } from './sized-body.ts';

/**
 * A stream is collected up to here, and sent when nothing more has to be waited for: as one object if that is all,
 * else as a part (S3 takes parts from 5 MiB). This is the memory of a put, and touched only as bytes arrive. Nearly all
 * mail is smaller, and is one request; up to 40 MB it is four to seven more, each $5 per million.
 */
export const PART_BYTES = 8 * 1024 * 1024;
/** Most that S3 takes. */
const MOST_PARTS = 10_000;
/** Once more, then it is left to the bucket's lifecycle rule. */
const ABANDON_ATTEMPTS = 2;

/** Puts `body` of `size` bytes under a key that no object has; see `BlobStore.put`. */
export async function s3Put(
  bucket: S3Bucket,
  key: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  size: BodySize,
  options: Signalled,
): Promise<void> {
  const most = mostBytes(size);
  if (most > MOST_PARTS * bucket.partBytes) throw new RangeError(`${most} bytes are more than S3 takes`);
  const chunks = sizedBody(body, size, options.signal);
  if (body instanceof Uint8Array && body.length === size) await putWhole(bucket, key, body, options);
  else await putStream(bucket, key, inParts(chunks, size, bucket.partBytes), options);
}

async function putWhole(bucket: S3Bucket, key: string, bytes: Uint8Array, options: Signalled): Promise<void> {
  const command = new PutObjectCommand({
    Bucket: bucket.name,
    Key: key,
    Body: bytes,
    ContentLength: bytes.length,
    IfNoneMatch: '*',
  });
  await settled(bucket, key, bytes.length, options, () =>
    bucket.client.send(command, abortSignal(options.signal)),
  );
}

/** One request if all of it fits one, however long it might have become. */
async function putStream(
  bucket: S3Bucket,
  key: string,
  parts: AsyncIterable<Part>,
  options: Signalled,
): Promise<void> {
  let upload: MultipartUpload | undefined;
  try {
    for await (const { bytes, more } of parts) {
      if (!more && !upload) {
        await putWhole(bucket, key, bytes, options);
        return;
      }
      upload ??= await MultipartUpload.create(bucket, key, options);
      await upload.part(bytes);
    }
    await upload?.complete();
  } catch (error) {
    await upload?.abandon();
    options.signal?.throwIfAborted();
    throw error;
  }
}

class MultipartUpload {
  readonly #bucket: S3Bucket;
  readonly #options: Signalled;
  readonly #target: { readonly Bucket: string; readonly Key: string; readonly UploadId: string };
  readonly #parts: CompletedPart[] = [];
  #bytes = 0;

  private constructor(bucket: S3Bucket, key: string, upload: string, options: Signalled) {
    this.#bucket = bucket;
    this.#options = options;
    this.#target = { Bucket: bucket.name, Key: key, UploadId: upload };
  }

  static async create(bucket: S3Bucket, key: string, options: Signalled): Promise<MultipartUpload> {
    const { client, name, clock } = bucket;
    // The SDK then sends a checksum with every part, which S3 takes only if it was announced here.
    const checksums = (await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
    const command = new CreateMultipartUploadCommand({
      Bucket: name,
      Key: key,
      ...(checksums ? { ChecksumAlgorithm: 'CRC32' } : {}),
    });
    // Repeated after a lost answer, it leaves an upload without parts to the bucket's lifecycle rule.
    const { UploadId } = await withRetry(() => client.send(command, abortSignal(options.signal)), {
      clock,
      signal: options.signal,
    });
    if (UploadId === undefined) throw new Error(`S3 began an upload of ${key} without naming it`);
    return new MultipartUpload(bucket, key, UploadId, options);
  }

  /** A part that is sent again replaces itself. */
  async part(bytes: Uint8Array): Promise<void> {
    const { client, clock } = this.#bucket;
    const { signal } = this.#options;
    const PartNumber = this.#parts.length + 1;
    const command = new UploadPartCommand({
      ...this.#target,
      PartNumber,
      Body: bytes,
      ContentLength: bytes.length,
    });
    const answer = await withRetry(() => client.send(command, abortSignal(signal)), { clock, signal });
    if (answer.ETag === undefined) {
      throw new Error(`S3 took part ${PartNumber} of ${this.#target.Key} without an ETag`);
    }
    this.#bytes += bytes.length;
    const { ETag, ChecksumCRC32 } = answer;
    this.#parts.push({ PartNumber, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) });
  }

  async complete(): Promise<void> {
    // Ceph RADOS Gateway 16 ignores IfNoneMatch here, though not on PutObject. What it stores is then at least not put
    // over an object that stands already; that two uploads of one random key end at once is for S3 alone to refuse.
    const { Key } = this.#target;
    if ((await objectSize(this.#bucket, Key, this.#options)) !== undefined) throw new BlobExistsError(Key);
    const command = new CompleteMultipartUploadCommand({
      ...this.#target,
      MultipartUpload: { Parts: this.#parts },
      IfNoneMatch: '*',
    });
    await settled(this.#bucket, Key, this.#bytes, this.#options, () =>
      this.#bucket.client.send(command, abortSignal(this.#options.signal)),
    );
  }

  /**
   * Frees the parts. They cost money and are listed nowhere, so that the bucket needs a lifecycle rule as well
   * (AbortIncompleteMultipartUpload): for this call failing, for a process that dies, for a part that lands late.
   */
  async abandon(): Promise<void> {
    const { client, clock } = this.#bucket;
    const command = new AbortMultipartUploadCommand(this.#target);
    const policy = { ...DEFAULT_RETRY, attempts: ABANDON_ATTEMPTS };
    // What failed before is what the caller has to hear of.
    await withRetry(() => client.send(command), { clock, policy }).catch(() => undefined);
  }
}

/**
 * Repeats a conditional write of a whole object until its outcome is known (I3). An attempt that seemed to fail may have
 * stored the object that is in the way of the next, or have used up the upload. Objects are stored whole or not at all,
 * and keys are random per put, so that the size tells ours from a stranger's.
 */
async function settled(
  bucket: S3Bucket,
  key: string,
  size: number,
  { signal }: Signalled,
  write: () => Promise<unknown>,
): Promise<void> {
  const attempts = { unknown: false };
  const attempt = async (): Promise<void> => {
    try {
      await write();
    } catch (error) {
      attempts.unknown ||= outcomeUnknown(error);
      throw error;
    }
  };
  try {
    await withRetry(attempt, { clock: bucket.clock, signal });
  } catch (error) {
    signal?.throwIfAborted();
    // Should this read fail as well, the write's own error says more.
    const stands = attempts.unknown
      ? await objectSize(bucket, key, { signal }).catch(() => undefined)
      : undefined;
    if (stands === size) return;
    throw classifyFailure(error) === 'condition' ? new BlobExistsError(key) : error;
  }
}

interface Part {
  readonly bytes: Uint8Array;
  /** Whether the body goes on behind it. */
  readonly more: boolean;
}

/** The bytes of `chunks` in arrays of `partBytes` and a last one of what is left; at least one. */
async function* inParts(
  chunks: AsyncIterable<Uint8Array>,
  size: BodySize,
  partBytes: number,
): AsyncGenerator<Part, void, undefined> {
  let left = mostBytes(size);
  // Never used twice: an attempt that timed out may still be reading from it.
  let part = Buffer.allocUnsafe(Math.min(left, partBytes));
  let filled = 0;
  const whole = (): Part => {
    const bytes = part;
    left -= bytes.length;
    part = Buffer.allocUnsafe(Math.min(left, partBytes));
    filled = 0;
    return { bytes, more: true };
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      // A byte is there that the full part has no room for.
      if (filled === part.length) yield whole();
      const taken = Math.min(chunk.length - at, part.length - filled);
      part.set(chunk.subarray(at, at + taken), filled);
      at += taken;
      filled += taken;
      // With a size there is no need to wait for that byte. The last part waits for the end, which may be a byte late.
      if (typeof size === 'number' && filled === part.length && left > filled) yield whole();
    }
  }
  yield { bytes: part.subarray(0, filled), more: false };
}
