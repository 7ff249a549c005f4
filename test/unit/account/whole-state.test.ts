import { describe, expect, test } from '@jest/globals';
import type { BuriedRow } from '../../../shared/account/graveyard.ts';
import type { BlobId, PackId, RecordNumber } from '../../../shared/account/ids.ts';
import type { Row } from '../../../shared/account/columns.ts';
import type { Op, PurgeOp, RestoredRow } from '../../../shared/account/ops.ts';
import { blobBytesOf } from '../../../shared/account/pack-op.ts';
import { BusyError } from '../../../shared/account/commit-request.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { type WholeState, commitOnWholeState, openWholeState } from '../../../shared/account/whole-state.ts';
import { append, commit, expectWhole, expunge, inboxOf } from '../../support/fold-ops.ts';
import { ACCOUNT, FoldingAccount, SMALL_LIMITS, seen } from '../../support/folding.ts';

const purge = (blobs: readonly BlobId[], over: Partial<PurgeOp> = {}): PurgeOp => ({
  op: 'purge',
  blobs,
  before: 0,
  done: 0 as RecordNumber,
  ...over,
});
const blobsOf = (rows: readonly BuriedRow[]): BlobId[] => rows.map(({ row }) => row.blob);
const put = (account: FoldingAccount, ops: readonly Op[]) =>
  commitOnWholeState(account.deps, ACCOUNT, () => ({ ops, value: null }));

/** An account with `count` messages in INBOX, in the order of their UIDs. */
async function filled(count: number, limits = SMALL_LIMITS) {
  const account = await FoldingAccount.begun(1, limits);
  const replica = account.replica();
  const ops = Array.from({ length: count }, () => append(account));
  await commit(replica, () => ops);
  return { account, replica, blobs: ops.map(({ blob }) => blob) };
}

describe('the whole state', () => {
  test('has every message, and what has left, from graveyards and from the tail', async () => {
    const { account, replica, blobs } = await filled(30);
    await commit(replica, (state) => [expunge(state, 1, 10)]);
    await account.fold();
    await commit(replica, (state) => [expunge(state, 11, 20)]);
    const whole = await openWholeState(account.deps, ACCOUNT);
    expect(blobsOf(whole.buried)).toEqual(blobs.slice(0, 20));
    expect(inboxOf(whole.state).count).toBe(10);
  });

  test('does without what is purged, wherever it was buried', async () => {
    const { account, replica, blobs } = await filled(30);
    await commit(replica, (state) => [expunge(state, 1, 10)]);
    await account.fold();
    await commit(replica, (state) => [expunge(state, 11, 20)]);
    await put(account, [purge(blobs.slice(5, 15))]);
    await commit(replica, (state) => [expunge(state, 21, 21)]);
    const left = [...blobs.slice(0, 5), ...blobs.slice(15, 21)];
    expect(blobsOf((await openWholeState(account.deps, ACCOUNT)).buried)).toEqual(left);
    await account.fold();
    expect(blobsOf((await openWholeState(account.deps, ACCOUNT)).buried)).toEqual(left);
    await expectWhole(account);
  });

  test('rows of a time that is done with are forgotten, though their blob lives', async () => {
    const { account, replica, blobs } = await filled(3);
    const copy: Op = {
      op: 'copy',
      from: INBOX_ID,
      to: INBOX_ID,
      uids: Uint32Array.of(1, 1),
      keywords: [],
      effect: { messages: 1, unseen: 1, deleted: 0, bytes: 7 },
    };
    await commit(replica, () => [copy]);
    await commit(replica, (state) => [expunge(state, 1, 1)]);
    await put(account, [purge([], { before: account.rim.now() / 1000 + 1 })]);
    expect((await openWholeState(account.deps, ACCOUNT)).buried).toEqual([]);
    await account.fold();
    const whole = await openWholeState(account.deps, ACCOUNT);
    expect([whole.buried, whole.opening.base.graveyards]).toEqual([[], []]);
    expect(inboxOf(whole.state).blobAt(2)).toBe(blobs[0]);
  });
});

describe('a fold after a purge', () => {
  test('joins what is left of graveyards, and lets empty ones go', async () => {
    const { account, replica, blobs } = await filled(60);
    // Each too large to share a graveyard of 12 rows with the next.
    for (const first of [1, 11, 21, 31, 41]) {
      await commit(replica, (state) => [expunge(state, first, first + 9)]);
      await account.fold();
    }
    expect((await account.checkpoint()).graveyards.map(({ count }) => count)).toEqual([10, 10, 10, 10, 10]);
    // All of the second, and most of the third and fourth.
    await put(account, [purge([...blobs.slice(10, 20), ...blobs.slice(22, 38)])]);
    await account.fold();
    expect((await account.checkpoint()).graveyards.map(({ count }) => count)).toEqual([12, 12]);
    const { buried } = await openWholeState(account.deps, ACCOUNT);
    expect(blobsOf(buried)).toEqual([...blobs.slice(0, 10), ...blobs.slice(20, 22), ...blobs.slice(38, 50)]);
    await expectWhole(account);
    expect(await account.garbage()).toEqual([]);
  });

  test('leaves graveyards as they are where nothing of them was purged', async () => {
    const { account, replica } = await filled(30);
    await commit(replica, (state) => [expunge(state, 1, 10)]);
    await account.fold();
    const before = (await account.checkpoint()).graveyards;
    await put(account, [purge(['f'.repeat(32) as BlobId])]);
    await account.fold();
    expect((await account.checkpoint()).graveyards).toEqual(before);
  });

  test('deletes the objects of purges that nobody has said to be done', async () => {
    const { account, replica, blobs } = await filled(9);
    await commit(replica, (state) => [expunge(state, 1, 9)]);
    const first = await put(account, [purge(blobs.slice(0, 3))]);
    await put(account, [purge(blobs.slice(3, 6), { done: first.whole.state.number })]);
    await put(account, [purge(blobs.slice(6, 8))]);
    await account.fold();
    // Who said that the first is done has deleted its objects.
    expect([...account.summaries.deleted].sort()).toEqual([...blobs.slice(3, 8)].sort());
  });
});

