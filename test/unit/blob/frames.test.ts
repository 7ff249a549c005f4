/** The framed format: what is written is read, by any range; what was damaged is an error, and never other bytes. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Arrival } from '../../../shared/blob/arrival.ts';
import {
  type BlobIdentity,
  type BlobKindNamed,
  kindOf,
  newBlobId,
} from '../../../shared/blob/blob-identity.ts';
import { DamagedBlobError } from '../../../shared/blob/damaged-blob.ts';
import { AES_256_GCM, CHECKSUM, frameSeal } from '../../../shared/blob/frame-seal.ts';
import { type BlobSource, openFramed, readFramed, sliceOf } from '../../../shared/blob/framed-blob.ts';
import {
  FRAME_BYTES,
  TAIL_BYTES,
  framesOf,
  mostStoredBytes,
  readIndex,
  startOf,
  writeFrames,
} from '../../../shared/blob/frames.ts';
import { DataKey } from '../../../shared/keys/data-key.ts';
import { drained, inChunks } from '../../support/blob-store-contract.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const SEED = Number(process.env.QUIRE_SEED ?? 1);
const random = seededRandom(SEED);
const below = (n: number): number => Math.floor(random() * n);
const randomHex = (bytes: number): string =>
  Array.from({ length: bytes }, () => below(256).toString(16).padStart(2, '0')).join('');

const KEY = new DataKey(Buffer.alloc(32, 'key of alice'));
const OTHER_KEY = new DataKey(Buffer.alloc(32, 'key of bob'));
const ARRIVAL: Arrival = {
  date: 1_790_000_000,
  zone: 120,
  system: 5,
  keywords: ['$Label1'],
  mailbox: 'Lists/quire',
  use: null,
  time: 1_790_000_001_234,
};

const NOISE = Buffer.from(randomHex(200_000), 'hex');

/** Half text that repeats, half bytes that do not compress. */
function message(size: number): Buffer {
  const text = Buffer.alloc(size, `Subject: message ${below(1000)}\r\n`);
  for (let at = 0; at < size; at += 8192) {
    const from = below(NOISE.length - 4096);
    text.set(NOISE.subarray(from, from + Math.min(4096, size - at)), at);
  }
  return text;
}

function identityOf(kind: BlobKindNamed, key: DataKey | null = KEY, account = 'alice'): BlobIdentity {
  return { account, blob: newBlobId(kind, account, key, randomHex), key };
}

const kinds = ['framed', 'sealed'] as const;
const written = (identity: BlobIdentity, bytes: Uint8Array): Promise<Buffer> => {
  const kind = kindOf(identity) === 'sealed' ? AES_256_GCM : CHECKSUM;
  return framesOf(bytes, frameSeal(identity, kind, Buffer.from(randomHex(16), 'hex')), ARRIVAL);
};

/** A store of one object, that counts requests and bytes. */
function sourceOf(object: Uint8Array, chunk = 50_000): { source: BlobSource; asked: number[] } {
  const asked: number[] = [];
  const source: BlobSource = async (range) => {
    const from = !range ? 0 : 'last' in range ? Math.max(0, object.length - range.last) : range.start;
    const bytes = object.subarray(from, range && 'end' in range ? range.end : object.length);
    asked.push(bytes.length);
    return inChunks(bytes, chunk);
  };
  return { source, asked };
}

async function readBack(
  object: Uint8Array,
  identity: BlobIdentity,
  range?: { start: number; end: number },
): Promise<Buffer> {
  const { source } = sourceOf(object);
  return drained(await readFramed(source, identity, await openFramed(source, identity), range));
}

const SIZES = [0, 1, 1000, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES, 500_000];

