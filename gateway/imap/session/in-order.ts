/**
 * Does `work` on each item, at most `width` at a time, and yields the results in the items' order. Leaving the loop lets
 * what has begun come to its end unseen, so `work` must neither hold anything open nor reject.
 */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const running: Promise<R>[] = [];
  for (const item of items) {
    running.push(work(item));
    const first = running.length >= width ? running.shift() : undefined;
    if (first) yield await first;
  }
  for (const rest of running) yield await rest;
}
