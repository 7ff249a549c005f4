import { describe, expect, test } from '@jest/globals';
import type { AppendOp, Op } from '../../../shared/account/ops.ts';
import { effectOfFlags, effectOfRemoval } from '../../../shared/account/effect.ts';
import { DELETED, SEEN } from '../../../shared/account/flags.ts';
import { FOLD_LIMITS, foldDue } from '../../../shared/account/fold.ts';
import { decodeGraveyard } from '../../../shared/account/graveyard.ts';
import type { BlobId, MailboxId } from '../../../shared/account/ids.ts';
import { deliverTo } from '../../../shared/account/delivery.ts';
import { isEmptied } from '../../../shared/account/record.ts';
import type { Replica } from '../../../shared/account/replica.ts';
import { type AccountState, INBOX_ID } from '../../../shared/account/state.ts';
import { Pace } from '../../../functions/compact/pace.ts';
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

function append(account: FoldingAccount, over: Partial<AppendOp> = {}): AppendOp {
  const blob = account.rim.randomHex(16) as BlobId;
  const summary = Buffer.from(`summary of ${blob}`);
  account.summaryOf.set(blob, summary);
  const op = { op: 'append' as const, to: { inbox: true as const }, blob, size: 7, system: 0, keywords: [] };
  return { ...op, date: 1_700_000_000, zone: 0, summary: { inline: summary }, ...over };
}

const commit = (replica: Replica, ops: (state: AccountState) => readonly Op[]) =>
  replica.commit({
    needs: (state) => [...state.mailboxes.keys()],
    decide: (state) => ({ ops: ops(state), value: null }),
  });

const inboxOf = (state: AccountState) => {
  const columns = state.mailboxes.get(INBOX_ID)?.columns;
  if (!columns) throw new Error('INBOX is not loaded');
  return columns;
};

function expunge(state: AccountState, first: number, last: number): Op {
  const uids = Uint32Array.of(first, last);
  return { op: 'expunge', mailbox: INBOX_ID, uids, effect: effectOfRemoval(inboxOf(state), uids) };
}

function markSeen(state: AccountState, first: number, last: number): Op {
  const uids = Uint32Array.of(first, last);
  const effect = effectOfFlags(inboxOf(state), uids, 'add', SEEN);
  return { op: 'flags', mailbox: INBOX_ID, uids, mode: 'add', system: SEEN, keywords: [], effect };
}

const entries = (account: FoldingAccount) =>
  [...account.journal.account(ACCOUNT).entries.values()].sort((a, b) => a.number - b.number);
const emptied = (account: FoldingAccount) =>
  entries(account)
    .filter(isEmptied)
    .map(({ number }) => number);

async function expectWhole(account: FoldingAccount): Promise<void> {
  expect(seen(await account.reopened())).toEqual(seen(account.replayed()));
  expect(await account.lostSummaries()).toEqual([]);
  expect(account.divergences).toEqual([]);
}

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

describe('graveyards', () => {
  test('rows that were expunged, and those of a deleted mailbox, are kept with where and when they went', async () => {
    const account = await FoldingAccount.begun();
    const writer = account.replica();
    await commit(writer, () => [{ op: 'create', name: 'Old', uidValidity: 9, use: null }]);
    const old = 2 as MailboxId;
    const kept = append(account, { to: { mailbox: old } });
    await commit(writer, () => [append(account), append(account, { system: DELETED }), kept]);
    await account.fold();
    const late = append(account);
    await commit(writer, (state) => [expunge(state, 2, 2), late]);
    await commit(writer, (state) => [expunge(state, 3, 3), { op: 'delete', mailbox: old }]);
    await account.fold();
    const buried = await buriedIn(account);
    expect(buried.map(({ mailbox, name, row }) => [mailbox, name, row.uid])).toEqual([
      [INBOX_ID, 'INBOX', 2],
      [INBOX_ID, 'INBOX', 3],
      [old, 'Old', 1],
    ]);
    expect(buried[1]?.row.blob).toBe(late.blob);
    expect(buried[2]?.row.blob).toBe(kept.blob);
    // Their summaries lie in chunks, not in records that will be emptied.
    for (const { row } of buried) expect(row.summary.chunk).toBeGreaterThan(0);
    // Records' times are the writers'.
    for (const { expunged } of buried) expect(expunged).toBe(Date.UTC(2026, 0, 1) / 1000);
    await expectWhole(account);
  });

  test('a moved message is not buried', async () => {
    const account = await FoldingAccount.begun();
    const writer = account.replica();
    await commit(writer, () => [{ op: 'create', name: 'To', uidValidity: 9, use: null }, append(account)]);
    await account.fold();
    await commit(writer, (state) => {
      const uids = Uint32Array.of(1, 1);
      const effect = effectOfRemoval(inboxOf(state), uids);
      return [{ op: 'move', from: INBOX_ID, to: 2 as MailboxId, uids, keywords: [], effect }];
    });
    await account.fold();
    expect(await buriedIn(account)).toEqual([]);
    await expectWhole(account);
  });

  test('a graveyard grows from fold to fold until it is full', async () => {
    const account = await FoldingAccount.begun(1, { ...FOLD_LIMITS, rowsPerGraveyard: 5 });
    const writer = account.replica();
    await commit(writer, () => Array.from({ length: 30 }, () => append(account)));
    for (const [first, last] of [
      [1, 2],
      [3, 5],
      [6, 6],
      [7, 18],
    ] as const) {
      await commit(writer, (state) => [expunge(state, first, last)]);
      await account.fold();
    }
    const { graveyards } = await account.checkpoint();
    expect(graveyards.map(({ count }) => count)).toEqual([5, 1, 5, 5, 2]);
    expect((await buriedIn(account)).map(({ row }) => row.uid)).toEqual(
      Array.from({ length: 18 }, (_, index) => index + 1),
    );
  });
});

