import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RIGHTS } from '../../../shared/account/acl.ts';
import {
  type Guest,
  decideGuestAppend,
  decideGuestCopy,
  decideGuestStore,
  keepsSeenOf,
  mayStore,
  permittedFlags,
} from '../../../shared/account/decide-guest.ts';
import { decideCreate } from '../../../shared/account/decide-mailboxes.ts';
import { decideStore } from '../../../shared/account/decide-messages.ts';
import {
  ANSWERED,
  DELETED,
  DRAFT,
  FLAGGED,
  type FlagMode,
  SEEN,
  combineKeywords,
  combineSystem,
} from '../../../shared/account/flags.ts';
import type { AccountId, BlobId } from '../../../shared/account/ids.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { MAX_READERS, mailboxFor, seenOp } from '../../../shared/account/readers.ts';
import { type AccountState, INBOX_ID } from '../../../shared/account/state.ts';
import { NOW, after, fresh, mailboxOf } from '../../support/account-state.ts';

const BOB = 'b'.repeat(20) as AccountId;
const ALL = ANSWERED | FLAGGED | DELETED | DRAFT | SEEN;
const QUOTA = { quotaBytes: 1e9, quotaMessages: 1e6 };

const message = (system: number, keywords: readonly string[]): Op => ({
  op: 'append',
  to: { inbox: true },
  blob: 'b'.repeat(32) as BlobId,
  size: 100,
  system,
  keywords,
  date: 0,
  zone: 0,
  summary: { inline: new Uint8Array(0) },
});

interface Case {
  /** Flags of the messages; \Seen is the owner's. */
  readonly messages: readonly { readonly system: number; readonly keywords: readonly string[] }[];
  /** Which of them the guest has seen. */
  readonly seen: readonly boolean[];
  readonly rights: string;
  readonly mode: FlagMode;
  readonly system: number;
  readonly keywords: readonly string[];
}

const words = fc
  .uniqueArray(fc.constantFrom('work', 'Junk', '$Forwarded'), { maxLength: 2 })
  .map((list) => list.sort());
const cases: fc.Arbitrary<Case> = fc.record({
  messages: fc.array(fc.record({ system: fc.integer({ min: 0, max: ALL }), keywords: words }), {
    minLength: 1,
    maxLength: 8,
  }),
  seen: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
  rights: fc.subarray([...RIGHTS]).map((list) => list.join('')),
  mode: fc.constantFrom<FlagMode>('add', 'remove', 'replace'),
  system: fc.integer({ min: 0, max: ALL }),
  keywords: words,
});

function stateOf({ messages, seen }: Case): AccountState {
  let state = fresh();
  state = after(state, decideCreate(state, 'Target', NOW).ops);
  state = after(
    state,
    messages.map(({ system, keywords }) => message(system, keywords)),
  );
  const uids = messages.flatMap((_, index) => (seen[index] ? [index + 1] : []));
  return uids.length === 0 ? state : after(state, [seenOp(columnsOf(state), INBOX_ID, BOB, uids, true)]);
}

function columnsOf(state: AccountState, name = 'INBOX') {
  const { columns } = mailboxOf(state, name);
  if (!columns) throw new Error('columns are loaded in this test');
  return columns;
}

const flagsIn = (state: AccountState, name: string, reader: AccountId | null) => {
  const mailbox = mailboxOf(state, name);
  const { columns } = reader === null ? mailbox : mailboxFor(mailbox, reader);
  return Array.from({ length: columns?.count ?? 0 }, (_, row) => ({
    system: columns?.system[row] ?? 0,
    keywords: columns?.keywordsAt(row) ?? [],
  }));
};

const every = (state: AccountState): Uint32Array => columnsOf(state).uids.slice(0, columnsOf(state).count);

describe('STORE of a guest, whatever the rights', () => {
  test('does to each message what it asks for, of what the rights allow, and nothing else', () => {
    fc.assert(
      fc.property(cases, (each) => {
        const state = stateOf(each);
        const { rights, mode, system, keywords } = each;
        const permitted = permittedFlags(rights);
        const before = flagsIn(state, 'INBOX', BOB);
        const guest: Guest = { account: BOB, rights };
        const { ops, value } = decideGuestStore(state, INBOX_ID, guest, every(state), {
          mode,
          flags: { system, keywords },
        });
        // `after` throws if an effect is not what the columns say.
        const now = after(state, ops);
        const wanted = before.map((flags) => ({
          system: (flags.system & ~permitted) | (combineSystem(flags.system, mode, system) & permitted),
          keywords: rights.includes('w') ? combineKeywords(flags.keywords, mode, keywords) : flags.keywords,
        }));
        expect(flagsIn(now, 'INBOX', BOB)).toEqual(wanted);
        expect(value.changed).toEqual(
          before.flatMap((flags, row) =>
            JSON.stringify(flags) === JSON.stringify(wanted[row]) ? [] : [row + 1],
          ),
        );
        const owners = (from: AccountState) =>
          flagsIn(from, 'INBOX', null).map(({ system: bits }) => bits & SEEN);
        expect(owners(now)).toEqual(owners(state));
        if (ops.length > 0 && mode !== 'replace')
          expect(mayStore(rights, mode, { system, keywords })).toBe(true);
      }),
    );
  });

  test('with all rights, does to shared flags what the owner\u2019s does', () => {
    fc.assert(
      fc.property(cases, (each) => {
        const state = stateOf(each);
        const { mode, system, keywords } = each;
        const guest: Guest = { account: BOB, rights: RIGHTS.join('') };
        const flags = { system: system & ~SEEN, keywords };
        const byGuest = after(
          state,
          decideGuestStore(state, INBOX_ID, guest, every(state), { mode, flags }).ops,
        );
        const byOwner = after(state, decideStore(state, INBOX_ID, every(state), mode, flags).ops);
        const shared = (from: AccountState) =>
          flagsIn(from, 'INBOX', null).map((found) => ({ ...found, system: found.system & ~SEEN }));
        expect(shared(byGuest)).toEqual(shared(byOwner));
      }),
    );
  });

  test('leaves alone what has changed since, by the guest\u2019s own mod-sequences', () => {
    const state = stateOf({ ...EMPTY, messages: [PLAIN, PLAIN], seen: [true] });
    const guest: Guest = { account: BOB, rights: 'lrsw' };
    const since = mailboxOf(state, 'INBOX').highestModSeq;
    const { value } = decideGuestStore(state, INBOX_ID, guest, every(state), {
      mode: 'add',
      flags: { system: FLAGGED, keywords: [] },
      unchangedSince: since,
    });
    expect(value).toMatchObject({ changed: [2], modified: [1], missing: [] });
  });
});

