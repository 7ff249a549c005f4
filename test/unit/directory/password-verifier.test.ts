import { describe, expect, test } from '@jest/globals';
import { PasswordVerifier, PasswordVerifierBusyError } from '../../../shared/directory/password-verifier.ts';
import type { PasswordVerifierOptions } from '../../../shared/directory/password-verifier.ts';
import { SCRYPT_DEFAULT, hashPassword, matchesHash } from '../../../shared/directory/password.ts';

const CHEAP = { ln: 4, r: 8, p: 1 };
const WRONG = { kind: 'wrong' };
const RIGHT = { kind: 'right', rehash: false };

/** A verifier whose hashes are counted, and whose clock stands still until it is moved. */
function counted(options: Partial<PasswordVerifierOptions> = {}) {
  const seen = { hashes: [] as string[], time: 0 };
  const verifier = new PasswordVerifier({
    now: () => seen.time,
    parameters: CHEAP,
    matches: async (stored, prepared) => {
      seen.hashes.push(stored);
      return matchesHash(stored, prepared);
    },
    ...options,
  });
  return { seen, verifier };
}

/** Comparisons that end when the test says so: each password is right. */
function held() {
  const release: (() => void)[] = [];
  const matches = (): Promise<boolean> => new Promise((resolve) => release.push(() => resolve(true)));
  return { release, matches };
}

/** Lets everything run that waits for nothing else. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('PasswordVerifier', () => {
  test('right, wrong, nobody', async () => {
    const { verifier } = counted();
    const stored = await hashPassword('secret', CHEAP);
    expect(await verifier.verify('alice', stored, 'secret')).toEqual(RIGHT);
    expect(await verifier.verify('alice', stored, 'Secret')).toEqual(WRONG);
    expect(await verifier.verify('nobody', undefined, 'secret')).toEqual(WRONG);
    expect(await verifier.verify('alice', stored, '')).toEqual(WRONG);
  });

  test('a user who does not exist costs one hash with the current parameters', async () => {
    const { seen, verifier } = counted();
    await verifier.verify('nobody', undefined, 'secret');
    await verifier.verify('nobody', undefined, 'secret');
    expect(seen.hashes).toEqual([
      expect.stringMatching(/^\$scrypt\$ln=4,r=8,p=1\$/),
      expect.stringMatching(/^\$scrypt\$ln=4,r=8,p=1\$/),
    ]);
  });

  test('a hash with old parameters is right, and asks to be made again, from the cache as well', async () => {
    const { verifier } = counted({ parameters: SCRYPT_DEFAULT });
    const stored = await hashPassword('secret', CHEAP);
    expect(await verifier.verify('alice', stored, 'secret')).toEqual({ kind: 'right', rehash: true });
    expect(await verifier.verify('alice', stored, 'secret')).toEqual({ kind: 'right', rehash: true });
  });

  test('a verified password is not hashed again until its time is over', async () => {
    const { seen, verifier } = counted({ cacheMs: 1_000 });
    const stored = await hashPassword('secret', CHEAP);
    for (const time of [0, 999, 1_000, 1_999, 2_000]) {
      seen.time = time;
      expect(await verifier.verify('alice', stored, 'secret')).toEqual(RIGHT);
    }
    expect(seen.hashes).toHaveLength(3);
  });

  test('a wrong password is hashed every time, whatever is cached', async () => {
    const { seen, verifier } = counted();
    const stored = await hashPassword('secret', CHEAP);
    await verifier.verify('alice', stored, 'secret');
    expect(await verifier.verify('alice', stored, 'wrong')).toEqual(WRONG);
    expect(await verifier.verify('alice', stored, 'wrong')).toEqual(WRONG);
    expect(seen.hashes).toHaveLength(3);
  });

  test('after a change of password the old one is wrong at once', async () => {
    const { verifier } = counted();
    await verifier.verify('alice', await hashPassword('old', CHEAP), 'old');
    expect(await verifier.verify('alice', await hashPassword('new', CHEAP), 'old')).toEqual(WRONG);
  });

  test('the cache is bounded: the oldest entry goes first', async () => {
    const { seen, verifier } = counted({ cacheEntries: 2 });
    const stored = await Promise.all(['a', 'b', 'c'].map((password) => hashPassword(password, CHEAP)));
    const verify = (index: number) => verifier.verify('user', stored[index], ['a', 'b', 'c'][index] ?? '');
    for (const index of [0, 1, 2]) await verify(index);
    seen.hashes.length = 0;
    for (const index of [1, 2]) await verify(index);
    expect(seen.hashes).toHaveLength(0);
    await verify(0);
    expect(seen.hashes).toHaveLength(1);
  });

  test('five connections of one client at once are one hash', async () => {
    const { seen, verifier } = counted();
    const stored = await hashPassword('secret', CHEAP);
    const verdicts = await Promise.all(
      Array.from({ length: 5 }, () => verifier.verify('alice', stored, 'secret')),
    );
    expect(verdicts).toEqual(Array(5).fill(RIGHT));
    expect(seen.hashes).toHaveLength(1);
  });

  test('one password tried on many names at once is a hash each, whether they exist or not', async () => {
    const { seen, verifier } = counted();
    await Promise.all(['a', 'b', 'c'].map((name) => verifier.verify(name, undefined, 'secret')));
    expect(seen.hashes).toHaveLength(3);
  });

  test('a storm of logins: a few run, some wait in order, the rest are told to come back', async () => {
    const { release, matches } = held();
    const { verifier } = counted({ matches, maxRunning: 2, maxWaiting: 3 });
    const stored = await hashPassword('secret', CHEAP);
    const done: number[] = [];
    const logins = Array.from({ length: 7 }, async (_, index) => {
      const verdict = await verifier.verify(`user${index}`, stored, 'secret');
      done.push(index);
      return verdict;
    });
    const all = Promise.allSettled(logins);
    await settle();
    expect(release).toHaveLength(2);
    for (let index = 0; index < 5; index++) {
      expect(release.length).toBe(Math.min(5, index + 2));
      release[index]?.();
      await settle();
    }
    expect(done).toEqual([0, 1, 2, 3, 4]);
    const outcomes = await all;
    expect(outcomes.slice(0, 5).map(({ status }) => status)).toEqual(Array(5).fill('fulfilled'));
    for (const outcome of outcomes.slice(5)) {
      expect(outcome).toEqual({ status: 'rejected', reason: expect.any(PasswordVerifierBusyError) });
    }
    // Every place is free again.
    const later = verifier.verify('later', stored, 'secret');
    await settle();
    release[5]?.();
    expect(await later).toEqual(RIGHT);
  });

  test('a hash that cannot be read is an error, and gives its place back', async () => {
    const { verifier } = counted({ maxRunning: 1, maxWaiting: 0 });
    await expect(verifier.verify('alice', 'plain', 'secret')).rejects.toThrow('stored password hash');
    await expect(verifier.verify('alice', 'plain', 'secret')).rejects.toThrow('stored password hash');
  });
});
