import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Divergence, apply, applyOp } from '../../../shared/account/apply.ts';
import { firstOps } from '../../../shared/account/decide-mailboxes.ts';
import {
  type CopyRequest,
  MessageRefusal,
  type MessageRefusalReason,
  type MessageToAppend,
  checkRoom,
  decideAppend,
  decideCopy,
  decideExpunge,
  decideMove,
  decideStore,
} from '../../../shared/account/decide-messages.ts';
import { ANSWERED, DELETED, FLAGGED, MAX_KEYWORDS, SEEN } from '../../../shared/account/flags.ts';
import type { BlobId, MailboxId, RecordNumber } from '../../../shared/account/ids.ts';
import type { FlagsOp, Op } from '../../../shared/account/ops.ts';
import { type AccountState, EMPTY_STATE, INBOX_ID } from '../../../shared/account/state.ts';

const UNLIMITED = { quotaBytes: Infinity, quotaMessages: Infinity };
const OTHER = 2 as MailboxId;
const GONE = 99 as MailboxId;

/** Applies; what the op says of its effect must be what the columns say. */
function record(state: AccountState, ops: readonly Op[]): AccountState {
  const number = (state.number + 1) as RecordNumber;
  const alarms: Divergence[] = [];
  let next = state;
  ops.forEach((op, index) => {
    next = applyOp(next, op, { record: number, index, saved: 0 }, (alarm) => alarms.push(alarm));
  });
  expect(alarms).toEqual([]);
  return { ...next, number };
}

function message(system = 0, keywords: readonly string[] = [], size = 10): MessageToAppend {
  return {
    blob: 'ab'.repeat(16) as BlobId,
    size,
    summary: { inline: new Uint8Array(0) },
    freshUntil: 1000,
    flags: { system, keywords },
    date: 7,
    zone: 60,
  };
}

const fresh = (): AccountState => record(EMPTY_STATE, firstOps(0));
const withMessages = (...messages: MessageToAppend[]): AccountState =>
  record(fresh(), decideAppend(fresh(), INBOX_ID, messages, UNLIMITED, 0).ops);
const uids = (...all: number[]): Uint32Array => Uint32Array.from(all);

function refusal(decide: () => unknown): MessageRefusalReason | 'none' {
  try {
    decide();
    return 'none';
  } catch (error) {
    if (error instanceof MessageRefusal) return error.reason;
    throw error;
  }
}

function only(ops: readonly Op[]): FlagsOp {
  const [op] = ops;
  if (ops.length !== 1 || op?.op !== 'flags') throw new Error('one op on flags was expected');
  return op;
}

describe('STORE', () => {
  const state = withMessages(message(), message(SEEN), message(0, ['$A']), message(SEEN | FLAGGED));
  const store = (
    ...args: Parameters<typeof decideStore> extends [unknown, unknown, ...infer R] ? R : never
  ) => decideStore(state, INBOX_ID, ...args);

  test('leaves out messages that have the flags already, and is one range', () => {
    const { ops, value } = store(uids(1, 2, 3, 4), 'add', { system: SEEN, keywords: [] });
    expect(value.changed).toEqual([1, 3]);
    expect([...only(ops).uids]).toEqual([1, 1, 3, 3]);
    expect(only(ops).effect).toEqual({ messages: 0, unseen: -2, deleted: 0, bytes: 0 });
  });

  test('writes nothing if nothing changes', () => {
    expect(store(uids(2, 4), 'add', { system: SEEN, keywords: [] }).ops).toEqual([]);
    expect(store(uids(1), 'remove', { system: SEEN, keywords: ['$A'] }).ops).toEqual([]);
    expect(store(uids(3), 'replace', { system: 0, keywords: ['$a'] }).value.changed).toEqual([3]);
    expect(store(uids(3), 'add', { system: 0, keywords: ['$a'] }).ops).toEqual([]);
  });

  test('tells what is missing', () => {
    expect(store(uids(2, 8, 9), 'add', { system: DELETED, keywords: [] }).value).toMatchObject({
      changed: [2],
      missing: [8, 9],
      modified: [],
    });
  });

  test('leaves alone what has changed since', () => {
    const younger = record(
      state,
      decideStore(state, INBOX_ID, uids(2), 'add', { system: ANSWERED, keywords: [] }).ops,
    );
    const since = state.mailboxes.get(INBOX_ID)?.highestModSeq;
    const { value, ops } = decideStore(
      younger,
      INBOX_ID,
      uids(1, 2, 3),
      'add',
      { system: DELETED, keywords: [] },
      since,
    );
    expect(value).toMatchObject({ changed: [1, 3], modified: [2] });
    expect([...only(ops).uids]).toEqual([1, 1, 3, 3]);
    const never = decideStore(younger, INBOX_ID, uids(1), 'add', { system: DELETED, keywords: [] }, 0);
    expect(never).toMatchObject({ ops: [], value: { modified: [1] } });
  });

  test('a mailbox has its limit of keywords', () => {
    const many = Array.from({ length: MAX_KEYWORDS }, (_, index) => `k${index}`);
    expect(refusal(() => store(uids(1), 'add', { system: 0, keywords: many }))).toBe('keywords');
    const most = many.slice(1);
    expect(refusal(() => store(uids(1), 'add', { system: 0, keywords: most }))).toBe('none');
    expect(refusal(() => store(uids(1), 'remove', { system: 0, keywords: many }))).toBe('none');
  });

  test('a mailbox that is gone', () => {
    expect(refusal(() => decideStore(state, GONE, uids(1), 'add', { system: SEEN, keywords: [] }))).toBe(
      'no mailbox',
    );
  });
});

