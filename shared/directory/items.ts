/**
 * The items of the `directory` table as values. Reading is strict: an item of another version, or one with a field
 * missing or of another type, is an error that names the item, never a guess.
 *
 * What an address holds up is named in it (`referrers`): every alias, and every catch-all as `@domain`. So removing it
 * is refused within the transaction that would remove it, without a search that something could slip past.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Grantee, Share } from '../account/acl.ts';
import type { AccountId } from '../account/ids.ts';
import type { Account, AccountState, Limits, Login } from './directory.ts';
import { DirectoryItemError } from './directory-errors.ts';

export type Item = Record<string, AttributeValue>;

/** The version that this release writes and reads. */
export const ITEM_VERSION = 1;

/** Where an address leads: to an account, or to other addresses. */
export type AddressEntry = UserEntry | AliasEntry;

export interface UserEntry {
  readonly kind: 'user';
  readonly address: string;
  readonly account: AccountId;
  readonly disabled: boolean;
  readonly quotaBytes: number;
  readonly quotaMessages: number;
  readonly referrers: readonly string[];
}

export interface AliasEntry {
  readonly kind: 'alias';
  readonly address: string;
  /** Target → the address of the item that holds it up: itself, or for `user+tag@` without an item, `user@`. */
  readonly targets: ReadonlyMap<string, string>;
  /** Changes with every change of the targets. */
  readonly revision: string;
  readonly referrers: readonly string[];
}

export interface DomainEntry {
  readonly domain: string;
  /** `active`, or `closing#…` while a removal looks for addresses in it. */
  readonly state: string;
  readonly catchAll?: { readonly target: string; readonly anchor: string };
}

export const ACTIVE_DOMAIN = 'active';

export function decodeLogin(item: Item): Login {
  const read = reader(item);
  return {
    account: read.accountId('account'),
    address: read.text('address'),
    passwordHash: read.text('passwordHash'),
    disabled: read.flag('disabled'),
    administrator: item.administrator !== undefined && read.flag('administrator'),
    limits: {
      quotaBytes: read.count('quotaBytes'),
      quotaMessages: read.count('quotaMessages'),
      maxConnections: read.count('maxConnections'),
    },
  };
}

export function encodeLogin(login: Login): Item {
  return {
    v: { N: String(ITEM_VERSION) },
    account: { S: login.account },
    address: { S: login.address },
    passwordHash: { S: login.passwordHash },
    disabled: { BOOL: login.disabled },
    ...encodeAdministrator(login),
    ...encodeLimits(login.limits),
  };
}

export function decodeAddress(item: Item): AddressEntry {
  const read = reader(item);
  const kind = read.text('kind');
  const address = read.text('address');
  const referrers = read.optionalTexts('referrers');
  if (kind === 'user') {
    return {
      kind,
      address,
      account: read.accountId('account'),
      disabled: read.flag('disabled'),
      quotaBytes: read.count('quotaBytes'),
      quotaMessages: read.count('quotaMessages'),
      referrers,
    };
  }
  if (kind === 'alias') {
    const targets = read.textMap('targets');
    return { kind, address, targets, revision: read.text('revision'), referrers };
  }
  throw read.error(`its kind ${JSON.stringify(kind)} is unknown`);
}

export function encodeUser(entry: Omit<UserEntry, 'kind' | 'referrers'>): Item {
  return {
    v: { N: String(ITEM_VERSION) },
    kind: { S: 'user' },
    address: { S: entry.address },
    account: { S: entry.account },
    disabled: { BOOL: entry.disabled },
    quotaBytes: { N: String(entry.quotaBytes) },
    quotaMessages: { N: String(entry.quotaMessages) },
  };
}

export function encodeTargets(targets: ReadonlyMap<string, string>): AttributeValue {
  return { M: Object.fromEntries([...targets].map(([target, anchor]) => [target, { S: anchor }])) };
}

export function decodeAccount(item: Item): Account {
  const read = reader(item);
  const state = read.text('state');
  if (!isAccountState(state)) throw read.error(`its state ${JSON.stringify(state)} is unknown`);
  return {
    id: read.accountId('id'),
    addresses: read.textList('addresses'),
    displayName: read.text('displayName'),
    state,
    administrator: item.administrator !== undefined && read.flag('administrator'),
    limits: {
      quotaBytes: read.count('quotaBytes'),
      quotaMessages: read.count('quotaMessages'),
      maxConnections: read.count('maxConnections'),
    },
    created: read.count('created'),
    ...(state === 'closed' ? { closed: read.count('closed') } : {}),
    ...(state === 'closed' || item.closing === undefined
      ? {}
      : { closing: { at: read.count('closing'), staysDisabled: read.flag('staysDisabled') } }),
  };
}

export function encodeAccount(account: Account): Item {
  return {
    v: { N: String(ITEM_VERSION) },
    id: { S: account.id },
    addresses: { L: account.addresses.map((address) => ({ S: address })) },
    displayName: { S: account.displayName },
    state: { S: account.state },
    created: { N: String(account.created) },
    ...(account.closed === undefined ? {} : { closed: { N: String(account.closed) } }),
    ...encodeAdministrator(account),
    ...encodeLimits(account.limits),
  };
}

