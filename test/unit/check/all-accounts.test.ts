import { describe, expect, test } from '@jest/globals';
import type { AccountReport } from '../../../functions/check/check-account.ts';
import {
  checkDirectory,
  findingsOfListed,
  findingsOfUnlisted,
} from '../../../functions/check/check-directory.ts';
import { everyAccount } from '../../../functions/check/every-account.ts';
import { Rate } from '../../../functions/check/rate.ts';
import { knownAccounts } from '../../../functions/check/known-accounts.ts';
import type { Finding } from '../../../shared/account/finding.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { AccountObjects } from '../../../shared/blob/account-objects.ts';
import type { StoredKey } from '../../../shared/keys/key-store.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import type { Account, Login } from '../../../shared/directory/directory.ts';
import { TestRim } from '../../support/rim.ts';

const LIMITS = { quotaBytes: 10, quotaMessages: 20, maxConnections: 30 };

function accountOf(digit: string, over: Partial<Account> = {}): Account {
  const facts = {
    displayName: '',
    state: 'active',
    administrator: false,
    limits: LIMITS,
    created: 0,
  } as const;
  return { id: digit.repeat(20) as AccountId, addresses: [`${digit}@example.org`], ...facts, ...over };
}

function loginOf(account: Account, over: Partial<Login> = {}): Login {
  const { id, addresses, administrator, limits } = account;
  const secret = { passwordHash: '', disabled: false };
  return { account: id, address: addresses[0] ?? '', ...secret, administrator, limits, ...over };
}

test('a rate: so many requests a second, evenly, and none is saved up', async () => {
  const rim = new TestRim();
  const rate = new Rate(rim, 10);
  const begun = rim.time;
  const times: number[] = [];
  for (let request = 0; request < 5; request++) {
    await rate.wait();
    times.push(rim.time - begun);
  }
  rim.time += 10_000;
  for (let request = 0; request < 3; request++) {
    await rate.wait();
    times.push(rim.time - begun);
  }
  expect(times).toEqual([0, 100, 200, 300, 400, 10_400, 10_500, 10_600]);
});

test('a walk tells of each account before the next, passes over those that are done, and survives a failure', async () => {
  const accounts = ['a', 'b', 'c', 'd'].map((digit) => accountOf(digit));
  const events: string[] = [];
  async function* listed() {
    yield* accounts;
  }
  const counts = await everyAccount({
    accounts: listed(),
    done: new Set(['b'.repeat(20) as AccountId]),
    visit: async ({ addresses }) => {
      events.push(`visit ${addresses[0]}`);
      if (addresses[0]?.startsWith('c')) throw new Error('cannot be read');
      return 'well';
    },
    tell: async ({ addresses }, outcome) => {
      events.push(`tell ${addresses[0]} ${'result' in outcome ? outcome.result : String(outcome.error)}`);
    },
  });
  expect(counts).toEqual({ visited: 3, skipped: 1, failed: 1 });
  expect(events).toEqual([
    'visit a@example.org',
    'tell a@example.org well',
    'visit c@example.org',
    'tell c@example.org Error: cannot be read',
    'visit d@example.org',
    'tell d@example.org well',
  ]);
});

test('accounts that the directory has lost are found by their keys and by their messages, those closed for good are not', async () => {
  const blobs = new MemoryBlobStore();
  const id = (digit: string) => digit.repeat(20) as AccountId;
  for (const key of [
    `blobs/${id('a')}/x`,
    `blobs/${id('b')}/x`,
    `packs/${id('b')}/y`,
    `packs/${id('c')}/y`,
    'blobs/notes/x',
  ])
    await blobs.put(key, new Uint8Array(1), 1);
  const kept: readonly [string, StoredKey][] = [
    ['a', { kind: 'none' }],
    ['d', { kind: 'none' }],
    ['e', { kind: 'deleted', at: 1 }],
    ['f', { kind: 'none' }],
  ];
  const added = accountOf('f');
  const found: unknown[] = [];
  for await (const { id: account, user, stored } of knownAccounts({
    objects: new AccountObjects(blobs),
    keys: {
      async *list() {
        for (const [digit, key] of kept) yield { account: id(digit), key };
      },
    },
    directory: {
      users: {
        async *list() {
          yield accountOf('a');
        },
        // Somebody is added while the directory is being listed.
        read: async (account) => (account === added.id ? added : undefined),
      },
    },
  }))
    found.push([account[0], user?.addresses[0] ?? null, stored]);
  expect(found).toEqual([
    ['a', 'a@example.org', true],
    ['b', null, true],
    ['c', null, true],
    ['d', null, false],
    ['f', 'f@example.org', false],
  ]);
});