describe.each(kinds)('a %s message', (kind) => {
  test.each(SIZES)('of %d bytes is read as it was written, whole and by ranges', async (size) => {
    const identity = identityOf(kind);
    const bytes = message(size);
    const object = await written(identity, bytes);
    expect((await readBack(object, identity)).equals(bytes)).toBe(true);
    for (let i = 0; i < 40; i++) {
      const start = below(size + 10);
      const range = { start, end: start + below(size + 10) };
      expect((await readBack(object, identity, range)).equals(bytes.subarray(range.start, range.end))).toBe(
        true,
      );
    }
  });

  test('is the same object however it streams in, and never longer than was said', async () => {
    const identity = identityOf(kind);
    for (const size of SIZES) {
      const bytes = message(size);
      const salt = Buffer.from(randomHex(16), 'hex');
      const seal = frameSeal(identity, kind === 'sealed' ? AES_256_GCM : CHECKSUM, salt);
      const digest = (): Uint8Array => createHash('sha256').update(bytes).digest();
      const whole = await framesOf(bytes, seal, ARRIVAL);
      const streamed = await drained(
        writeFrames(inChunks(bytes, 33_333), seal, { digest, arrival: ARRIVAL }),
      );
      expect(streamed.equals(whole)).toBe(true);
      expect(whole.length).toBeLessThanOrEqual(mostStoredBytes(size, ARRIVAL));
    }
  });

  test('of noise takes at most what was said', async () => {
    const noise = Buffer.concat([NOISE, NOISE.subarray(0, 100_000)]);
    const object = await written(identityOf(kind), noise);
    expect(object.length).toBeGreaterThan(noise.length);
    expect(object.length).toBeLessThanOrEqual(mostStoredBytes(noise.length, ARRIVAL));
  });

  test('tells digest, size and how it arrived in its index', async () => {
    const identity = identityOf(kind);
    const bytes = message(200_000);
    const object = await written(identity, bytes);
    const { index } = await openFramed(sourceOf(object).source, identity);
    const digest = createHash('sha256').update(bytes).digest();
    expect(index).toMatchObject({ size: 200_000, arrival: ARRIVAL, stored: object.length });
    expect(Buffer.from(index.digest).equals(digest)).toBe(true);
  });

  test('takes one request if it is small, two for a range of a large one, one if the index is known', async () => {
    const identity = identityOf(kind);
    const small = sourceOf(await written(identity, message(100_000)));
    await drained(
      await readFramed(small.source, identity, await openFramed(small.source, identity), undefined),
    );
    expect(small.asked).toHaveLength(1);
    const bytes = Buffer.concat(Array.from({ length: 10 }, () => NOISE));
    const large = sourceOf(await written(identity, bytes));
    const opened = await openFramed(large.source, identity);
    const range = { start: 700_000, end: 700_100 };
    const found = await drained(await readFramed(large.source, identity, opened, range));
    expect(found.equals(bytes.subarray(700_000, 700_100))).toBe(true);
    expect(large.asked).toHaveLength(2);
    expect(large.asked[0]).toBe(TAIL_BYTES);
    expect(large.asked[1]).toBeLessThan(FRAME_BYTES + 100);
    const { index } = opened;
    await drained(await readFramed(large.source, identity, { index }, range));
    expect(large.asked).toHaveLength(3);
  });

  test('is read where it lies in a larger object', async () => {
    const identity = identityOf(kind);
    for (const size of SIZES) {
      const bytes = message(size);
      const object = await written(identity, bytes);
      const pack = Buffer.concat([message(1234), object, message(300_000)]);
      const source = sliceOf(sourceOf(pack).source, 1234, object.length);
      const opened = await openFramed(source, identity);
      expect((await drained(await readFramed(source, identity, opened, undefined))).equals(bytes)).toBe(true);
      const range = { start: size >> 1, end: size };
      const half = await drained(await readFramed(source, identity, opened, range));
      expect(half.equals(bytes.subarray(range.start, range.end))).toBe(true);
    }
  });

  test('is never other bytes, whatever was done to it', async () => {
    const identity = identityOf(kind);
    let errors = 0;
    let unharmed = 0;
    for (let round = 0; round < 200; round++) {
      const bytes = message([0, 500, 140_000, 270_000][round % 4] ?? 0);
      const object = await written(identity, bytes);
      const sameId = await written(identity, message(bytes.length));
      const elsewhere = await written({ ...identity, blob: identityOf(kind).blob }, bytes);
      const { name, harmed } = await harm(object, [sameId, elsewhere], identity);
      const start = below(bytes.length + 1);
      const range = round % 3 === 0 ? undefined : { start, end: start + 1 + below(bytes.length + 1) };
      const outcome = await readBack(harmed, identity, range).catch((error: unknown) => error);
      if (Buffer.isBuffer(outcome)) {
        unharmed++;
        const same = outcome.equals(bytes.subarray(range?.start ?? 0, range?.end));
        expect({ seed: SEED, round, name, same }).toEqual({ seed: SEED, round, name, same: true });
      } else {
        errors++;
        expect({ seed: SEED, round, name, outcome }).toMatchObject({ outcome: expect.any(DamagedBlobError) });
      }
    }
    // What lies outside of a range may be damaged and nobody sees it; but most of it is seen.
    expect(errors).toBeGreaterThan(100);
    expect(unharmed).toBeGreaterThan(5);
  });

  test('whose frames are of one length cannot have them change places, nor be given those of another', async () => {
    const identity = identityOf(kind);
    const noise = (seed: number): Buffer => {
      const draw = seededRandom(seed);
      return Buffer.from(Uint8Array.from({ length: 3 * FRAME_BYTES }, () => Math.floor(draw() * 256)));
    };
    const bytes = noise(1);
    const object = await written(identity, bytes);
    const other = await written({ ...identity, blob: identityOf(kind).blob }, noise(2));
    const { index } = await openFramed(sourceOf(object).source, identity);
    const [first = 0, second = 0] = [0, 1].map((frame) => startOf(index, frame + 1) - startOf(index, frame));
    expect(first).toBe(second);
    const frame = (of: Buffer, number: number): Buffer =>
      of.subarray(startOf(index, number), startOf(index, number + 1));
    const rest = object.subarray(startOf(index, 2));
    const start = object.subarray(0, startOf(index, 0));
    for (const pieces of [
      [frame(object, 1), frame(object, 0)],
      [frame(object, 0), frame(object, 0)],
      [frame(other, 0), frame(object, 1)],
    ])
      await expect(readBack(Buffer.concat([start, ...pieces, rest]), identity)).rejects.toThrow(
        DamagedBlobError,
      );
  });

  test('every byte of a small one counts', async () => {
    const identity = identityOf(kind);
    const object = await written(identity, message(300));
    for (let at = 0; at < object.length; at++) {
      const harmed = Buffer.from(object);
      harmed[at] = (harmed[at] ?? 0) ^ (1 << below(8));
      // The version byte at the start is in the trailer as well, which decides.
      if (at === 7) continue;
      await expect(readBack(harmed, identity)).rejects.toThrow(DamagedBlobError);
    }
  });

  test('of another account, or under another id, is damaged', async () => {
    const identity = identityOf(kind);
    const object = await written(identity, message(1000));
    const others: BlobIdentity[] = [
      { ...identity, account: 'bob' },
      { ...identity, blob: identityOf(kind).blob },
    ];
    for (const other of others) await expect(readBack(object, other)).rejects.toThrow(DamagedBlobError);
  });
});

