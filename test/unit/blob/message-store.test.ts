/** Messages in the blob store: framed or raw, whichever the setting was when they came; both are read always. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { AccountId, BlobId } from '../../../shared/account/ids.ts';
import { blobKeys } from '../../../shared/aws/keys.ts';
import type { ByteRange, ByteSuffix } from '../../../shared/blob/blob-store.ts';
import { BlobMissingError } from '../../../shared/blob/blob-store.ts';
import { DamagedBlobError } from '../../../shared/blob/damaged-blob.ts';
import { FRAME_BYTES } from '../../../shared/blob/frames.ts';
import { MessageStore, type MessageStoreOptions } from '../../../shared/blob/message-store.ts';
import { BlobSizeError } from '../../../shared/blob/sized-body.ts';
import { KeyDeletedError } from '../../../shared/keys/account-keys.ts';
import { DataKey } from '../../../shared/keys/data-key.ts';
import { isSealed } from '../../../shared/keys/sealed-text.ts';
import { decodeSummary } from '../../../shared/message/summary.ts';
import { drained, inChunks } from '../../support/blob-store-contract.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { TestRim } from '../../support/rim.ts';

const ALICE = 'a0'.repeat(10) as AccountId;
const KEY = new DataKey(Buffer.alloc(32, 7));
const keysOf = (key: DataKey | null) => ({ of: () => Promise.resolve(key) });
const message = (size: number): Buffer =>
  Buffer.concat([Buffer.from('Subject: hello\r\n\r\n'), Buffer.alloc(size, 'line of text\r\n')]);

/** Counts what is asked for. */
class Watched extends MemoryBlobStore {
  readonly asked: (ByteRange | ByteSuffix | undefined)[] = [];

  override get(...[key, range, options]: Parameters<MemoryBlobStore['get']>) {
    this.asked.push(range);
    return super.get(key, range, options);
  }
}

function storeOf(options: MessageStoreOptions, blobs = new Watched()) {
  return { blobs, messages: new MessageStore(blobs, new TestRim(1), options) };
}

const place = (blob: BlobId) => ({ blob, pack: null });

const SETTINGS: readonly (readonly [string, MessageStoreOptions])[] = [
  ['framed', { format: 'framed' }],
  ['raw', { format: 'raw' }],
  ['sealed', { format: 'framed', keys: keysOf(KEY) }],
  ['sealed, where others are raw', { format: 'raw', keys: keysOf(KEY) }],
];