describe('what is missed of an account', () => {
  const id = accountOf('a').id;
  const counts = { records: 1, mailboxes: 6, messages: 0, expunged: 0, read: 0, unnamed: 0, closed: false };
  const report = (laidDown: boolean, ...kinds: readonly Finding['kind'][]): AccountReport => ({
    ...counts,
    account: id,
    laidDown,
    findings: kinds.map((kind) => ({ kind, what: '', means: '', mendedBy: 'nobody' })),
  });
  const told = (findings: readonly Finding[]): unknown[] =>
    findings.map(({ kind, mendedBy }) => [kind, mendedBy]);

  test('that was removed: the index of its mail, which is kept, and not its key', () => {
    const removed: Account = { ...accountOf('a'), state: 'closed' };
    expect(told(findingsOfListed(report(false, 'account-missing'), removed))).toEqual([
      ['account-missing', 'nobody'],
    ]);
    expect(findingsOfListed(report(false, 'key-deleted'), removed)).toEqual([]);
    expect(told(findingsOfListed(report(false, 'key-deleted'), accountOf('a')))).toEqual([
      ['key-deleted', 'nobody'],
    ]);
  });

  test('that the directory has lost: whatever somebody has laid down in it, a hold without any mail too', () => {
    const lost = ['directory-differs', 'nobody'];
    expect(told(findingsOfUnlisted(report(true), false))).toEqual([lost]);
    expect(told(findingsOfUnlisted(report(false), true))).toEqual([lost]);
    expect(told(findingsOfUnlisted(report(false, 'account-missing'), true))).toEqual([
      lost,
      ['account-missing', 'nobody'],
    ]);
    expect(told(findingsOfUnlisted(report(false), false))).toEqual([['directory-differs', 'itself']]);
  });
});

describe('the directory agrees with itself', () => {
  const account = accountOf('a');
  const check = (
    found: Account | undefined,
    login: Login | undefined,
    of = account,
    closing?: number | null,
  ) =>
    checkDirectory(
      {
        directory: { users: { find: async () => found } as never },
        logins: { findLogin: async () => login },
      },
      of,
      closing,
    );
  const what = async (...args: Parameters<typeof check>) =>
    (await check(...args)).map(({ kind, what: told }) => `${kind}: ${told}`);

  test('about an account that is whole, disabled, or closed', async () => {
    expect(await what(account, loginOf(account))).toEqual([]);
    const disabled = accountOf('a', { state: 'disabled' });
    expect(await what(disabled, loginOf(disabled, { disabled: true }), disabled)).toEqual([]);
    expect(await what(undefined, undefined, accountOf('a', { state: 'closed' }))).toEqual([]);
  });

  test('and with the journal about whether the account goes, and when', async () => {
    const at = Date.UTC(2027, 0, 31);
    const closing = accountOf('a', { state: 'disabled', closing: { at, staysDisabled: false } });
    const login = loginOf(closing, { disabled: true });
    expect(await what(closing, login, closing, at)).toEqual([]);
    expect(await what(account, loginOf(account), account, null)).toEqual([]);
    expect(await what(closing, login, closing, null)).toEqual([
      'directory-differs: the directory says that the account goes after 2027-01-31T00:00:00Z, and its journal that it stays',
    ]);
    expect(await what(account, loginOf(account), account, at)).toEqual([
      'directory-differs: the directory says that the account stays, and its journal that it goes after 2027-01-31T00:00:00Z',
    ]);
  });

  test.each([
    [undefined, loginOf(account), 'a@example.org leads to nobody'],
    [accountOf('b'), loginOf(account), 'a@example.org leads to another account'],
    [account, undefined, 'the login of a@example.org is missing'],
    [account, loginOf(accountOf('b')), 'the login of a@example.org leads to another account'],
    [
      account,
      loginOf(account, { disabled: true }),
      'the login of a@example.org is disabled, and the account is not',
    ],
    [
      account,
      loginOf(account, { limits: { ...LIMITS, quotaBytes: 11 } }),
      'the login of a@example.org has other limits than the account',
    ],
  ])('or it is told in what it does not, %#', async (found, login, told) => {
    expect(await what(found, login)).toEqual([`directory-differs: ${told}`]);
  });
});