async function buriedIn(account: FoldingAccount) {
  const { graveyards } = await account.checkpoint();
  const found = await Promise.all(
    graveyards.map(({ part, fold }) => account.folds.graveyard(ACCOUNT, part, fold)),
  );
  return found.flatMap((data) => decodeGraveyard(data ?? new Uint8Array(0)));
}

describe('summaries', () => {
  test('a chunk grows under its number, and a full one is followed by the next', async () => {
    const account = await FoldingAccount.begun(1, { ...FOLD_LIMITS, chunkBytes: 600 });
    account.keepMs = 0;
    const writer = account.replica();
    const chunks = async () => (await account.checkpoint()).chunks;
    await commit(writer, () => Array.from({ length: 10 }, () => append(account)));
    await account.fold();
    const [first] = await chunks();
    await commit(writer, () => Array.from({ length: 10 }, () => append(account)));
    await account.fold();
    const [grown, none] = await chunks();
    expect(none).toBeUndefined();
    expect(grown?.number).toBe(first?.number);
    expect(grown?.bytes).toBeGreaterThan(first?.bytes ?? Infinity);
    for (let round = 0; round < 12; round++) {
      await commit(writer, () => Array.from({ length: 10 }, () => append(account)));
      await account.fold();
    }
    const numbers = (await chunks()).map(({ number }) => number);
    expect(numbers.length).toBeGreaterThan(2);
    expect(numbers.length).toBeLessThan(14);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    // The objects that grew are gone; those that are listed are there.
    expect(await account.garbage()).toEqual([]);
    await expectWhole(account);
  });

  test('one that was too large for its record moves into the chunk, and its object goes a day later', async () => {
    const account = await FoldingAccount.begun();
    const writer = account.replica();
    const object = 'f0'.repeat(16) as BlobId;
    const op = append(account, { summary: { object } });
    account.summaries.objects.set(object, account.summaryOf.get(op.blob) ?? new Uint8Array(0));
    await commit(writer, () => [op]);
    await account.fold();
    expect(account.summaries.objects.has(object)).toBe(true);
    account.rim.time += DAY;
    await commit(writer, () => [append(account)]);
    await account.fold();
    expect(account.summaries.objects.has(object)).toBe(false);
    await expectWhole(account);
  });

  test('one that is lost is worked out anew, and stops no fold', async () => {
    const account = await FoldingAccount.begun();
    account.keepMs = 0;
    const writer = account.replica();
    const op = append(account, { summary: { object: 'f1'.repeat(16) as BlobId } });
    account.summaryOf.set(op.blob, Buffer.from('worked out anew'));
    await commit(writer, () => [op]);
    await account.fold();
    await commit(writer, () => [append(account)]);
    await account.fold();
    await expectWhole(account);
  });

  test('a chunk that is gone is not built on', async () => {
    const account = await FoldingAccount.begun();
    const writer = account.replica();
    await commit(writer, () => [append(account)]);
    await account.fold();
    account.summaries.chunks.clear();
    await commit(writer, () => [append(account)]);
    await account.fold();
    expect((await account.checkpoint()).chunks.map(({ number }) => number)).toEqual([1, 2]);
  });
});

