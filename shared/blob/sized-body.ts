import type { BodySize } from './blob-store.ts';

/** A body that is not as long as was said. */
export class BlobSizeError extends Error {
  constructor(expected: number, found: string) {
    super(`the body should have ${expected} bytes, but has ${found}`);
    this.name = 'BlobSizeError';
  }
}

/** Throws unless `size` is a number of bytes. */
export function checkBlobSize(size: BodySize): void {
  const most = mostBytes(size);
  if (!Number.isSafeInteger(most) || most < 0) throw new RangeError(`invalid blob size ${most}`);
}

/** The most bytes that a body may have. */
export function mostBytes(size: BodySize): number {
  return typeof size === 'number' ? size : size.atMost;
}

/**
 * The chunks of `body`, which must be `size` bytes in all, or at most as many as its bound. The chunk that completes the size is held back until the
 * body has ended: a receiver that counts (S3 does, by Content-Length) would otherwise accept the object before the
 * byte too many is seen. Ends with the signal's reason when that fires, even while the body has nothing to give.
 */
export async function* sizedBody(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  size: BodySize,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const most = mostBytes(size);
  let seen = 0;
  let last: Uint8Array | undefined;
  for await (const chunk of abortable(body instanceof Uint8Array ? [body] : body, signal)) {
    if (chunk.length === 0) continue;
    seen += chunk.length;
    if (seen > most) throw new BlobSizeError(most, 'more');
    if (seen < most) yield chunk;
    else last = chunk;
  }
  if (seen < most && typeof size === 'number') throw new BlobSizeError(size, String(seen));
  if (last !== undefined) yield last;
}

async function* abortable<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  signal?.throwIfAborted();
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal?.reason as Error);
    signal?.addEventListener('abort', stop, { once: true });
  });
  aborted.catch(() => undefined);
  let ended = false;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done === true) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    // Not awaited: a source that is stuck in next() would answer return() only after that.
    if (!ended) Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
