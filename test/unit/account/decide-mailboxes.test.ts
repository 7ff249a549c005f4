import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applyOp } from '../../../shared/account/apply.ts';
import {
  MAX_MAILBOXES,
  MAX_SUBSCRIPTIONS,
  decideCreate,
  decideDelete,
  decideRename,
  decideSubscribe,
  decideUnsubscribe,
  firstOps,
  requestedUse,
} from '../../../shared/account/decide-mailboxes.ts';
import type { BlobId, MailboxId, RecordNumber } from '../../../shared/account/ids.ts';
import {
  MAX_LEVELS,
  MAX_NAME_BYTES,
  MailboxRefusal,
  findMailbox,
} from '../../../shared/account/mailbox-names.ts';
import type { Op } from '../../../shared/account/ops.ts';
import {
  type AccountState,
  EMPTY_STATE,
  INBOX_ID,
  type Mailbox,
  mailboxNamed,
} from '../../../shared/account/state.ts';

const NOW = 1_700_000_000_000;

/** The state after one record that holds `ops`. */
function after(state: AccountState, ops: readonly Op[]): AccountState {
  const number = (state.number + 1) as RecordNumber;
  let next = state;
  ops.forEach((op, index) => {
    next = applyOp(next, op, { record: number, index, saved: NOW / 1000 }, (divergence) => {
      throw new Error(`divergence: ${JSON.stringify(divergence)}`);
    });
  });
  return { ...next, number };
}

const fresh = (): AccountState => after(EMPTY_STATE, firstOps(NOW));

const withNames = (...names: string[]): AccountState =>
  names.reduce((state, name) => after(state, decideCreate(state, name, NOW).ops), fresh());

const names = (state: AccountState): string[] => [...state.mailboxes.values()].map(({ name }) => name).sort();

/** A message in `mailbox`, 100 bytes, unseen. */
function message(mailbox: MailboxId): Op {
  return {
    op: 'append',
    to: { mailbox },
    blob: 'b'.repeat(32) as BlobId,
    size: 100,
    system: 0,
    keywords: ['work'],
    date: 1_700_000_000,
    zone: 0,
    summary: { inline: new Uint8Array(0) },
  };
}

function refusal(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof MailboxRefusal) return error.code;
    throw error;
  }
  return 'not refused';
}

function mailboxOf(state: AccountState, name: string): Mailbox {
  const mailbox = mailboxNamed(state, name);
  if (!mailbox) throw new Error(`no mailbox ${name}`);
  return mailbox;
}

describe('a new account', () => {
  test('has INBOX first, five mailboxes with their special uses, and subscriptions to all', () => {
    const state = fresh();
    expect([...state.mailboxes.values()].map(({ id, name, use }) => [id, name, use])).toEqual([
      [INBOX_ID, 'INBOX', null],
      [2, 'Drafts', 'Drafts'],
      [3, 'Sent', 'Sent'],
      [4, 'Junk', 'Junk'],
      [5, 'Trash', 'Trash'],
      [6, 'Archive', 'Archive'],
    ]);
    expect([...state.subscriptions].sort()).toEqual(names(state));
  });

  test('gives out UIDVALIDITY from the clock, rising', () => {
    const seconds = NOW / 1000;
    expect([...fresh().mailboxes.values()].map(({ uidValidity }) => uidValidity - seconds)).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
  });
});

