import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applyOp } from '../../../../shared/account/apply.ts';
import {
  type CopyRequest,
  decideAppend,
  decideCopy,
  decideExpunge,
  decideMove,
  decideStore,
} from '../../../../shared/account/decide-messages.ts';
import { firstOps } from '../../../../shared/account/decide-mailboxes.ts';
import { ANSWERED, DELETED, FLAGGED, SEEN } from '../../../../shared/account/flags.ts';
import { ALL_RIGHTS } from '../../../../shared/account/acl.ts';
import type { BlobId, MailboxId, RecordNumber } from '../../../../shared/account/ids.ts';
import type { Op } from '../../../../shared/account/ops.ts';
import { type AccountState, EMPTY_STATE, INBOX_ID } from '../../../../shared/account/state.ts';
import { PLAIN } from '../../../../gateway/imap/session/dialect.ts';
import { flagText } from '../../../../gateway/imap/session/flag-text.ts';
import { watermarkOf } from '../../../../gateway/imap/session/selected-mailbox.ts';
import { type Known, type Updates, updatesOf } from '../../../../gateway/imap/session/updates.ts';
import { View } from '../../../../gateway/imap/session/view.ts';

const UNLIMITED = { quotaBytes: Infinity, quotaMessages: Infinity };
const OTHER = 2 as MailboxId;

function record(state: AccountState, ops: readonly Op[]): AccountState {
  const number = (state.number + 1) as RecordNumber;
  let next = state;
  ops.forEach((op, index) => (next = applyOp(next, op, { record: number, index, saved: 0 })));
  return { ...next, number };
}

const fresh = (): AccountState => record(EMPTY_STATE, firstOps(0));

function arrive(
  state: AccountState,
  system = 0,
  keywords: readonly string[] = [],
  to = INBOX_ID,
): AccountState {
  const message = {
    blob: 'ab'.repeat(16) as BlobId,
    size: 10,
    summary: { inline: new Uint8Array(0) },
    freshUntil: 1,
    flags: { system, keywords },
    date: 0,
    zone: 0,
  };
  return record(state, decideAppend(state, to, [message], UNLIMITED, 0).ops);
}

function inbox(state: AccountState) {
  const mailbox = state.mailboxes.get(INBOX_ID);
  if (!mailbox?.columns) throw new Error('the inbox is not loaded');
  return { mailbox, columns: mailbox.columns };
}

function knownOf(state: AccountState): Known {
  const { mailbox, columns } = inbox(state);
  const view = View.of(columns.uids, columns.count, mailbox.uidNext);
  return { view, watermark: watermarkOf(state), keywords: mailbox.keywords.length };
}

function updates(known: Known, state: AccountState, expunges = true, modSeqs = false): Updates {
  const { mailbox, columns } = inbox(state);
  const dialect = { ...PLAIN, modSeqs };
  return updatesOf(known, mailbox, columns, { expunges, dialect, isRecent: () => false, rights: ALL_RIGHTS });
}

const lines = (known: Known, state: AccountState, expunges = true): string[] =>
  updates(known, state, expunges).lines.map((line) => line.trimEnd());

describe('what a client is told', () => {
  const three = arrive(arrive(arrive(fresh())));
  const uids = (...all: number[]): Uint32Array => Uint32Array.from(all);
  const flagged = (state: AccountState, ...all: number[]): AccountState =>
    record(state, decideStore(state, INBOX_ID, uids(...all), 'add', { system: DELETED, keywords: [] }).ops);
  const expunged = (state: AccountState): AccountState =>
    record(state, decideExpunge(state, INBOX_ID, null).ops);

  test('nothing, if nothing has happened', () => {
    expect(lines(knownOf(three), three)).toEqual([]);
  });

  test('an arrival', () => {
    expect(lines(knownOf(three), arrive(three))).toEqual(['* 4 EXISTS']);
  });

  test('flags, under the number that the client knows', () => {
    expect(lines(knownOf(three), flagged(three, 2))).toEqual(['* 2 FETCH (UID 2 FLAGS (\\Deleted))']);
  });

  test('expunges first, each moving the numbers behind it; then the rest, under new numbers', () => {
    const gone = expunged(flagged(three, 1, 2));
    expect(lines(knownOf(three), flagged(arrive(gone), 3))).toEqual([
      '* 1 EXPUNGE',
      '* 1 EXPUNGE',
      '* 2 EXISTS',
      '* 1 FETCH (UID 3 FLAGS (\\Deleted))',
    ]);
  });

  test('no expunge while numbers must stay, and all of it later', () => {
    const gone = arrive(expunged(flagged(three, 2)));
    const first = updates(knownOf(three), gone, false);
    expect(first.lines).toEqual(['* 4 EXISTS\r\n']);
    expect(first.withheld).toBe(true);
    expect([...first.view.uids]).toEqual([1, 2, 3, 4]);
    const known = { view: first.view, watermark: watermarkOf(gone), keywords: 0 };
    expect(lines(known, gone)).toEqual(['* 2 EXPUNGE']);
  });

  test('nothing of a message that came and went unseen', () => {
    expect(lines(knownOf(three), expunged(flagged(arrive(three), 4)))).toEqual([]);
  });

  test('a new keyword before the message that carries it', () => {
    const told = record(
      three,
      decideStore(three, INBOX_ID, uids(1), 'add', { system: 0, keywords: ['$New'] }).ops,
    );
    expect(lines(knownOf(three), told)).toEqual([
      '* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $New)',
      '* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $New \\*)] flags are kept',
      '* 1 FETCH (UID 1 FLAGS ($New))',
    ]);
  });
});

