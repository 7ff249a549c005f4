import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { AddressError } from '../../../shared/directory/address.ts';
import { DirectoryError, DirectoryItemError } from '../../../shared/directory/directory-errors.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { TestDynoxide } from '../../support/dynoxide.ts';
import { startTestDynoxide } from '../../support/dynoxide.ts';
import { RequestLog } from '../../support/request-log.ts';
import {
  HASH,
  LIMITS,
  NOW,
  OTHER_HASH,
  all,
  createDirectoryTable,
  newUser,
  oneItemAPage,
  openDirectory,
  randomAccount,
} from './directory-fixture.ts';
import type { DirectoryFixture } from './directory-fixture.ts';

let store: TestDynoxide;
let directory: DirectoryFixture;

beforeAll(async () => {
  store = await startTestDynoxide([]);
});
afterAll(() => store.stop());
beforeEach(async () => {
  directory = openDirectory(store.settings, await createDirectoryTable(store.settings));
  await directory.accounts.domains.add('example.test');
});

const A = 'alice@example.test';
const B = 'bob@example.test';

test('an administrator is one from the next sign-in on, until that is taken back', async () => {
  const { users } = directory.accounts;
  await users.add(newUser(A));
  for (const administrator of [true, false]) {
    await users.setAdministrator(A, administrator);
    expect(await directory.logins.findLogin(A)).toMatchObject({ administrator });
    expect(await users.find(A)).toMatchObject({ administrator, state: 'active' });
  }
  await expect(users.setAdministrator(B, true)).rejects.toMatchObject({ kind: 'no-such-user' });
});

describe('adding users', () => {
  test('a user can log in, be reached and be read', async () => {
    const user = newUser('Alice@Example.test', { displayName: 'Alice' });
    const account = await directory.accounts.users.add(user);
    expect(account).toEqual({
      id: user.account,
      addresses: [A],
      displayName: 'Alice',
      state: 'active',
      administrator: false,
      limits: LIMITS,
      created: NOW,
    });
    expect(await directory.accounts.users.find('ALICE@example.test')).toEqual(account);
    expect(await directory.accounts.users.read(user.account)).toEqual(account);
    expect(await directory.logins.findLogin('ALICE@example.test')).toEqual({
      account: user.account,
      address: A,
      passwordHash: HASH,
      disabled: false,
      administrator: false,
      limits: LIMITS,
    });
    expect(
      (await directory.addresses.resolve(['alice+Tag@EXAMPLE.test'])).get('alice+Tag@EXAMPLE.test'),
    ).toEqual({
      destinations: [
        { account: user.account, address: A, detail: 'Tag', quotaBytes: 1_000_000, quotaMessages: 1_000 },
      ],
      refusals: [],
    });
  });

  test('of 20 additions of one address at once exactly one succeeds', async () => {
    const users = Array.from({ length: 20 }, () => newUser(A));
    const outcomes = await Promise.allSettled(users.map((user) => directory.accounts.users.add(user)));
    const added = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value.id] : []));
    expect(added).toHaveLength(1);
    for (const each of outcomes) {
      if (each.status === 'rejected') {
        expect(each.reason).toMatchObject({ kind: 'exists', message: expect.stringContaining(A) });
      }
    }
    expect((await directory.logins.findLogin(A))?.account).toBe(added[0]);
    expect((await all(directory.accounts.users.list())).map(({ id }) => id)).toEqual(added);
  });

  test.each(['Alice@example.test', '"alice"@EXAMPLE.test'])('%s is taken when alice@ is', async (address) => {
    await directory.accounts.users.add(newUser(A));
    await expect(directory.accounts.users.add(newUser(address))).rejects.toMatchObject({ kind: 'exists' });
  });

  test('an account id is used once, and a refused addition leaves nothing behind', async () => {
    const user = newUser(A);
    await directory.accounts.users.add(user);
    await expect(directory.accounts.users.add({ ...user, address: B })).rejects.toMatchObject({
      kind: 'account-exists',
    });
    expect(await directory.logins.findLogin(B)).toBeUndefined();
    expect(await directory.accounts.users.find(B)).toBeUndefined();
  });

  test('an address that is an alias, a domain that is not ours', async () => {
    await directory.accounts.users.add(newUser(A));
    await directory.accounts.aliases.add(B, [A]);
    await expect(directory.accounts.users.add(newUser(B))).rejects.toThrow('exists already, as an alias');
    await expect(directory.accounts.users.add(newUser('a@elsewhere.test'))).rejects.toMatchObject({
      kind: 'no-such-domain',
    });
  });

  test.each([
    ['a password in place of its hash, which the error does not repeat', { passwordHash: 'hunter2' }],
    ['an account id that is none', { account: 'x' as AccountId }],
    ['a quota that is not whole', { limits: { ...LIMITS, quotaBytes: 1.5 } }],
    ['a negative number of connections', { limits: { ...LIMITS, maxConnections: -1 } }],
    ['a control character in the name', { displayName: 'a\nb' }],
    ['a name of 300 octets', { displayName: 'é'.repeat(150) }],
  ])('%s is refused', async (_, more) => {
    const adding = directory.accounts.users.add(newUser(A, more));
    await expect(adding).rejects.toMatchObject({ kind: 'invalid' });
    await expect(adding).rejects.toThrow(/^(?!.*hunter2)/);
  });

  test('what is not an address is refused when it is added, and unknown when it logs in', async () => {
    await expect(directory.accounts.users.add(newUser('alice'))).rejects.toThrow(AddressError);
    expect(await directory.logins.findLogin('alice')).toBeUndefined();
  });
});