describe('CREATE', () => {
  test('makes the names above as well', () => {
    const state = fresh();
    const { ops, value } = decideCreate(state, 'a/b/c', NOW);
    const next = after(state, ops);
    expect(names(next)).toEqual(expect.arrayContaining(['a', 'a/b', 'a/b/c']));
    expect(next.mailboxes.get(value.id)?.name).toBe('a/b/c');
  });

  test.each([
    ['foo/', 'foo'],
    ['inbox/Lists', 'INBOX/Lists'],
    ['Inboxes', 'Inboxes'],
    ['Entwu\u0308rfe', 'Entw\u00fcrfe'],
    ['100% *', '100% *'],
    ['R&D "new" \\ {3} 📬', 'R&D "new" \\ {3} 📬'],
    [' spaces ', ' spaces '],
    ['a#b/#c', 'a#b/#c'],
  ])('%j makes %j', (sent, name) => {
    const state = fresh();
    const { ops, value } = decideCreate(state, sent, NOW);
    expect(value.name).toBe(name);
    expect(findMailbox(after(state, ops), sent)?.name).toBe(name);
  });

  test.each([
    ['INBOX', 'ALREADYEXISTS'],
    ['iNbOx', 'ALREADYEXISTS'],
    ['inbox/', 'ALREADYEXISTS'],
    ['Sent', 'ALREADYEXISTS'],
    ['', 'CANNOT'],
    ['/', 'CANNOT'],
    ['/a', 'CANNOT'],
    ['a//b', 'CANNOT'],
    ['a//', 'CANNOT'],
    ['.', 'CANNOT'],
    ['a/../b', 'CANNOT'],
    ['tab\there', 'CANNOT'],
    ['nul\0', 'CANNOT'],
    ['\u0085', 'CANNOT'],
    ['line\u2028', 'CANNOT'],
    ['half \ud83d pair', 'CANNOT'],
    ['#shared/a', 'CANNOT'],
    ['x'.repeat(MAX_NAME_BYTES + 1), 'LIMIT'],
    ['ä'.repeat(MAX_NAME_BYTES / 2 + 1), 'LIMIT'],
    [
      Array(MAX_LEVELS + 1)
        .fill('x')
        .join('/'),
      'LIMIT',
    ],
  ])('of %j is refused with %s', (name, code) => {
    expect(refusal(() => decideCreate(fresh(), name, NOW))).toBe(code);
  });

  test('takes a name that is exactly as long and as deep as may be', () => {
    const deep = Array(MAX_LEVELS).fill('x').join('/');
    const long = deep + 'x'.repeat(MAX_NAME_BYTES - deep.length);
    const state = fresh();
    expect(names(after(state, decideCreate(state, long, NOW).ops))).toContain(long);
  });

  test('gives no UIDVALIDITY twice, even when the clock goes back or a name is made anew', () => {
    let state = withNames('a');
    const first = mailboxOf(state, 'a').uidValidity;
    state = after(state, decideDelete(state, 'a').ops);
    state = after(state, decideCreate(state, 'a', NOW - 1_000_000).ops);
    expect(mailboxOf(state, 'a').uidValidity).toBeGreaterThan(first);
  });

  test('with a special use takes it, unless another mailbox has it', () => {
    const state = fresh();
    expect(refusal(() => decideCreate(state, 'Gone', NOW, 'Trash'))).toBe('USEATTR');
    const without = after(state, decideDelete(state, 'Trash').ops);
    const next = after(without, decideCreate(without, 'a/Gone', NOW, 'Trash').ops);
    expect(mailboxOf(next, 'a/Gone').use).toBe('Trash');
    expect(mailboxOf(next, 'a').use).toBeNull();
  });

  test('stops at the limit of mailboxes, superior names counted', () => {
    const some = mailboxOf(fresh(), 'Sent');
    const mailboxes = new Map(fresh().mailboxes);
    for (let id = mailboxes.size + 1; id < MAX_MAILBOXES; id++) {
      const key = id as MailboxId;
      mailboxes.set(key, { ...some, id: key, name: `m${id}`, use: null });
    }
    const state = { ...fresh(), mailboxes, nextMailbox: MAX_MAILBOXES as MailboxId };
    expect(refusal(() => decideCreate(state, 'one/two', NOW))).toBe('LIMIT');
    const full = after(state, decideCreate(state, 'one', NOW).ops);
    expect(full.mailboxes.size).toBe(MAX_MAILBOXES);
    expect(refusal(() => decideCreate(full, 'two', NOW))).toBe('LIMIT');
    expect(refusal(() => decideRename(full, 'one', 'new/one', NOW))).toBe('LIMIT');
    expect(names(after(full, decideRename(full, 'one', 'two', NOW).ops))).toContain('two');
  });

  test('is refused when the clock is so wrong that no UIDVALIDITY is left', () => {
    expect(refusal(() => decideCreate(fresh(), 'a', 0x1_0000_0000 * 1000))).toBe('LIMIT');
  });
});

