import { describe, expect, test } from '@jest/globals';
import { effectOfRemoval } from '../../../shared/account/effect.ts';
import { DELETED } from '../../../shared/account/flags.ts';
import { FOLD_LIMITS } from '../../../shared/account/fold.ts';
import { decodeGraveyard } from '../../../shared/account/graveyard.ts';
import type { BlobId, MailboxId } from '../../../shared/account/ids.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { append, commit, expectWhole, expunge, inboxOf, markSeen } from '../../support/fold-ops.ts';
import { ACCOUNT, FoldingAccount, SMALL_LIMITS, seen } from '../../support/folding.ts';

const DAY = 86_400_000;

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

  test.each([
    ['which has emptied records', 0],
    ['which has not', 86_400_000],
  ])('a reader whose reads are torn by a fold, %s, reads again', async (_, keepMs) => {
    const account = await FoldingAccount.begun(4);
    account.keepMs = keepMs;
    const writer = account.replica();
    await account.act(writer, 20);
    await commit(writer, () => [append(account), append(account)]);
    await account.fold();
    let torn = 0;
    const { journal } = account;
    const open = journal.open.bind(journal);
    // The root is read, then a fold comes, then bundle and records are read.
    journal.open = async (id) => {
      const before = await open(id);
      if (torn > 0) return before;
      torn++;
      // What the bundle has by then must not be counted once more with the records.
      for (let fold = 0; fold < 2; fold++) {
        await account.act(writer, 5);
        await commit(writer, () => [append(account)]);
        await account.fold();
      }
      const after = await open(id);
      const floor = before.checkpoint?.number ?? 0;
      const above = [...account.journal.account(id).entries.values()].filter(({ number }) => number > floor);
      return { ...after, checkpoint: before.checkpoint, entries: above.sort((a, b) => a.number - b.number) };
    };
    await expectWhole(account);
    expect(torn).toBe(1);
  });
});
