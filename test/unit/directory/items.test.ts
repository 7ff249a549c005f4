import { describe, expect, test } from '@jest/globals';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Account, Login } from '../../../shared/directory/directory.ts';
import { DirectoryItemError } from '../../../shared/directory/directory-errors.ts';
import {
  decodeAccount,
  decodeAddress,
  decodeDomain,
  decodeLogin,
  encodeAccount,
  encodeDomain,
  encodeLogin,
  encodeTargets,
  encodeUser,
} from '../../../shared/directory/items.ts';
import type { Item } from '../../../shared/directory/items.ts';
import { attributeKey, directoryKeys } from '../../../shared/directory/keys.ts';

const ID = '0123456789abcdef0123' as AccountId;
const limits = { quotaBytes: 5, quotaMessages: 6, maxConnections: 7 };
const login: Login = {
  account: ID,
  address: 'a@b.test',
  passwordHash: '$scrypt$',
  disabled: false,
  administrator: false,
  limits,
};
const account: Account = {
  id: ID,
  addresses: ['a@b.test'],
  displayName: '',
  state: 'active',
  administrator: false,
  limits,
  created: 1,
};
const user = {
  address: 'a@b.test',
  account: ID,
  disabled: true,
  quotaBytes: 5,
  quotaMessages: 6,
};
const aliasItem: Item = {
  v: { N: '1' },
  kind: { S: 'alias' },
  address: { S: 'x@b.test' },
  targets: encodeTargets(new Map([['a+t@b.test', 'a@b.test']])),
  revision: { S: 'r' },
};

describe('items of the directory', () => {
  test('come back as they were put', () => {
    expect(decodeLogin(encodeLogin(login))).toEqual(login);
    expect(decodeAccount(encodeAccount(account))).toEqual(account);
    const closed: Account = { ...account, state: 'closed', closed: 2 };
    expect(decodeAccount(encodeAccount(closed))).toEqual(closed);
    expect(decodeAddress(encodeUser(user))).toEqual({ kind: 'user', referrers: [], ...user });
    expect(decodeDomain(encodeDomain('b.test'))).toEqual({ domain: 'b.test', state: 'active' });
    expect(decodeAddress({ ...aliasItem, referrers: { SS: ['y@b.test'] } })).toEqual({
      kind: 'alias',
      address: 'x@b.test',
      targets: new Map([['a+t@b.test', 'a@b.test']]),
      revision: 'r',
      referrers: ['y@b.test'],
    });
  });

  const encoded: [string, Item, (item: Item) => unknown][] = [
    ['login', encodeLogin(login), decodeLogin],
    ['account', encodeAccount({ ...account, state: 'closed', closed: 2 }), decodeAccount],
    ['user', encodeUser(user), decodeAddress],
    ['alias', aliasItem, decodeAddress],
    ['domain', encodeDomain('b.test'), decodeDomain],
  ];

  test.each(encoded)('a %s of another version is not read (I8)', (_, item, decode) => {
    const pk = { S: 'address#a@b.test' };
    expect(() => decode({ ...item, pk, v: { N: '2' } })).toThrow(DirectoryItemError);
    expect(() => decode({ ...item, pk, v: { N: '2' } })).toThrow(/"address#a@b.test".*version is 2/);
    expect(() => decode({ ...item, pk, v: { S: '1' } })).toThrow('version is missing');
  });

  test.each(encoded)('a %s with any field missing or of another type is an error', (_, item, decode) => {
    for (const name of Object.keys(item)) {
      const rest = Object.fromEntries(Object.entries(item).filter(([other]) => other !== name));
      expect(() => decode(rest)).toThrow(DirectoryItemError);
      expect(() => decode({ ...item, [name]: { NULL: true } })).toThrow(DirectoryItemError);
    }
  });

  test.each([
    ['a negative quota', { ...encodeLogin(login), quotaBytes: { N: '-1' } }],
    ['a quota beyond what a double holds', { ...encodeLogin(login), quotaBytes: { N: '9007199254740993' } }],
    ['an account id that is none', { ...encodeLogin(login), account: { S: '../other' } }],
  ])('a login with %s is an error', (_, item) => {
    expect(() => decodeLogin(item)).toThrow(DirectoryItemError);
  });

  test('a kind or a state of a later release is an error', () => {
    expect(() => decodeAddress({ ...aliasItem, kind: { S: 'list' } })).toThrow('kind "list" is unknown');
    expect(() => decodeAccount({ ...encodeAccount(account), state: { S: 'moved' } })).toThrow(
      'state "moved"',
    );
  });

  test('credentials stand apart from what the delivery function reads, by the beginning of the key', () => {
    expect(attributeKey(directoryKeys.credential('a@b.test'))).toEqual({
      pk: { S: 'credential#a@b.test' },
      sk: { S: '-' },
    });
    expect(directoryKeys.address('a@b.test').pk).toBe('address#a@b.test');
    expect(directoryKeys.account(ID).pk).toBe(`account#${ID}`);
    expect(directoryKeys.domain('b.test').pk).toBe('domain#b.test');
    expect(encodeUser(user)).not.toHaveProperty('passwordHash');
    expect(encodeAccount(account)).not.toHaveProperty('passwordHash');
  });
});