/** A client that believes what it is told, and nothing else. */
class ModelClient {
  readonly messages: { uid: number | null; flags: string | null }[] = [];
  hear(line: string): void {
    const [, number = '', word = ''] = /^\* (\d+) (\w+)/.exec(line) ?? [];
    if (word === 'EXPUNGE') this.messages.splice(Number(number) - 1, 1);
    if (word === 'EXISTS')
      while (this.messages.length < Number(number)) this.messages.push({ uid: null, flags: null });
    const fetched = /FETCH \(UID (\d+) FLAGS (\([^)]*\))\)/.exec(line);
    const message = this.messages[Number(number) - 1];
    if (fetched && message) {
      expect(message.uid ?? Number(fetched[1])).toBe(Number(fetched[1]));
      message.flags = fetched[2] ?? null;
    }
  }
}

interface Step {
  readonly kind: string;
  readonly picks: readonly number[];
  readonly bits: number;
}

function step(state: AccountState, { kind, picks, bits }: Step): AccountState {
  const { columns } = inbox(state);
  const uids = Uint32Array.from(
    new Set(picks.map((pick) => columns.uids[pick % (columns.count || 1)] ?? 1)),
  ).sort();
  const request: CopyRequest = { from: INBOX_ID, to: OTHER, uids, all: false, quota: UNLIMITED };
  const back: CopyRequest = { ...request, from: OTHER, to: INBOX_ID, uids: Uint32Array.of(1, 2, 3) };
  switch (kind) {
    case 'arrive':
      return arrive(state, bits);
    case 'store':
      return record(state, decideStore(state, INBOX_ID, uids, 'replace', { system: bits, keywords: [] }).ops);
    case 'expunge':
      return record(state, decideExpunge(state, INBOX_ID, uids).ops);
    case 'move away':
      return record(state, decideMove(state, request).ops);
    case 'copy in place':
      return record(state, decideCopy(state, { ...request, to: INBOX_ID }).ops);
    default:
      return record(state, decideCopy(state, back).ops);
  }
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('arrive', 'store', 'expunge', 'move away', 'copy in place', 'copy back'),
    picks: fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }),
    bits: fc.constantFrom(0, SEEN, DELETED, FLAGGED | SEEN, ANSWERED | DELETED),
    /** Whether the client is told after this step, and if so whether numbers may move. */
    tell: fc.constantFrom('nothing', 'everything', 'no expunge'),
  }),
  { maxLength: 40 },
);

test('a client that believes what it is told knows the mailbox', () => {
  fc.assert(
    fc.property(steps, (script) => {
      let state = arrive(arrive(fresh()));
      let known = knownOf(state);
      const client = new ModelClient();
      const look = (): void => {
        // As a client does: it fetches what is new to it.
        const { columns } = inbox(state);
        for (const [index, message] of client.messages.entries()) {
          if (message.uid !== null) continue;
          message.uid = known.view.uids[index] ?? null;
          const row = columns.rowOf(message.uid ?? 0);
          message.flags = row < 0 ? null : flagText(columns.system[row] ?? 0, columns.keywordsAt(row), false);
        }
      };
      const tell = (expunges: boolean): void => {
        const told = updates(known, state, expunges);
        for (const line of told.lines) client.hear(line);
        known = { view: told.view, watermark: watermarkOf(state), keywords: 0 };
        look();
      };
      client.hear('* 2 EXISTS');
      look();
      for (const one of script) {
        state = step(state, one);
        if (one.tell !== 'nothing') tell(one.tell === 'everything');
      }
      tell(true);
      const { columns } = inbox(state);
      const mailbox = Array.from({ length: columns.count }, (_, row) => ({
        uid: columns.uids[row],
        flags: flagText(columns.system[row] ?? 0, columns.keywordsAt(row), false),
      }));
      expect(client.messages).toEqual(mailbox);
    }),
    { numRuns: 300 },
  );
});
