/** What NOTIFY tells is a comparison: whatever happened between two moments, what differs is told, once, and nothing else. */
import { describe, expect, test } from '@jest/globals';
import { apply } from '../../../../shared/account/apply.ts';
import type { AccountId } from '../../../../shared/account/ids.ts';
import { type AccountState, EMPTY_STATE } from '../../../../shared/account/state.ts';
import {
  type Access,
  type AccountBrief,
  type AccountChange,
  type Watcher,
  briefOf as briefFor,
  changesOf,
} from '../../../../gateway/imap/session/account-changes.ts';
import { decideCreate, decideDelete, decideRename } from '../../../../shared/account/decide-mailboxes.ts';
import { MailboxRefusal } from '../../../../shared/account/mailbox-names.ts';
import type { Op } from '../../../../shared/account/ops.ts';
import { pick, randomAppendTo, randomOp } from '../../../support/random-ops.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const READER = 'aaaaaaaaaaaaaaaaaaaa' as AccountId;
const OWNER: Watcher = { guest: null, accessTo: () => 'read' };

const briefOf = (state: AccountState, watcher = OWNER): AccountBrief => briefFor(state, watcher);

function grown(state: AccountState, random: ReturnType<typeof seededRandom>, ops: number): AccountState {
  let next = state;
  for (let index = 0; index < ops; index++) {
    next = applied(next, [randomOp(random, next)]);
  }
  return next;
}

function applied(state: AccountState, ops: readonly Op[]): AccountState {
  return apply(state, {
    number: (state.number + 1) as AccountState['number'],
    commit: 'c',
    time: 1_700_000_000_000,
    ops,
    usage: state.usage,
    journalBytes: 0,
  });
}

const named = (changes: readonly AccountChange[], kind: AccountChange['kind']): (string | null)[] =>
  changes.filter((change) => change.kind === kind).map(({ name }) => name);

test('nothing has changed: nothing is told', () => {
  const state = grown(EMPTY_STATE, seededRandom(7), 60);
  expect(changesOf(briefOf(state), briefOf(state), READER)).toEqual([]);
});

test.each(Array.from({ length: 40 }, (_, seed) => seed))('what differs is told once, seed %i', (seed) => {
  const random = seededRandom(seed);
  const before = grown(EMPTY_STATE, random, 40);
  const after = grown(before, random, 1 + Math.floor(random() * 25));
  const changes = changesOf(briefOf(before), briefOf(after), READER);
  const counted: string[] = [];
  for (const mailbox of after.mailboxes.values()) {
    const known = before.mailboxes.get(mailbox.id);
    const holder = [...before.mailboxes.values()].find(({ name }) => name === mailbox.name);
    const same = known && (!holder || holder.id === mailbox.id);
    const came = same
      ? known.uidNext !== mailbox.uidNext || known.messages !== mailbox.messages
      : mailbox.uidNext > 1;
    if (came) counted.push(mailbox.name);
  }
  expect(named(changes, 'messages').sort()).toEqual(counted.sort());
  const names = (state: AccountState): Set<string> =>
    new Set([...state.mailboxes.values()].map(({ name }) => name));
  const told = new Set(
    changes.flatMap((change) => (change.kind === 'name' ? [change.name, change.oldName ?? change.name] : [])),
  );
  const isTold = (name: string): boolean =>
    [...told].some((each) => name === each || name.startsWith(`${each}/`));
  const appeared = [...names(after)].filter((name) => !names(before).has(name));
  const gone = [...names(before)].filter((name) => !names(after).has(name));
  expect([...appeared, ...gone].filter((name) => !isTold(name))).toEqual([]);
  const subscribed = [...after.subscriptions].filter((name) => !before.subscriptions.has(name));
  const unsubscribed = [...before.subscriptions].filter((name) => !after.subscriptions.has(name));
  expect(named(changes, 'subscription').sort()).toEqual([...subscribed, ...unsubscribed].sort());
});

/**
 * What a client knows that follows LIST and STATUS as they are told (RFC 5465 §5.2 to §5.4): OLDNAME takes the names below
 * along. `told` is what it hears.
 */
function followed(
  before: AccountState,
  after: AccountState,
  told: readonly AccountChange[],
): Map<string, string> {
  const counts = ({ messages, uidNext }: { messages: number; uidNext: number }): string =>
    `${messages} below ${uidNext}`;
  const known = new Map([...before.mailboxes.values()].map((each) => [each.name, counts(each)]));
  const there = new Map([...after.mailboxes.values()].map((each) => [each.name, each]));
  for (const change of told) {
    if (change.kind === 'name' && change.oldName !== null) {
      const { name, oldName } = change;
      const moved = [...known].filter(([each]) => each === oldName || each.startsWith(`${oldName}/`));
      for (const [each] of moved) known.delete(each);
      for (const [each, value] of moved) known.set(name + each.slice(oldName.length), value);
    } else if (change.kind === 'name') {
      if (!there.has(change.name)) known.delete(change.name);
      else if (!known.has(change.name)) known.set(change.name, counts({ messages: 0, uidNext: 1 }));
    } else if (change.kind === 'messages') {
      const mailbox = there.get(change.name);
      if (mailbox) known.set(change.name, counts(mailbox));
    }
  }
  return known;
}

const POOL = ['a', 'b', 'c', 'a/x', 'b/x', 'a/x/y', 'b/y', 'c/x/y', 'd'];