describe('an account with a data key', () => {
  test('takes nothing that was sealed with another, or with none of its own', async () => {
    const identity = identityOf('sealed');
    const object = await written(identity, message(1000));
    await expect(readBack(object, { ...identity, key: OTHER_KEY })).rejects.toThrow(DamagedBlobError);
    await expect(readBack(object, { ...identity, key: null })).rejects.toThrow(/no data key/);
  });

  test('takes no unsealed object in the place of a sealed one', async () => {
    const identity = identityOf('sealed');
    const forged = await framesOf(message(1000), frameSeal(identity, CHECKSUM, Buffer.alloc(16)), null);
    await expect(readBack(forged, identity)).rejects.toThrow(/was sealed by its account/);
    // Without the key, its id is that of a raw one: whoever reads has to know that there is a key.
    expect(kindOf({ ...identity, key: null })).toBe('raw');
  });

  test('reads what was stored before it had the key', async () => {
    const before = identityOf('framed', null);
    const bytes = message(1000);
    const object = await written(before, bytes);
    expect(kindOf({ ...before, key: KEY })).toBe('framed');
    expect((await readBack(object, { ...before, key: KEY })).equals(bytes)).toBe(true);
  });

  test('ids say what lies under them, to nobody else', () => {
    for (const kind of ['raw', 'framed', 'sealed'] as const) {
      const identity = identityOf(kind);
      expect(identity.blob).toMatch(/^[0-9a-f]{32}$/);
      expect(kindOf(identity)).toBe(kind);
      expect(kindOf({ ...identity, account: 'bob' })).toBe('raw');
    }
    expect(kindOf({ ...identityOf('sealed'), key: OTHER_KEY })).toBe('raw');
  });
});