describe('a login', () => {
  test('is one read of one unit', async () => {
    await directory.accounts.users.add(newUser(A));
    const log = new RequestLog();
    const measured = openDirectory(store.settings, directory.table, log.wrap);
    const { report } = await log.measure(() => measured.logins.findLogin(A));
    expect(report).toMatchObject({ calls: { 'dynamodb.GetItem': 1 }, readUnits: 1, roundTrips: 1 });
  });

  test('is by the exact address: no tag, no alias', async () => {
    await directory.accounts.users.add(newUser(A));
    await directory.accounts.aliases.add('al@example.test', [A]);
    expect(await directory.logins.findLogin('alice+x@example.test')).toBeUndefined();
    expect(await directory.logins.findLogin('al@example.test')).toBeUndefined();
  });

  test('of a later release is not read (I8)', async () => {
    await directory.accounts.users.add(newUser(A));
    const Key = { pk: { S: `credential#${A}` }, sk: { S: '-' } };
    const { Item } = await directory.client.send(new GetItemCommand({ TableName: directory.table, Key }));
    await directory.client.send(
      new PutItemCommand({ TableName: directory.table, Item: { ...Item, v: { N: '2' } } }),
    );
    await expect(directory.logins.findLogin(A)).rejects.toThrow(DirectoryItemError);
  });
});

