/** Old chunks of summaries are written anew, and nothing but their list and their number tells of it. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chunksToMerge } from '../../../shared/account/chunk-merge.ts';
import type { RecordNumber } from '../../../shared/account/ids.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { commitOnWholeState, openWholeState } from '../../../shared/account/whole-state.ts';
import { append, commit, expectWhole, expunge, inboxOf } from '../../support/fold-ops.ts';
import { ACCOUNT, FoldingAccount, KilledError, Killer, SMALL_LIMITS } from '../../support/folding.ts';

const DAY = 86_400_000;

/** An account with `folds` times ten messages, which came in as many folds. */
async function aged(folds: number, seed = 1) {
  const account = await FoldingAccount.begun(seed, SMALL_LIMITS);
  const writer = account.replica();
  for (let fold = 0; fold < folds; fold++) {
    await commit(writer, () => Array.from({ length: 10 }, () => append(account)));
    await account.fold();
  }
  return { account, writer };
}

const chunksOf = async (account: FoldingAccount) => (await account.checkpoint()).chunks;

async function purgeExpunged(account: FoldingAccount): Promise<void> {
  await commitOnWholeState(account.deps, ACCOUNT, ({ buried }) => {
    const blobs = buried.map(({ row }) => row.blob);
    return { ops: [{ op: 'purge', blobs, before: 0, done: 0 as RecordNumber }], value: null };
  });
}

/** Undelete of everything. */
async function bringBack(account: FoldingAccount): Promise<void> {
  await commitOnWholeState(account.deps, ACCOUNT, ({ buried }) => {
    const rows = buried.map(({ row: { uid: _uid, modSeq: _modSeq, saved: _saved, ...row } }) => row);
    return { ops: [{ op: 'restore', to: INBOX_ID, rows }], value: null };
  });
}

/** Has what was superseded deleted. */
async function dayLater(account: FoldingAccount): Promise<void> {
  account.rim.time += DAY;
  await account.idleFold();
}

describe('many small chunks', () => {
  test('become few, which whoever knew the old ones finds', async () => {
    const { account } = await aged(40);
    const before = await chunksOf(account);
    const old = account.replica();
    await account.reopened(old);
    expect(before.length).toBeGreaterThan(5);
    expect(await account.mergeFold()).toMatchObject({ kind: 'folded', records: 0 });
    const after = await chunksOf(account);
    expect(after.length).toBeLessThan(before.length);
    expect(await account.lostSummaries(old)).toEqual([]);
    await expectWhole(account);
    await dayLater(account);
    expect(account.summaries.chunks.size).toBe(after.length);
    expect(await account.garbage()).toEqual([]);
    expect(await account.lostSummaries(old)).toEqual([]);
    await expectWhole(account);
  });

  test('and then there is nothing more to do', async () => {
    const { account } = await aged(24);
    let rounds = 0;
    while ((await account.mergeFold()).kind === 'folded') rounds++;
    expect(rounds).toBeLessThan(8);
    for (const { bytes } of (await chunksOf(account)).slice(0, -1))
      expect(bytes * 2).toBeGreaterThanOrEqual(SMALL_LIMITS.chunkBytes);
    expect((await account.mergeFold()).kind).toBe('nothing');
  });

  test('with a tail: what arrived lies in the new chunk as well', async () => {
    const { account, writer } = await aged(24);
    await commit(writer, () => Array.from({ length: 10 }, () => append(account)));
    await commit(writer, (state) => [expunge(state, 3, 5)]);
    const numbers = (await chunksOf(account)).map(({ number }) => number);
    expect(await account.mergeFold()).toMatchObject({ kind: 'folded', records: 2 });
    const added = (await chunksOf(account)).filter(({ number }) => !numbers.includes(number));
    expect(added).toHaveLength(1);
    await expectWhole(account);
    // What left in the tail lies there too.
    await bringBack(account);
    expect(inboxOf((await openWholeState(account.deps, ACCOUNT)).state).count).toBe(250);
    expect(await account.lostSummaries()).toEqual([]);
  });
});

