import { describe, expect, test } from '@jest/globals';
import { Pace } from '../../../functions/compact/pace.ts';
import { deliverTo } from '../../../shared/account/delivery.ts';
import { foldDue } from '../../../shared/account/fold.ts';
import { isEmptied } from '../../../shared/account/record.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { append, commit, emptied, entries, expectWhole, inboxOf, markSeen } from '../../support/fold-ops.ts';
import { ACCOUNT, FoldingAccount, SMALL_LIMITS, seen } from '../../support/folding.ts';
import { TestRim } from '../../support/rim.ts';

const DAY = 86_400_000;

describe('a fold is due', () => {
  test.each([
    [{ number: 254, journalBytes: 0 }, { number: 255, journalBytes: 0 }, false],
    [{ number: 255, journalBytes: 0 }, { number: 256, journalBytes: 0 }, true],
    [{ number: 256, journalBytes: 0 }, { number: 257, journalBytes: 0 }, false],
    [{ number: 250, journalBytes: 0 }, { number: 260, journalBytes: 0 }, true],
    [{ number: 1, journalBytes: 65_535 }, { number: 2, journalBytes: 65_536 }, true],
    [{ number: 1, journalBytes: 65_536 }, { number: 2, journalBytes: 131_071 }, false],
    [{ number: 1, journalBytes: 10 }, { number: 2, journalBytes: 400_000 }, true],
  ])('from %o to %o: %s', (before, after, due) => {
    expect(foldDue(before, after)).toBe(due);
  });
});

describe('emptying (I4)', () => {
  test('a record is emptied a day after the checkpoint that covers it, not an hour before', async () => {
    const account = await FoldingAccount.begun();
    const writer = account.replica();
    for (let count = 0; count < 3; count++) await commit(writer, () => [append(account)]);
    await account.fold();
    account.rim.time += DAY - 3_600_000;
    await commit(writer, () => [append(account)]);
    expect(await account.fold()).toMatchObject({ kind: 'folded', emptied: 0 });
    expect(emptied(account)).toEqual([]);
    account.rim.time += 3_600_000;
    await commit(writer, () => [append(account)]);
    expect(await account.fold()).toMatchObject({ kind: 'folded', emptied: 4 });
    // 5 was covered by the second fold only, which is an hour old.
    expect(emptied(account)).toEqual([1, 2, 3, 4]);
    await expectWhole(account);
  });

  test('number, usage and journal bytes stay; the key may go after a year', async () => {
    const account = await FoldingAccount.begun();
    account.keepMs = 0;
    const writer = account.replica();
    await commit(writer, () => [append(account, { size: 50 })]);
    const before = entries(account).map(({ number, usage, journalBytes }) => ({
      number,
      usage,
      journalBytes,
    }));
    await account.fold();
    await commit(writer, () => [append(account)]);
    await account.fold();
    expect(entries(account).slice(0, 2)).toEqual(before.map((entry) => ({ ...entry, emptied: true })));
    const expiry = account.folds.expiries.get(
      entries(account)[1]?.number ?? writer.tail[0]?.number ?? (0 as never),
    );
    expect(expiry).toBeCloseTo(account.rim.time / 1000 + 365 * 86_400, -1);
  });

  test('the newest record is never emptied, so that its key never expires and a journal never ends too low', async () => {
    const account = await FoldingAccount.begun();
    account.keepMs = 0;
    const writer = account.replica();
    for (let round = 0; round < 5; round++) {
      await commit(writer, () => [append(account)]);
      await account.fold();
      await account.fold();
      const newest = await account.journal.newest(ACCOUNT);
      if (!newest) throw new Error('the journal is empty');
      expect(isEmptied(newest)).toBe(false);
    }
  });

  test('a writer idle for days, which finds its next number emptied, writes above the checkpoint', async () => {
    const account = await FoldingAccount.begun();
    account.keepMs = 0;
    const writer = account.replica();
    const idle = account.replica();
    await account.reopened(idle);
    for (let round = 0; round < 4; round++) {
      await commit(writer, () => [append(account)]);
      await account.fold();
    }
    await commit(idle, () => [append(account, { size: 4321 })]);
    const state = await account.reopened();
    expect(inboxOf(state).sizes.subarray(0, inboxOf(state).count)).toContain(4321);
    await expectWhole(account);
  });

  test('a delivery goes on from an account whose records are emptied', async () => {
    const account = await FoldingAccount.begun();
    account.keepMs = 0;
    const writer = account.replica();
    for (let round = 0; round < 3; round++) {
      await commit(writer, () => [append(account)]);
      await account.fold();
    }
    const delivery = { messageId: 'm1', append: append(account), freshUntil: Infinity };
    const quota = { quotaBytes: 1e9, quotaMessages: 1e6 };
    const { outcomes } = await deliverTo(ACCOUNT, [delivery], quota, account.deps);
    expect(outcomes).toEqual(['delivered']);
    await expectWhole(account);
  });

  test('an account that nobody writes to is emptied and rid of what it superseded, if asked to, but for its newest record', async () => {
    const account = await FoldingAccount.begun(1, SMALL_LIMITS);
    const writer = account.replica();
    await commit(writer, () => Array.from({ length: 60 }, () => append(account)));
    await account.fold();
    await commit(writer, (state) => [markSeen(state, 1, 8)]);
    await account.fold();
    account.rim.time += DAY - 1;
    expect(await account.idleFold()).toEqual({ kind: 'nothing' });
    account.rim.time += 1;
    expect(await account.fold()).toEqual({ kind: 'nothing' });
    const { superseded } = await account.checkpoint();
    expect(superseded.length).toBeGreaterThan(0);
    expect(await account.idleFold()).toMatchObject({ records: 0, emptied: 2, deleted: superseded.length });
    expect(emptied(account)).toEqual([1, 2]);
    await expectWhole(account);
    // The fold itself has superseded nothing but parts of the root, which there are none of.
    account.rim.time += 2 * DAY;
    expect(await account.idleFold()).toEqual({ kind: 'nothing' });
    expect(await account.garbage()).toEqual([]);
    await commit(writer, () => [append(account)]);
    await account.fold();
    await expectWhole(account);
  });

  test('what time does not suffice for is left to the next fold', async () => {
    const account = await FoldingAccount.begun();
    account.keepMs = 0;
    const writer = account.replica();
    for (let count = 0; count < 300; count++) await commit(writer, () => [append(account)]);
    await account.fold();
    await commit(writer, () => [append(account)]);
    // 90 write units are saved up; then each takes 5 ms.
    const result = await account.fold({}, account.rim.time + 500);
    if (result.kind !== 'folded') throw new Error(result.kind);
    expect(result.emptied).toBeGreaterThan(90);
    expect(result.emptied).toBeLessThan(250);
    await commit(writer, () => [append(account)]);
    expect(await account.fold()).toMatchObject({ emptied: 302 - result.emptied });
    await expectWhole(account);
  });
});