describe('changing users', () => {
  test('a password', async () => {
    await directory.accounts.users.add(newUser(A));
    await directory.accounts.users.setPassword('ALICE@example.test', OTHER_HASH);
    expect((await directory.logins.findLogin(A))?.passwordHash).toBe(OTHER_HASH);
    await expect(directory.accounts.users.setPassword(B, HASH)).rejects.toMatchObject({
      kind: 'no-such-user',
    });
    await expect(directory.accounts.users.setPassword(A, 'hunter2')).rejects.toMatchObject({
      kind: 'invalid',
    });
  });

  test('a rehash does not undo a change of password', async () => {
    const { users } = directory.accounts;
    await users.add(newUser(A));
    const third = HASH.replace('ln=15', 'ln=14');
    await users.setPassword(A, OTHER_HASH, HASH);
    await expect(users.setPassword(A, third, HASH)).rejects.toMatchObject({ kind: 'changed' });
    // The same once more, as after a lost answer.
    await users.setPassword(A, OTHER_HASH, HASH);
    expect((await directory.logins.findLogin(A))?.passwordHash).toBe(OTHER_HASH);
    await expect(users.setPassword(B, third, HASH)).rejects.toMatchObject({ kind: 'no-such-user' });
  });

  test('disabled and enabled again, everywhere at once', async () => {
    const { users } = directory.accounts;
    await users.add(newUser(A));
    for (const disabled of [true, false]) {
      await users.setDisabled(A, disabled);
      expect((await directory.logins.findLogin(A))?.disabled).toBe(disabled);
      expect((await users.find(A))?.state).toBe(disabled ? 'disabled' : 'active');
      const resolution = (await directory.addresses.resolve([A])).get(A);
      expect(resolution?.refusals).toEqual(disabled ? [{ address: A, reason: 'disabled' }] : []);
    }
    await expect(users.setDisabled(B, true)).rejects.toMatchObject({ kind: 'no-such-user' });
  });

  test('an account that is being closed is disabled until then, and comes back as it was', async () => {
    const { users } = directory.accounts;
    await users.add(newUser(A));
    for (const was of ['active', 'disabled'] as const) {
      await users.setDisabled(A, was === 'disabled');
      await users.beginClosing(A, NOW + 1);
      // Later than was said at first.
      await users.beginClosing(A, NOW + 2);
      const staysDisabled = was === 'disabled';
      expect(await users.find(A)).toMatchObject({
        state: 'disabled',
        closing: { at: NOW + 2, staysDisabled },
      });
      expect((await directory.logins.findLogin(A))?.disabled).toBe(true);
      await expect(users.setDisabled(A, false)).rejects.toMatchObject({ kind: 'closing' });
      expect(await users.endClosing(A)).toMatchObject({ state: was });
      const after = await users.find(A);
      expect([after?.state, after?.closing]).toEqual([was, undefined]);
      expect((await directory.logins.findLogin(A))?.disabled).toBe(staysDisabled);
    }
    // Who disables it meanwhile is heard.
    await users.setDisabled(A, false);
    await users.beginClosing(A, NOW);
    await users.setDisabled(A, true);
    expect(await users.endClosing(A)).toMatchObject({ state: 'disabled' });
    await users.beginClosing(A, NOW);
    const removed = await users.remove(A);
    expect([removed.closing, await users.read(removed.id)]).toEqual([undefined, removed]);
    await expect(users.beginClosing(B, NOW)).rejects.toMatchObject({ kind: 'no-such-user' });
  });

  test('limits, everywhere at once', async () => {
    const { users } = directory.accounts;
    await users.add(newUser(A));
    const limits = { quotaBytes: Number.MAX_SAFE_INTEGER, quotaMessages: 0, maxConnections: 3 };
    await users.setLimits(A, limits);
    expect((await directory.logins.findLogin(A))?.limits).toEqual(limits);
    expect((await users.find(A))?.limits).toEqual(limits);
    const { destinations } = (await directory.addresses.resolve([A])).get(A) ?? {};
    expect(destinations).toMatchObject([{ quotaBytes: Number.MAX_SAFE_INTEGER, quotaMessages: 0 }]);
    await expect(users.setLimits(A, { ...limits, quotaMessages: NaN })).rejects.toMatchObject({
      kind: 'invalid',
    });
  });

  test('a closed account is forgotten, one that is not stays', async () => {
    const { users } = directory.accounts;
    const { id } = await users.add(newUser(A));
    await users.forget(id);
    expect(await users.read(id)).toMatchObject({ state: 'active' });
    await users.remove(A);
    await users.forget(id);
    await users.forget(id);
    expect(await users.read(id)).toBeUndefined();
    expect(await all(users.list())).toEqual([]);
  });

  test('removed: the address is free, the account stays, closed', async () => {
    const { users } = directory.accounts;
    const first = await users.add(newUser(A));
    const closed = await users.remove('ALICE@example.test');
    expect(closed).toEqual({ ...first, state: 'closed', closed: NOW });
    expect(await users.read(first.id)).toEqual(closed);
    expect(await users.find(A)).toBeUndefined();
    expect(await directory.logins.findLogin(A)).toBeUndefined();
    expect((await directory.addresses.resolve([A])).get(A)?.refusals).toEqual([
      { address: A, reason: 'unknown' },
    ]);
    await expect(users.remove(A)).rejects.toMatchObject({ kind: 'no-such-user' });
    await expect(users.setDisabled(A, false)).rejects.toMatchObject({ kind: 'no-such-user' });
    const second = await users.add(newUser(A));
    expect(second.id).not.toBe(first.id);
    expect((await users.read(first.id))?.state).toBe('closed');
    await expect(users.add(newUser(B, { account: first.id }))).rejects.toMatchObject({
      kind: 'account-exists',
    });
  });

  test('of 10 removals and 10 changes at once one removal succeeds, and nothing comes back to life', async () => {
    const { users } = directory.accounts;
    const { id } = await users.add(newUser(A));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => [
        users.remove(A),
        users.setDisabled(A, true),
        users.setPassword(A, OTHER_HASH),
      ])
        .flat()
        .map((each): Promise<unknown> => each),
    );
    const removed = outcomes.filter((each, index) => index % 3 === 0 && each.status === 'fulfilled');
    expect(removed).toHaveLength(1);
    for (const each of outcomes) {
      if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(DirectoryError);
    }
    expect((await users.read(id))?.state).toBe('closed');
    expect(await directory.logins.findLogin(A)).toBeUndefined();
    expect(await users.find(A)).toBeUndefined();
  });

  test('an account that nobody has is undefined', async () => {
    expect(await directory.accounts.users.read(randomAccount())).toBeUndefined();
    await directory.accounts.users.add(newUser(A));
    await directory.accounts.aliases.add(B, [A]);
    expect(await directory.accounts.users.find(B)).toBeUndefined();
  });
});

test('lists run to the end, through pages that are empty', async () => {
  const paged = openDirectory(store.settings, directory.table, oneItemAPage);
  const { users, aliases, domains } = paged.accounts;
  const wanted = Array.from({ length: 30 }, (_, n) => `user${String(n).padStart(2, '0')}@example.test`);
  for (const address of wanted) await users.add(newUser(address));
  await aliases.add('all@example.test', wanted);
  await domains.add('other.test');
  expect((await all(users.list())).flatMap(({ addresses }) => addresses).sort()).toEqual(wanted);
  expect(await all(aliases.list())).toEqual([{ address: 'all@example.test', targets: wanted }]);
  expect((await all(domains.list())).map(({ domain }) => domain).sort()).toEqual([
    'example.test',
    'other.test',
  ]);
});
