/**
 * I5 beside everything else that happens to an account: a purge and one other process, in every order in which their
 * calls of stores can have their effects.
 */
import { describe, expect, test } from '@jest/globals';
import { foldAccount } from '../../../functions/compact/fold-account.ts';
import { packAccount } from '../../../functions/compact/pack-account.ts';
import { purgeAccount } from '../../../functions/expunge/purge.ts';
import { decideRetention } from '../../../shared/account/decide-purge.ts';
import { decideUndelete } from '../../../shared/account/decide-undelete.ts';
import type { BlobId } from '../../../shared/account/ids.ts';
import type { Op } from '../../../shared/account/ops.ts';
import type { PackLimits } from '../../../shared/account/pack-plan.ts';
import { commitOnWholeState, openWholeState } from '../../../shared/account/whole-state.ts';
import { ExpungingAccount, type Fates, type Watch } from '../../support/expunging.ts';
import { commit, expectWhole } from '../../support/fold-ops.ts';
import { ACCOUNT } from '../../support/folding.ts';
import { everyOrder, interleave } from '../../support/interleaving.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** Calls whose answers depend on what others do, or that others can tell; all else is put once and never changes. */
const MATTERS = new Set(['open', 'after', 'newest', 'put', 'swap', 'empty', 'delete', 'deleteMessages']);
const matters = (call: string): boolean => MATTERS.has(call);

type Run = (account: ExpungingAccount, watch: Watch) => Promise<unknown>;

const purge: Run = async (account, watch) => {
  const deps = account.through(watch);
  return purgeAccount(deps, ACCOUNT, await openWholeState(deps, ACCOUNT), Infinity);
};
const undelete: Run = (account, watch) =>
  commitOnWholeState(account.through(watch), ACCOUNT, (whole) =>
    decideUndelete(whole, { lost: { since: 0, mailbox: null }, into: 'Restored', now: account.rim.now() }),
  );
const policy =
  (...ops: readonly Op[]): Run =>
  (account, watch) =>
    commitOnWholeState(account.through(watch), ACCOUNT, () => ({ ops, value: null }));

const nothing: Run = () => Promise.resolve();
const keepOneDay = policy({ op: 'policy', change: { scope: { account: true }, days: 1 } });
const retention: Run = (account, watch) => {
  const now = account.rim.now() / 1000;
  return commitOnWholeState(account.through(watch), ACCOUNT, (whole) => decideRetention(whole, now));
};

/** All that is older than two days, two messages a pack. */
const PACKS: PackLimits = {
  packBytes: 64,
  packBlobs: 2,
  smallBytes: 128,
  storedShare: 1,
  restSeconds: 2 * 86_400,
};

const OTHERS: Readonly<Record<string, Run>> = {
  'COPY of a message whose first copy is over': (account, watch) =>
    account.change('copy', 'Archive', 'INBOX', [1], account.gateway(watch)),
  'MOVE of it': (account, watch) => account.change('move', 'Archive', 'INBOX', [1], account.gateway(watch)),
  'EXPUNGE of it': (account, watch) => account.remove('Archive', [1], account.gateway(watch)),
  APPEND: async (account, watch) => {
    const op = await account.arrival();
    return commit(account.gateway(watch), () => [op]);
  },
  packing: (account, watch) =>
    packAccount({ ...account.through(watch), packs: watch(account.packs), packLimits: PACKS }, ACCOUNT),
  undelete,
  'a fold': (account, watch) => foldAccount(account.through(watch), ACCOUNT),
  'another purge': purge,
  'a hold': policy({ op: 'policy', change: { hold: true } }),
  'a rule, and retention by it': async (account, watch) => {
    await keepOneDay(account, watch);
    await retention(account, watch);
  },
};

/** Of their orders, of which there are hundreds, some are drawn. */
const MANY_CALLS = new Set(['packing', 'a rule, and retention by it']);

/** Nothing that is named dangles, and once all is quiet nothing that is over is left behind. */
async function expectKept(account: ExpungingAccount, fates: Fates): Promise<void> {
  await account.expectNothingDangles();
  await account.expectReadable();
  await expectWhole(account);
  const purged = account.purged();
  for (const kept of [fates.copied, fates.younger, fates.within, fates.living])
    expect([kept, purged.has(kept)]).toEqual([kept, false]);
  const { policy: laid } = account.replayed();
  if (laid.hold) await policy({ op: 'policy', change: { hold: false } })(account, (store) => store);
  await purge(account, (store) => store);
  const living = account.living();
  const gone = (blob: BlobId): boolean => account.summaries.deleted.has(blob);
  for (const over of fates.over) expect([over, gone(over)]).toEqual([over, !living.has(over)]);
  await account.expectNothingDangles();
  await account.fold();
  await account.expectReadable();
}

describe.each([0, 3])('a purge, folded up to chapter %i', (folded) => {
  const cases: [string, Run, Run][] = [
    ...Object.entries(OTHERS).map(([name, run]): [string, Run, Run] => [name, run, nothing]),
    ['retention by a rule that was there before', retention, keepOneDay],
  ];
  test.each(cases)('and %s', async (name, other, before) => {
    const random = seededRandom(folded + 1);
    const one = async (choose: (waiting: readonly string[]) => number): Promise<void> => {
      const { account, fates } = await ExpungingAccount.told(7, folded);
      await before(account, (store) => store);
      const { failures } = await interleave(
        { purge: (watch) => purge(account, watch), other: (watch) => other(account, watch) },
        choose,
        matters,
      );
      expect([...failures]).toEqual([]);
      await expectKept(account, fates);
    };
    // So are those of all the others on what is folded already.
    if (!MANY_CALLS.has(name) && folded === 0)
      expect(await everyOrder(one, 1_000)).toMatchObject({ all: true });
    else
      for (let drawn = 0; drawn < 15; drawn++) await one((waiting) => Math.floor(random() * waiting.length));
  });
});

const PAIRS = Object.keys(OTHERS).flatMap((one, index, all) =>
  all.slice(index + 1).map((two): [string, string] => [one, two]),
);
test('each two of the others, with a purge before, between or after them', async () => {
  const random = seededRandom(11);
  for (const [one, two] of PAIRS)
    for (let drawn = 0; drawn < 3; drawn++) {
      const { account, fates } = await ExpungingAccount.told(drawn + 1, drawn % 4);
      const run = (name: string) => (watch: Watch) => OTHERS[name]?.(account, watch) ?? Promise.resolve();
      const { failures } = await interleave(
        { purge: (watch) => purge(account, watch), one: run(one), two: run(two) },
        (waiting) => Math.floor(random() * waiting.length),
      );
      expect([one, two, drawn, ...failures]).toEqual([one, two, drawn]);
      // What was expunged a moment ago is kept for the grace, whatever it was before.
      await expectKept(account, fates);
    }
});

test('a purge beside all of them at once, in orders that are drawn', async () => {
  const random = seededRandom(2026);
  for (let drawn = 0; drawn < 20; drawn++) {
    const { account, fates } = await ExpungingAccount.told(drawn + 1, drawn % 4);
    const actors = Object.entries({ purge, ...OTHERS }).filter(([name]) => name !== 'EXPUNGE of it');
    const { failures } = await interleave(
      Object.fromEntries(actors.map(([name, run]) => [name, (watch: Watch) => run(account, watch)])),
      (waiting) => Math.floor(random() * waiting.length),
    );
    expect([drawn, ...failures]).toEqual([drawn]);
    await expectKept(account, fates);
  }
});
