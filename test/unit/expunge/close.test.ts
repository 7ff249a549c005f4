import { describe, expect, test } from '@jest/globals';
import { type CloseDeps, closeAccount } from '../../../functions/expunge/close.ts';
import { expunge } from '../../../functions/expunge/expunge.ts';
import { foldAccount } from '../../../functions/compact/fold-account.ts';
import type { DueAccount } from '../../../shared/aws/dynamodb-calendar.ts';
import { dayOf } from '../../../shared/account/due.ts';
import type { AccountId, BlobId } from '../../../shared/account/ids.ts';
import { openAccount } from '../../../shared/account/opening.ts';
import type { PolicyChange } from '../../../shared/account/policy.ts';
import { isEmptied } from '../../../shared/account/record.ts';
import { AccountClosedError } from '../../../shared/account/record-builder.ts';
import { commitOnWholeState, openWholeState } from '../../../shared/account/whole-state.ts';
import { blobKeys } from '../../../shared/aws/keys.ts';
import type { Account } from '../../../shared/directory/directory.ts';
import { createLog } from '../../../shared/log.ts';
import { DAY_MS, ExpungingAccount, type Watch } from '../../support/expunging.ts';
import { append, commit } from '../../support/fold-ops.ts';
import { ACCOUNT, Killer } from '../../support/folding.ts';
import { interleave } from '../../support/interleaving.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const OTHER = 'b0'.repeat(10) as AccountId;
const ADDRESS = 'carol@example.test';

/** A directory of one user, and what was asked of it. */
class OneUser {
  state: Account['state'] | null = 'disabled';
  shares = true;
  keys = 1;
  work = new Set(['compact', 'pack']);

  readonly users = {
    read: async () =>
      this.state === null ? undefined : ({ state: this.state, addresses: [ADDRESS] } as unknown as Account),
    remove: async (address: string) => {
      if (address !== ADDRESS || this.state === 'closed') throw new Error('there is no such user');
      this.state = 'closed';
      return {} as Account;
    },
    forget: async () => {
      if (this.state === 'closed') this.state = null;
    },
  };
  readonly sharing = {
    withdraw: async () => undefined,
    forget: async () => {
      this.shares = false;
    },
  };
  readonly workItems = {
    drop: async (kind: string) => void this.work.delete(kind),
  };
  readonly deleteKey = async () => {
    this.keys = 0;
  };
}

const same: Watch = (store) => store;

function closing(account: ExpungingAccount, user: OneUser, watch: Watch = same): CloseDeps {
  const deps = account.through(watch);
  const { folds } = account;
  return {
    ...deps,
    folds: watch(folds),
    folded: folds,
    objects: watch(deps.objects as object) as CloseDeps['objects'],
    users: watch(user.users),
    sharing: watch(user.sharing),
    work: watch(user.workItems),
    deleteKey: user.deleteKey,
  };
}

const lay = (account: ExpungingAccount, change: PolicyChange) =>
  commitOnWholeState(account.purgeDeps, ACCOUNT, () => ({ ops: [{ op: 'policy', change }], value: null }));

/** An account with objects, whose closing is due in a day. */
async function begun(folded = 2) {
  const { account } = await ExpungingAccount.told(1, folded);
  await account.blobs.put(blobKeys.overflow(ACCOUNT, 'f'.repeat(32) as BlobId), Buffer.from('x'), 1);
  await account.blobs.put(blobKeys.message(OTHER, 'f'.repeat(32) as BlobId), Buffer.from('x'), 1);
  await lay(account, { closing: account.rim.now() + DAY_MS });
  return { account, user: new OneUser() };
}

/** What is left of the account in the stores. */
async function left(account: ExpungingAccount) {
  const { segments, parts, bundle, entries } = account.journal.account(ACCOUNT);
  const objects = [...account.blobs.objects.keys()].filter((key) => key.includes(ACCOUNT));
  const items = [...segments.keys(), ...parts.keys(), ...account.folds.graveyards.keys()];
  const whole = [...entries.values()].filter((entry) => !isEmptied(entry)).length;
  return { objects, items, bundle, whole };
}
const NOTHING = { objects: [], items: [], bundle: null, whole: 0 };

describe.each([0, 2])('an account that is closed, folded up to chapter %i', (folded) => {
  test('goes with everything when the delay is over, not before', async () => {
    const { account, user } = await begun(folded);
    account.rim.time += DAY_MS - 1;
    expect(await closeAccount(closing(account, user), ACCOUNT)).toBe('open');
    expect([user.state, user.keys, (await left(account)).objects.length > 2]).toEqual(['disabled', 1, true]);
    account.rim.time += 1;
    const { number } = (await openWholeState(account.purgeDeps, ACCOUNT)).state;
    expect(await closeAccount(closing(account, user), ACCOUNT)).toBe('closed');
    expect(await left(account)).toEqual(NOTHING);
    expect([user.state, user.keys, [...user.work]]).toEqual(['closed', 0, []]);
    // Another's objects are not looked at.
    expect([...account.blobs.objects.keys()].filter((key) => key.includes(OTHER))).toHaveLength(1);
    const { base, tail } = await openAccount(account.journal, ACCOUNT);
    expect([base.state.number, base.state.mailboxes.size, tail]).toEqual([number + 1, 0, []]);
  });

  test('keeps all of its numbers (I4): who was away meets them, and finds no mailbox', async () => {
    const { account, user } = await begun(folded);
    const away = account.gateway();
    await away.sync();
    account.rim.time += DAY_MS;
    await closeAccount(closing(account, user), ACCOUNT);
    const put = away.commit({ decide: () => ({ ops: [append(account)], value: null }) });
    await expect(put).rejects.toThrow(AccountClosedError);
    expect(away.current?.mailboxes.size).toBe(0);
    const numbers = [...account.journal.account(ACCOUNT).entries.keys()].sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
  });

  test('two days later all is done once more, for what was under way, and the directory forgets it', async () => {
    const { account, user } = await begun(folded);
    account.rim.time += DAY_MS;
    await closeAccount(closing(account, user), ACCOUNT);
    const late = blobKeys.message(ACCOUNT, 'e'.repeat(32) as BlobId);
    await account.blobs.put(late, Buffer.from('x'), 1);
    const graveyard = { kind: 'graveyard' as const, part: 0, fold: 'died' };
    await account.folds.put(ACCOUNT, graveyard, Buffer.from('x'), account.rim.now());
    account.rim.time += 2 * DAY_MS;
    expect(await closeAccount(closing(account, user), ACCOUNT)).toBe('gone');
    expect(await left(account)).toEqual(NOTHING);
    expect([user.state, user.shares]).toEqual([null, false]);
  });
});