describe.each(SETTINGS)('%s', (name, options) => {
  test('the same bytes lie under another id each time (I2)', async () => {
    const { messages } = storeOf(options);
    const bytes = message(100);
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await messages.put(ALICE, bytes, bytes.length)).blob),
    );
    expect(new Set(ids).size).toBe(3);
  });

  test.each([1, 1000, 2 * FRAME_BYTES + 5])(
    'a message of %d bytes more is read as it was put',
    async (size) => {
      const { blobs, messages } = storeOf(options);
      const bytes = message(size);
      for (const body of [bytes, inChunks(bytes, 9_999)]) {
        const { blob, size: told, summary } = await messages.put(ALICE, body, bytes.length);
        expect(told).toBe(bytes.length);
        expect((await drained(await messages.get(ALICE, place(blob)))).equals(bytes)).toBe(true);
        const range = { start: 9, end: bytes.length - 1 };
        expect(
          (await drained(await messages.get(ALICE, place(blob), range))).equals(bytes.subarray(9, -1)),
        ).toBe(true);
        const decoded = decodeSummary(await messages.summaryOf(ALICE, { blob, summary }));
        expect(decoded.size).toBe(bytes.length);
        expect(Buffer.from(decoded.digest ?? []).equals(createHash('sha256').update(bytes).digest())).toBe(
          true,
        );
        const again = decodeSummary(await messages.recompute(ALICE, place(blob)));
        expect(again.digest).toEqual(decoded.digest);
        const object = blobs.objects.get(blobKeys.message(ALICE, blob)) ?? new Uint8Array(0);
        expect(Buffer.from(object).equals(bytes)).toBe(name === 'raw');
        expect(Buffer.from(object).includes('hello')).toBe(!name.startsWith('sealed'));
      }
    },
  );

  test('a body of another size than was said leaves nothing behind', async () => {
    const { blobs, messages } = storeOf(options);
    const bytes = message(200_000);
    for (const size of [bytes.length - 1, bytes.length + 1]) {
      await expect(messages.put(ALICE, inChunks(bytes, 999), size)).rejects.toThrow(BlobSizeError);
      await expect(messages.put(ALICE, bytes, size)).rejects.toThrow(BlobSizeError);
    }
    expect(blobs.objects.size).toBe(0);
  });

  test('a message that is missing is missing, with and without its index at hand', async () => {
    const { blobs, messages } = storeOf(options);
    const bytes = message(3 * FRAME_BYTES);
    const { blob } = await messages.put(ALICE, bytes, bytes.length);
    await drained(await messages.get(ALICE, place(blob)));
    blobs.objects.clear();
    const later = new MessageStore(blobs, new TestRim(2), options);
    for (const store of [messages, later]) {
      await expect(store.get(ALICE, place(blob))).rejects.toThrow(BlobMissingError);
      await expect(store.get(ALICE, place(blob), { start: 5, end: 9 })).rejects.toThrow(BlobMissingError);
    }
  });

  test('how it arrived, its size and digest are told by its object, where that can be', async () => {
    const { messages } = storeOf(options);
    const arrival = { date: 5, zone: 60, system: 1, keywords: ['a'], mailbox: 'Work', use: null, time: 9 };
    const bytes = message(10);
    const { blob } = await messages.put(ALICE, bytes, bytes.length, { arrival });
    const facts = await messages.facts(ALICE, place(blob));
    if (name === 'raw') expect(facts).toEqual({ kind: 'raw', arrival: null });
    else
      expect(facts).toMatchObject({
        kind: name.startsWith('sealed') ? 'sealed' : 'framed',
        size: bytes.length,
        arrival,
      });
  });

  test('what was put under any other setting is read', async () => {
    const blobs = new Watched();
    const bytes = message(300_000);
    for (const [, before] of SETTINGS.slice(0, options.keys ? 4 : 2)) {
      // A store that has the key when it reads, whatever it had when it wrote.
      const { blob } = await new MessageStore(blobs, new TestRim(blobs.objects.size), before).put(
        ALICE,
        bytes,
        bytes.length,
      );
      const reader = new MessageStore(blobs, new TestRim(3), options);
      const range = { start: 100_000, end: 100_010 };
      expect(
        (await drained(await reader.get(ALICE, place(blob), range))).equals(bytes.subarray(100_000, 100_010)),
      ).toBe(true);
      expect((await drained(await reader.get(ALICE, place(blob)))).equals(bytes)).toBe(true);
    }
  });
});

test('a raw message that begins as a framed one does is kept framed, and read as it is', async () => {
  const { blobs, messages } = storeOf({ format: 'raw' });
  const framed = storeOf({ format: 'framed' });
  const inner = await framed.messages.put(ALICE, message(10), message(10).length);
  const bytes = Buffer.from(framed.blobs.objects.get(blobKeys.message(ALICE, inner.blob)) ?? []);
  for (const body of [bytes, inChunks(bytes, 3)]) {
    const { blob } = await messages.put(ALICE, body, bytes.length);
    expect((await drained(await messages.get(ALICE, place(blob)))).equals(bytes)).toBe(true);
  }
  expect([...blobs.objects.values()].some((object) => Buffer.from(object).equals(bytes))).toBe(false);
});

test('a small framed message is one request; of a large one a range is two, and then one', async () => {
  const { blobs, messages } = storeOf({});
  const noise = Buffer.concat(
    Array.from({ length: 40 }, (_, i) => createHash('sha512').update(String(i)).digest()),
  );
  const small = await messages.put(ALICE, message(1000), message(1000).length);
  const body = Buffer.concat(
    Array.from({ length: 300 }, (_, i) => Buffer.concat([noise, Buffer.from(String(i))])),
  );
  const large = await messages.put(ALICE, body, body.length);
  await drained(await messages.get(ALICE, place(small.blob)));
  await drained(await messages.get(ALICE, place(small.blob), { start: 3, end: 5 }));
  expect(blobs.asked).toHaveLength(2);
  const other = new MessageStore(blobs, new TestRim(5));
  await drained(await other.get(ALICE, place(large.blob), { start: 200_000, end: 200_010 }));
  await drained(await other.get(ALICE, place(large.blob), { start: 300_000, end: 300_010 }));
  expect(blobs.asked.length).toBeLessThanOrEqual(2 + 3);
});

