/** What every blob store must do; run on each implementation by its own test file. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { BlobEntry, BlobStore, ByteRange, ByteSuffix } from '../../shared/blob/blob-store.ts';
import { BlobExistsError, BlobMissingError } from '../../shared/blob/blob-store.ts';
import { BlobSizeError } from '../../shared/blob/sized-body.ts';

/** A part that is quickly sent, and no multiple of what the stores read or send at a time. */
export const SMALL_PART = 200_000;
/** More than a connection holds that nobody reads from. */
const LONG = 8 * 1024 * 1024;

/**
 * Runs the contract on the store that `store()` gives; it is asked once a test. Keys are random, nothing is shared. The
 * store collects no more than `part` bytes in memory before it sends or writes.
 */
export function blobStoreContract(
  name: string,
  store: () => BlobStore | Promise<BlobStore>,
  part = SMALL_PART,
): void {
  /** Less than it collects. */
  const middle = part >> 1;
  /** More than it collects. */
  const large = part + (part >> 3) + 17;
  /** Half of it is more than it collects. */
  const twice = 2 * large;
  const freshPrefix = (): string => `contract/${randomBytes(8).toString('hex')}/`;

  describe(`${name} keeps the blob store's contract`, () => {
    test.each([0, 1, 1000, part - 1, part, part + 1, large, 2 * part, twice])(
      'put and get %d bytes, as bytes and as a stream',
      async (size) => {
        const blobs = await store();
        const prefix = freshPrefix();
        const bytes = randomBytes(size);
        await blobs.put(`${prefix}whole`, bytes, size);
        await blobs.put(`${prefix}stream`, inChunks(bytes, 70_001), size);
        await blobs.put(`${prefix}two-chunks`, inChunks(bytes, size - 1 || 1), size);
        expect(bytes.equals(await read(blobs, `${prefix}whole`))).toBe(true);
        expect(bytes.equals(await read(blobs, `${prefix}stream`))).toBe(true);
        expect(bytes.equals(await read(blobs, `${prefix}two-chunks`))).toBe(true);
      },
    );

    test('a range gives exactly its bytes, cut at the end of the object', async () => {
      const blobs = await store();
      const key = `${freshPrefix()}ranges`;
      const bytes = randomBytes(300_000);
      await blobs.put(key, bytes, bytes.length);
      const ranges: ByteRange[] = [
        { start: 0, end: 1 },
        { start: 0, end: 300_000 },
        { start: 299_999, end: 300_000 },
        { start: 131_071, end: 131_073 },
        { start: 200_000, end: 900_000 },
        { start: 5, end: 5 },
        { start: 300_000, end: 300_001 },
        { start: 1_000_000, end: 2_000_000 },
        { start: 0, end: Number.MAX_SAFE_INTEGER },
      ];
      for (const range of ranges) {
        const found = await read(blobs, key, range);
        expect({ range, same: found.equals(bytes.subarray(range.start, range.end)) }).toEqual({
          range,
          same: true,
        });
      }
    });

    test('a range of an empty object is empty', async () => {
      const blobs = await store();
      const key = `${freshPrefix()}empty`;
      await blobs.put(key, new Uint8Array(0), 0);
      expect(await read(blobs, key, { start: 0, end: 10 })).toHaveLength(0);
    });

    test('the last bytes are exactly those, and of a shorter object all of it', async () => {
      const blobs = await store();
      const key = `${freshPrefix()}suffix`;
      const bytes = randomBytes(300_000);
      await blobs.put(key, bytes, bytes.length);
      for (const last of [0, 1, 1000, 131_073, 299_999, 300_000, 300_001, 5_000_000]) {
        const found = await read(blobs, key, { last });
        const expected = bytes.subarray(Math.max(0, bytes.length - last));
        expect({ last, same: found.equals(expected) }).toEqual({ last, same: true });
      }
      await blobs.put(`${key}-empty`, new Uint8Array(0), 0);
      for (const last of [0, 10]) expect(await read(blobs, `${key}-empty`, { last })).toHaveLength(0);
      for (const last of [0, 10])
        await expect(blobs.get(`${key}-nowhere`, { last })).rejects.toThrow(BlobMissingError);
      for (const last of [-1, 0.5, Number.NaN])
        await expect(blobs.get(key, { last })).rejects.toThrow(RangeError);
    });

    test.each([0, 1, 1000, part - 1, part, part + 1, large, 2 * part])(
      'a body of %d bytes whose size was not known is stored as it came',
      async (size) => {
        const blobs = await store();
        const prefix = freshPrefix();
        const bytes = randomBytes(size);
        for (const atMost of [size, size + 1, twice]) {
          await blobs.put(`${prefix}${atMost}`, inChunks(bytes, 70_001), { atMost });
          expect(bytes.equals(await read(blobs, `${prefix}${atMost}`))).toBe(true);
        }
        await blobs.put(`${prefix}bytes`, bytes, { atMost: size + 5 });
        expect(bytes.equals(await read(blobs, `${prefix}bytes`))).toBe(true);
      },
    );

    test('a body that outgrows its bound leaves no object', async () => {
      const blobs = await store();
      const prefix = freshPrefix();
      for (const size of [middle, large]) {
        const body = inChunks(randomBytes(size + 1), 20_000);
        await expect(blobs.put(`${prefix}${size}`, body, { atMost: size })).rejects.toThrow(BlobSizeError);
      }
      expect(await listed(blobs, prefix)).toEqual([]);
    });

    test.each([
      { start: -1, end: 3 },
      { start: 4, end: 3 },
      { start: 0.5, end: 3 },
      { start: 0, end: Number.NaN },
    ])('the range $start … $end is refused', async (range) => {
      const blobs = await store();
      await expect(blobs.get(`${freshPrefix()}x`, range)).rejects.toThrow(RangeError);
    });

    test('what is not there is missing, in whole, in part, in an empty part', async () => {
      const blobs = await store();
      const key = `${freshPrefix()}nowhere`;
      await expect(blobs.get(key)).rejects.toThrow(BlobMissingError);
      await expect(blobs.get(key, { start: 3, end: 9 })).rejects.toThrow(BlobMissingError);
      await expect(blobs.get(key, { start: 3, end: 3 })).rejects.toThrow(BlobMissingError);
      await expect(blobs.get(key)).rejects.toMatchObject({ key });
    });

    test('an object is never overwritten', async () => {
      const blobs = await store();
      const key = `${freshPrefix()}once`;
      await blobs.put(key, Buffer.from('first'), 5);
      await expect(blobs.put(key, Buffer.from('other'), 5)).rejects.toThrow(BlobExistsError);
      await expect(blobs.put(key, inChunks(randomBytes(large), 50_000), large)).rejects.toThrow(
        BlobExistsError,
      );
      expect((await read(blobs, key)).toString()).toBe('first');
    });

    test.each([
      ['one byte fewer', -1],
      ['one byte more', 1],
      ['many bytes fewer', -(middle >> 1)],
      ['many bytes more', middle >> 1],
    ])('a stream of %s than said leaves no object', async (_name, difference) => {
      const blobs = await store();
      const prefix = freshPrefix();
      for (const size of [middle, large]) {
        const body = inChunks(randomBytes(size + difference), 20_000);
        await expect(blobs.put(`${prefix}${size}`, body, size)).rejects.toThrow(BlobSizeError);
      }
      await expect(
        blobs.put(`${prefix}bytes`, Buffer.from('abc'), 3 + Math.sign(difference)),
      ).rejects.toThrow(BlobSizeError);
      expect(await listed(blobs, prefix)).toEqual([]);
    });

    test.each([1000, large])(
      'a byte too many after %d bytes leaves no object, though all of it was there before',
      async (size) => {
        const blobs = await store();
        const prefix = freshPrefix();
        async function* body(): AsyncGenerator<Uint8Array> {
          yield randomBytes(size - 10);
          yield randomBytes(10);
          // Time enough for a store that does not wait for the end of the body to take the object for whole.
          for (let i = 0; i < 20; i++) expect(await listed(blobs, prefix)).toEqual([]);
          yield randomBytes(1);
        }
        await expect(blobs.put(`${prefix}x`, body(), size)).rejects.toThrow(BlobSizeError);
        expect(await listed(blobs, prefix)).toEqual([]);
      },
    );

    test.each([-1, 1.5, Number.NaN])('size %d is refused', async (size) => {
      const blobs = await store();
      await expect(blobs.put(`${freshPrefix()}x`, Buffer.from('a'), size)).rejects.toThrow(
        /invalid blob size/,
      );
    });

    test.each([1000, large, twice])(
      'a stream of %d bytes that fails midway fails the put and leaves no object',
      async (size) => {
        const blobs = await store();
        const prefix = freshPrefix();
        async function* failing(): AsyncGenerator<Uint8Array> {
          yield randomBytes(size >> 1);
          throw new Error('the client went away');
        }
        await expect(blobs.put(`${prefix}x`, failing(), size)).rejects.toThrow('the client went away');
        expect(await listed(blobs, prefix)).toEqual([]);
      },
    );

    test.each([1000, large, twice])(
      'an abort ends a put of %d bytes whose body stalls, and closes the body',
      async (size) => {
        const blobs = await store();
        const prefix = freshPrefix();
        const controller = new AbortController();
        const closed = Promise.withResolvers<undefined>();
        const body: AsyncIterable<Uint8Array> = {
          [Symbol.asyncIterator]: () => {
            let calls = 0;
            return {
              next: () => {
                calls++;
                if (calls === 1) return Promise.resolve({ done: false, value: randomBytes(size >> 1) });
                controller.abort(new Error('no time left'));
                return new Promise(() => undefined);
              },
              return: () => {
                closed.resolve(undefined);
                return Promise.resolve({ done: true as const, value: undefined });
              },
            };
          },
        };
        await expect(blobs.put(`${prefix}x`, body, size, { signal: controller.signal })).rejects.toThrow(
          'no time left',
        );
        await closed.promise;
        expect(await listed(blobs, prefix)).toEqual([]);
      },
    );

    test('an abort before anything happened stops put and get', async () => {
      const blobs = await store();
      const prefix = freshPrefix();
      await blobs.put(`${prefix}there`, Buffer.from('abc'), 3);
      const signal = AbortSignal.abort(new Error('too late'));
      await expect(blobs.put(`${prefix}new`, Buffer.from('abc'), 3, { signal })).rejects.toThrow('too late');
      await expect(blobs.get(`${prefix}there`, undefined, { signal })).rejects.toThrow('too late');
      expect((await listed(blobs, prefix)).map((entry) => entry.key)).toEqual([`${prefix}there`]);
    });

    test('an abort ends a read midway with the reason', async () => {
      const blobs = await store();
      const key = `${freshPrefix()}long`;
      await blobs.put(key, randomBytes(LONG), LONG);
      const controller = new AbortController();
      const chunks = await blobs.get(key, undefined, { signal: controller.signal });
      await expect(
        (async () => {
          for await (const chunk of chunks) {
            expect(chunk.length).toBeGreaterThan(0);
            controller.abort(new Error('enough'));
          }
        })(),
      ).rejects.toThrow('enough');
    });

    test('a reader may leave at any time', async () => {
      const blobs = await store();
      const key = `${freshPrefix()}long`;
      await blobs.put(key, randomBytes(LONG), LONG);
      const unread = await blobs.get(key);
      await unread[Symbol.asyncIterator]().return?.();
      for await (const chunk of await blobs.get(key)) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      expect(await read(blobs, key)).toHaveLength(LONG);
    });

    test('delete takes many keys, of which some are not there', async () => {
      const blobs = await store();
      const prefix = freshPrefix();
      const keys = Array.from({ length: 40 }, (_, i) => `${prefix}${i}`);
      await Promise.all(keys.map((key) => blobs.put(key, Buffer.from(key), key.length)));
      const absent = Array.from({ length: 1_500 }, (_, i) => `${prefix}absent-${i}`);
      await blobs.delete([...absent, ...keys.slice(0, 35)]);
      await blobs.delete([]);
      await blobs.delete([`${prefix}0/below`]);
      expect((await listed(blobs, prefix)).map((entry) => entry.key).sort()).toEqual(keys.slice(35).sort());
    });

    test('list gives keys of the prefix alone, by their bytes, with size and time', async () => {
      const blobs = await store();
      const prefix = freshPrefix();
      const names = ['b', 'a/2', 'a/10', 'a-b', 'a0', 'ab/c/d', 'ab/c-d', 'é', 'z', '￿', '😀'];
      const before = Date.now();
      for (const name of names) await blobs.put(prefix + name, Buffer.from(name), Buffer.byteLength(name));
      await blobs.put(`${prefix.slice(0, -1)}0/not-ours`, Buffer.from('x'), 1);
      const all = await listed(blobs, prefix);
      const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(all.map((entry) => entry.key)).toEqual(byBytes.map((name) => prefix + name));
      expect(all.map((entry) => entry.size)).toEqual(byBytes.map((name) => Buffer.byteLength(name)));
      // A minute either way: the store's clock is not ours.
      for (const entry of all) expect(Math.abs(entry.modified - before)).toBeLessThan(60_000);
      const part = await listed(blobs, `${prefix}a`);
      expect(part.map((entry) => entry.key.slice(prefix.length))).toEqual([
        'a-b',
        'a/10',
        'a/2',
        'a0',
        'ab/c-d',
        'ab/c/d',
      ]);
      expect(await listed(blobs, `${prefix}none/`)).toEqual([]);
    });

    test('folders are what stands before the next slash, each once, if anything is in them', async () => {
      const blobs = await store();
      const prefix = freshPrefix();
      const names = [
        'b/1',
        'b/2',
        'a/2/x',
        'a-b/1',
        'a0',
        'ab/c/d',
        'ab/c-d',
        'é/1',
        '😀/1',
        '￿/1',
        'gone/1',
      ];
      for (const name of names) await blobs.put(prefix + name, Buffer.from(name), Buffer.byteLength(name));
      await blobs.delete([`${prefix}gone/1`]);
      const found: string[] = [];
      for await (const name of blobs.folders(prefix)) found.push(name);
      expect(found).toEqual(['a-b', 'a', 'ab', 'b', 'é', '￿', '😀']);
      for await (const name of blobs.folders(`${prefix}none/`)) throw new Error(`there is no ${name}`);
    });

    test('list reads every page', async () => {
      const blobs = await store();
      const prefix = freshPrefix();
      const keys = Array.from({ length: 1_203 }, (_, i) => `${prefix}${String(i).padStart(5, '0')}`);
      for (let i = 0; i < keys.length; i += 50) {
        await Promise.all(keys.slice(i, i + 50).map((key) => blobs.put(key, new Uint8Array(1), 1)));
      }
      expect((await listed(blobs, prefix)).map((entry) => entry.key)).toEqual(keys);
      await blobs.delete(keys);
      expect(await listed(blobs, prefix)).toEqual([]);
    });

    test.each([
      '',
      '/a',
      'a/',
      'a//b',
      '..',
      'a/../b',
      './a',
      'a/.hidden',
      'a\0b',
      'a\\b',
      'a\nb',
      '\ud800',
      'x'.repeat(256),
    ])('the key %j is refused by every operation', async (key) => {
      const blobs = await store();
      await expect(blobs.put(key, new Uint8Array(1), 1)).rejects.toThrow(/invalid blob key/);
      await expect(blobs.get(key)).rejects.toThrow(/invalid blob key/);
      await expect(blobs.delete([key])).rejects.toThrow(/invalid blob key/);
    });

    test('twenty puts at once under one prefix are all there', async () => {
      const blobs = await store();
      const prefix = freshPrefix();
      const bodies = Array.from({ length: 20 }, () => randomBytes(5_000));
      await Promise.all(
        bodies.map((body, i) => blobs.put(`${prefix}deep/${i}`, inChunks(body, 999), body.length)),
      );
      for (const [i, body] of bodies.entries())
        expect(body.equals(await read(blobs, `${prefix}deep/${i}`))).toBe(true);
    });

    test('of two puts under one key at once, one wins whole', async () => {
      const blobs = await store();
      const key = `${freshPrefix()}race`;
      const bodies = [Buffer.alloc(200_000, 'a'), Buffer.alloc(200_000, 'b')];
      const outcomes = await Promise.allSettled(bodies.map((body) => blobs.put(key, body, body.length)));
      expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
      const winner = bodies[outcomes.findIndex((outcome) => outcome.status === 'fulfilled')];
      expect(winner?.equals(await read(blobs, key))).toBe(true);
    });
  });
}

/** The whole object, or a range of it, in one buffer. */
export async function read(blobs: BlobStore, key: string, range?: ByteRange | ByteSuffix): Promise<Buffer> {
  return drained(await blobs.get(key, range));
}

export async function drained(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

export async function listed(blobs: BlobStore, prefix: string): Promise<BlobEntry[]> {
  const entries: BlobEntry[] = [];
  for await (const entry of blobs.list(prefix)) entries.push(entry);
  return entries;
}

export async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
