/**
 * I5 beside everything else that happens to an account: a purge and one other process, in every order in which their
 * calls of stores can have their effects.
 */
import { describe, expect, test } from '@jest/globals';
import { foldAccount } from '../../../functions/compact/fold-account.ts';
import { purgeAccount } from '../../../functions/expunge/purge.ts';
import { decideRetention } from '../../../shared/account/decide-purge.ts';
import { decideUndelete } from '../../../shared/account/decide-undelete.ts';
import type { BlobId } from '../../../shared/account/ids.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { commitOnWholeState, openWholeState } from '../../../shared/account/whole-state.ts';
import { ExpungingAccount, type Fates, type Watch } from '../../support/expunging.ts';
import { append, commit, expectWhole } from '../../support/fold-ops.ts';
import { ACCOUNT } from '../../support/folding.ts';
import { everyOrder, interleave } from '../../support/interleaving.ts';
import { seededRandom } from '../../support/seeded-random.ts';

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

const OTHERS: Readonly<Record<string, Run>> = {
  'COPY of a message whose first copy is over': (account, watch) =>
    account.change('copy', 'Archive', 'INBOX', [1], account.gateway(watch)),
  'MOVE of it': (account, watch) => account.change('move', 'Archive', 'INBOX', [1], account.gateway(watch)),
  'EXPUNGE of it': (account, watch) => account.remove('Archive', [1], account.gateway(watch)),
  APPEND: (account, watch) => commit(account.gateway(watch), () => [append(account)]),
  undelete,
  'a fold': (account, watch) => foldAccount(account.through(watch), ACCOUNT),
  'another purge': purge,
  'a hold': policy({ op: 'policy', change: { hold: true } }),
  retention: (account, watch) =>
    commitOnWholeState(account.through(watch), ACCOUNT, (whole) =>
      decideRetention(whole, account.rim.now() / 1000),
    ),
};

/** Nothing that is named dangles, and once all is quiet nothing that is over is left behind. */
async function expectKept(account: ExpungingAccount, fates: Fates): Promise<void> {
  await account.expectNothingDangles();
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
}

describe.each([0, 2, 3])('a purge, folded up to chapter %i', (folded) => {
  test.each(Object.entries(OTHERS))('and %s', async (_name, other) => {
    const random = seededRandom(folded + 1);
    const one = async (choose: (waiting: readonly string[]) => number): Promise<void> => {
      const { account, fates } = await ExpungingAccount.told(7, folded);
      const { failures } = await interleave(
        { purge: (watch) => purge(account, watch), other: (watch) => other(account, watch) },
        choose,
      );
      expect([...failures]).toEqual([]);
      await expectKept(account, fates);
    };
    const { all } = await everyOrder(one, 120);
    // A fold makes many calls: where there are more orders than that, as many again are drawn.
    if (!all)
      for (let drawn = 0; drawn < 40; drawn++) await one((waiting) => Math.floor(random() * waiting.length));
  });
});

test('a purge beside all of them at once, in orders that are drawn', async () => {
  const random = seededRandom(2026);
  for (let drawn = 0; drawn < 100; drawn++) {
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