describe('special uses asked for in CREATE', () => {
  test('are known in any case, and the same one twice is one', () => {
    expect(requestedUse([])).toBeNull();
    expect(requestedUse(['\\sent', '\\Sent'])).toBe('Sent');
    expect(requestedUse(['\\Important'])).toBe('Important');
  });

  test.each([[['\\All']], [['\\Flagged']], [['\\Nonsense']], [['\\Drafts', '\\Sent']]])(
    '%j is refused',
    (uses) => {
      expect(refusal(() => requestedUse(uses))).toBe('USEATTR');
    },
  );
});

describe('DELETE', () => {
  test('takes the messages and leaves the names below and the subscription', () => {
    let state = withNames('a/b');
    state = after(state, [message(mailboxOf(state, 'a').id)]);
    state = after(state, decideSubscribe(state, 'a').ops);
    state = after(state, decideDelete(state, 'a').ops);
    expect(names(state)).toContain('a/b');
    expect(names(state)).not.toContain('a');
    expect(state.subscriptions.has('a')).toBe(true);
    expect(state.usage.messages).toBe(0);
  });

  test.each([
    ['inbox', 'CANNOT'],
    ['nowhere', 'NONEXISTENT'],
    ['hole', 'HASCHILDREN'],
  ])('of %s is refused with %s', (name, code) => {
    let state = withNames('hole/below');
    state = after(state, decideDelete(state, 'hole').ops);
    expect(refusal(() => decideDelete(state, name))).toBe(code);
  });
});

