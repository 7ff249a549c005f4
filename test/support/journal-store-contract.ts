/** What every journal store must do; run on each implementation by its own test file. */
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { FoldStore } from '../../shared/account/fold-store.ts';
import type { AccountId, BlobId, MailboxId, RecordNumber, Uid } from '../../shared/account/ids.ts';
import type { DeliveryMarker, JournalStore, SegmentKey } from '../../shared/account/journal-store.ts';
import type { Op } from '../../shared/account/ops.ts';
import { type JournalEntry, type JournalRecord, UnknownVersionError } from '../../shared/account/record.ts';

export interface JournalStoreOnTest {
  readonly journal: JournalStore;
  /** Folds of the same accounts: what checkpoints, segments and emptied records are made by. */
  readonly folds: FoldStore;
  /** Puts a record that a newer release wrote at `number`. */
  readonly putNewer: (account: AccountId, number: RecordNumber) => Promise<void>;
}

export const freshAccount = (): AccountId => randomBytes(10).toString('hex') as AccountId;
export const numbered = (number: number): RecordNumber => number as RecordNumber;

/** A record of one message; its commit id is random, its usage and bytes follow from its number. */
export function recordOf(number: number, ops: readonly Op[] = [append(10)]): JournalRecord {
  return {
    number: numbered(number),
    commit: randomBytes(8).toString('hex'),
    time: 1_767_225_600_000 + number,
    ops,
    usage: { messages: number, bytes: number * 10 },
    journalBytes: number * 100,
  };
}

/** An append whose summary has `bytes` bytes, which do not compress. */
export function append(bytes: number): Op {
  return {
    op: 'append',
    to: { inbox: true },
    blob: randomBytes(16).toString('hex') as BlobId,
    size: 10,
    system: 1,
    keywords: ['$Forwarded'],
    date: 1_767_225_600,
    zone: 60,
    summary: { inline: randomBytes(bytes) },
  };
}

/** With a hash in place of each summary: jest compares a hundred kilobytes byte by byte, and takes its time. */
export function brief(entries: readonly JournalEntry[]): unknown[] {
  return entries.map((entry) => ('ops' in entry ? { ...entry, ops: entry.ops.map(briefOp) } : entry));
}

function briefOp(op: Op): unknown {
  if (op.op !== 'append' || !('inline' in op.summary)) return op;
  return { ...op, summary: createHash('sha256').update(op.summary.inline).digest('hex') };
}

export function marker(messageId = randomBytes(8).toString('hex')): DeliveryMarker {
  return { messageId, expiresAt: 1_800_000_000 };
}

const root = (number: number, fold: string) => ({
  number: numbered(number),
  fold,
  root: Buffer.from(`root of ${fold}`),
  time: 5,
});
const WRITTEN = { kind: 'written' };
const conflict = (first: unknown) => ({ kind: 'conflict', first });
const NO_BUNDLE = { kind: 'none' } as const;