describe('a decision on the whole state', () => {
  test('is made again when another record came first', async () => {
    const { account, replica } = await filled(3);
    const seen: number[] = [];
    let raced = false;
    const journal = account.journal;
    const written = journal.put.bind(journal);
    journal.put = async (...args) => {
      if (!raced) {
        raced = true;
        await commit(replica, (state) => [expunge(state, 2, 2)]);
      }
      return written(...args);
    };
    const decide = ({ state }: WholeState) => {
      seen.push(inboxOf(state).count);
      return { ops: [purge([])], value: seen.length };
    };
    const { value } = await commitOnWholeState(account.deps, ACCOUNT, decide);
    expect([value, seen]).toEqual([2, [3, 2]]);
    await expectWhole(account);
  });

  test('that is always overtaken ends with an error, after a bounded number of attempts', async () => {
    const { account } = await filled(1);
    let decided = 0;
    const { journal } = account;
    const first = await journal.entry(ACCOUNT, 1 as RecordNumber);
    if (!first) throw new Error('there is no first record');
    journal.put = async () => ({ kind: 'conflict', first });
    const commits = commitOnWholeState(account.deps, ACCOUNT, () => {
      decided++;
      return { ops: [purge([])], value: null };
    });
    await expect(commits).rejects.toThrow(BusyError);
    expect(decided).toBe(20);
  });

  test('that wants nothing puts nothing; one that is put is told of', async () => {
    const { account } = await filled(1);
    const told: number[][] = [];
    const deps = {
      ...account.deps,
      onCommit: async (_: unknown, records: readonly { number: number }[], before: number) =>
        void told.push([...records.map(({ number }) => number), before]),
    };
    const { whole } = await commitOnWholeState(deps, ACCOUNT, () => ({ ops: [], value: null }));
    await commitOnWholeState(deps, ACCOUNT, () => ({ ops: [purge([])], value: null }));
    const head = account.journal.history.get(2);
    expect(told).toEqual([[whole.state.number + 1, head?.journalBytes]]);
  });

  test('goes on from what the one before has left, and that is what an opening would show', async () => {
    const { account, replica, blobs } = await filled(30);
    await commit(replica, (state) => [expunge(state, 1, 10)]);
    await account.fold();
    await commit(replica, (state) => [expunge(state, 11, 15)]);
    const [opens, deps] = countingOpens(account);
    const pack = 'b'.repeat(32) as PackId;
    const packed = blobs.slice(7, 20);
    const places = { blobs: blobBytesOf(packed), lengths: packed.map(() => 9) };
    const decisions: ((whole: WholeState) => Op)[] = [
      () => purge(blobs.slice(0, 4)),
      () => ({ op: 'pack', pack, ...places, mailboxes: [INBOX_ID], buried: true, replaced: [] }),
      ({ state }) => expunge(state, 18, 20),
      ({ buried }) => ({
        op: 'restore',
        to: INBOX_ID,
        rows: buried.slice(2, 6).map(({ row }) => fresh(row)),
      }),
      ({ state }) => purge(blobs.slice(4, 6), { done: state.number }),
    ];
    let from = await openWholeState(deps, ACCOUNT);
    for (const decide of decisions) {
      const decideOne = (whole: WholeState) => ({ ops: [decide(whole)], value: null });
      const { whole } = await commitOnWholeState(deps, ACCOUNT, decideOne, from);
      const opened = await openWholeState(account.deps, ACCOUNT);
      expect(seen(whole.state)).toEqual(seen(opened.state));
      expect(whole.buried).toEqual(opened.buried);
      expect(whole.purges).toEqual(opened.purges);
      expect(whole.packing.packsAfter([])).toEqual(opened.packing.packsAfter([]));
      expect(whole.opening.tail).toEqual(opened.opening.tail);
      from = whole;
    }
    expect(opens()).toBe(1);
    await expectWhole(account);
  });

  test('that is to begin with an old state is made on the newest', async () => {
    for (const wants of [true, false]) {
      const { account, replica } = await filled(3);
      const old = await openWholeState(account.deps, ACCOUNT);
      await commit(replica, () => [append(account)]);
      const counts: number[] = [];
      const decide = ({ state }: WholeState) => {
        counts.push(inboxOf(state).count);
        return { ops: wants ? [purge([])] : [], value: null };
      };
      const { records } = await commitOnWholeState(account.deps, ACCOUNT, decide, old);
      expect(counts).toEqual([4]);
      expect(records).toHaveLength(wants ? 1 : 0);
    }
  });
});

function countingOpens(account: FoldingAccount): [() => number, FoldingAccount['deps']] {
  let opens = 0;
  const journal = new Proxy(account.journal, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (name === 'open') opens++;
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  return [() => opens, { ...account.deps, journal }];
}

/** What a message that comes back brings along. */
function fresh({ uid: _uid, modSeq: _modSeq, saved: _saved, ...row }: Row): RestoredRow {
  return row;
}
