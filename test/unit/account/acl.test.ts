import { describe, expect, test } from '@jest/globals';
import {
  type Acl,
  MAX_ACL_ENTRIES,
  NO_ACL,
  type RightsChange,
  decideSetAcl,
  grantedTo,
  withAclEntry,
} from '../../../shared/account/acl.ts';
import { decideCreate, decideDelete, decideRename } from '../../../shared/account/decide-mailboxes.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { type AccountState, INBOX_ID } from '../../../shared/account/state.ts';
import { NOW, after, fresh, mailboxOf } from '../../support/account-state.ts';

const BOB = 'b'.repeat(20) as AccountId;
const CAROL = 'c'.repeat(20) as AccountId;
const bob = { identifier: 'bob@example.com', account: BOB };
const anyone = { identifier: 'anyone', account: null };

const acl = (...entries: readonly [{ identifier: string; account: AccountId | null }, string][]): Acl =>
  entries.reduce((list, [whom, rights]) => withAclEntry(list, { ...whom, rights }), NO_ACL);

describe('what is granted', () => {
  test.each([
    ['nothing by an empty list', acl(), ''],
    ['the rights of the entry, in order', acl([bob, 'swlr']), 'lrsw'],
    ['nothing by the entry of another', acl([{ identifier: 'carol@example.com', account: CAROL }, 'lr']), ''],
    ['what everybody has, and more', acl([anyone, 'lr'], [bob, 'w']), 'lrw'],
    [
      'not what a negative entry takes',
      acl([anyone, 'lrw'], [{ ...bob, identifier: '-bob@example.com' }, 'w']),
      'lr',
    ],
    [
      'what a group has that the account is in',
      acl([{ identifier: 'team@example.com', account: null }, 'lr']),
      'lr',
    ],
    ['nothing by a group of others', acl([{ identifier: 'board@example.com', account: null }, 'lr']), ''],
    [
      'not what is taken from the group',
      acl([bob, 'lrw'], [{ identifier: '-team@example.com', account: null }, 'w']),
      'lr',
    ],
    [
      'not what is taken from everybody',
      acl([bob, 'lrw'], [{ ...anyone, identifier: '-anyone' }, 'r']),
      'lw',
    ],
    [
      'nothing to whoever has the address now',
      acl([{ identifier: 'bob@example.com', account: CAROL }, 'lr']),
      '',
    ],
  ])('%s', (_, list, rights) => {
    expect(grantedTo(list, BOB, new Set(['team@example.com']))).toBe(rights);
  });
});

test('where groups are not known, they grant nothing and take everything', () => {
  const list = acl(
    [anyone, 'lrs'],
    [{ identifier: 'team@example.com', account: null }, 'w'],
    [{ identifier: '-board@example.com', account: null }, 's'],
  );
  expect(grantedTo(list, BOB, null)).toBe('lr');
});

describe('SETACL', () => {
  const set = (state: AccountState, mode: RightsChange['mode'], rights: string, whom = bob) =>
    after(state, decideSetAcl(state, INBOX_ID, whom, { mode, rights }).ops);
  const rightsIn = (state: AccountState) => mailboxOf(state, 'INBOX').acl.get(bob.identifier)?.rights;

  test('replaces, adds, takes away, and forgets who has no rights left', () => {
    let state = set(fresh(), 'replace', 'lrs');
    expect(rightsIn(state)).toBe('lrs');
    state = set(state, 'add', 'wl');
    expect(rightsIn(state)).toBe('lrsw');
    state = set(state, 'remove', 'ws');
    expect(rightsIn(state)).toBe('lr');
    state = set(state, 'remove', 'lr');
    expect(mailboxOf(state, 'INBOX').acl.size).toBe(0);
  });

  test('writes nothing when nothing changes', () => {
    const state = set(fresh(), 'replace', 'lr');
    for (const change of [
      { mode: 'replace', rights: 'lr' },
      { mode: 'add', rights: 'l' },
      { mode: 'remove', rights: 'w' },
    ] as const)
      expect(decideSetAcl(state, INBOX_ID, bob, change).ops).toEqual([]);
    const carol = { identifier: 'carol@example.com', account: CAROL };
    expect(decideSetAcl(state, INBOX_ID, carol, { mode: 'replace', rights: '' }).ops).toEqual([]);
  });

  test('adds nothing to what a former holder of the address was granted', () => {
    const state = set(set(fresh(), 'replace', 'lrswa'), 'add', 'l', { ...bob, account: CAROL });
    expect(grantedTo(mailboxOf(state, 'INBOX').acl, CAROL, null)).toBe('l');
    expect(grantedTo(mailboxOf(state, 'INBOX').acl, BOB, null)).toBe('');
  });

  test('a list has an end', () => {
    let state = fresh();
    for (let index = 0; index < MAX_ACL_ENTRIES; index++)
      state = set(state, 'replace', 'lr', { identifier: `u${index}@example.com`, account: BOB });
    expect(() => set(state, 'replace', 'lr')).toThrow(expect.objectContaining({ reason: 'limit' }));
    expect(() => set(state, 'add', 's', { identifier: 'u0@example.com', account: BOB })).not.toThrow();
  });
});

describe('lists and the tree (RFC 4314 §4)', () => {
  const shared = (): AccountState => {
    let state = after(fresh(), decideCreate(fresh(), 'Work', NOW).ops);
    state = after(
      state,
      decideSetAcl(state, mailboxOf(state, 'Work').id, bob, { mode: 'replace', rights: 'lrk' }).ops,
    );
    return state;
  };

  test('a new mailbox, and every level made for it, inherits from the one above', () => {
    const state = after(shared(), decideCreate(shared(), 'Work/2026/Q1', NOW).ops);
    for (const name of ['Work/2026', 'Work/2026/Q1'])
      expect(mailboxOf(state, name).acl).toEqual(mailboxOf(state, 'Work').acl);
    const apart = after(state, decideCreate(state, 'Home', NOW).ops);
    expect(mailboxOf(apart, 'Home').acl.size).toBe(0);
  });

  test('a renamed mailbox keeps its list, wherever it goes', () => {
    const state = shared();
    const renamed = after(state, decideRename(state, 'Work', 'Archive/Work', NOW).ops);
    expect(mailboxOf(renamed, 'Archive/Work').acl).toEqual(mailboxOf(state, 'Work').acl);
  });

  test('a deleted mailbox takes its list along', () => {
    let state = shared();
    state = after(state, decideDelete(state, 'Work').ops);
    state = after(state, decideCreate(state, 'Work', NOW).ops);
    expect(mailboxOf(state, 'Work').acl.size).toBe(0);
  });
});
