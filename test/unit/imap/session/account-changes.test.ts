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
import { randomOp } from '../../../support/random-ops.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const READER = 'aaaaaaaaaaaaaaaaaaaa' as AccountId;
const OWNER: Watcher = { guest: null, accessTo: () => 'read' };

const briefOf = (state: AccountState, watcher = OWNER): AccountBrief => briefFor(state, watcher);

function grown(state: AccountState, random: ReturnType<typeof seededRandom>, ops: number): AccountState {
  let next = state;
  for (let index = 0; index < ops; index++) {
    const op = randomOp(random, next);
    const record = {
      number: (next.number + 1) as AccountState['number'],
      commit: 'c',
      time: 1_700_000_000_000,
      ops: [op],
      usage: next.usage,
      journalBytes: 0,
    };
    next = apply(next, record);
  }
  return next;
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
    expect(between({ 1: 'a', 2: 'a/b' }, { 1: 'z', 2: 'y' })).toEqual(['z < a', 'y < a/b']);
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
      return [id, { ...inbox, id, name, uidNext: 3 as typeof inbox.uidNext, messages: 2 }] as const;
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
    expect(told({ a: 'read' }, { a: 'listed' })).toEqual([['access', 'a', true]]);
    expect(told({ a: 'listed' }, { a: 'read' })).toEqual([
      ['access', 'a', false],
      ['messages', 'a', true],
    ]);
  });
});