test('no two pieces are sealed alike, nor one piece of two blobs: a nonce used twice tells what they have in common', () => {
  const same = Buffer.alloc(64, 'the same');
  const sealed = [1, 2].flatMap((salt) => {
    const seal = frameSeal(identityOf('sealed'), AES_256_GCM, Buffer.alloc(16, salt));
    return [null, 0, 1, 256].map((frame) => seal.seal({ frame, last: false, bytes: same.length }, same));
  });
  const texts = sealed.map((bytes) => Buffer.from(bytes.subarray(0, same.length)).toString('hex'));
  expect(new Set(texts).size).toBe(sealed.length);
});

test('an index that a newer release wrote is not guessed at', async () => {
  const identity = identityOf('framed');
  const object = await written(identity, message(100));
  object[object.length - 1] = 9;
  expect(() => readIndex(object, identity)).toThrow(/of version 9, and this release knows version 1/);
});

/** Something that happens to an object. */
async function harm(
  object: Buffer,
  others: readonly Buffer[],
  identity: BlobIdentity,
): Promise<{ name: string; harmed: Buffer }> {
  const { index } = await openFramed(sourceOf(object).source, identity);
  const [sameId = object, elsewhere = object] = others;
  // An object that was written under this very id, whole, is no forgery: an id is written once (I2).
  const other = below(2) === 0 ? sameId : elsewhere;
  const frames = index.ends.length;
  const frame = (i: number): Buffer => object.subarray(startOf(index, i), startOf(index, i + 1));
  const all = Array.from({ length: frames }, (_, i) => frame(i));
  const made = (pieces: readonly Buffer[]): Buffer =>
    Buffer.concat([object.subarray(0, 8), ...pieces, object.subarray(startOf(index, frames))]);
  const cut = below(object.length);
  switch (below(frames > 1 ? 10 : 7)) {
    case 0: {
      const harmed = Buffer.from(object);
      harmed[cut] = (harmed[cut] ?? 0) ^ (1 << below(8));
      return { name: 'flipped a bit', harmed };
    }
    case 1:
      return { name: 'cut its end off', harmed: object.subarray(0, cut) };
    case 2:
      return { name: 'cut its beginning off', harmed: object.subarray(cut + 1) };
    case 3:
      return {
        name: 'put bytes behind it',
        harmed: Buffer.concat([object, other.subarray(0, 1 + below(200))]),
      };
    case 4:
      return {
        name: 'put bytes before it',
        harmed: Buffer.concat([other.subarray(0, 1 + below(200)), object]),
      };
    case 5:
      return {
        name: 'joined it with another',
        harmed: Buffer.concat([other.subarray(0, cut), object.subarray(cut)]),
      };
    case 6:
      return { name: 'took another', harmed: Buffer.concat([elsewhere, object.subarray(0, below(2) * cut)]) };
    case 7:
      return { name: 'turned its frames round', harmed: made(all.toReversed()) };
    case 8:
      return { name: 'left a frame out', harmed: made(all.toSpliced(below(frames), 1)) };
    default:
      return { name: 'doubled a frame', harmed: made(all.toSpliced(below(frames), 1, frame(0), frame(0))) };
  }
}
