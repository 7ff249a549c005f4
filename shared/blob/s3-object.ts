/** What reading and writing an object of an S3 bucket have in common. */
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import type { RetryClock } from '../aws/retry.ts';
import { withRetry } from '../aws/retry.ts';

export interface S3Bucket {
  readonly client: S3Client;
  readonly name: string;
  readonly clock: RetryClock;
  /** Bytes of a stream that are collected before they are sent; S3 takes parts from 5 MiB. */
  readonly partBytes: number;
}

export interface Signalled {
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of the object; undefined if there is none. */
export async function objectSize(
  bucket: S3Bucket,
  key: string,
  { signal }: Signalled,
): Promise<number | undefined> {
  const command = new HeadObjectCommand({ Bucket: bucket.name, Key: key });
  try {
    const head = await withRetry(() => bucket.client.send(command, abortSignal(signal)), {
      clock: bucket.clock,
      signal,
    });
    return head.ContentLength;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A signal as the SDK takes it. */
export function abortSignal(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}

export function isMissing(error: unknown): boolean {
  const name = (error as { readonly name?: unknown } | null)?.name;
  return name === 'NoSuchKey' || name === 'NotFound';
}
