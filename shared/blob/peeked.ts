import { closingIterable } from './closing-iterable.ts';

export interface Peeked {
  /** The first bytes, or all if there are fewer. */
  readonly start: Uint8Array;
  /** All bytes, those too. */
  readonly rest: AsyncIterable<Uint8Array>;
}

/** Reads `chunks` until `bytes` of them are there. */
export async function peeked(chunks: AsyncIterable<Uint8Array>, bytes: number): Promise<Peeked> {
  const iterator = chunks[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  while (length < bytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    seen.push(next.value);
    length += next.value.length;
  }
  const close = async (): Promise<void> => {
    await iterator.return?.();
  };
  async function* rest(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* seen;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        yield next.value;
    } finally {
      await close();
    }
  }
  return {
    start: Buffer.concat(seen).subarray(0, bytes),
    rest: closingIterable(rest(), () => void close().catch(() => undefined)),
  };
}