describe('what folds leave behind', () => {
  test('superseded segments are deleted after a day by the list, and leave it', async () => {
    const account = await FoldingAccount.begun(1, SMALL_LIMITS);
    const writer = account.replica();
    await commit(writer, () => Array.from({ length: 60 }, () => append(account)));
    await account.fold();
    await commit(writer, (state) => [markSeen(state, 1, 8)]);
    await account.fold();
    const { segments } = account.journal.account(ACCOUNT);
    const first = await account.checkpoint();
    const listed = first.superseded.filter(({ item }) => item.kind === 'segment');
    expect(listed.length).toBeGreaterThan(0);
    const stored = segments.size;
    account.rim.time += DAY - 1;
    await commit(writer, () => [append(account)]);
    await account.fold();
    expect(segments.size).toBeGreaterThanOrEqual(stored);
    account.rim.time += 1;
    await commit(writer, () => [append(account)]);
    await account.fold();
    const { superseded } = await account.checkpoint();
    for (const { item } of first.superseded)
      expect(superseded.map((each) => each.item)).not.toContainEqual(item);
    expect(await account.garbage()).toEqual([]);
    await expectWhole(account);
  });

  test('a reader that opened before a fold still loads its mailbox, at once and days later', async () => {
    const account = await FoldingAccount.begun(1, SMALL_LIMITS);
    account.keepMs = 0;
    const writer = account.replica();
    await commit(writer, () => Array.from({ length: 60 }, () => append(account)));
    await account.fold();
    const [soon, late] = [account.replica(), account.replica()];
    await soon.sync();
    await late.sync();
    await commit(writer, (state) => [markSeen(state, 1, 60)]);
    await account.fold();
    expect(inboxOf(await soon.load([INBOX_ID])).count).toBe(60);
    await commit(writer, (state) => [markSeen(state, 1, 1)]);
    await account.fold();
    // Its segments are deleted by now, and the records above its checkpoint are emptied.
    expect(inboxOf(await late.load([INBOX_ID])).count).toBe(60);
    expect(seen(await account.reopened(late))).toEqual(seen(account.replayed()));
  });

  test('a fold whose outcome cannot be told deletes nothing: another may build on it', async () => {
    const account = await FoldingAccount.begun(1, SMALL_LIMITS);
    const writer = account.replica();
    await commit(writer, () => Array.from({ length: 60 }, () => append(account)));
    const { folds } = account;
    const unsettled = new Proxy(folds, {
      get: (target, name) => {
        if (name !== 'swap')
          return (Reflect.get(target, name, target) as (...args: unknown[]) => unknown).bind(target);
        return async (...args: Parameters<typeof folds.swap>) => {
          await target.swap(...args);
          await commit(writer, () => [append(account)]);
          await account.fold();
          return 'unsettled';
        };
      },
    });
    expect(await account.fold({ folds: unsettled })).toEqual({ kind: 'lost' });
    await expectWhole(account);
  });

  test('a fold that another has overtaken deletes and empties nothing by its old list', async () => {
    const account = await FoldingAccount.begun(1, SMALL_LIMITS);
    account.keepMs = 0;
    const writer = account.replica();
    for (let round = 0; round < 2; round++) {
      await commit(writer, () => Array.from({ length: 60 }, () => append(account)));
      await account.fold();
    }
    await commit(writer, () => [append(account)]);
    const { journal, folds } = account;
    const calls: string[] = [];
    const overtaken = new Proxy(journal, {
      get: (target, name) => {
        if (name !== 'open')
          return (Reflect.get(target, name, target) as (...args: unknown[]) => unknown).bind(target);
        return async (...args: Parameters<typeof target.open>) => {
          const opened = await target.open(...args);
          await account.fold();
          return opened;
        };
      },
    });
    const listed = new Proxy(folds, {
      get: (target, name) => {
        calls.push(String(name));
        return (Reflect.get(target, name, target) as (...args: unknown[]) => unknown).bind(target);
      },
    });
    // Segments of the list that it began with may be gone already: it opens again, to be overtaken again.
    const result = await account.fold({ journal: overtaken, folds: listed });
    expect(result.kind === 'lost' || result.kind === 'nothing').toBe(true);
    expect(calls).not.toContain('delete');
    expect(calls).not.toContain('empty');
    await expectWhole(account);
  });

  test('bytes of the journal go on from the checkpoint, so that folds stay due', async () => {
    const account = await FoldingAccount.begun();
    await commit(account.replica(), () => [append(account)]);
    const before = await account.journal.newest(ACCOUNT);
    await account.fold();
    await commit(account.replica(), () => [append(account)]);
    const after = await account.journal.newest(ACCOUNT);
    expect(after?.journalBytes).toBeGreaterThan(before?.journalBytes ?? Infinity);
  });

  test('an item is never overwritten', async () => {
    const account = await FoldingAccount.begun(1, SMALL_LIMITS);
    const writer = account.replica();
    await commit(writer, () => Array.from({ length: 60 }, () => append(account)));
    await account.fold();
    const { segments } = account.journal.account(ACCOUNT);
    const before = new Map(segments);
    await commit(writer, (state) => [markSeen(state, 1, 60)]);
    await account.fold();
    for (const [key, data] of before) expect(segments.get(key)).toBe(data);
  });
});

test('the pace keeps below 300 write units in any second', async () => {
  const rim = new TestRim();
  const pace = new Pace(rim);
  const taken: { time: number; units: number }[] = [];
  for (let count = 0; count < 400; count++) {
    const units = 1 + (count % 40);
    await pace.take(units);
    taken.push({ time: rim.time, units });
    if (count === 200) await rim.sleep(60_000);
  }
  for (const { time } of taken) {
    const within = taken.filter((each) => each.time >= time && each.time < time + 1000);
    expect(within.reduce((sum, { units }) => sum + units, 0)).toBeLessThan(300);
  }
  const [first] = taken;
  const last = taken.at(-1);
  const total = taken.reduce((sum, { units }) => sum + units, 0);
  const seconds = ((last?.time ?? 0) - (first?.time ?? 0) - 60_000) / 1000;
  expect(total / seconds).toBeGreaterThan(190);
});