/** Runs the contract on what `store()` gives. Accounts are random, nothing is shared. */
export function journalStoreContract(name: string, store: () => JournalStoreOnTest): void {
  describe(`${name} keeps the journal store's contract`, () => {
    /** An account with records 1 … `count`. */
    async function filled(count: number, bytes = 10) {
      const account = freshAccount();
      const records = Array.from({ length: count }, (_, index) => recordOf(index + 1, [append(bytes)]));
      for (const record of records) expect(await store().journal.put(account, [record])).toEqual(WRITTEN);
      return { account, records };
    }

    describe('an account that is not there', () => {
      test('is empty to every reader', async () => {
        const { journal } = store();
        const account = freshAccount();
        expect(await journal.open(account)).toEqual({ checkpoint: null, bundle: null, entries: [] });
        expect(await journal.after(account, numbered(0), 'strong')).toEqual([]);
        expect(await journal.newest(account, 'strong')).toBeNull();
        expect(await journal.entry(account, numbered(1))).toBeNull();
        expect(await journal.delivered('message', [account])).toEqual(new Set());
        const key = { mailbox: 1 as MailboxId, firstUid: 1 as Uid, fold: 'f' };
        expect(await journal.segments(account, [key])).toEqual([null]);
        expect(await journal.part(account, 'tree', 'f')).toBeNull();
      });
    });

    describe('put', () => {
      test('a record is read as it was put', async () => {
        const { journal } = store();
        const account = freshAccount();
        const ops: Op[] = [
          { op: 'create', name: 'Entwürfe/2026', uidValidity: 1_767_225_600, use: 'Drafts' },
          append(5_000),
          {
            op: 'flags',
            mailbox: 1 as MailboxId,
            uids: Uint32Array.of(1, 10_000),
            mode: 'add',
            system: 4,
            keywords: [],
            effect: { messages: 0, unseen: -3, deleted: 0, bytes: 0 },
          },
        ];
        const record = recordOf(1, ops);
        expect(await journal.put(account, [record])).toEqual(WRITTEN);
        expect(await journal.entry(account, numbered(1))).toEqual(record);
        expect(await journal.newest(account, 'strong')).toEqual(record);
        expect(await journal.newest(account, 'eventual')).toEqual(record);
        expect(await journal.after(account, numbered(0), 'eventual')).toEqual([record]);
        expect((await journal.open(account)).entries).toEqual([record]);
      });

      test('of nothing is refused', async () => {
        await expect(store().journal.put(freshAccount(), [])).rejects.toThrow('a put needs a record');
      });

      test('a number that is taken is a conflict, and tells what stands there', async () => {
        const { journal } = store();
        const { account, records } = await filled(2);
        expect(await journal.put(account, [recordOf(2)])).toEqual(conflict(records[1]));
        expect(await journal.after(account, numbered(0), 'strong')).toEqual(records);
      });

      test('the same commit again is written, and stands once', async () => {
        const { journal } = store();
        const { account, records } = await filled(2);
        expect(await journal.put(account, records.slice(1))).toEqual(WRITTEN);
        expect(await journal.after(account, numbered(0), 'strong')).toEqual(records);
      });

      test('of ten writers of one number, one writes', async () => {
        const { journal } = store();
        const account = freshAccount();
        const records = Array.from({ length: 10 }, () => recordOf(1));
        const outcomes = await Promise.all(records.map((record) => journal.put(account, [record])));
        const winner = records[outcomes.findIndex(({ kind }) => kind === 'written')];
        expect(outcomes.filter(({ kind }) => kind === 'written')).toHaveLength(1);
        expect(outcomes.filter(({ kind }) => kind === 'conflict')).toEqual(Array(9).fill(conflict(winner)));
        expect(await journal.after(account, numbered(0), 'strong')).toEqual([winner]);
      });

      test('several records are put together, or none of them', async () => {
        const { journal } = store();
        const { account, records } = await filled(1);
        const three = [2, 3, 4].map((number) => recordOf(number));
        expect(await journal.put(account, three)).toEqual(WRITTEN);
        expect(await journal.put(account, three)).toEqual(WRITTEN);
        const late = [4, 5, 6].map((number) => recordOf(number));
        expect(await journal.put(account, late)).toEqual(conflict(three[2]));
        expect(await journal.after(account, numbered(0), 'strong')).toEqual([...records, ...three]);
      });

      test('two accounts do not see each other', async () => {
        const { journal } = store();
        const account = freshAccount();
        // A key that begins with another's key.
        const longer = `${account}0` as AccountId;
        await journal.put(account, [recordOf(1)], [marker('m')]);
        expect(await journal.after(longer, numbered(0), 'strong')).toEqual([]);
        expect(await journal.delivered('m', [longer, account])).toEqual(new Set([account]));
        expect(await journal.put(longer, [recordOf(1)], [marker('m')])).toEqual(WRITTEN);
      });
    });

    describe('markers', () => {
      test('stand once their record does', async () => {
        const { journal } = store();
        const account = freshAccount();
        const [one, two] = [marker(), marker()];
        expect(await journal.put(account, [recordOf(1)], [one, two])).toEqual(WRITTEN);
        expect(await journal.delivered(one.messageId, [account])).toEqual(new Set([account]));
        expect(await journal.delivered(two.messageId, [freshAccount(), account])).toEqual(new Set([account]));
        expect(await journal.delivered(marker().messageId, [account])).toEqual(new Set());
      });

      test('that stand already keep their record out, and are named', async () => {
        const { journal } = store();
        const account = freshAccount();
        const [one, two, three] = [marker(), marker(), marker()];
        await journal.put(account, [recordOf(1)], [one, three]);
        const put = await journal.put(account, [recordOf(2)], [one, two, three]);
        expect(put).toEqual({ kind: 'delivered', markers: [0, 2] });
        expect(await journal.entry(account, numbered(2))).toBeNull();
        expect(await journal.delivered(two.messageId, [account])).toEqual(new Set());
      });

      test('do not stand when another’s record came first, which is told before a delivery that was done', async () => {
        const { journal } = store();
        const { account, records } = await filled(1);
        const fresh = marker();
        expect(await journal.put(account, [recordOf(1)], [fresh])).toEqual(conflict(records[0]));
        expect(await journal.delivered(fresh.messageId, [account])).toEqual(new Set());
        await journal.put(account, [recordOf(2)], [fresh]);
        expect((await journal.put(account, [recordOf(2)], [fresh])).kind).toBe('conflict');
      });

      test('of the same commit again are written, not delivered before', async () => {
        const { journal } = store();
        const account = freshAccount();
        const record = recordOf(1);
        const markers = [marker(), marker()];
        expect(await journal.put(account, [record], markers)).toEqual(WRITTEN);
        expect(await journal.put(account, [record], markers)).toEqual(WRITTEN);
      });

      test('are asked for a hundred accounts at once', async () => {
        const { journal } = store();
        const accounts = Array.from({ length: 100 }, freshAccount);
        const done = accounts.filter((_, index) => index % 3 === 0);
        const { messageId } = marker();
        for (const account of done) await journal.put(account, [recordOf(1)], [marker(messageId)]);
        expect(await journal.delivered(messageId, accounts)).toEqual(new Set(done));
      });
    });

    describe('a long journal', () => {
      test('of 150 records is read to the end, from anywhere', async () => {
        const { journal } = store();
        const { account, records } = await filled(150);
        expect(brief((await journal.open(account)).entries)).toEqual(brief(records));
        expect(brief(await journal.after(account, numbered(0), 'strong'))).toEqual(brief(records));
        expect(brief(await journal.after(account, numbered(99), 'strong'))).toEqual(brief(records.slice(99)));
        expect(brief(await journal.after(account, numbered(149), 'eventual'))).toEqual(
          brief(records.slice(149)),
        );
        expect(await journal.after(account, numbered(150), 'strong')).toEqual([]);
        expect(await journal.newest(account, 'strong')).toEqual(records[149]);
      });

      test('of 2 MB is read to the end', async () => {
        const { journal } = store();
        const { account, records } = await filled(20, 100_000);
        expect(brief((await journal.open(account)).entries)).toEqual(brief(records));
        expect(brief(await journal.after(account, numbered(3), 'strong'))).toEqual(brief(records.slice(3)));
        expect((await journal.newest(account, 'strong'))?.number).toBe(20);
      });

      test.each([1, 60, 99, 149, 150, 500])('is opened above a checkpoint of record %d', async (folded) => {
        const { journal, folds } = store();
        const { account, records } = await filled(150);
        await folds.swap(account, null, root(folded, 'f1'), { kind: 'put', data: Uint8Array.of(7) });
        const { checkpoint, bundle, entries } = await journal.open(account);
        expect(checkpoint).toMatchObject({ number: folded, fold: 'f1' });
        expect(bundle).toEqual({ fold: 'f1', data: Uint8Array.of(7) });
        expect(brief(entries)).toEqual(brief(records.slice(folded)));
      });
    });

    describe('what folds write', () => {
      test('the root of the newest fold is opened, its bundle gone if it has none', async () => {
        const { journal, folds } = store();
        const { account } = await filled(2);
        await folds.swap(account, null, root(1, 'f1'), { kind: 'put', data: Uint8Array.of(7) });
        await folds.swap(account, 'f1', root(2, 'f2'), { kind: 'delete' });
        const { checkpoint, bundle, entries } = await journal.open(account);
        expect(checkpoint?.fold).toBe('f2');
        expect(Buffer.from(checkpoint?.root ?? []).toString()).toBe('root of f2');
        expect({ bundle, entries }).toEqual({ bundle: null, entries: [] });
      });

      test('segments come in the order asked for, with null for what is gone', async () => {
        const { journal, folds } = store();
        const account = freshAccount();
        const keys = Array.from({ length: 70 }, (_, index): SegmentKey => ({
          mailbox: (1 + (index % 3)) as MailboxId,
          firstUid: (1 + index * 4_096) as Uid,
          fold: `f${index % 2}`,
        }));
        for (const [index, key] of keys.entries())
          if (index % 7 !== 0) await folds.put(account, { kind: 'segment', ...key }, Uint8Array.of(index), 1);
        const backwards = [...keys].reverse();
        expect(await journal.segments(account, backwards)).toEqual(
          backwards.map((_, index) => (index % 7 === 6 ? null : Uint8Array.of(69 - index))),
        );
        expect(await journal.segments(freshAccount(), keys.slice(0, 5))).toEqual(Array(5).fill(null));
        expect(await journal.segments(account, [])).toEqual([]);
      });

      test('a part is found by its name and fold', async () => {
        const { journal, folds } = store();
        const account = freshAccount();
        await folds.put(account, { kind: 'part', name: 'tree', fold: 'f1' }, Uint8Array.of(1, 2), 1);
        expect(await journal.part(account, 'tree', 'f1')).toEqual(Uint8Array.of(1, 2));
        expect(await journal.part(account, 'tree', 'f2')).toBeNull();
        expect(await journal.part(account, 'acl', 'f1')).toBeNull();
        expect(await journal.part(freshAccount(), 'tree', 'f1')).toBeNull();
      });
    });

    describe('an emptied record (I4)', () => {
      test('keeps its number and usage, and is read as emptied', async () => {
        const { journal, folds } = store();
        const { account, records } = await filled(3);
        await folds.swap(account, null, root(2, 'f1'), NO_BUNDLE);
        await folds.empty(account, numbered(1), 1_900_000_000);
        await folds.empty(account, numbered(2), 1_900_000_000);
        const emptied = (number: number) => ({
          number,
          usage: { messages: number, bytes: number * 10 },
          journalBytes: number * 100,
          emptied: true,
        });
        expect(await journal.entry(account, numbered(2))).toEqual(emptied(2));
        expect(await journal.after(account, numbered(0), 'strong')).toEqual([
          emptied(1),
          emptied(2),
          records[2],
        ]);
        expect((await journal.open(account)).entries).toEqual([records[2]]);
        await folds.empty(account, numbered(3), 1_900_000_000);
        expect(await journal.newest(account, 'strong')).toEqual(emptied(3));
      });

      test('is in the way of a stale writer, who is told of a conflict, even for what he put himself', async () => {
        const { journal, folds } = store();
        const { account, records } = await filled(1);
        await folds.empty(account, numbered(1), 1_900_000_000);
        const first = await journal.entry(account, numbered(1));
        expect(await journal.put(account, [recordOf(1)])).toEqual(conflict(first));
        expect(await journal.put(account, records, [marker()])).toEqual(conflict(first));
        expect(await journal.entry(account, numbered(1))).toEqual(first);
      });
    });

    describe('a record of a newer release (I8)', () => {
      test('is refused by every reader that meets it, and by no other', async () => {
        const { journal, putNewer } = store();
        const { account, records } = await filled(2);
        await putNewer(account, numbered(3));
        await expect(journal.open(account)).rejects.toThrow(UnknownVersionError);
        await expect(journal.after(account, numbered(1), 'strong')).rejects.toThrow(UnknownVersionError);
        await expect(journal.newest(account, 'strong')).rejects.toThrow(UnknownVersionError);
        await expect(journal.entry(account, numbered(3))).rejects.toThrow(UnknownVersionError);
        expect(await journal.entry(account, numbered(2))).toEqual(records[1]);
        expect(await journal.after(account, numbered(3), 'strong')).toEqual([]);
      });

      test('in the way of a put is no conflict that could be decided again', async () => {
        const { journal, putNewer } = store();
        const { account } = await filled(2);
        await putNewer(account, numbered(3));
        await expect(journal.put(account, [recordOf(3)])).rejects.toThrow(UnknownVersionError);
        const fresh = marker();
        await expect(journal.put(account, [recordOf(3)], [fresh])).rejects.toThrow(UnknownVersionError);
        expect(await journal.delivered(fresh.messageId, [account])).toEqual(new Set());
      });
    });
  });
}
