/** A message that is put together from others' bytes: nothing of it is held in memory but what is short. */

/** Bytes that can be read once, or more often, from where they are. */
export interface Piece {
  readonly size: number;
  open(): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;
}

export function bytesPiece(bytes: Uint8Array): Piece {
  return {
    size: bytes.length,
    async *open() {
      if (bytes.length > 0) yield bytes;
    },
  };
}

export function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { size }) => sum + size, 0);
}

/** All pieces, one after another; each is opened when its turn has come. */
export async function* joined(pieces: readonly Piece[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) yield* await piece.open();
}
