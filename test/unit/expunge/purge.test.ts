import { describe, expect, test } from '@jest/globals';
import { expungeAccount } from '../../../functions/expunge/expunge-account.ts';
import { purgeAccount } from '../../../functions/expunge/purge.ts';
import { dayOf } from '../../../shared/account/due.ts';
import type { BlobId } from '../../../shared/account/ids.ts';
import type { AppendOp, Op } from '../../../shared/account/ops.ts';
import type { PolicyChange } from '../../../shared/account/policy.ts';
import { mailboxNamed } from '../../../shared/account/state.ts';
import { commitOnWholeState, openWholeState } from '../../../shared/account/whole-state.ts';
import { DAY_MS, ExpungingAccount } from '../../support/expunging.ts';
import { append, commit, expectWhole } from '../../support/fold-ops.ts';
import { ACCOUNT, Killer } from '../../support/folding.ts';

const HOUR_MS = 3_600_000;

const lookAfter = (account: ExpungingAccount) => expungeAccount(account.purgeDeps, ACCOUNT);
const put = (account: ExpungingAccount, ops: readonly Op[]) =>
  commitOnWholeState(account.deps, ACCOUNT, () => ({ ops, value: null }));
const lay = (account: ExpungingAccount, change: PolicyChange) => put(account, [{ op: 'policy', change }]);
const deleted = (account: ExpungingAccount): BlobId[] => [...account.summaries.deleted].sort();

describe('the purge (I5)', () => {
  test('takes what was expunged and is over; not what has a copy, nor what went within the grace', async () => {
    const { account, fates } = await ExpungingAccount.told(1, 2);
    const { next, ...report } = await lookAfter(account);
    expect(report).toEqual({
      expired: 0,
      purged: 2,
      swept: 0,
      held: false,
      finished: true,
      closing: false,
      rested: expect.any(Boolean),
    });
    expect(deleted(account)).toEqual([...fates.over].sort());
    // What was expunged three days ago is over in four.
    expect(next).toBe(dayOf(account.rim.now() / 1000) + 5);
    await account.expectNothingDangles();
    await expectWhole(account);
  });

  test('not an hour before the grace is over', async () => {
    const { account, fates } = await ExpungingAccount.told(1, 2);
    await lookAfter(account);
    account.rim.time += 4 * DAY_MS - HOUR_MS;
    expect(await lookAfter(account)).toMatchObject({ purged: 0 });
    account.rim.time += 2 * HOUR_MS;
    expect(await lookAfter(account)).toMatchObject({ purged: 2 });
    expect(deleted(account)).toEqual([...fates.over, fates.younger, fates.within].sort());
  });

  test('the last copy of a message counts from when it went', async () => {
    const { account, fates } = await ExpungingAccount.told(1, 0);
    await account.remove('Archive', [1]);
    account.rim.time += 6 * DAY_MS;
    await lookAfter(account);
    expect(deleted(account)).not.toContain(fates.copied);
    account.rim.time += 2 * DAY_MS;
    await lookAfter(account);
    expect(deleted(account)).toContain(fates.copied);
  });

  test('in batches; rows are forgotten with the last', async () => {
    const { account, fates } = await ExpungingAccount.told(1, 3);
    const deps = { ...account.purgeDeps, blobsPerPurge: 1 };
    await purgeAccount(deps, ACCOUNT, await openWholeState(deps, ACCOUNT), Infinity);
    const ops = [...account.journal.history.values()].flatMap((record) => record.ops);
    const purges = ops.flatMap((op) =>
      op.op === 'purge' ? [[op.blobs.length, op.before > 0, op.done > 0]] : [],
    );
    expect(purges).toEqual([
      [1, false, false],
      [1, true, true],
      [0, false, true],
    ]);
    expect(deleted(account)).toEqual([...fates.over].sort());
    expect((await openWholeState(deps, ACCOUNT)).buried).toHaveLength(2);
  });

  test('a purge that is killed at any call of a store is finished by the next, or by the next fold', async () => {
    let kills = 0;
    for (const heir of ['purge', 'fold'] as const)
      for (const when of ['before', 'after'] as const)
        for (let at = 0; ; at++) {
          const { account, fates } = await ExpungingAccount.told(3, 2);
          const killer = new Killer(at, when);
          const deps = { ...account.through((store) => killer.watch(store)), blobsPerPurge: 1 };
          const died = await openWholeState(deps, ACCOUNT)
            .then((whole) => purgeAccount(deps, ACCOUNT, whole, Infinity))
            .then(
              () => false,
              () => true,
            );
          if (killer.calls.length <= at) break;
          kills++;
          await account.expectNothingDangles();
          if (heir === 'fold') {
            await commit(account.gateway(), () => [append(account)]);
            await account.fold();
            const { purges } = await openWholeState(account.purgeDeps, ACCOUNT);
            expect([died, purges.open]).toEqual([died, []]);
            expect(deleted(account)).toEqual([...account.purged()].sort());
          }
          await lookAfter(account);
          expect(deleted(account)).toEqual([...fates.over].sort());
          expect((await openWholeState(account.purgeDeps, ACCOUNT)).purges.open).toEqual([]);
          await account.expectNothingDangles();
          await expectWhole(account);
        }
    expect(kills).toBeGreaterThan(20);
  });

  test('says of no purge that it is done whose objects it has not deleted itself', async () => {
    const { account, fates } = await ExpungingAccount.told(1, 0);
    const deps = account.purgeDeps;
    const whole = await openWholeState(deps, ACCOUNT);
    // Another function purges and dies before its first deletion, after this one has looked.
    const summaries = { deleteMessages: () => Promise.reject(new Error('killed')) };
    await expect(purgeAccount({ ...deps, summaries }, ACCOUNT, whole, Infinity)).rejects.toThrow('killed');
    account.rim.time += 5 * DAY_MS;
    await purgeAccount(deps, ACCOUNT, whole, Infinity);
    expect((await openWholeState(deps, ACCOUNT)).purges.open.map(({ blobs }) => [...blobs].sort())).toEqual([
      [...fates.over].sort(),
      [fates.younger, fates.within].sort(),
    ]);
    await account.fold();
    expect(deleted(account)).toEqual([...fates.over, fates.younger, fates.within].sort());
  });

  test('begins no batch when its time is up, and goes on in the next run', async () => {
    const { account, fates } = await ExpungingAccount.told(1, 2);
    expect(await expungeAccount(account.purgeDeps, ACCOUNT, { until: account.rim.now() })).toMatchObject({
      purged: 0,
      finished: false,
    });
    expect(deleted(account)).toEqual([]);
    await lookAfter(account);
    expect(deleted(account)).toEqual([...fates.over].sort());
  });
});

