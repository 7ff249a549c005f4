/**
 * An iterable of `chunks` that calls `close` as soon as its reader stops, even one that stops before the first chunk:
 * a generator's own `finally` does not run if it was never started, and the socket or file would stay open.
 */
export function closingIterable<T>(
  chunks: AsyncGenerator<T, void, undefined>,
  close: () => void,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => chunks.next(),
      return: async () => {
        close();
        await chunks.return();
        return { done: true, value: undefined };
      },
    }),
  };
}