describe('EXPUNGE', () => {
  const state = withMessages(message(DELETED), message(), message(DELETED), message(DELETED));

  test('takes what is \\Deleted', () => {
    const { ops, value } = decideExpunge(state, INBOX_ID, null);
    expect(value).toEqual([1, 3, 4]);
    expect(record(state, ops).mailboxes.get(INBOX_ID)).toMatchObject({ messages: 1, deleted: 0, bytes: 10 });
  });

  test('with UIDs, of these', () => {
    expect(decideExpunge(state, INBOX_ID, uids(2, 3, 9)).value).toEqual([3]);
    expect(decideExpunge(state, INBOX_ID, uids(2)).ops).toEqual([]);
  });
});

describe('COPY and MOVE', () => {
  const state = withMessages(message(SEEN, ['$A']), message(), message(0, ['$B']));
  const request: CopyRequest = { from: INBOX_ID, to: OTHER, uids: uids(1, 3), all: true, quota: UNLIMITED };

  test('say which message became which', () => {
    const target = state.mailboxes.get(OTHER);
    const { ops, value } = decideCopy(state, request);
    expect(value).toEqual({ uidValidity: target?.uidValidity, source: [1, 3], destination: [1, 2] });
    const after = record(state, ops);
    expect(after.mailboxes.get(OTHER)).toMatchObject({
      messages: 2,
      unseen: 1,
      keywords: ['$A', '$B'],
      uidNext: 3,
    });
    expect(after.mailboxes.get(OTHER)?.columns?.row(0)).toMatchObject({
      uid: 1,
      system: SEEN,
      date: 7,
      zone: 60,
    });
  });

  test('a MOVE takes them away, in the same record', () => {
    const after = record(state, decideMove(state, request).ops);
    expect(after.mailboxes.get(INBOX_ID)).toMatchObject({ messages: 1 });
    expect(after.mailboxes.get(OTHER)).toMatchObject({ messages: 2 });
    expect(after.usage).toEqual(state.usage);
  });

  test('all or none of what was numbered, what is left of UIDs', () => {
    const some = { ...request, uids: uids(1, 9) };
    expect(refusal(() => decideCopy(state, some))).toBe('missing');
    expect(decideCopy(state, { ...some, all: false }).value.source).toEqual([1]);
    expect(decideMove(state, { ...request, uids: uids(9), all: false })).toMatchObject({
      ops: [],
      value: { source: [] },
    });
  });

  test('refusals', () => {
    expect(refusal(() => decideCopy(state, { ...request, to: INBOX_ID }))).toBe('none');
    expect(refusal(() => decideCopy(state, { ...request, to: GONE }))).toBe('no target');
    expect(refusal(() => decideCopy(state, { ...request, from: GONE }))).toBe('no mailbox');
    const full = { quotaBytes: state.usage.bytes + 19, quotaMessages: Infinity };
    expect(refusal(() => decideCopy(state, { ...request, quota: full }))).toBe('quota');
    expect(refusal(() => decideMove(state, { ...request, quota: full }))).toBe('none');
  });

  test('MOVE into the same mailbox gives new UIDs, as COPY would (RFC 6851 §3.3)', () => {
    const { ops, value } = decideMove(state, { ...request, uids: uids(1), to: INBOX_ID });
    expect(ops.map(({ op }) => op)).toEqual(['copy', 'expunge']);
    const inbox = state.mailboxes.get(INBOX_ID);
    expect(value).toMatchObject({ source: [1], destination: [inbox?.uidNext] });
    const record = { number: (state.number + 1) as never, commit: 'c', time: 0, ops, usage: state.usage };
    const after = apply(state, { ...record, journalBytes: 0 }).mailboxes.get(INBOX_ID);
    expect(after).toMatchObject({ messages: inbox?.messages, uidNext: (inbox?.uidNext ?? 0) + 1 });
    expect(after?.columns?.rowOf(1)).toBe(-1);
  });

  test('a mailbox that has given out all its UIDs takes no more', () => {
    const other = state.mailboxes.get(OTHER);
    if (!other) throw new Error('the account has no second mailbox');
    const mailboxes = new Map(state.mailboxes).set(OTHER, { ...other, uidNext: 0xffff_fffe });
    expect(refusal(() => decideCopy({ ...state, mailboxes }, request))).toBe('uids');
  });
});