describe('chunks of messages that were purged', () => {
  test('go when nobody names them, and shrink when few do', async () => {
    const { account, writer } = await aged(16);
    await commit(writer, (state) => [expunge(state, 1, 100)]);
    await account.fold();
    const held = async () => (await chunksOf(account)).reduce((sum, { count }) => sum + count, 0);
    await account.mergeFold();
    // What may be brought back is in use.
    expect(await held()).toBe(160);
    await purgeExpunged(account);
    await account.fold();
    while ((await account.mergeFold()).kind === 'folded');
    expect(await held()).toBeLessThan(2 * 60 + 40);
    const after = await chunksOf(account);
    await dayLater(account);
    expect(account.summaries.chunks.size).toBe(after.length);
    await expectWhole(account);
  });

  test('what is brought back afterwards has its summary', async () => {
    const { account, writer } = await aged(24);
    await commit(writer, (state) => [expunge(state, 1, 40)]);
    await account.fold();
    await account.mergeFold();
    await dayLater(account);
    await bringBack(account);
    expect(inboxOf((await openWholeState(account.deps, ACCOUNT)).state).count).toBe(240);
    expect(await account.lostSummaries()).toEqual([]);
  });

  test('what was decided to come back before the merge, and is put after it, has its summary once it is folded', async () => {
    const { account, writer } = await aged(24);
    await commit(writer, (state) => [expunge(state, 1, 3)]);
    await account.fold();
    const put = account.journal.put.bind(account.journal);
    account.journal.put = async (...args) => {
      account.journal.put = put;
      await account.mergeFold();
      return put(...args);
    };
    await bringBack(account);
    account.summaries.recompute = async (_, { blob }) => account.summaryOf.get(blob) ?? Buffer.alloc(0);
    await account.fold();
    expect(await account.lostSummaries()).toEqual([]);
  });
});

test('a chunk that cannot be read is left as it is', async () => {
  const { account } = await aged(24);
  const [first] = await chunksOf(account);
  account.summaries.chunks.delete(first?.fold ?? '');
  let rounds = 0;
  while ((await account.mergeFold()).kind === 'folded' && rounds < 20) rounds++;
  // And it is no reason to write the others again and again.
  expect(rounds).toBeLessThan(10);
  expect((await chunksOf(account))[0]).toEqual(first);
});

test('a merging fold that dies at any of its calls loses nothing', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let at = 0; ; at++) {
      const { account, writer } = await aged(12, 3);
      await commit(writer, (state) => [expunge(state, 1, 30)]);
      await purgeExpunged(account);
      const killer = new Killer(at, when);
      const { journal, folds, summaries } = account;
      const deps = {
        journal: killer.watch(journal),
        folds: killer.watch(folds),
        summaries: killer.watch(summaries),
      };
      const killed = await account.mergeFold(deps).catch((error: unknown) => error);
      await expectWhole(account);
      await account.mergeFold();
      await dayLater(account);
      await expectWhole(account);
      if (!(killed instanceof KilledError)) break;
    }
  }
});

test('the list is as long as what it holds, not as the account’s history', async () => {
  const account = await FoldingAccount.begun(9, SMALL_LIMITS);
  account.keepMs = 0;
  const writer = account.replica();
  for (let round = 0; round < 120; round++) {
    await commit(writer, () => Array.from({ length: 10 }, () => append(account)));
    // The account holds a hundred messages at any time.
    if (round >= 10) await commit(writer, (state) => [expunge(state, round * 10 - 99, round * 10 - 90)]);
    await purgeExpunged(account);
    await account.fold();
    if (round % 5 === 4) await account.mergeFold();
  }
  await expectWhole(account);
  expect((await chunksOf(account)).length).toBeLessThan(8);
  expect(account.summaries.chunks.size).toBeLessThan(16);
});

test('what is chosen is bounded, is worth it, and leaves chunks that are large and in use alone', () => {
  const chunk = fc.record({
    bytes: fc.integer({ min: 1, max: 6000 }),
    count: fc.nat(100),
    live: fc.nat(100),
  });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 30 }), (list) => {
      const chunks = list.map(({ bytes, count }, index) => ({
        number: index + 1,
        fold: `${index}`,
        bytes,
        count,
      }));
      const live = new Map(list.map((each, index) => [index + 1, Math.min(each.live, each.count || 100)]));
      const { merged, dead } = chunksToMerge(chunks, live, SMALL_LIMITS);
      const bytes = merged.reduce((sum, each) => sum + each.bytes, 0);
      expect(bytes <= SMALL_LIMITS.mergedBytes + SMALL_LIMITS.chunkBytes || merged.length <= 2).toBe(true);
      for (const each of dead) expect(live.get(each.number)).toBe(0);
      for (const each of merged) {
        const sparse = (live.get(each.number) ?? 0) * 2 < each.count;
        expect(sparse || each.bytes * 2 < SMALL_LIMITS.mergedBytes || each === chunks.at(-1)).toBe(true);
        expect(dead).not.toContain(each);
      }
    }),
  );
});
