/** Data keys: who gets one, how long a process holds it, and that a deleted one is deleted. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { AccountId } from '../../../shared/account/ids.ts';
import { KeyDeletedError } from '../../../shared/keys/account-keys.ts';
import { ensureKeyFile, readKeyFile } from '../../../shared/keys/key-file.ts';
import { KeyRing, LOOK_AGAIN_MS, UNWRAP_AGAIN_MS } from '../../../shared/keys/key-ring.ts';
import { LocalKeyWrap } from '../../../shared/keys/local-key-wrap.ts';
import { MemoryKeyStore, TEST_WRAP } from '../../support/memory-keys.ts';

const ALICE = 'a0'.repeat(10) as AccountId;
const BOB = 'b0'.repeat(10) as AccountId;

function setUp(create = true) {
  const store = new MemoryKeyStore();
  const clock = { now: 1_000_000 };
  const wraps = { unwrapped: 0, failing: false };
  const wrap = {
    name: 'file',
    generate: (account: AccountId) => TEST_WRAP.generate(account),
    unwrap: (account: AccountId, wrapped: Uint8Array) => {
      wraps.unwrapped++;
      return wraps.failing ? Promise.reject(new Error('access denied')) : TEST_WRAP.unwrap(account, wrapped);
    },
  };
  const ring = (): KeyRing => new KeyRing({ store, wrap, create, now: () => clock.now });
  return { store, clock, wraps, ring };
}

const marks = async (ring: KeyRing, account = ALICE) => (await ring.of(account))?.markKey.toString('hex');

describe('a ring of data keys', () => {
  test('gives the same key to every process, each account its own', async () => {
    const { ring } = setUp();
    await ring().begin(ALICE);
    await ring().begin(BOB);
    const alice = await marks(ring());
    expect(alice).toMatch(/^[0-9a-f]{64}$/);
    expect(await marks(ring())).toBe(alice);
    expect(await marks(ring(), BOB)).not.toBe(alice);
  });

  test('reads a key once in five minutes, and has it unwrapped once in an hour', async () => {
    const { ring, store, clock, wraps } = setUp();
    const one = ring();
    await one.begin(ALICE);
    await Promise.all([one.of(ALICE), one.of(ALICE), one.of(ALICE)]);
    expect(store.reads).toEqual({ strong: 0, eventual: 1 });
    clock.now += LOOK_AGAIN_MS - 1;
    await one.of(ALICE);
    expect(store.reads.eventual).toBe(1);
    clock.now += 1;
    await one.of(ALICE);
    expect(store.reads).toEqual({ strong: 0, eventual: 2 });
    expect(wraps.unwrapped).toBe(1);
    clock.now += UNWRAP_AGAIN_MS;
    wraps.failing = true;
    await expect(one.of(ALICE)).rejects.toThrow('access denied');
    expect(wraps.unwrapped).toBe(2);
  });

  test('a deleted key is of no use: at once where the account is opened, in five minutes where it is held', async () => {
    const { ring, clock } = setUp();
    const [holder, opener] = [ring(), ring()];
    await opener.begin(ALICE);
    await Promise.all([holder.of(ALICE), opener.of(ALICE)]);
    expect(await ring().delete(ALICE)).toBe(true);
    await expect(ring().of(ALICE)).rejects.toThrow(KeyDeletedError);
    await expect(opener.look(ALICE)).rejects.toThrow(KeyDeletedError);
    expect(await holder.of(ALICE)).not.toBeNull();
    clock.now += LOOK_AGAIN_MS;
    await expect(holder.of(ALICE)).rejects.toThrow(/was deleted on 1970-01-01/);
    expect(await ring().delete(ALICE)).toBe(false);
    expect(await ring().create(ALICE)).toBe(false);
    await expect(ring().of(ALICE)).rejects.toThrow(KeyDeletedError);
  });

  test('a process that has been told of it sooner uses the key no more, whatever a late read still shows', async () => {
    const { ring, store, clock } = setUp();
    const holder = ring();
    await ring().begin(ALICE);
    const before = await store.read(ALICE, 'strong');
    const read = store.read.bind(store);
    const late = Promise.withResolvers<typeof before>();
    store.read = (account, consistency) =>
      consistency === 'strong' ? read(account, 'strong') : late.promise;
    const underWay = holder.of(ALICE);
    await ring().delete(ALICE);
    await expect(holder.look(ALICE)).rejects.toThrow(KeyDeletedError);
    late.resolve(before);
    await expect(underWay).rejects.toThrow(KeyDeletedError);
    await expect(holder.of(ALICE)).rejects.toThrow(KeyDeletedError);
    // Who puts the table of keys back from a backup is believed as soon as any other.
    store.items.set(ALICE, before ?? { kind: 'none' });
    store.read = read;
    clock.now += LOOK_AGAIN_MS;
    expect(await holder.of(ALICE)).not.toBeNull();
  });

  test('that there is no key is believed of a strong read alone', async () => {
    const { ring, store } = setUp();
    const late = ring();
    await ring().begin(ALICE);
    const read = store.read.bind(store);
    store.read = async (account, consistency) => (consistency === 'strong' ? read(account, 'strong') : null);
    expect(await late.of(ALICE)).not.toBeNull();
  });

  test('an account that was made without one has none, and can be given one', async () => {
    const { ring, store } = setUp(false);
    await ring().begin(ALICE);
    expect(await ring().of(ALICE)).toBeNull();
    expect(store.reads).toEqual({ strong: 0, eventual: 1 });
    expect(await ring().create(ALICE)).toBe(true);
    expect((await ring().of(ALICE))?.fromBeginning).toBe(false);
    expect(await ring().create(ALICE)).toBe(false);
  });

  test('a store that fails is no account without a key', async () => {
    const { ring, store } = setUp();
    const one = ring();
    await one.begin(ALICE);
    store.read = () => Promise.reject(new Error('no answer'));
    await expect(one.of(ALICE)).rejects.toThrow('no answer');
  });
});

describe('a key file', () => {
  test('wraps keys for one account, and for one file', async () => {
    const { key, wrapped } = await TEST_WRAP.generate(ALICE);
    expect(Buffer.from(await TEST_WRAP.unwrap(ALICE, wrapped)).equals(key)).toBe(true);
    await expect(TEST_WRAP.unwrap(BOB, wrapped)).rejects.toThrow(/damaged, or another account's/);
    const other = new LocalKeyWrap(Buffer.alloc(32, 1));
    await expect(other.unwrap(ALICE, wrapped)).rejects.toThrow(/by another key file/);
    for (let at = 9; at < wrapped.length; at++) {
      const harmed = Buffer.from(wrapped);
      harmed[at] = (harmed[at] ?? 0) ^ 1;
      await expect(TEST_WRAP.unwrap(ALICE, harmed)).rejects.toThrow(/damaged/);
    }
    await expect(TEST_WRAP.unwrap(ALICE, wrapped.subarray(1))).rejects.toThrow(/not one that a key file/);
  });

  test('is made once, for its owner alone, and never made anew in the place of one that is lost or broken', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'quire-key-'));
    const file = join(folder, 'data-keys.key');
    try {
      await expect(readKeyFile(file)).rejects.toThrow(/is gone: put it back/);
      await Promise.all([ensureKeyFile(file), ensureKeyFile(file), ensureKeyFile(file)]);
      const first = await readKeyFile(file);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      await ensureKeyFile(file);
      expect(Buffer.from(await readKeyFile(file)).equals(first)).toBe(true);
      await writeFile(file, 'not a key');
      await expect(ensureKeyFile(file)).rejects.toThrow(/holds no key/);
      expect(await readFile(file, 'utf8')).toBe('not a key');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
