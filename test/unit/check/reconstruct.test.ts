import { describe, expect, test } from '@jest/globals';
import { surveyAccount } from '../../../functions/check/survey-account.ts';
import { examine } from '../../../shared/account/examine.ts';
import { isEmptied } from '../../../shared/account/record.ts';
import { ACCOUNT, FoldingAccount, SMALL_LIMITS, seen } from '../../support/folding.ts';
import { emptied } from '../../support/fold-ops.ts';
import { below } from '../../support/random-ops.ts';

const HOUR = 3_600_000;
const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);

/** Two days of an account with a fold every few hours, so that its first records are emptied. */
async function twoDays(seed: number): Promise<FoldingAccount> {
  const account = await FoldingAccount.begun(seed, { ...SMALL_LIMITS, bundleBytes: 10 });
  const writer = account.replica();
  for (let hours = 0; hours < 48; hours += 3) {
    await account.act(writer, 4 + below(account.random, 8));
    account.rim.time += 3 * HOUR;
    await account.fold();
  }
  return account;
}

async function examined(account: FoldingAccount) {
  const { findings, known } = examine(await surveyAccount(account, ACCOUNT));
  if (!known) throw new Error(`nothing is known: ${JSON.stringify(findings)}`);
  return { findings, known };
}

describe('a segment that is lost, of an account whose first records are emptied', () => {
  test('comes back exactly, row by row, or is said to be lost; most of them come back', async () => {
    let [lost, back] = [0, 0];
    for (const seed of SEEDS) {
      const account = await twoDays(seed);
      expect(emptied(account).length).toBeGreaterThan(0);
      const truth = seen(account.replayed());
      expect(await examined(account)).toMatchObject({ findings: [], known: { lost: new Map() } });
      const { segments } = account.journal.account(ACCOUNT);
      const named = (await account.checkpoint()).segments;
      const keys = [...named].flatMap(([mailbox, list]) =>
        list.map(({ firstUid, fold }) => `${mailbox}/${firstUid}@${fold}`),
      );
      for (const key of keys) {
        const kept = segments.get(key);
        segments.delete(key);
        const { findings, known } = await examined(account);
        expect(findings.map(({ kind }) => kind)).toContain('segment-lost');
        if (known.lost.size > 0) lost++;
        else {
          back++;
          expect(seen(known.replay.state)).toEqual(truth);
          expect(known.mends).toEqual([]);
        }
        if (kept) segments.set(key, kept);
      }
    }
    expect(lost + back).toBeGreaterThan(100);
    expect(back / (lost + back)).toBeGreaterThan(1 / 2);
  });

  test('is not believed to be whole where a record is missing', async () => {
    const account = await twoDays(3);
    const { segments, entries } = account.journal.account(ACCOUNT);
    const base = await account.checkpoint();
    const [mailbox, list = []] = [...base.segments][0] ?? [];
    const [info] = list;
    segments.delete(`${mailbox}/${info?.firstUid}@${info?.fold}`);
    const middle = [...entries.values()].filter(
      (entry) => !isEmptied(entry) && entry.number > base.emptiedTo && entry.number < base.state.number,
    );
    entries.delete(middle[middle.length >> 1]?.number ?? 0);
    const { findings, known } = await examined(account);
    expect(known.lost.size).toBe(1);
    expect(findings.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['key-free', 'segment-lost', 'messages-lost']),
    );
  });
});
