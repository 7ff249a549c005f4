import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ANYONE, type Grantee, type Share } from '../../../shared/account/acl.ts';
import type { AccountId, RecordNumber } from '../../../shared/account/ids.ts';
import type { Shares } from '../../../shared/directory/directory.ts';
import type { TestDynoxide } from '../../support/dynoxide.ts';
import { startTestDynoxide } from '../../support/dynoxide.ts';
import { callOf, wrapping } from '../../support/transport.ts';
import type { DirectoryFixture } from './directory-fixture.ts';
import {
  LIMITS,
  createDirectoryTable,
  itemsOf,
  newUser,
  openDirectory,
  randomAccount,
} from './directory-fixture.ts';

let store: TestDynoxide;
let table: string;
let directory: DirectoryFixture;

beforeAll(async () => {
  store = await startTestDynoxide([]);
});
afterAll(() => store.stop());
beforeEach(async () => {
  table = await createDirectoryTable(store.settings);
  directory = openDirectory(store.settings, table);
});

const ALICE = 'alice@example.test';
const owner = randomAccount();
const bob = randomAccount();
const carol = randomAccount();

const shares = (number: number, grantees: readonly [Grantee, Partial<Share>][]): Shares => ({
  owner,
  address: ALICE,
  number: number as RecordNumber,
  grantees: new Map(grantees.map(([grantee, share]) => [grantee, { shown: [], hidden: [], ...share }])),
});

const namesFor = async (account: AccountId): Promise<readonly string[]> =>
  (await directory.sharing.granted(account, `${account}@example.test`)).flatMap(({ names }) => names);

test('an owner is found by their own address alone', async () => {
  await directory.accounts.domains.add('example.test');
  const { id } = await directory.accounts.users.add(newUser(ALICE));
  await directory.accounts.aliases.add('team@example.test', [ALICE]);
  const { quotaBytes, quotaMessages } = LIMITS;
  expect(await directory.sharing.findOwner('Alice@Example.Test')).toEqual({
    account: id,
    address: ALICE,
    quota: { quotaBytes, quotaMessages },
  });
  for (const address of ['team@example.test', 'bob@example.test', 'no address', 'alice+tag@example.test'])
    expect(await directory.sharing.findOwner(address)).toBeUndefined();
});

describe('what was granted', () => {
  test('is what the account, and what everybody was granted, but for what is taken from it', async () => {
    await directory.sharing.publish(
      shares(5, [
        [bob, { shown: ['Work', 'INBOX'], hidden: ['Board'] }],
        [ANYONE, { shown: ['Board', 'Notices'] }],
      ]),
    );
    expect(await directory.sharing.granted(bob, `${bob}@example.test`)).toEqual([
      { owner, address: ALICE, names: ['Work', 'INBOX', 'Notices'] },
    ]);
    expect(await namesFor(carol)).toEqual(['Board', 'Notices']);
    expect(await directory.sharing.granted(owner, `${owner}@example.test`)).toEqual([]);
    expect(await directory.sharing.publishedUpTo(owner)).toBe(5);
    expect(await directory.sharing.publishedUpTo(bob)).toBe(0);
  });

  test('of several owners is listed by owner', async () => {
    const other = randomAccount();
    await directory.sharing.publish(shares(5, [[bob, { shown: ['Work'] }]]));
    await directory.sharing.publish({
      ...shares(9, [[bob, { shown: ['Home'] }]]),
      owner: other,
      address: 'dave@example.test',
    });
    const grants = await directory.sharing.granted(bob, `${bob}@example.test`);
    expect(new Map(grants.map(({ address, names }) => [address, names]))).toEqual(
      new Map([
        [ALICE, ['Work']],
        ['dave@example.test', ['Home']],
      ]),
    );
  });
});