describe('shapes of checkpoints', () => {
  test('an account that outgrows its bundle has segments; one that shrinks has a bundle again', async () => {
    const account = await FoldingAccount.begun();
    account.keepMs = 0;
    const writer = account.replica();
    const shape = async () => {
      expect((await account.fold()).kind).toBe('folded');
      await expectWhole(account);
      const { bundle, segments } = account.journal.account(ACCOUNT);
      const { bundled } = await account.checkpoint();
      expect(bundle !== null).toBe(bundled);
      return { bundled, segments: segments.size };
    };
    const drawn = (bound: number) => Math.floor(account.random() * bound);
    const many = () =>
      Array.from({ length: 1000 }, () =>
        append(account, { size: drawn(100_000), date: 1_700_000_000 + drawn(10_000_000), system: drawn(2) }),
      );
    await commit(writer, many);
    expect(await shape()).toEqual({ bundled: true, segments: 0 });
    for (let round = 0; round < 6; round++) await commit(writer, many);
    expect(await shape()).toEqual({ bundled: false, segments: 2 });
    await commit(writer, (state) => [markSeen(state, 1, 1)]);
    expect(await shape()).toEqual({ bundled: false, segments: 3 });
    await commit(writer, (state) => [expunge(state, 1, 6990)]);
    expect(await shape()).toMatchObject({ bundled: true });
    await commit(writer, () => [append(account)]);
    expect(await shape()).toEqual({ bundled: true, segments: 0 });
  });

  test('a tree too large for the root spills into parts, which go when they are superseded', async () => {
    const account = await FoldingAccount.begun();
    account.keepMs = 0;
    const writer = account.replica();
    const name = (index: number) => account.rim.randomHex(12) + String(index);
    for (let round = 0; round < 2; round++)
      await commit(writer, () =>
        Array.from({ length: 900 }, (_, index) => ({
          op: 'create',
          name: name(index),
          uidValidity: 1,
          use: null,
        })),
      );
    await account.fold();
    const { parts } = account.journal.account(ACCOUNT);
    expect(parts.size).toBeGreaterThan(0);
    expect(account.journal.account(ACCOUNT).checkpoint?.root.length).toBeLessThan(1000);
    const first = [...parts.keys()];
    await expectWhole(account);
    for (let round = 0; round < 2; round++) {
      await commit(writer, () => [append(account)]);
      await account.fold();
    }
    for (const key of first) expect([...parts.keys()]).not.toContain(key);
    await expectWhole(account);
  });

  test('mailboxes that the tail did not touch are neither read nor written', async () => {
    const account = await FoldingAccount.begun(1, SMALL_LIMITS);
    const writer = account.replica();
    await commit(writer, () => [{ op: 'create', name: 'Large', uidValidity: 9, use: null }]);
    const to = { mailbox: 2 as MailboxId };
    await commit(writer, () => Array.from({ length: 80 }, () => append(account, { to })));
    await account.fold();
    await commit(writer, () => [append(account)]);
    const read: number[] = [];
    const journal = new Proxy(account.journal, {
      get: (target, name) => {
        if (name === 'segments')
          return (...args: Parameters<typeof target.segments>) => {
            read.push(...args[1].map(({ mailbox }) => mailbox));
            return target.segments(...args);
          };
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    expect(await account.fold({ journal })).toMatchObject({ kind: 'folded', items: 2 });
    expect(read).toEqual([]);
    await expectWhole(account);
  });
});

describe('readers between a fold’s calls', () => {
  test('whoever opens or commits between any two calls of a fold reads all that was written', async () => {
    for (const limits of [FOLD_LIMITS, SMALL_LIMITS]) {
      const account = await FoldingAccount.begun(3, limits);
      account.keepMs = 0;
      const writer = account.replica();
      const old = account.replica();
      await account.reopened(old);
      let between = 0;
      const interrupted = <T extends object>(store: T): T =>
        new Proxy(store, {
          get: (target, name) => {
            const member: unknown = Reflect.get(target, name, target);
            if (typeof member !== 'function') return member;
            return async (...args: unknown[]) => {
              between++;
              await account.act(writer, 1);
              expect(seen(await account.reopened())).toEqual(seen(account.replayed()));
              expect(seen(await account.reopened(old))).toEqual(seen(account.replayed()));
              return (await member.apply(target, args)) as unknown;
            };
          },
        });
      for (let round = 0; round < 4; round++) {
        await account.act(writer, 10);
        const { journal, folds, summaries } = account;
        await account.fold({
          journal: interrupted(journal),
          folds: interrupted(folds),
          summaries: interrupted(summaries),
        });
      }
      expect(between).toBeGreaterThan(30);
      await expectWhole(account);
    }
  });

  test('a reader whose reads are torn by a fold reads again', async () => {
    const account = await FoldingAccount.begun(4);
    account.keepMs = 0;
    const writer = account.replica();
    await account.act(writer, 20);
    await account.fold();
    let torn = 0;
    const { journal } = account;
    const open = journal.open.bind(journal);
    // The root is read, then a fold comes, then bundle and records are read.
    journal.open = async (id) => {
      const before = await open(id);
      if (torn > 0) return before;
      torn++;
      await account.act(writer, 5);
      await account.fold();
      await account.act(writer, 5);
      await account.fold();
      const after = await open(id);
      const floor = before.checkpoint?.number ?? 0;
      const above = [...account.journal.account(id).entries.values()].filter(({ number }) => number > floor);
      return { ...after, checkpoint: before.checkpoint, entries: above.sort((a, b) => a.number - b.number) };
    };
    await expectWhole(account);
    expect(torn).toBe(1);
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
