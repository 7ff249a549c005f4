import { describe, expect, test } from '@jest/globals';
import type { FoldDeps } from '../../../functions/compact/fold-account.ts';
import { FOLD_LIMITS } from '../../../shared/account/fold.ts';
import { below } from '../../support/random-ops.ts';
import { FoldingAccount, KilledError, Killer, SMALL_LIMITS, seen } from '../../support/folding.ts';

const SEEDS = [21, 22];

function watched(account: FoldingAccount, killer: Killer): FoldDeps {
  const { journal, folds, summaries } = account;
  return {
    ...account.deps,
    journal: killer.watch(journal),
    folds: killer.watch(folds),
    summaries: killer.watch(summaries),
  };
}

async function expectWhole(account: FoldingAccount): Promise<void> {
  expect(seen(await account.reopened())).toEqual(seen(account.replayed()));
  expect(await account.lostSummaries()).toEqual([]);
  expect(account.divergences).toEqual([]);
}

const CASES = SEEDS.flatMap((seed) => [
  { seed, size: 'real', limits: FOLD_LIMITS },
  { seed, size: 'small', limits: SMALL_LIMITS },
]);

describe.each(CASES)('random journals folded at random, seed $seed, $size limits', ({ seed, limits }) => {
  test.each([0, 86_400_000])(
    'an account opened from its checkpoint equals its replayed journal (kept %i ms)',
    async (keepMs) => {
      const account = await FoldingAccount.begun(seed, limits);
      account.keepMs = keepMs;
      const writer = account.replica();
      for (let round = 0; round < 25; round++) {
        await account.act(writer, 1 + below(account.random, 20));
        account.rim.time += below(account.random, 86_400_000 / 2);
        expect((await account.fold()).kind).toBe('folded');
        if (round % 5 === 4) await expectWhole(account);
      }
      expect(await account.fold()).toEqual({ kind: 'nothing' });
    },
  );

  test('readers of every age, and writers that were idle meanwhile, see what was written', async () => {
    const account = await FoldingAccount.begun(seed + 100, limits);
    account.keepMs = 0;
    const writer = account.replica();
    const old = [account.replica(), account.replica(), account.replica()];
    for (const replica of old) await account.reopened(replica);
    for (let round = 0; round < 30; round++) {
      await account.act(writer, 1 + below(account.random, 8));
      await account.fold();
      const replica = old[below(account.random, 3)];
      if (!replica) throw new Error('three replicas');
      const roll = account.random();
      if (roll < 0.2) replica.shed();
      else if (roll < 0.5) await account.act(replica, 1);
      else expect(seen(await account.reopened(replica))).toEqual(seen(account.replayed()));
    }
    for (const replica of old) {
      expect(seen(await account.reopened(replica))).toEqual(seen(account.replayed()));
      expect(await account.lostSummaries(replica)).toEqual([]);
    }
    expect(account.divergences).toEqual([]);
  });

  test('two folds at once: one wins, the other leaves nothing behind', async () => {
    const account = await FoldingAccount.begun(seed + 200, limits);
    account.keepMs = 0;
    const writer = account.replica();
    for (let round = 0; round < 10; round++) {
      await account.act(writer, 12);
      const results = await Promise.all([account.fold(), account.fold()]);
      expect(results.map(({ kind }) => kind).sort()).toEqual(['folded', 'lost']);
      await expectWhole(account);
    }
    expect(await account.garbage()).toEqual([]);
  });

  test('a fold killed at any of its calls loses nothing, and the next one completes', async () => {
    for (const when of ['before', 'after'] as const) {
      let kills = 0;
      for (let at = 0; ; at++) {
        const account = await FoldingAccount.begun(seed + 300, limits);
        account.keepMs = 0;
        const writer = account.replica();
        const reader = account.replica();
        for (let round = 0; round < 3; round++) {
          await account.act(writer, 15);
          await account.fold();
        }
        await account.reopened(reader);
        await account.act(writer, 15);
        const killer = new Killer(at, when);
        const killed = await account.fold(watched(account, killer)).catch((error: unknown) => error);
        if (killed instanceof KilledError) kills++;
        await expectWhole(account);
        expect(seen(await account.reopened(reader))).toEqual(seen(account.replayed()));
        await account.act(writer, 3);
        expect((await account.fold()).kind).toBe('folded');
        await expectWhole(account);
        if (!(killed instanceof KilledError)) break;
      }
      // Open, read again, deletions, emptyings, chunk, graveyard, swap.
      expect(kills).toBeGreaterThan(8);
    }
  });
});
