import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { apply } from '../../../shared/account/apply.ts';
import { FLAGGED, SEEN } from '../../../shared/account/flags.ts';
import type { AccountId, BlobId, ModSeq } from '../../../shared/account/ids.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { decodeOps, encodeOps } from '../../../shared/account/record.ts';
import { RecordBuilder } from '../../../shared/account/record-builder.ts';
import { type Reader, mailboxFor, seenOp, withSeen, NO_READERS } from '../../../shared/account/readers.ts';
import { type AccountState, INBOX_ID } from '../../../shared/account/state.ts';
import { differenceOf, unionOf } from '../../../shared/account/uid-ranges.ts';
import { effectOfRemoval } from '../../../shared/account/effect.ts';
import { after, fresh, mailboxOf } from '../../support/account-state.ts';

const BOB = 'b'.repeat(20) as AccountId;
const CAROL = 'c'.repeat(20) as AccountId;

const message = (system = 0): Op => ({
  op: 'append',
  to: { inbox: true },
  blob: 'b'.repeat(32) as BlobId,
  size: 100,
  system,
  keywords: [],
  date: 0,
  zone: 0,
  summary: { inline: new Uint8Array(0) },
});

/** INBOX with so many messages, of which the owner has seen the even ones. */
const filled = (count: number): AccountState =>
  after(
    fresh(),
    Array.from({ length: count }, (_, index) => message(index % 2 ? SEEN | FLAGGED : FLAGGED)),
  );

function columnsOf(state: AccountState) {
  const { columns } = mailboxOf(state, 'INBOX');
  if (!columns) throw new Error('the columns of this state are loaded');
  return columns;
}

const mark = (state: AccountState, reader: AccountId, uids: readonly number[], seen = true): AccountState =>
  after(state, [seenOp(columnsOf(state), INBOX_ID, reader, uids, seen)]);

function unseenBy(state: AccountState, reader: AccountId): number[] {
  const { columns } = mailboxFor(mailboxOf(state, 'INBOX'), reader);
  if (!columns) throw new Error('columns are loaded');
  return [...columns.uids.subarray(0, columns.count)].filter(
    (_, row) => !((columns.system[row] ?? 0) & SEEN),
  );
}

const rangesOf = (members: ReadonlySet<number>): Uint32Array => {
  const flat: number[] = [];
  for (const uid of [...members].sort((a, b) => a - b)) {
    if (flat.at(-1) === uid - 1) flat[flat.length - 1] = uid;
    else flat.push(uid, uid);
  }
  return Uint32Array.from(flat);
};

test('sets of ranges: union and difference are those of the sets', () => {
  const members = fc.uniqueArray(fc.integer({ min: 1, max: 40 })).map((list) => new Set(list));
  fc.assert(
    fc.property(members, members, (a, b) => {
      expect(unionOf(rangesOf(a), rangesOf(b))).toEqual(rangesOf(new Set([...a, ...b])));
      const left = new Set([...a].filter((uid) => !b.has(uid)));
      expect(differenceOf(rangesOf(a), rangesOf(b))).toEqual(rangesOf(left));
    }),
  );
});

describe('each reader has their own \\Seen', () => {
  test('and begins with nothing seen, whatever the owner has', () => {
    expect(unseenBy(filled(4), BOB)).toEqual([1, 2, 3, 4]);
  });

  test('what one reads is new to the other, and to the owner as it was', () => {
    const state = mark(mark(filled(4), BOB, [1, 2, 3]), BOB, [2], false);
    expect(unseenBy(state, BOB)).toEqual([2, 4]);
    expect(unseenBy(state, CAROL)).toEqual([1, 2, 3, 4]);
    expect([...columnsOf(state).system.subarray(0, 4)]).toEqual([
      ...columnsOf(filled(4)).system.subarray(0, 4),
    ]);
  });

  test('other flags are everybody\u2019s', () => {
    const { columns } = mailboxFor(mailboxOf(mark(filled(2), BOB, [1]), 'INBOX'), BOB);
    expect([...(columns?.system.subarray(0, 2) ?? [])]).toEqual([SEEN | FLAGGED, FLAGGED]);
  });

  test('a reader counts their own unseen messages', () => {
    expect(mailboxFor(mailboxOf(mark(filled(5), BOB, [1, 4]), 'INBOX'), BOB).unseen).toBe(3);
  });
});

