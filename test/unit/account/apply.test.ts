import { describe, expect, test } from '@jest/globals';
import { type Divergence, apply } from '../../../shared/account/apply.ts';
import type { Row } from '../../../shared/account/columns.ts';
import { DELETED, SEEN, combineKeywords, combineSystem } from '../../../shared/account/flags.ts';
import type { AccountId, BlobId, MailboxId, RecordNumber } from '../../../shared/account/ids.ts';
import { modSeqOf } from '../../../shared/account/ids.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { type JournalRecord, decodeOps, encodeOps } from '../../../shared/account/record.ts';
import { RecordBuilder } from '../../../shared/account/record-builder.ts';
import { type AccountState, EMPTY_STATE, withColumns } from '../../../shared/account/state.ts';
import { NO_EFFECT } from '../../../shared/account/ops.ts';
import { below, createInbox, randomOp } from '../../support/random-ops.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const TIME = 1_760_000_000_000;

/** A journal of random records, and the state after it. */
function history(seed: number, length: number): { records: JournalRecord[]; state: AccountState } {
  const random = seededRandom(seed);
  let state = EMPTY_STATE;
  let journalBytes = 0;
  const records: JournalRecord[] = [];
  while (records.length < length) {
    const builder = new RecordBuilder(state, TIME);
    const ops = records.length === 0 ? 1 : 1 + below(random, 3);
    for (let index = 0; index < ops; index++) builder.add([randomOp(random, builder.trial)]);
    const finished = builder.finish(`commit-${records.length}`, TIME, journalBytes);
    records.push(...finished.records);
    ({ state } = finished);
    journalBytes = records.at(-1)?.journalBytes ?? 0;
  }
  return { records, state };
}

/** Everything that a reader of the state can tell. */
function seen(state: AccountState): unknown {
  const mailboxes = [...state.mailboxes.values()].map(({ columns, ...mailbox }) => ({
    ...mailbox,
    acl: [...mailbox.acl],
    annotations: [...mailbox.annotations],
    readers: [...mailbox.readers],
    rows: columns && Array.from({ length: columns.count }, (_, row) => columns.row(row)),
  }));
  return { mailboxes, annotations: [...state.annotations] };
}

describe.each(SEEDS)('random journals, seed %i', (seed) => {
  const { records, state } = history(seed, 200);
  const replay = (report?: (divergence: Divergence) => void) =>
    records.reduce((before, record) => apply(before, record, report), EMPTY_STATE);

  test('replaying the records gives the state that the writer had, and no divergence', () => {
    const divergences: Divergence[] = [];
    expect(seen(replay((divergence) => divergences.push(divergence)))).toEqual(seen(state));
    expect(divergences).toEqual([]);
  });

  test('records survive their codec', () => {
    for (const { ops } of records) expect(decodeOps(encodeOps(ops))).toEqual(ops);
  });

  test('counters are exact on a replica that has no columns loaded', () => {
    let bare = EMPTY_STATE;
    for (const record of records) {
      bare = apply(bare, record);
      for (const id of bare.mailboxes.keys()) bare = withColumns(bare, id, undefined);
    }
    const counters = (from: AccountState) =>
      [...from.mailboxes.values()].map((mailbox) => ({ ...mailbox, columns: undefined }));
    expect(counters(bare)).toEqual(counters(state));
    expect(bare.usage).toEqual(state.usage);
  });

  test('counters agree with the messages', () => {
    for (const mailbox of state.mailboxes.values()) {
      const { columns } = mailbox;
      if (!columns) throw new Error('columns are loaded in this test');
      const rows: Row[] = Array.from({ length: columns.count }, (_, row) => columns.row(row));
      expect(mailbox.messages).toBe(rows.length);
      expect(mailbox.unseen).toBe(rows.filter(({ system }) => !(system & SEEN)).length);
      expect(mailbox.deleted).toBe(rows.filter(({ system }) => system & DELETED).length);
      expect(mailbox.bytes).toBe(rows.reduce((sum, { size }) => sum + size, 0));
      const uids = rows.map(({ uid }) => uid);
      expect(uids).toEqual([...new Set(uids)].sort((a, b) => a - b));
      expect(mailbox.uidNext).toBeGreaterThan(uids.at(-1) ?? 0);
    }
  });

  test('a state that was handed out does not change when later records are applied', () => {
    let before = EMPTY_STATE;
    const held: { state: AccountState; said: string }[] = [];
    for (const record of records) {
      before = apply(before, record);
      if (record.number % 20 === 0) held.push({ state: before, said: JSON.stringify(seen(before)) });
    }
    for (const { state: old, said } of held) expect(JSON.stringify(seen(old))).toBe(said);
  });

  test('a trial that was given up leaves no trace', () => {
    const random = seededRandom(seed + 1000);
    let before = EMPTY_STATE;
    for (const record of records) {
      const trial = new RecordBuilder(before, TIME);
      for (let index = 0; index < 3; index++) trial.add([randomOp(random, trial.trial)]);
      before = apply(before, record);
    }
    expect(seen(before)).toEqual(seen(state));
  });
});