export function decodeDomain(item: Item): DomainEntry {
  const read = reader(item);
  const catchAll = item.catchAll === undefined ? undefined : read.text('catchAll');
  return {
    domain: read.text('domain'),
    state: read.text('state'),
    ...(catchAll === undefined
      ? {}
      : { catchAll: { target: catchAll, anchor: read.text('catchAllAnchor') } }),
  };
}

export function encodeDomain(domain: string): Item {
  return { v: { N: String(ITEM_VERSION) }, domain: { S: domain }, state: { S: ACTIVE_DOMAIN } };
}

/** What an owner has granted to somebody, or to everybody. */
export interface GrantEntry extends Share {
  readonly owner: AccountId;
  /** The owner's. */
  readonly address: string;
  /** Of the record that it follows. */
  readonly number: number;
}

export function decodeGrant(item: Item): GrantEntry {
  const read = reader(item);
  return {
    owner: read.accountId('owner'),
    address: read.text('address'),
    shown: read.textList('shown'),
    hidden: read.textList('hidden'),
    number: read.count('number'),
  };
}

export interface GranteesEntry {
  /** The record up to which all is published. */
  readonly number: number;
  readonly grantees: readonly Grantee[];
}

export function decodeGrantees(item: Item): GranteesEntry {
  const read = reader(item);
  return { number: read.count('number'), grantees: read.optionalTexts('grantees') };
}

export interface ServerEntriesEntry {
  readonly entries: ReadonlyMap<string, Uint8Array>;
  /** Changes with every change of the entries. */
  readonly revision: string | undefined;
}

export function decodeServerEntries(item: Item): ServerEntriesEntry {
  const read = reader(item);
  const entries = Object.entries(item.entries?.M ?? {}).map(([name, { B: value }]): [string, Uint8Array] => {
    if (!value) throw read.error(`its entry ${name} is not of bytes`);
    return [name, value];
  });
  return { entries: new Map(entries), revision: read.text('revision') };
}

/** Left out where it is false: most are not, and items from before there was such a thing say nothing. */
function encodeAdministrator({ administrator }: { readonly administrator: boolean }): Item {
  return administrator ? { administrator: { BOOL: true } } : {};
}

function encodeLimits(limits: Limits): Item {
  return {
    quotaBytes: { N: String(limits.quotaBytes) },
    quotaMessages: { N: String(limits.quotaMessages) },
    maxConnections: { N: String(limits.maxConnections) },
  };
}

function isAccountState(state: string): state is AccountState {
  return state === 'active' || state === 'disabled' || state === 'closed';
}

/** Field by field, each checked. */
interface ItemReader {
  readonly error: (problem: string) => DirectoryItemError;
  readonly text: (name: string) => string;
  readonly flag: (name: string) => boolean;
  /** A whole number from 0 that a double holds exactly. */
  readonly count: (name: string) => number;
  readonly accountId: (name: string) => AccountId;
  readonly textList: (name: string) => string[];
  readonly textMap: (name: string) => Map<string, string>;
  /** A string set; empty if the field is missing, since DynamoDB has no empty sets. */
  readonly optionalTexts: (name: string) => string[];
}

function reader(item: Item): ItemReader {
  const error = (problem: string): DirectoryItemError =>
    new DirectoryItemError(item.pk?.S ?? '(no key)', problem);
  const version = item.v?.N;
  if (version !== String(ITEM_VERSION)) {
    throw error(
      `its version is ${version ?? 'missing'}, this release reads ${ITEM_VERSION} only; start a newer release`,
    );
  }
  const expected = (name: string, value: string | boolean | undefined, what: string): never => {
    throw error(
      `${name} should be ${what} but is ${value === undefined ? 'missing or of another type' : 'not'}`,
    );
  };
  const text = (name: string): string => item[name]?.S ?? expected(name, undefined, 'a string');
  return {
    error,
    text,
    flag: (name) => item[name]?.BOOL ?? expected(name, undefined, 'true or false'),
    count: (name) => {
      const value = Number(item[name]?.N ?? NaN);
      return Number.isSafeInteger(value) && value >= 0
        ? value
        : expected(name, item[name]?.N, 'a whole number from 0');
    },
    accountId: (name) => {
      const value = text(name);
      return isAccountId(value) ? value : expected(name, value, 'an account id');
    },
    textList: (name) =>
      (item[name]?.L ?? expected(name, undefined, 'a list')).map(
        (each) => each.S ?? expected(name, undefined, 'a list of strings'),
      ),
    textMap: (name) => {
      const entries = Object.entries(item[name]?.M ?? expected(name, undefined, 'a map')).map(
        ([key, each]): [string, string] => [key, each.S ?? expected(name, undefined, 'a map of strings')],
      );
      // DynamoDB's maps have no order of their own, and resolving one alias twice must give the same.
      return new Map(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
    },
    optionalTexts: (name) =>
      item[name] === undefined ? [] : (item[name].SS ?? expected(name, undefined, 'a set of strings')),
  };
}

/** As `ids.ts` describes them. */
export function isAccountId(value: string): value is AccountId {
  return /^[0-9a-f]{20}$/.test(value);
}