test('a closing that is taken back, or held, does not happen', async () => {
  const { account, user } = await begun();
  account.rim.time += DAY_MS;
  await lay(account, { hold: true });
  expect(await closeAccount(closing(account, user), ACCOUNT)).toBe('open');
  await lay(account, { hold: false });
  await lay(account, { closing: null });
  expect(await closeAccount(closing(account, user), ACCOUNT)).toBe('open');
  expect([user.state, user.keys]).toEqual(['disabled', 1]);
  await commit(account.gateway(), () => [append(account)]);
});

test('a closing that is killed at any call is finished by the next runs; before its record nothing goes', async () => {
  let kills = 0;
  for (const when of ['before', 'after'] as const)
    for (let at = 0; ; at++) {
      const { account, user } = await begun();
      account.rim.time += DAY_MS;
      const before = await left(account);
      const killer = new Killer(at, when);
      // The listings are generators, which answer for themselves.
      const deps = closing(account, user, (store) => ('list' in store ? store : killer.watch(store)));
      await closeAccount(deps, ACCOUNT).catch(() => undefined);
      if (killer.calls.length <= at) break;
      kills++;
      const { policy } = (await openWholeState(account.purgeDeps, ACCOUNT)).state;
      if (!policy.closed) expect(await left(account)).toEqual(before);
      expect(['closed', 'gone']).toContain(await closeAccount(closing(account, user), ACCOUNT));
      expect(await closeAccount(closing(account, user), ACCOUNT)).toBe('gone');
      expect([await left(account), user.state, user.keys]).toEqual([NOTHING, null, 0]);
    }
  expect(kills).toBeGreaterThan(20);
});

test('beside a fold, a writer and a change of mind, in orders that are drawn', async () => {
  const random = seededRandom(5);
  const ends = new Set<string>();
  for (let drawn = 0; drawn < 150; drawn++) {
    const { account, user } = await begun(drawn % 3);
    account.rim.time += DAY_MS;
    const { failures } = await interleave(
      {
        close: (watch) =>
          closeAccount(
            closing(account, user, (store) => ('list' in store ? store : watch(store))),
            ACCOUNT,
          ),
        fold: (watch) => foldAccount(account.through(watch), ACCOUNT),
        writer: (watch) => commit(account.gateway(watch), () => [append(account)]),
        reopen: (watch) =>
          commitOnWholeState(account.through(watch), ACCOUNT, () => ({
            ops: [{ op: 'policy', change: { closing: null } }],
            value: null,
          })),
      },
      (waiting) => Math.floor(random() * waiting.length),
    );
    for (const [actor, error] of failures) {
      expect([drawn, actor]).not.toEqual([drawn, 'close']);
      expect(error).toBeInstanceOf(AccountClosedError);
    }
    const { policy } = (await openWholeState(account.purgeDeps, ACCOUNT)).state;
    ends.add(policy.closed ? 'closed' : 'reopened');
    if (policy.closed) {
      expect(await closeAccount(closing(account, user), ACCOUNT)).toBe('gone');
      expect(await left(account)).toEqual(NOTHING);
    } else expect([user.state, user.keys]).toEqual(['disabled', 1]);
  }
  expect([...ends].sort()).toEqual(['closed', 'reopened']);
});

test('the function closes it on its day, comes again in two, and then never', async () => {
  const { account, user } = await begun();
  account.rim.time += DAY_MS;
  const days: DueAccount[] = [{ account: ACCOUNT, day: dayOf(account.rim.now() / 1000) }];
  const calendar = {
    due: async (today: number) => days.filter(({ day }) => day <= today),
    take: async (due: DueAccount) => {
      days.splice(
        days.findIndex(({ day }) => day === due.day),
        1,
      );
      return { ...due, key: { pk: '', sk: '' }, holder: '', asked: 1 };
    },
    leave: async (id: AccountId, day: number) => void days.push({ account: id, day }),
    finish: async () => 'done' as const,
    release: async () => undefined,
  };
  const log = createLog({ level: 'silent', pretty: false });
  const work = { leave: async () => undefined };
  const deps = {
    ...account.purgeDeps,
    calendar,
    log,
    work,
    close: (id: AccountId, until: number) => closeAccount(closing(account, user), id, until),
  };
  await expunge(deps, Infinity);
  expect(days).toEqual([{ account: ACCOUNT, day: dayOf(account.rim.now() / 1000) + 2 }]);
  account.rim.time += 2 * DAY_MS;
  await expunge(deps, Infinity);
  expect([days, user.state]).toEqual([[], null]);
});
