import { describe, expect, test } from '@jest/globals';
import { expungeAccount } from '../../../functions/expunge/expunge-account.ts';
import { type Lost, type UndeleteRequest, decideUndelete } from '../../../shared/account/decide-undelete.ts';
import { effectOfRemoval } from '../../../shared/account/effect.ts';
import { DELETED, SEEN } from '../../../shared/account/flags.ts';
import type { BlobId } from '../../../shared/account/ids.ts';
import { MailboxRefusal } from '../../../shared/account/mailbox-names.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { type AccountState, byName } from '../../../shared/account/state.ts';
import { commitOnWholeState, openWholeState } from '../../../shared/account/whole-state.ts';
import { DAY_MS, ExpungingAccount } from '../../support/expunging.ts';
import { append, commit, expectWhole, expunge, inboxOf } from '../../support/fold-ops.ts';
import { ACCOUNT, Killer } from '../../support/folding.ts';

const ALL: Lost = { since: 0, mailbox: null };

async function undelete(account: ExpungingAccount, lost: Lost, over: Partial<UndeleteRequest> = {}) {
  const request = { lost, into: 'Restored', now: account.rim.now(), ...over };
  const { value } = await commitOnWholeState(account.purgeDeps, ACCOUNT, (whole) =>
    decideUndelete(whole, request),
  );
  return value;
}
const put = (account: ExpungingAccount, ...ops: readonly Op[]) => commit(account.gateway(), () => ops);

/** What each mailbox holds, in its order. */
async function shown(account: ExpungingAccount): Promise<Record<string, readonly BlobId[]>> {
  const { state } = await openWholeState(account.purgeDeps, ACCOUNT);
  return Object.fromEntries(
    [...byName(state)].map(([name, { columns }]) => [
      name,
      Array.from({ length: columns?.count ?? 0 }, (_, row) => columns?.blobAt(row) as BlobId),
    ]),
  );
}
const seconds = (account: ExpungingAccount): number => Math.floor(account.rim.now() / 1000);

describe.each([0, 2, 3])('undelete, folded up to chapter %i', (folded) => {
  test('what was expunged comes back below Restored, in a mailbox named as its old one', async () => {
    const { account, fates } = await ExpungingAccount.told(1, folded);
    const value = await undelete(account, ALL);
    expect(value).toMatchObject({ restored: 6, present: 0, more: false, exact: true });
    expect(await shown(account)).toEqual({
      INBOX: [fates.living],
      Archive: [fates.copied],
      Restored: [],
      'Restored/INBOX': [...fates.over, fates.copied, fates.younger, fates.within],
      'Restored/Archive': [fates.younger],
    });
    await expectWhole(account);
    await account.expectNothingDangles();
  });

  test('what came back, and was expunged again, comes back where it was, once', async () => {
    const { account, fates } = await ExpungingAccount.told(1, folded);
    await undelete(account, ALL);
    const before = await shown(account);
    await commitOnWholeState(account.purgeDeps, ACCOUNT, ({ state }) => {
      const restored = byName(state).get('Restored/INBOX');
      if (!restored?.columns) throw new Error('nothing came back');
      const uids = Uint32Array.of(1, restored.uidNext - 1);
      const effect = effectOfRemoval(restored.columns, uids);
      return { ops: [{ op: 'expunge', mailbox: restored.id, uids, effect }], value: null };
    });
    expect((await shown(account))['Restored/INBOX']).toEqual([]);
    account.rim.time += 1000;
    expect(await undelete(account, ALL)).toMatchObject({ restored: 5, present: 1 });
    expect(Object.keys(await shown(account)).sort()).toEqual(Object.keys(before).sort());
    expect([...((await shown(account))['Restored/INBOX'] ?? [])].sort()).toEqual(
      [...fates.over, fates.copied, fates.younger, fates.within].sort(),
    );
    await expectWhole(account);
    await account.expectNothingDangles();
  });

  test('or into its old mailbox, with new UIDs', async () => {
    const { account, fates } = await ExpungingAccount.told(1, folded);
    await undelete(account, ALL, { into: null });
    expect(await shown(account)).toEqual({
      INBOX: [fates.living, ...fates.over, fates.copied, fates.younger, fates.within],
      Archive: [fates.copied, fates.younger],
    });
    const inbox = byName((await openWholeState(account.purgeDeps, ACCOUNT)).state).get('INBOX');
    expect([...(inbox?.columns?.uids.subarray(0, 6) ?? [])]).toEqual([6, 7, 8, 9, 10, 11]);
  });

  test('only what was expunged since a time, or out of one mailbox', async () => {
    const { account, fates } = await ExpungingAccount.told(1, folded);
    const since = seconds(account) - 4 * 86_400;
    await undelete(account, { since, mailbox: null }, { into: 'New' });
    await undelete(account, { since: 0, mailbox: 'Archive' }, { into: 'Old' });
    expect(await shown(account)).toMatchObject({
      'New/INBOX': [fates.within],
      'New/Archive': [fates.younger],
      'Old/Archive': [fates.younger],
    });
  });

  test('a second time it brings nothing, for all is there', async () => {
    const { account } = await ExpungingAccount.told(1, folded);
    await undelete(account, ALL);
    expect(await undelete(account, ALL)).toMatchObject({ restored: 0, present: 6 });
  });

  test('what came back and was expunged again, however often, comes back once', async () => {
    const { account, fates } = await ExpungingAccount.told(1, folded);
    const once = [...fates.over, fates.copied, fates.younger, fates.within];
    for (const round of [1, 2, 3]) {
      await undelete(account, ALL, { into: null });
      expect([round, (await shown(account)).INBOX]).toEqual([round, [fates.living, ...once]]);
      account.rim.time += 1000;
      await commit(account.gateway(), (state) => {
        const { uids, count } = inboxOf(state);
        return [expunge(state, 7, uids[count - 1] ?? 0)];
      });
    }
    await expectWhole(account);
    await account.expectNothingDangles();
  });

  test('what is purged does not come back', async () => {
    const { account, fates } = await ExpungingAccount.told(1, folded);
    await expungeAccount(account.purgeDeps, ACCOUNT);
    expect(await undelete(account, ALL)).toMatchObject({ restored: 2 });
    expect(await shown(account)).toMatchObject({
      'Restored/INBOX': [fates.within],
      'Restored/Archive': [fates.younger],
    });
    await account.expectNothingDangles();
  });

  test('what has come back is not purged with the row that it came from', async () => {
    const { account } = await ExpungingAccount.told(1, folded);
    await undelete(account, ALL);
    account.rim.time += 30 * DAY_MS;
    expect(await expungeAccount(account.purgeDeps, ACCOUNT)).toMatchObject({ purged: 0 });
    await account.expectNothingDangles();
  });
});