describe('RENAME', () => {
  test('takes the tree, its UIDVALIDITY, its messages and its special use along', () => {
    let state = withNames('Sent/2024', 'Sentry');
    const before = mailboxOf(state, 'Sent');
    state = after(state, [message(before.id)]);
    state = after(state, decideRename(state, 'Sent', 'Old/Post', NOW).ops);
    expect(names(state)).toEqual(
      ['Archive', 'Drafts', 'INBOX', 'Junk', 'Old', 'Old/Post', 'Old/Post/2024', 'Sentry', 'Trash'].sort(),
    );
    expect(mailboxOf(state, 'Old/Post')).toMatchObject({
      id: before.id,
      uidValidity: before.uidValidity,
      use: 'Sent',
      messages: 1,
    });
  });

  test('moves a name that is only a level above others', () => {
    let state = withNames('hole/below');
    state = after(state, decideDelete(state, 'hole').ops);
    state = after(state, decideRename(state, 'hole', 'ground', NOW).ops);
    expect(names(state)).toContain('ground/below');
  });

  test('up into the place of a level above', () => {
    let state = withNames('a/b/c', 'a/b/b');
    state = after(state, decideDelete(state, 'a').ops);
    state = after(state, decideRename(state, 'a/b', 'a', NOW).ops);
    expect(names(state).filter((name) => name.startsWith('a'))).toEqual(['a', 'a/b', 'a/c']);
  });

  test.each([
    ['a', 'b', 'ALREADYEXISTS'],
    ['a', 'a', 'ALREADYEXISTS'],
    ['a', 'inbox', 'ALREADYEXISTS'],
    ['a', 'a/x', 'CANNOT'],
    ['a', 'a/', 'ALREADYEXISTS'],
    ['hole', 'hole', 'CANNOT'],
    ['hole', 'hole/x', 'CANNOT'],
    ['a', 'hole', 'ALREADYEXISTS'],
    ['nowhere', 'x', 'NONEXISTENT'],
    ['a', 'x//y', 'CANNOT'],
    ['INBOX', 'b', 'ALREADYEXISTS'],
    ['a', 'x'.repeat(MAX_NAME_BYTES - 2), 'LIMIT'],
    ['a', Array(MAX_LEVELS).fill('x').join('/'), 'LIMIT'],
  ])('of %s to %s is refused with %s', (from, to, code) => {
    let state = withNames('a/one', 'b', 'hole/one');
    state = after(state, decideDelete(state, 'hole').ops);
    expect(refusal(() => decideRename(state, from, to, NOW))).toBe(code);
  });

  test('of INBOX moves its messages to a new mailbox; INBOX and the names below it stay', () => {
    let state = withNames('INBOX/below');
    state = after(state, [message(INBOX_ID), message(INBOX_ID), message(INBOX_ID)]);
    const uids = Uint32Array.of(2, 2);
    const effect = { messages: 1, unseen: 1, deleted: 0, bytes: 100 };
    state = after(state, [{ op: 'expunge', mailbox: INBOX_ID, uids, effect }]);
    const { ops, value } = decideRename(state, 'inbox', 'Old/Post', NOW);
    expect(value).toEqual({ from: 'INBOX', to: 'Old/Post' });
    state = after(state, ops);
    expect(mailboxOf(state, 'INBOX')).toMatchObject({ id: INBOX_ID, messages: 0, bytes: 0, uidNext: 4 });
    expect(mailboxOf(state, 'Old/Post')).toMatchObject({ messages: 2, unseen: 2, bytes: 200, uidNext: 3 });
    expect(names(state)).toContain('INBOX/below');
    expect(state.usage).toEqual({ messages: 2, bytes: 200 });
  });

  test('of INBOX into a name below it, and of an empty INBOX, which moves nothing', () => {
    const state = fresh();
    const { ops } = decideRename(state, 'INBOX', 'INBOX/old', NOW);
    expect(ops.map(({ op }) => op)).toEqual(['create']);
    expect(names(after(state, ops))).toContain('INBOX/old');
  });
});

describe('SUBSCRIBE', () => {
  test('takes a name that does not exist, and writes nothing the second time', () => {
    let state = fresh();
    state = after(state, decideSubscribe(state, 'Later/').ops);
    expect(state.subscriptions.has('Later')).toBe(true);
    expect(decideSubscribe(state, 'Later').ops).toEqual([]);
    state = after(state, decideUnsubscribe(state, 'Later').ops);
    expect(state.subscriptions.has('Later')).toBe(false);
    expect(decideUnsubscribe(state, 'Later').ops).toEqual([]);
  });

  test('stops at the limit', () => {
    const subscriptions = new Set(Array.from({ length: MAX_SUBSCRIPTIONS }, (_, n) => `s${n}`));
    const state = { ...fresh(), subscriptions };
    expect(refusal(() => decideSubscribe(state, 'one more'))).toBe('LIMIT');
    expect(refusal(() => decideSubscribe(state, 's1'))).toBe('not refused');
    expect(refusal(() => decideSubscribe(state, 'a\nb'))).toBe('CANNOT');
  });
});

