/** The blob store in memory, by the contract that the real ones keep. */
import {
  type BlobEntry,
  BlobExistsError,
  BlobMissingError,
  type BlobStore,
  type ByteRange,
} from '../../shared/blob/blob-store.ts';

export class MemoryBlobStore implements BlobStore {
  readonly objects = new Map<string, Uint8Array>();

  async put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, size: number): Promise<void> {
    const chunks: Uint8Array[] = [];
    if (body instanceof Uint8Array) chunks.push(body);
    else for await (const chunk of body) chunks.push(chunk);
    const whole = Buffer.concat(chunks);
    if (whole.length !== size) throw new Error(`body of ${whole.length} bytes under ${key}, not ${size}`);
    if (this.objects.has(key)) throw new BlobExistsError(key);
    this.objects.set(key, whole);
  }

  async get(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array>> {
    const whole = this.objects.get(key);
    if (!whole) throw new BlobMissingError(key);
    const bytes = range ? whole.subarray(range.start, range.end) : whole;
    return (async function* () {
      yield bytes;
    })();
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.objects.delete(key);
  }

  async *list(prefix: string): AsyncIterable<BlobEntry> {
    for (const key of [...this.objects.keys()].sort())
      if (key.startsWith(prefix)) yield { key, size: this.objects.get(key)?.length ?? 0, modified: 0 };
  }
}