describe('a legal hold', () => {
  test('stops the purge and retention, for as long as it stands', async () => {
    const { account, fates } = await ExpungingAccount.told(1, 2);
    await lay(account, { scope: { account: true }, days: 1 });
    await lay(account, { hold: true });
    account.rim.time += 400 * DAY_MS;
    expect(await lookAfter(account)).toMatchObject({ expired: 0, purged: 0, held: true });
    expect(deleted(account)).toEqual([]);
    await account.fold();
    await lay(account, { hold: false });
    expect(await lookAfter(account)).toMatchObject({ purged: 4, held: false });
    expect(deleted(account)).toEqual([...fates.over, fates.younger, fates.within].sort());
  });
});

describe('retention', () => {
  const into = (account: ExpungingAccount, use: 'Trash' | 'Junk', over: Partial<AppendOp> = {}): Op =>
    append(account, { to: { use }, ...over });
  const messages = async (account: ExpungingAccount, name: string) =>
    mailboxNamed((await openWholeState(account.deps, ACCOUNT)).state, name)?.messages;

  async function withTrash() {
    const { account } = await ExpungingAccount.told(1, 2);
    const create = (name: 'Trash' | 'Junk'): Op => ({ op: 'create', name, uidValidity: 9, use: name });
    await put(account, [create('Trash'), create('Junk')]);
    await put(account, [into(account, 'Trash', { size: 1000 }), into(account, 'Junk')]);
    return account;
  }

  test('Trash and Junk keep a message for 30 days after it came; quota usage follows', async () => {
    const account = await withTrash();
    const before = (await openWholeState(account.deps, ACCOUNT)).state.usage;
    account.rim.time += 30 * DAY_MS - HOUR_MS;
    await put(account, [into(account, 'Trash')]);
    expect(await lookAfter(account)).toMatchObject({ expired: 0 });
    account.rim.time += 2 * HOUR_MS;
    expect(await lookAfter(account)).toMatchObject({ expired: 2 });
    expect([await messages(account, 'Trash'), await messages(account, 'Junk')]).toEqual([1, 0]);
    const { state, buried } = await openWholeState(account.deps, ACCOUNT);
    expect(state.usage).toEqual({ messages: before.messages - 1, bytes: before.bytes - 1000 });
    // They can be brought back as what a person has expunged.
    expect(buried.map(({ name }) => name)).toEqual(['Trash', 'Junk']);
    await expectWhole(account);
  });

  test('a rule of the account is for every mailbox; INBOX keeps what a mailbox rule lets it', async () => {
    const account = await withTrash();
    const inbox = mailboxNamed((await openWholeState(account.deps, ACCOUNT)).state, 'INBOX');
    if (!inbox) throw new Error('there is no INBOX');
    await lay(account, { scope: { account: true }, days: 2 });
    await lay(account, { scope: { mailbox: inbox.id }, days: null });
    account.rim.time += 3 * DAY_MS;
    expect(await lookAfter(account)).toMatchObject({ expired: 3 });
    expect([await messages(account, 'INBOX'), await messages(account, 'Archive')]).toEqual([1, 0]);
  });

  test('is asked for again on the day after the next message is due', async () => {
    const account = await withTrash();
    account.rim.time += 20 * DAY_MS;
    const { next } = await lookAfter(account);
    expect(next).toBeLessThanOrEqual(dayOf(account.rim.now() / 1000) + 11);
  });
});