describe('apply is total', () => {
  const missing = 77 as MailboxId;
  const uids = Uint32Array.of(1, 9);
  const effect = { messages: 9, unseen: 9, deleted: 0, bytes: 99 };
  const ops: Op[] = [
    { op: 'flags', mailbox: missing, uids, mode: 'add', system: SEEN, keywords: ['x'], effect },
    { op: 'expunge', mailbox: missing, uids, effect },
    { op: 'copy', from: missing, to: 1 as MailboxId, uids, keywords: [], effect },
    { op: 'move', from: 1 as MailboxId, to: missing, uids, keywords: [], effect },
    { op: 'move', from: 1 as MailboxId, to: 1 as MailboxId, uids, keywords: [], effect },
    { op: 'delete', mailbox: missing },
    { op: 'rename', from: 'nowhere', to: 'elsewhere' },
    { op: 'unsubscribe', name: 'nowhere' },
    { op: 'recent', mailbox: missing, floor: 4 },
    { op: 'create', name: 'INBOX', uidValidity: 1, use: null },
    { op: 'annotate', mailbox: missing, scope: 'shared', name: '/comment', value: Uint8Array.of(1) },
    { op: 'annotate', mailbox: null, scope: 'shared', name: '/comment', value: null },
    { op: 'acl', mailbox: missing, entry: { identifier: 'anyone', account: null, rights: 'lr' } },
    { op: 'seen', mailbox: missing, reader: 'a'.repeat(20) as AccountId, uids, seen: true },
  ];
  const inbox = apply(EMPTY_STATE, record(1, [createInbox()]));

  test.each(ops)('$op of what is not there changes nothing', (op) => {
    expect(seen(apply(inbox, record(2, [op])))).toEqual(seen(inbox));
  });

  test('an append to a mailbox that is gone goes to INBOX', () => {
    const op: Op = {
      op: 'append',
      to: { mailbox: missing },
      blob: '0'.repeat(32) as BlobId,
      size: 5,
      system: 0,
      keywords: [],
      date: 0,
      zone: 0,
      summary: { inline: new Uint8Array(0) },
    };
    const [mailbox] = apply(inbox, {
      ...record(2, [op]),
      usage: { messages: 1, bytes: 5 },
    }).mailboxes.values();
    expect(mailbox).toMatchObject({ messages: 1, unseen: 1, bytes: 5, uidNext: 2, highestModSeq: 2048 });
  });
});

test('ops of one record have different, rising mod-sequences', () => {
  const [first, second] = [modSeqOf(5 as RecordNumber, 0), modSeqOf(5 as RecordNumber, 1)];
  expect(second).toBeGreaterThan(first);
  expect(modSeqOf(6 as RecordNumber, 0)).toBeGreaterThan(modSeqOf(5 as RecordNumber, 1023));
});

test('a UIDVALIDITY that was given out before is not given out again, whatever the op brings', () => {
  const create = (name: string, uidValidity: number): Op => ({ op: 'create', name, uidValidity, use: null });
  const ops = [create('INBOX', 7), create('a', 7), create('b', 3), create('c', 20)];
  const { mailboxes } = apply(EMPTY_STATE, record(1, ops));
  expect([...mailboxes.values()].map(({ uidValidity }) => uidValidity)).toEqual([7, 8, 9, 20]);
});

test('a record whose effect is not what the columns say is reported', () => {
  const divergences: Divergence[] = [];
  const inbox = apply(EMPTY_STATE, record(1, [createInbox()]));
  const effect = { ...NO_EFFECT, unseen: -1 };
  const op: Op = {
    op: 'flags',
    mailbox: 1 as MailboxId,
    uids: Uint32Array.of(1, 1),
    mode: 'add',
    system: SEEN,
    keywords: [],
    effect,
  };
  apply(inbox, record(2, [op]), (divergence) => divergences.push(divergence));
  expect(divergences).toEqual([
    { record: 2, op: { index: 0, mailbox: 1 }, recorded: effect, found: NO_EFFECT },
  ]);
});

test('flags combine as STORE says', () => {
  expect(combineSystem(SEEN, 'add', DELETED)).toBe(SEEN | DELETED);
  expect(combineSystem(SEEN | DELETED, 'remove', SEEN)).toBe(DELETED);
  expect(combineSystem(SEEN, 'replace', DELETED)).toBe(DELETED);
  expect(combineKeywords(['a', 'b'], 'add', ['B', 'c'])).toEqual(['a', 'b', 'c']);
  expect(combineKeywords(['a', 'b'], 'remove', ['B'])).toEqual(['a']);
});

function record(number: number, ops: readonly Op[]): JournalRecord {
  const usage = { messages: 0, bytes: 0 };
  return { number: number as RecordNumber, commit: 'c', time: TIME, ops, usage, journalBytes: 0 };
}