test('groups are the aliases that lead to a user, at any depth, and what was granted to them is theirs', async () => {
  const { domains, users, aliases } = directory.accounts;
  await domains.add('example.test');
  const member = await users.add(newUser('member@example.test'));
  await users.add(newUser('stranger@example.test'));
  await aliases.add('team@example.test', ['member@example.test']);
  await aliases.add('all@example.test', ['team@example.test', 'stranger@example.test']);
  await domains.setCatchAll('example.test', 'member@example.test');
  expect(await directory.sharing.groupsOf('member@example.test')).toEqual(
    new Set(['team@example.test', 'all@example.test']),
  );
  expect(await directory.sharing.groupsOf('nobody@example.test')).toEqual(new Set());
  expect(await directory.sharing.isGroup('Team@example.test')).toBe(true);
  expect(await directory.sharing.isGroup('member@example.test')).toBe(false);
  expect(await directory.sharing.isGroup('nobody@example.test')).toBe(false);
  await directory.sharing.publish(
    shares(5, [
      ['team@example.test', { shown: ['Work'] }],
      ['all@example.test', { shown: ['Board', 'Plans'] }],
      [member.id, { hidden: ['Plans'] }],
    ]),
  );
  const names = async (account: AccountId, address: string) =>
    (await directory.sharing.granted(account, address)).flatMap((each) => each.names);
  expect(await names(member.id, 'member@example.test')).toEqual(expect.arrayContaining(['Work', 'Board']));
  expect(await names(member.id, 'member@example.test')).not.toContain('Plans');
  expect(await names(carol, 'stranger@example.test')).toEqual(['Board', 'Plans']);
});

describe('what is published later', () => {
  test('takes the place of what was before, and what is not granted any more is gone', async () => {
    await directory.sharing.publish(shares(5, [[bob, { shown: ['Work'] }]]));
    await directory.sharing.publish(shares(6, [[carol, { shown: ['Plans'] }]]));
    expect(await namesFor(bob)).toEqual([]);
    expect(await namesFor(carol)).toEqual(['Plans']);
    expect(await directory.sharing.publishedUpTo(owner)).toBe(6);
  });

  test('is not undone by a publisher that was slow', async () => {
    await directory.sharing.publish(shares(5, [[bob, { shown: ['Work'] }]]));
    await directory.sharing.publish(shares(7, []));
    await directory.sharing.publish(shares(6, [[bob, { shown: ['Work', 'More'] }]]));
    expect(await namesFor(bob)).toEqual([]);
    expect(await directory.sharing.publishedUpTo(owner)).toBe(7);
  });

  test('may be repeated', async () => {
    for (let time = 0; time < 2; time++)
      await directory.sharing.publish(shares(5, [[bob, { shown: ['Work'] }]]));
    expect(await namesFor(bob)).toEqual(['Work']);
  });
});

test('of a closed account nothing is listed, whoever publishes late', async () => {
  await directory.sharing.withdraw(owner, ALICE);
  expect(await directory.sharing.publishedUpTo(owner)).toBe(0);
  await directory.sharing.publish(shares(5, [[bob, { shown: ['Work'] }]]));
  await directory.sharing.withdraw(owner, ALICE);
  await directory.sharing.publish(shares(6, [[bob, { shown: ['Work'] }]])).catch(() => undefined);
  expect(await namesFor(bob)).toEqual([]);
});

test('of an account that is forgotten nothing is left, however often it is said', async () => {
  await directory.sharing.publish(
    shares(5, [
      [bob, { shown: ['Work'] }],
      [carol, { shown: ['Work'] }],
    ]),
  );
  await directory.sharing.withdraw(owner, ALICE);
  await directory.sharing.forget(owner);
  await directory.sharing.forget(owner);
  expect(await directory.sharing.publishedUpTo(owner)).toBe(0);
  expect(await itemsOf(store.settings, table)).toEqual([]);
});

/** A publisher whose process dies after so many requests. */
function dyingAfter(requests: number): DirectoryFixture {
  let left = requests;
  return openDirectory(store.settings, table, (inner) =>
    wrapping(inner, (request, options) => {
      if (callOf(request).operation === 'UpdateItem' && left-- <= 0)
        return Promise.reject(Object.assign(new Error('killed'), { name: 'ValidationException' }));
      return inner.handle(request, options);
    }),
  );
}

test.each([0, 1, 2, 3])(
  'a publisher that dies after %i writes leaves its work to the next, and revocations come out right',
  async (writes) => {
    const first = shares(5, [
      [bob, { shown: ['Work'] }],
      [carol, { shown: ['Work'] }],
    ]);
    await dyingAfter(writes)
      .sharing.publish(first)
      .catch(() => undefined);
    expect(await directory.sharing.publishedUpTo(owner)).toBeLessThan(5);
    await directory.sharing.publish(shares(6, [[carol, { shown: ['Work'] }]]));
    expect(await directory.sharing.publishedUpTo(owner)).toBe(6);
    expect(await namesFor(bob)).toEqual([]);
    expect(await namesFor(carol)).toEqual(['Work']);
  },
);
