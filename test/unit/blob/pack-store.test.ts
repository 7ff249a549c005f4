/** Packs: what is put is what is read, by ranges, and nothing of one that is not what it was. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AccountId, BlobId, PackId } from '../../../shared/account/ids.ts';
import { blobKeys } from '../../../shared/aws/keys.ts';
import { BlobMissingError } from '../../../shared/blob/blob-store.ts';
import { collected } from '../../../shared/blob/collected.ts';
import {
  DamagedPackError,
  type PackedBlob,
  decodeIndex,
  encodePack,
} from '../../../shared/blob/pack-format.ts';
import { PackStore } from '../../../shared/blob/pack-store.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';

const ALICE = 'a1'.repeat(10) as AccountId;
const blobNumber = (number: number): BlobId => number.toString(16).padStart(32, '0') as BlobId;
const packNumber = (number: number): PackId => number.toString(16).padStart(32, 'f') as PackId;
const blobsOf = (...texts: string[]): PackedBlob[] =>
  texts.map((text, index) => ({ blob: blobNumber(index + 1), bytes: Buffer.from(text) }));

class AskedBlobs extends MemoryBlobStore {
  asked = 0;
  fails = false;
  override get(...args: Parameters<MemoryBlobStore['get']>) {
    this.asked++;
    return this.fails ? Promise.reject(new Error('out of order')) : super.get(...args);
  }
}

describe('a pack', () => {
  test('gives each blob, whole and by ranges, as if it were an object', async () => {
    const blobs = new AskedBlobs();
    const store = new PackStore(blobs);
    const pack = packNumber(1);
    await store.put(ALICE, pack, blobsOf('first', '', 'the third one'));
    const read = async (number: number, range?: { start: number; end: number } | { last: number }) =>
      (await collected(await store.get(ALICE, pack, blobNumber(number), range))).toString();
    expect(await read(1)).toBe('first');
    expect(await read(2)).toBe('');
    expect(await read(3, { start: 4, end: 9 })).toBe('third');
    expect(await read(3, { start: 4, end: 900 })).toBe('third one');
    expect(await read(1, { last: 3 })).toBe('rst');
    expect(await read(1, { last: 30 })).toBe('first');
    expect(await read(1, { start: 50, end: 60 })).toBe('');
    await expect(read(4)).rejects.toThrow(BlobMissingError);
    blobs.asked = 0;
    await read(3);
    // Its index is kept.
    expect(blobs.asked).toBe(1);
  });

  test('of any number and size of blobs', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 50 }), (all) => {
        const blobs = all.map((bytes, index) => ({ blob: blobNumber(index), bytes }));
        const encoded = encodePack(blobs);
        const index = decodeIndex(encoded, true);
        if ('needed' in index) throw new Error('all of it was there');
        expect([...index.keys()]).toEqual(blobs.map(({ blob }) => blob));
        for (const { blob, bytes } of blobs) {
          const { start = 0, end = 0 } = index.get(blob) ?? {};
          expect(Buffer.compare(encoded.subarray(start, end), bytes)).toBe(0);
        }
      }),
    );
  });

  test('whose index is larger than what is read at first takes one request more', async () => {
    const blobs = new AskedBlobs();
    const store = new PackStore(blobs);
    const random = Array.from({ length: 5000 }, (_, index) => ({
      blob: Buffer.from(Float64Array.of(Math.sin(index), Math.cos(index)).buffer).toString('hex') as BlobId,
      bytes: Buffer.from('x'),
    }));
    await store.put(ALICE, packNumber(1), random);
    expect((await store.index(ALICE, packNumber(1))).size).toBe(5000);
    expect(blobs.asked).toBe(2);
  });
});

describe('one that is not what it was', () => {
  const whole = encodePack(blobsOf('first', 'second'));
  test.each([
    ['cut at its end', whole.subarray(0, -1)],
    ['empty', new Uint8Array(0)],
    ['of another kind', Buffer.from('Subject: a message\r\n\r\nthat is longer than a trailer\r\n')],
    ['without the first of its blobs', whole.subarray(5)],
    ['with another index', Buffer.concat([whole.subarray(0, 11), Buffer.alloc(30), whole.subarray(41)])],
  ])('%s: an error', async (_, bytes) => {
    const blobs = new MemoryBlobStore();
    await blobs.put(blobKeys.pack(ALICE, packNumber(1)), bytes, bytes.length);
    await expect(new PackStore(blobs).index(ALICE, packNumber(1))).rejects.toThrow(DamagedPackError);
  });

  test('with an index that is said to be larger than all of it: an error, after two requests', async () => {
    const blobs = new AskedBlobs();
    const large = encodePack([{ blob: blobNumber(1), bytes: Buffer.alloc(100_000) }]);
    Buffer.from(large.buffer, large.byteOffset, large.length).writeUInt32LE(2 ** 31, large.length - 20);
    await blobs.put(blobKeys.pack(ALICE, packNumber(1)), large, large.length);
    await expect(new PackStore(blobs).index(ALICE, packNumber(1))).rejects.toThrow(DamagedPackError);
    expect(blobs.asked).toBe(2);
  });
});

describe('indexes that are kept', () => {
  test('are dropped beyond the budget, the least recently used first', async () => {
    const blobs = new AskedBlobs();
    const store = new PackStore(blobs, 3 * 2 * 160);
    for (let number = 1; number <= 4; number++) {
      await store.put(ALICE, packNumber(number), blobsOf('one', 'two'));
      await store.index(ALICE, packNumber(number));
      await store.index(ALICE, packNumber(1));
    }
    blobs.asked = 0;
    await store.index(ALICE, packNumber(1));
    await store.index(ALICE, packNumber(4));
    expect(blobs.asked).toBe(0);
    await store.index(ALICE, packNumber(2));
    expect(blobs.asked).toBe(1);
  });

  test('that cannot be read are asked for again, and upset nobody', async () => {
    const blobs = new AskedBlobs();
    const store = new PackStore(blobs, 1);
    await store.put(ALICE, packNumber(1), blobsOf('one'));
    await store.put(ALICE, packNumber(2), blobsOf('two'));
    blobs.fails = true;
    const failing = store.index(ALICE, packNumber(1));
    blobs.fails = false;
    const other = store.index(ALICE, packNumber(2));
    await expect(failing).rejects.toThrow('out of order');
    expect((await other).size).toBe(1);
    expect((await store.index(ALICE, packNumber(1))).size).toBe(1);
  });
});