describe('an account with a data key', () => {
  test('seals summaries too, in the record and beside it', async () => {
    const { blobs, messages } = storeOf({ keys: keysOf(KEY) });
    const { summary } = await messages.put(ALICE, message(10), message(10).length);
    if (!('inline' in summary)) throw new Error('the summary is not inline');
    expect(isSealed(summary.inline)).toBe(true);
    expect(Buffer.from(summary.inline).includes('hello')).toBe(false);
    const parts = Array.from({ length: 400 }, (_, i) => {
      const name = createHash('sha256').update(String(i)).digest('hex');
      return `--b\r\nContent-Type: text/${name}; name=${name}\r\n\r\n${i}\r\n`;
    });
    const long = Buffer.from(
      `Subject: secret\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${parts.join('')}--b--\r\n`,
    );
    const stored = await messages.put(ALICE, long, long.length);
    if (!('object' in stored.summary)) throw new Error('the summary is inline');
    const object = blobs.objects.get(blobKeys.overflow(ALICE, stored.summary.object));
    expect(isSealed(object ?? Buffer.alloc(0))).toBe(true);
    expect(decodeSummary(await messages.summaryOf(ALICE, stored)).size).toBe(long.length);
  });

  test('takes no summary of another message, of another account, or unsealed', async () => {
    const { messages } = storeOf({ keys: keysOf(KEY) });
    const one = await messages.put(ALICE, message(1), message(1).length);
    const two = await messages.put(ALICE, message(2), message(2).length);
    if (!('inline' in one.summary)) throw new Error('the summary is not inline');
    const { inline } = one.summary;
    await expect(messages.inline(ALICE, two.blob, inline)).rejects.toThrow(/is not what was sealed/);
    await expect(messages.inline('bob' as AccountId, one.blob, inline)).rejects.toThrow(
      /is not what was sealed/,
    );
    const plain = await messages.recompute(ALICE, place(one.blob));
    await expect(messages.inline(ALICE, one.blob, plain)).rejects.toThrow(/is not sealed/);
    const later = storeOf({ keys: keysOf(new DataKey(Buffer.alloc(32, 7), false)) });
    expect(await later.messages.inline(ALICE, one.blob, plain)).toEqual(plain);
  });

  test('takes no frame of summaries from another place, nor an unsealed one', async () => {
    const { messages } = storeOf({ keys: keysOf(KEY) });
    const frame = Buffer.from('compressed summaries');
    const sealed = (await messages.frameSealer(ALICE))(3, 500, frame);
    const open = await messages.frameOpener(ALICE);
    expect(Buffer.from(open(3, 500, sealed)).equals(frame)).toBe(true);
    for (const [chunk, offset] of [
      [3, 501],
      [4, 500],
    ] as const)
      expect(() => open(chunk, offset, sealed)).toThrow(/is not what was sealed/);
    expect(() => open(3, 500, frame)).toThrow(/is not sealed/);
    expect(() => open(3, 500, sealed.subarray(0, 20))).toThrow(/cut off/);
  });

  test('takes no raw object, and no unsealed one, in the place of a sealed one', async () => {
    const { blobs, messages } = storeOf({ keys: keysOf(KEY) });
    const { blob } = await messages.put(ALICE, message(10), message(10).length);
    const key = blobKeys.message(ALICE, blob);
    blobs.objects.set(key, message(10));
    await expect(messages.get(ALICE, place(blob))).rejects.toThrow(DamagedBlobError);
    const unsealed = storeOf({});
    const other = await unsealed.messages.put(ALICE, message(10), message(10).length);
    blobs.objects.set(key, unsealed.blobs.objects.get(blobKeys.message(ALICE, other.blob)) ?? message(1));
    await expect(messages.get(ALICE, place(blob))).rejects.toThrow(DamagedBlobError);
  });

  test('whose key is gone hands out neither its messages nor what lies under their keys', async () => {
    const { blobs, messages } = storeOf({ keys: keysOf(KEY) });
    const bytes = message(300_000);
    const { blob } = await messages.put(ALICE, bytes, bytes.length);
    const lost = new MessageStore(blobs, new TestRim(2), {});
    for (const range of [undefined, { start: 0, end: 100 }, { start: 50, end: 60 }])
      await expect(lost.get(ALICE, place(blob), range)).rejects.toThrow(DamagedBlobError);
    const deleted = { of: (account: AccountId) => Promise.reject(new KeyDeletedError(account, 0)) };
    const closed = new MessageStore(blobs, new TestRim(2), { keys: deleted });
    await expect(closed.get(ALICE, place(blob))).rejects.toThrow(KeyDeletedError);
    await expect(closed.put(ALICE, bytes, bytes.length)).rejects.toThrow(KeyDeletedError);
    await expect(closed.ready(ALICE)).rejects.toThrow(KeyDeletedError);
  });
});