describe('undelete', () => {
  test('a deleted mailbox is made again, under the name that it had, with those below it', async () => {
    const { account } = await ExpungingAccount.told(1, 0);
    await put(account, { op: 'create', name: 'Work', uidValidity: 9, use: null });
    await put(account, { op: 'create', name: 'Work/2026', uidValidity: 10, use: null });
    const idOf = (state: AccountState, name: string) => byName(state).get(name)?.id ?? (0 as never);
    const ops = [append(account), append(account)] as const;
    const gateway = account.gateway();
    const remove = (name: string) =>
      commit(gateway, (state) => [{ op: 'delete', mailbox: idOf(state, name) }]);
    await commit(gateway, (state) => [
      { ...ops[0], to: { mailbox: idOf(state, 'Work') } },
      { ...ops[1], to: { mailbox: idOf(state, 'Work/2026') } },
    ]);
    await remove('Work/2026');
    await account.fold();
    await remove('Work');
    await undelete(account, { since: 0, mailbox: 'Work' }, { into: null });
    expect(await shown(account)).toMatchObject({ Work: [ops[0].blob], 'Work/2026': [ops[1].blob] });
    await expectWhole(account);
  });

  test('as many of a message come back as there were at one time', async () => {
    const { account } = await ExpungingAccount.told(1, 0);
    const twice = append(account);
    await account.store(twice.blob);
    await put(account, twice, twice);
    const since = seconds(account);
    for (const restored of [2, 2]) {
      account.rim.time += 1000;
      await commit(account.gateway(), (state) => {
        const { uids, count } = inboxOf(state);
        return [expunge(state, 7, uids[count - 1] ?? 0)];
      });
      expect(await undelete(account, { since, mailbox: 'INBOX' }, { into: null })).toMatchObject({
        restored,
      });
    }
    await expectWhole(account);
  });

  test('flags, dates and keywords come back, \\Deleted does not', async () => {
    const { account } = await ExpungingAccount.told(1, 0);
    const op = append(account, { system: SEEN | DELETED, keywords: ['Work'], date: 1_234_567, zone: -300 });
    await put(account, op);
    await account.remove('INBOX', [7]);
    await undelete(account, { since: seconds(account), mailbox: null }, { into: null });
    const inbox = byName((await openWholeState(account.purgeDeps, ACCOUNT)).state).get('INBOX');
    const row = inbox?.columns?.row(inbox.columns.count - 1);
    expect(row).toMatchObject({
      blob: op.blob,
      system: SEEN,
      keywords: ['Work'],
      date: 1_234_567,
      zone: -300,
    });
    expect(row?.saved).toBe(seconds(account));
    expect(await account.lostSummaries()).toEqual([]);
  });

  test('goes record by record; one that is cut off is finished by another, to the same end', async () => {
    for (const when of ['before', 'after'] as const)
      for (let at = 0; ; at++) {
        const { account } = await ExpungingAccount.told(1, 2);
        const killer = new Killer(at, when);
        const deps = account.through((store) => killer.watch(store));
        const request = { lost: ALL, into: 'Restored', now: account.rim.now(), most: 2 };
        const once = (on = account.purgeDeps) =>
          commitOnWholeState(on, ACCOUNT, (whole) => decideUndelete(whole, request));
        const run = async (on = account.purgeDeps) => {
          while ((await once(on)).value.more);
        };
        await run(deps).catch(() => undefined);
        if (killer.calls.length <= at) break;
        await run();
        expect((await shown(account))['Restored/INBOX']).toHaveLength(5);
        expect((await shown(account))['Restored/Archive']).toHaveLength(1);
        await expectWhole(account);
      }
  });

  test('into a name that no mailbox can have is refused', async () => {
    const { account } = await ExpungingAccount.told(1, 0);
    await expect(undelete(account, ALL, { into: '#x' })).rejects.toThrow(MailboxRefusal);
  });

  test('into a mailbox that has no UIDs left is refused, and another takes them', async () => {
    const { account } = await ExpungingAccount.told(1, 0);
    await put(account, { op: 'epoch', uidJump: 0xffff_ffff, uidValidity: 9 });
    await expect(undelete(account, ALL, { into: null })).rejects.toThrow('no UIDs left');
    expect(await undelete(account, ALL)).toMatchObject({ restored: 6 });
  });

  test('a mailbox whose name would grow too long comes to the one above', async () => {
    const { account } = await ExpungingAccount.told(1, 0);
    const name = 'x'.repeat(995);
    await put(account, { op: 'create', name, uidValidity: 9, use: null });
    const op = append(account);
    await commit(account.gateway(), (state) => [
      { ...op, to: { mailbox: byName(state).get(name)?.id ?? (0 as never) } },
    ]);
    await account.remove(name, [1]);
    await undelete(account, { since: 0, mailbox: name });
    expect(await shown(account)).toMatchObject({ Restored: [op.blob] });
  });
});