describe('APPEND', () => {
  test('gives UIDs in order', () => {
    const state = withMessages(message());
    const { value, ops } = decideAppend(state, INBOX_ID, [message(), message()], UNLIMITED, 0);
    expect(value.uids).toEqual([2, 3]);
    expect(record(state, ops).usage).toEqual({ messages: 3, bytes: 30 });
  });

  test('refuses a blob that may not be named any more', () => {
    const append = (now: number) => decideAppend(fresh(), INBOX_ID, [message()], UNLIMITED, now);
    expect(refusal(() => append(999))).toBe('none');
    expect(refusal(() => append(1000))).toBe('expired');
  });

  test('refuses what the account may not hold', () => {
    const state = withMessages(message());
    const append = (quotaBytes: number, quotaMessages: number) => () =>
      decideAppend(state, INBOX_ID, [message()], { quotaBytes, quotaMessages }, 0);
    expect(refusal(append(20, 2))).toBe('none');
    expect(refusal(append(19, 2))).toBe('quota');
    expect(refusal(append(20, 1))).toBe('quota');
    expect(
      refusal(() => checkRoom(state, { messages: 1, bytes: 11 }, { quotaBytes: 20, quotaMessages: 9 })),
    ).toBe('quota');
    expect(refusal(() => decideAppend(state, GONE, [message()], UNLIMITED, 0))).toBe('no target');
  });
});

test('the flags after a STORE are those that were asked for, and nobody else’s change', () => {
  const flags = fc.record({
    system: fc.constantFrom(0, SEEN, DELETED | SEEN, FLAGGED, ANSWERED | FLAGGED),
    keywords: fc.subarray(['$A', '$b', 'C']),
  });
  const mode = fc.constantFrom('add' as const, 'remove' as const, 'replace' as const);
  fc.assert(
    fc.property(
      fc.array(flags, { minLength: 1, maxLength: 12 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 14 })),
      mode,
      flags,
      (before, chosen, how, change) => {
        const state = withMessages(...before.map(({ system, keywords }) => message(system, keywords)));
        const { ops } = decideStore(state, INBOX_ID, Uint32Array.from(chosen).sort(), how, change);
        const columns = record(state, ops).mailboxes.get(INBOX_ID)?.columns;
        before.forEach((was, row) => {
          const expected = new Set([...names(was)]);
          if (chosen.includes(row + 1)) {
            if (how === 'replace') expected.clear();
            for (const name of names(change)) {
              if (how === 'remove') expected.delete(name);
              else expected.add(name);
            }
          }
          const found = { system: columns?.system[row] ?? 0, keywords: columns?.keywordsAt(row) ?? [] };
          expect(new Set(names(found))).toEqual(expected);
        });
      },
    ),
  );
});

function names({ system, keywords }: { system: number; keywords: readonly string[] }): string[] {
  const bits = [SEEN, ANSWERED, FLAGGED, DELETED].filter((bit) => system & bit).map(String);
  return [...bits, ...keywords];
}
