/** All of `chunks` as one piece: of small objects, and of what is bounded by a range. */
export async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  const [only] = all;
  return only && all.length === 1 ? only : Buffer.concat(all);
}