describe('the account as of a time', () => {
  /** Three messages; then, a day later, one is read, one moved, one expunged, and a mailbox gets another name. */
  async function told(foldedBetween: boolean) {
    const { account } = await ExpungingAccount.told(1, 3);
    await expungeAccount(account.purgeDeps, ACCOUNT);
    const ops = Array.from({ length: 3 }, () => append(account, { date: seconds(account) }));
    await put(account, ...ops);
    await account.fold();
    account.rim.time += 60_000;
    const time = seconds(account);
    account.rim.time += DAY_MS;
    const flags: Op = {
      op: 'flags',
      mailbox: 1 as never,
      uids: Uint32Array.of(7, 7),
      mode: 'add',
      system: SEEN,
      keywords: [],
      effect: { messages: 0, unseen: -1, deleted: 0, bytes: 0 },
    };
    await put(account, flags);
    await account.change('move', 'INBOX', 'Archive', [8]);
    await account.remove('INBOX', [9]);
    await put(account, { op: 'rename', from: 'Archive', to: 'Later' });
    await put(account, append(account, { date: seconds(account) }));
    if (foldedBetween) await account.fold();
    return { account, time, blobs: ops.map(({ blob }) => blob) };
  }
  const flagsOf = async (account: ExpungingAccount, name: string) => {
    const { state } = await openWholeState(account.purgeDeps, ACCOUNT);
    const columns = byName(state).get(name)?.columns;
    return Array.from({ length: columns?.count ?? 0 }, (_, row) => columns?.system[row]);
  };

  test('is known exactly, with flags, mailboxes and names, as far as the journal reaches', async () => {
    const { account, time, blobs } = await told(false);
    const value = await undelete(account, { asOf: time }, { into: 'Then' });
    expect(value).toMatchObject({ exact: true, restored: 5 });
    const found = await shown(account);
    expect(found['Then/INBOX']?.slice(1)).toEqual(blobs);
    expect(found['Then/Archive']).toHaveLength(1);
    expect(await flagsOf(account, 'Then/INBOX')).toEqual([0, 0, 0, 0]);
    await expectWhole(account);
  });

  test('in place: what is where it was stays, what is not comes back there', async () => {
    const { account, time, blobs } = await told(false);
    const before = await shown(account);
    const value = await undelete(account, { asOf: time }, { into: null });
    expect(value).toMatchObject({ exact: true, restored: 2, present: 3 });
    const found = await shown(account);
    expect(found.INBOX).toEqual([...(before.INBOX ?? []), blobs[1], blobs[2]]);
    expect(found.Later).toEqual(before.Later);
  });

  test('beyond the last fold, rows tell: what was there then, where and as it was last', async () => {
    const { account, time, blobs } = await told(true);
    const value = await undelete(account, { asOf: time }, { into: 'Then' });
    expect(value).toMatchObject({ exact: false, restored: 5 });
    const found = await shown(account);
    // The one that was expunged, the one that was there before all, and the one that was read; not the one that came since.
    expect(found['Then/INBOX']?.[0]).toBe(blobs[2]);
    expect(found['Then/INBOX']).toHaveLength(3);
    expect(found['Then/Later']).toContain(blobs[1]);
    expect(await flagsOf(account, 'Then/INBOX')).toEqual([0, 0, SEEN]);
  });

  test('beyond the last fold, records that are not emptied tell what has arrived since, whatever its date', async () => {
    const { account, time, blobs } = await told(true);
    const [ancient] = [append(account, { date: 1_000 })];
    await put(account, ancient);
    await account.change('move', 'INBOX', 'Later', [7]);
    await account.fold();
    const covered = [...account.journal.history.values()].sort((a, b) => a.number - b.number);
    const { base } = (await openWholeState(account.purgeDeps, ACCOUNT)).opening;
    expect(base.state.number).toBe(covered.at(-1)?.number);
    await undelete(account, { asOf: time }, { into: 'By journal', covered });
    await undelete(account, { asOf: time }, { into: 'By date' });
    const found = await shown(account);
    const names = Object.keys(found);
    const below = (name: string) =>
      names.filter((each) => each.startsWith(name)).flatMap((each) => found[each] ?? []);
    expect(below('By journal/')).not.toContain(ancient.blob);
    expect(below('By date/')).toContain(ancient.blob);
    expect(below('By journal/')).toEqual(expect.arrayContaining(blobs));
  });

  test('beyond the last fold, what was moved and undeleted since was there; what had been expunged before and came back was not', async () => {
    const { account, time, blobs } = await told(true);
    const before = await shown(account);
    const [moved] = before.Later?.slice(-1) ?? [];
    expect(moved).toBe(blobs[1]);
    account.rim.time += 60_000;
    await account.remove('Later', [(before.Later?.length ?? 0) + 1]);
    account.rim.time += 60_000;
    await undelete(account, ALL, { into: null });
    await account.fold();
    const back = Object.values(await shown(account)).flat();
    expect(back).toContain(moved);
    expect(back.length).toBeGreaterThan(Object.values(before).flat().length + 1);
    const covered = [...account.journal.history.values()].sort((a, b) => a.number - b.number);
    await undelete(account, { asOf: time }, { into: 'Then', covered });
    const found = await shown(account);
    const then = [...(found['Then/INBOX'] ?? []), ...(found['Then/Later'] ?? [])];
    expect(then.toSorted()).toEqual(
      [...blobs, ...(before.INBOX?.slice(0, 1) ?? []), ...(before.Later?.slice(0, 1) ?? [])].toSorted(),
    );
  });

  test('what was purged since is not among it', async () => {
    const { account, time } = await told(false);
    account.rim.time += 8 * DAY_MS;
    await expungeAccount(account.purgeDeps, ACCOUNT);
    expect(await undelete(account, { asOf: time }, { into: 'Then' })).toMatchObject({ restored: 4 });
    await account.expectNothingDangles();
  });
});