describe('any sequence of commands', () => {
  const name = fc.oneof(
    fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
      .map((levels) => levels.join('/')),
    fc.constantFrom('INBOX', 'inbox/a', 'Sent', 'Trash', 'a/', 'A\u0308', '\u00c4'),
  );
  const command = fc.oneof(
    fc.record({
      kind: fc.constant('create' as const),
      name,
      use: fc.constantFrom(null, null, 'Trash' as const, 'Important' as const),
    }),
    fc.record({ kind: fc.constant('delete' as const), name }),
    fc.record({ kind: fc.constant('rename' as const), name, to: name }),
    fc.record({ kind: fc.constantFrom('subscribe' as const, 'unsubscribe' as const), name }),
    fc.record({ kind: fc.constant('append' as const), at: fc.nat({ max: 20 }) }),
  );
  type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

  function decide(state: AccountState, step: Command, now: number): readonly Op[] {
    switch (step.kind) {
      case 'create':
        return decideCreate(state, step.name, now, step.use).ops;
      case 'delete':
        return decideDelete(state, step.name).ops;
      case 'rename':
        return decideRename(state, step.name, step.to, now).ops;
      case 'subscribe':
        return decideSubscribe(state, step.name).ops;
      case 'unsubscribe':
        return decideUnsubscribe(state, step.name).ops;
      case 'append': {
        const all = [...state.mailboxes.keys()];
        return [message(all[step.at % all.length] ?? INBOX_ID)];
      }
    }
  }

  /** What the tree would be, by the names alone. */
  function expectedNames(before: readonly string[], step: Command): readonly string[] {
    const plain = (sent: string) =>
      sent
        .normalize('NFC')
        .replace(/\/$/, '')
        .replace(/^inbox(?=\/|$)/i, 'INBOX');
    const withSuperiors = (all: readonly string[], added: string) => {
      const levels = added.split('/');
      return [...new Set([...all, ...levels.map((_, depth) => levels.slice(0, depth + 1).join('/'))])];
    };
    if (step.kind === 'create') return withSuperiors(before, plain(step.name));
    if (step.kind === 'delete') return before.filter((known) => known !== plain(step.name));
    if (step.kind !== 'rename') return before;
    const from = plain(step.name);
    const to = plain(step.to);
    if (from === 'INBOX') return withSuperiors(before, to);
    const moved = before.map((known) =>
      known === from || known.startsWith(`${from}/`) ? to + known.slice(from.length) : known,
    );
    const parent = to.split('/').slice(0, -1).join('/');
    return parent === '' ? moved : withSuperiors(moved, parent);
  }

  test('keeps names, special uses and UIDVALIDITY unique, and is refused or done whole', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(command, fc.nat({ max: 3000 })), { maxLength: 30 }), (steps) => {
        let state = fresh();
        const everGiven = new Map(
          [...state.mailboxes.values()].map(({ id, uidValidity }) => [uidValidity, id]),
        );
        for (const [step, later] of steps) {
          const before = state;
          let ops: readonly Op[];
          try {
            // The clock may go back as well.
            ops = decide(state, step, NOW + later * 1000 - 1_500_000);
          } catch (error) {
            if (!(error instanceof MailboxRefusal)) throw error;
            continue;
          }
          state = after(state, ops);
          expect(names(state)).toEqual([...expectedNames(names(before), step)].sort());
          checkInvariants(state, before, everGiven);
          // The op says what it comes to: `apply` has nothing to correct.
          for (const op of ops)
            if (op.op === 'create')
              expect(mailboxOf(state, op.name)).toMatchObject({ uidValidity: op.uidValidity, use: op.use });
        }
      }),
      { numRuns: 500 },
    );
  });

  function checkInvariants(
    state: AccountState,
    before: AccountState,
    everGiven: Map<number, MailboxId>,
  ): void {
    const all = [...state.mailboxes.values()];
    expect(new Set(all.map((mailbox) => mailbox.name)).size).toBe(all.length);
    const uses = all.flatMap(({ use }) => use ?? []);
    expect(new Set(uses).size).toBe(uses.length);
    expect(mailboxOf(state, 'INBOX').id).toBe(INBOX_ID);
    for (const { id, uidValidity } of all) {
      if (!everGiven.has(uidValidity)) expect(uidValidity).toBeGreaterThan(before.lastUidValidity);
      expect(everGiven.get(uidValidity) ?? id).toBe(id);
      everGiven.set(uidValidity, id);
    }
    const messages = all.reduce((sum, mailbox) => sum + mailbox.messages, 0);
    expect(state.usage.messages).toBe(messages);
  }
});