describe('mod-sequences', () => {
  test('a reader\u2019s change is new to the reader alone', () => {
    const before = filled(3);
    const state = mark(before, BOB, [2]);
    const [owner, bob, carol] = [
      mailboxOf(state, 'INBOX'),
      mailboxFor(mailboxOf(state, 'INBOX'), BOB),
      mailboxFor(mailboxOf(state, 'INBOX'), CAROL),
    ];
    expect(owner.highestModSeq).toBe(mailboxOf(before, 'INBOX').highestModSeq);
    expect(carol.highestModSeq).toBe(owner.highestModSeq);
    expect(bob.highestModSeq).toBe(state.number * 1024);
    expect(bob.columns?.modSeqs[1]).toBe(state.number * 1024);
    expect(bob.columns?.modSeqs[0]).toBe(owner.columns?.modSeqs[0]);
    expect(owner.columns?.modSeqs[1]).toBe(columnsOf(before).modSeqs[1]);
  });

  test('a change of everybody\u2019s after it counts', () => {
    let state = mark(filled(2), BOB, [1]);
    state = after(state, [message()]);
    expect(mailboxFor(mailboxOf(state, 'INBOX'), BOB).highestModSeq).toBe(state.number * 1024);
  });

  test('old changes are joined; nobody is told of fewer messages than have changed', () => {
    const changes: { modSeq: number; uid: number }[] = [];
    let readers = NO_READERS;
    for (let index = 1; index <= 2000; index++) {
      const uid = (index * 7919) % 3001;
      const uids = Uint32Array.of(uid, uid);
      const op = { op: 'seen', mailbox: INBOX_ID, reader: BOB, uids, seen: index % 3 > 0 } as const;
      readers = withSeen(readers, op, (index * 1024) as ModSeq);
      changes.push({ modSeq: index * 1024, uid });
    }
    const reader = readers.get(BOB) as Reader;
    expect(reader.changes.length).toBeLessThanOrEqual(64);
    expect(reader.changes.reduce((sum, { uids }) => sum + uids.length, 0)).toBeLessThan(800);
    for (const { modSeq, uid } of changes) {
      const told = reader.changes.filter(
        ({ uids }) => unionOf(uids, Uint32Array.of(uid, uid)).length === uids.length,
      );
      expect(Math.max(...told.map((change) => change.modSeq))).toBeGreaterThanOrEqual(modSeq);
    }
  });
});

test('a mailbox that was read whole is one range, with gaps where messages are gone', () => {
  let state = filled(6);
  const uids = Uint32Array.of(2, 3);
  state = after(state, [
    { op: 'expunge', mailbox: INBOX_ID, uids, effect: effectOfRemoval(columnsOf(state), uids) },
  ]);
  state = mark(state, BOB, [1]);
  state = mark(state, BOB, [4, 6]);
  state = mark(state, BOB, [5]);
  expect(mailboxOf(state, 'INBOX').readers.get(BOB)?.seen).toEqual(Uint32Array.of(1, 6));
});

test('the view of a reader is worked out once a state', () => {
  const mailbox = mailboxOf(mark(filled(2), BOB, [1]), 'INBOX');
  expect(mailboxFor(mailbox, BOB)).toBe(mailboxFor(mailbox, BOB));
});

test('a change that is larger than a record is cut in two, and means the same', () => {
  const flat: number[] = [];
  for (let uid = 1; flat.length < 400_000; uid += 2) flat.push(uid, uid);
  const op: Op = { op: 'seen', mailbox: INBOX_ID, reader: BOB, uids: Uint32Array.from(flat), seen: true };
  const state = fresh();
  const builder = new RecordBuilder(state, 0);
  builder.add([op]);
  const { records } = builder.finish('commit', 0, 0);
  expect(records.flatMap(({ ops }) => ops).length).toBeGreaterThan(1);
  for (const { ops } of records) expect(decodeOps(encodeOps(ops))).toEqual(ops);
  const cut = records.reduce((before, record) => apply(before, record), state);
  expect(mailboxOf(cut, 'INBOX').readers.get(BOB)?.seen).toEqual(op.uids);
});