const PLAIN = { system: 0, keywords: [] };
const EMPTY: Case = { messages: [], seen: [], rights: '', mode: 'add', system: 0, keywords: [] };

describe('COPY and MOVE of a guest', () => {
  test.each(['COPY', 'MOVE'] as const)(
    '%s: the copies have what the rights allow, and the owner\u2019s \\Seen',
    (kind) => {
      fc.assert(
        fc.property(cases, (each) => {
          const state = stateOf(each);
          const { rights } = each;
          const request = {
            from: INBOX_ID,
            to: mailboxOf(state, 'Target').id,
            uids: every(state),
            all: true,
            quota: QUOTA,
          };
          const { ops } = decideGuestCopy(state, kind, request, { account: BOB, rights });
          const now = after(state, ops);
          const permitted = permittedFlags(rights);
          const wanted = flagsIn(state, 'INBOX', BOB).map(({ system, keywords }) => ({
            system: system & permitted,
            keywords: rights.includes('w') ? keywords : [],
          }));
          expect(flagsIn(now, 'Target', BOB)).toEqual(wanted);
          expect(flagsIn(now, 'Target', null).map(({ system }) => system & SEEN)).toEqual(
            flagsIn(state, 'INBOX', null).map(({ system }) => system & SEEN),
          );
          expect(mailboxOf(now, 'INBOX').messages).toBe(kind === 'MOVE' ? 0 : each.messages.length);
        }),
      );
    },
  );
});

test('APPEND of a guest: flags by the rights, \\Seen the guest\u2019s own', () => {
  fc.assert(
    fc.property(cases, ({ messages, rights }) => {
      const state = fresh();
      const stored = messages.map(({ system, keywords }) => ({
        blob: 'b'.repeat(32) as BlobId,
        size: 5,
        summary: { inline: new Uint8Array(0) },
        freshUntil: NOW + 1,
        flags: { system, keywords },
        date: 0,
        zone: 0,
      }));
      const { ops } = decideGuestAppend(state, INBOX_ID, { account: BOB, rights }, stored, QUOTA, NOW);
      const now = after(state, ops);
      const permitted = permittedFlags(rights);
      expect(flagsIn(now, 'INBOX', BOB)).toEqual(
        messages.map(({ system, keywords }) => ({
          system: system & permitted,
          keywords: rights.includes('w') ? keywords : [],
        })),
      );
      expect(flagsIn(now, 'INBOX', null).every(({ system }) => !(system & SEEN))).toBe(true);
    }),
  );
});

test('a mailbox keeps \\Seen for so many readers; the others are refused in words, and lose nothing', () => {
  let state = stateOf({ ...EMPTY, messages: [PLAIN] });
  const ops = Array.from({ length: MAX_READERS }, (_, index) =>
    seenOp(columnsOf(state), INBOX_ID, index.toString(16).padStart(20, '0') as AccountId, [1], true),
  );
  state = after(state, ops);
  const change = { mode: 'add', flags: { system: SEEN, keywords: [] } } as const;
  const store = (account: AccountId) =>
    decideGuestStore(state, INBOX_ID, { account, rights: 'lrs' }, every(state), change);
  expect(() => store(BOB)).toThrow(expect.objectContaining({ reason: 'readers' }));
  expect(() => store('0'.repeat(20) as AccountId)).not.toThrow();
});

test('what would mark as seen by the way does not fail where no more readers fit', () => {
  const before = stateOf({ ...EMPTY, messages: [PLAIN], seen: [true] });
  const target = mailboxOf(before, 'Target').id;
  const uids = Uint32Array.of(1, 1);
  const ops = Array.from({ length: MAX_READERS }, (_, index): Op => {
    const reader = index.toString(16).padStart(20, '0') as AccountId;
    return { op: 'seen', mailbox: target, reader, uids, seen: true };
  });
  const guest: Guest = { account: BOB, rights: 'lrsi' };
  const kinds = (state: AccountState) => {
    const request = { from: INBOX_ID, to: target, uids: every(state), all: true, quota: QUOTA };
    return decideGuestCopy(state, 'COPY', request, guest).ops.map(({ op }) => op);
  };
  expect(kinds(before)).toEqual(['copy', 'seen']);
  const full = after(before, ops);
  expect(kinds(full)).toEqual(['copy']);
  const found = mailboxOf(full, 'Target');
  expect([keepsSeenOf(found, BOB), keepsSeenOf(found, '0'.repeat(20) as AccountId)]).toEqual([false, true]);
});