/** Mailboxes that are made, renamed, filled and deleted, as commands do it. */
function shuffled(
  from: AccountState,
  random: ReturnType<typeof seededRandom>,
  commands: number,
): AccountState {
  const name = (): string => pick(random, POOL);
  let state = from;
  for (let index = 0; index < commands; index++) {
    const roll = random();
    const ops = unlessRefused(() => {
      if (roll < 0.25) return decideCreate(state, name(), index).ops;
      if (roll < 0.4) return decideDelete(state, name()).ops;
      if (roll < 0.75) return decideRename(state, name(), name(), index).ops;
      if (roll < 0.8) return decideRename(state, 'INBOX', name(), index).ops;
      return [randomAppendTo(random, pick(random, [...state.mailboxes.values()]).id)];
    });
    state = applied(state, ops);
  }
  return state;
}

function unlessRefused(decide: () => readonly Op[]): readonly Op[] {
  try {
    return decide();
  } catch (error) {
    if (error instanceof MailboxRefusal) return [];
    throw error;
  }
}

test.each(Array.from({ length: 300 }, (_, seed) => seed))(
  'who follows what is told knows all, seed %i',
  (seed) => {
    const random = seededRandom(seed);
    const before = shuffled(grown(EMPTY_STATE, random, 1), random, 20);
    const after = shuffled(before, random, 1 + Math.floor(random() * 8));
    const known = followed(before, after, changesOf(briefOf(before), briefOf(after), READER));
    const right = [...after.mailboxes.values()].map(
      ({ name, messages, uidNext }) => [name, `${messages} below ${uidNext}`] as const,
    );
    expect([...known].sort()).toEqual(right.sort());
  },
);

describe('names', () => {
  const state = (names: Readonly<Record<number, string>>): AccountState => {
    const base = grown(EMPTY_STATE, seededRandom(1), 1);
    const [inbox] = base.mailboxes.values();
    if (!inbox) throw new Error('there is an INBOX');
    const mailboxes = Object.entries(names).map(([id, name]) => {
      const mailbox = { ...inbox, id: Number(id) as typeof inbox.id, name };
      return [mailbox.id, mailbox] as const;
    });
    return { ...base, mailboxes: new Map(mailboxes) };
  };
  const between = (
    before: Readonly<Record<number, string>>,
    after: Readonly<Record<number, string>>,
  ): string[] =>
    changesOf(briefOf(state(before)), briefOf(state(after)), READER).flatMap((change) =>
      change.kind === 'name' ? [`${change.name} < ${change.oldName ?? '-'}`] : [],
    );

  test('a tree that was renamed is told by its top', () => {
    expect(between({ 1: 'a', 2: 'a/b', 3: 'a/b/c' }, { 1: 'z', 2: 'z/b', 3: 'z/b/c' })).toEqual(['z < a']);
  });
  test('a child that went its own way is told by itself', () => {
    // Before its parent, which would take it along.
    expect(between({ 1: 'a', 2: 'a/b' }, { 1: 'z', 2: 'y' })).toEqual(['y < a/b', 'z < a']);
  });
  test('a name is free before another takes it; names that were exchanged are told as if they were new', () => {
    expect(between({ 1: 'a', 2: 'b' }, { 1: 'b', 2: 'c' })).toEqual(['c < b', 'b < a']);
    expect(between({ 1: 'a', 2: 'b' }, { 1: 'b', 2: 'a' })).toEqual(['a < -', 'b < -']);
    expect(between({ 1: 'a' }, { 1: 'b', 2: 'a' })).toEqual(['b < a', 'a < -']);
  });
  test('of what comes or goes the parent is told too, whether it is a mailbox or not', () => {
    expect(between({ 1: 'a' }, { 1: 'a', 2: 'a/b', 3: 'x/y' })).toEqual([
      'x < -',
      'a < -',
      'a/b < -',
      'x/y < -',
    ]);
    expect(between({ 1: 'a', 2: 'a/b' }, { 1: 'a' })).toEqual(['a/b < -', 'a < -']);
  });
});

describe('what a guest may see', () => {
  const guest = (rights: Readonly<Record<string, Access>>): Watcher => ({
    guest: READER,
    accessTo: ({ name }) => rights[name] ?? 'none',
  });
  const account = (names: readonly string[]): AccountState => {
    const base = grown(EMPTY_STATE, seededRandom(1), 1);
    const [inbox] = base.mailboxes.values();
    if (!inbox) throw new Error('there is an INBOX');
    const mailboxes = names.map((name, index) => {
      const id = (index + 1) as typeof inbox.id;
      return [id, { ...inbox, id, name, uidNext: 3, messages: 2 }] as const;
    });
    return { ...base, mailboxes: new Map(mailboxes) };
  };
  const told = (
    before: Readonly<Record<string, Access>>,
    after: Readonly<Record<string, Access>>,
  ): unknown[] => {
    const state = account(['a', 'b']);
    return changesOf(briefOf(state, guest(before)), briefOf(state, guest(after)), READER).map((change) => [
      change.kind,
      change.name,
      'lost' in change ? change.lost : 'anew' in change && change.anew,
    ]);
  };

  test('what is granted has come, with its messages; what was not granted is told of by nothing', () => {
    expect(told({}, { a: 'read' })).toEqual([
      ['name', 'a', false],
      ['messages', 'a', true],
    ]);
    expect(told({}, { a: 'listed' })).toEqual([['name', 'a', false]]);
    expect(told({}, {})).toEqual([]);
  });
  test('what is taken back has gone, and is known to be there', () => {
    expect(told({ a: 'read', b: 'read' }, { b: 'read' })).toEqual([['name', 'a', true]]);
  });
  test('what may be looked up but not read any more, and may again', () => {
    expect(told({ a: 'read' }, { a: 'listed' })).toEqual([['access', 'a', false]]);
    expect(told({ a: 'listed' }, { a: 'read' })).toEqual([
      ['access', 'a', false],
      ['messages', 'a', true],
    ]);
  });
});
