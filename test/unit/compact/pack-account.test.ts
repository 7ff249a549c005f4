import { describe, expect, test } from '@jest/globals';
import { effectOfRemoval } from '../../../shared/account/effect.ts';
import type { MailboxId, PackId } from '../../../shared/account/ids.ts';
import type { JournalRecord } from '../../../shared/account/record.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { PackStore } from '../../../shared/blob/pack-store.ts';
import { BlobMissingError } from '../../../shared/blob/blob-store.ts';
import { commit, expectWhole, expunge, inboxOf } from '../../support/fold-ops.ts';
import { ACCOUNT, KilledError, Killer } from '../../support/folding.ts';
import { hasRested } from '../../../shared/account/pack-plan.ts';
import { compactAccount } from '../../../functions/compact/compact-account.ts';
import { DAY, PackingAccount, SMALL_PACKS, placesIn } from '../../support/packing.ts';

/** An account with `count` messages of 100 bytes in INBOX that have lain there for a week, folded. */
async function rested(count: number, seed = 1) {
  const account = await PackingAccount.begun(seed);
  const replica = account.replica();
  const ops = await account.arrivals(count);
  await commit(replica, () => ops);
  await account.fold();
  account.rim.time += 7 * DAY;
  return { account, replica };
}

const packsOf = async (account: PackingAccount) => (await account.checkpoint()).packs;

/** Does something of its own at the moment when the packer puts its record. */
function meanwhile(account: PackingAccount, act: () => Promise<unknown>) {
  const { journal } = account;
  const met = { records: 0 };
  const put = async (...args: Parameters<typeof journal.put>) => {
    if (met.records++ === 0) await act();
    return journal.put(...args);
  };
  const watched = new Proxy(journal, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (name === 'put') return put;
      return typeof member === 'function' ? (member as () => unknown).bind(target) : member;
    },
  });
  return { met, deps: { journal: watched } };
}

describe('what lies unread', () => {
  test('for a week is packed; a younger message, a large one, and a copy that came yesterday are not', async () => {
    const { account, replica } = await rested(20);
    const large = await account.arrival({ size: 128 });
    const young = await account.arrival();
    await commit(replica, () => [large, young]);
    await commit(replica, () => [{ op: 'create', name: 'Later', uidValidity: 9, use: null }]);
    await commit(replica, (state) => {
      const uids = Uint32Array.of(1, 1);
      const effect = effectOfRemoval(inboxOf(state), uids);
      return [{ op: 'copy', from: INBOX_ID, to: 2 as MailboxId, uids, keywords: [], effect }];
    });
    expect(await account.pack()).toMatchObject({ packs: 2, messages: 19, bytes: 1900, more: false });
    const places = placesIn((await account.whole()).state);
    expect(places.filter(({ pack }) => pack === null)).toHaveLength(4);
    expect(await account.lost()).toEqual([]);
    account.rim.time += 7 * DAY;
    // Three of 100 bytes are no pack.
    expect(await account.pack()).toMatchObject({ packs: 0 });
  });

  test('stays where it is in an installation that keeps messages raw; its packs are looked after', async () => {
    const { account, replica } = await rested(20);
    expect(await account.pack({ packing: false })).toMatchObject({ packs: 0, messages: 0 });
    expect(account.packObjects()).toEqual([]);
    await account.pack();
    await commit(replica, (state) => [expunge(state, 1, 8)]);
    await account.purge();
    expect(await account.pack({ packing: false })).toMatchObject({ packs: 1, messages: 2, replaced: 1 });
  });

  test('waits until there is enough for a pack', async () => {
    const { account, replica } = await rested(9);
    expect(await account.pack()).toMatchObject({ packs: 0, messages: 0 });
    expect(account.packObjects()).toEqual([]);
    const more = await account.arrivals(1);
    await commit(replica, () => more);
    account.rim.time += 7 * DAY;
    expect(await account.pack()).toMatchObject({ packs: 1, messages: 10 });
  });

  test('its old objects go a day after the record that says so is folded, and not before', async () => {
    const { account, replica } = await rested(10);
    const objects = account.blobObjects();
    await account.pack();
    account.rim.time += 3 * DAY;
    expect(account.blobObjects()).toEqual(objects);
    await account.fold();
    account.rim.time += DAY - 1;
    await commit(replica, () => [{ op: 'subscribe', name: 'a' }]);
    await account.fold();
    expect(account.blobObjects()).toEqual(objects);
    account.rim.time += 1;
    await commit(replica, () => [{ op: 'subscribe', name: 'b' }]);
    await account.fold();
    expect(account.blobObjects()).toEqual([]);
    expect(await account.lost()).toEqual([]);
    await expectWhole(account);
  });

  test('a pack that is gone by then takes no object with it', async () => {
    const { account, replica } = await rested(10);
    await account.pack();
    await account.fold();
    // The index is known to this process, by reading.
    expect(await account.lost()).toEqual([]);
    account.rim.time += DAY;
    await account.blobs.delete(account.packObjects());
    await commit(replica, () => [{ op: 'subscribe', name: 'a' }]);
    expect((await account.fold()).kind).toBe('folded');
    expect(account.blobObjects()).toHaveLength(10);
  });

  test('nothing that a client sees changes: no mod-sequence, no UID, no counter', async () => {
    const { account, replica } = await rested(30);
    const visible = (state: Awaited<ReturnType<typeof account.reopened>>) =>
      [...state.mailboxes.values()].map(({ columns, ...mailbox }) => ({
        ...mailbox,
        rows: Array.from({ length: columns?.count ?? 0 }, (_, row) => ({
          ...columns?.row(row),
          pack: null,
          summary: null,
        })),
      }));
    const before = visible(await account.reopened());
    await account.reopened(replica);
    await account.pack();
    expect(visible(await account.reopened())).toEqual(before);
    expect(visible(await account.reopened(replica))).toEqual(before);
    await account.fold();
    expect(visible(await account.reopened())).toEqual(before);
  });
});

describe('interleavings (I5)', () => {
  test('a COPY that comes first: the row there lies in the pack too', async () => {
    const { account, replica } = await rested(10);
    await commit(replica, () => [{ op: 'create', name: 'Copies', uidValidity: 9, use: null }]);
    const copies = 2 as MailboxId;
    const { met, deps } = meanwhile(account, () =>
      commit(account.replica(), (state) => {
        const uids = Uint32Array.of(3, 5);
        const effect = effectOfRemoval(inboxOf(state), uids);
        return [{ op: 'copy', from: INBOX_ID, to: copies, uids, keywords: [], effect }];
      }),
    );
    expect(await account.pack(deps)).toMatchObject({ packs: 1 });
    expect(met.records).toBe(2);
    await account.fold();
    const { state } = await account.whole();
    const columns = state.mailboxes.get(copies)?.columns;
    expect([0, 1, 2].map((row) => columns?.packAt(row))).toEqual(
      Array(3).fill((await packsOf(account))[0]?.pack),
    );
    await allOldObjectsGone(account);
  });

  test('a COPY that comes after: it takes the place along', async () => {
    const { account, replica } = await rested(10);
    await commit(replica, () => [{ op: 'create', name: 'Copies', uidValidity: 9, use: null }]);
    await account.pack();
    await commit(account.replica(), (state) => {
      const uids = Uint32Array.of(1, 10);
      const effect = effectOfRemoval(inboxOf(state), uids);
      return [{ op: 'move', from: INBOX_ID, to: 2 as MailboxId, uids, keywords: [], effect }];
    });
    await allOldObjectsGone(account);
  });

  test.each(['before the packing', 'while it runs', 'after it', 'after it is folded'])(
    'messages are expunged %s, and brought back later: they read from the pack',
    async (when) => {
      const { account } = await rested(15);
      const leave = () => commit(account.replica(), (state) => [expunge(state, 2, 4)]);
      if (when === 'before the packing') await leave();
      await account.pack(when === 'while it runs' ? meanwhile(account, leave).deps : {});
      if (when === 'after it is folded') await account.fold();
      if (when.startsWith('after')) await leave();
      await account.fold();
      await allOldObjectsGone(account, when === 'before the packing' ? 5 : 0);
      expect(await account.undelete()).toBeGreaterThan(0);
      expect(await account.lost()).toEqual([]);
      await account.fold();
      expect(await account.lost()).toEqual([]);
    },
  );

  test('a purge of others while it runs', async () => {
    const { account } = await rested(15);
    await commit(account.replica(), (state) => [expunge(state, 1, 3)]);
    await account.fold();
    const { deps } = meanwhile(account, () => account.purge());
    expect(await account.pack(deps)).toMatchObject({ packs: 1 });
    expect((await account.whole()).buried).toEqual([]);
    await account.fold();
    await allOldObjectsGone(account, 2);
  });

  test('expunged and purged between reading and the record', async () => {
    const { account } = await rested(10);
    const { deps } = meanwhile(account, async () => {
      await commit(account.replica(), (state) => [expunge(state, 1, 3)]);
      await account.purge();
    });
    expect(await account.pack(deps)).toMatchObject({ packs: 1 });
    await account.fold();
    await allOldObjectsGone(account);
    expect(placesIn((await account.whole()).state)).toHaveLength(7);
  });

  test('everything is gone by then: no record, and no pack left behind', async () => {
    const { account } = await rested(10);
    const { deps } = meanwhile(account, async () => {
      await commit(account.replica(), (state) => [expunge(state, 1, 10)]);
      await account.purge();
    });
    expect(await account.pack(deps)).toMatchObject({ packs: 0 });
    expect(account.packObjects()).toEqual([]);
  });

  test('a fold while it runs', async () => {
    const { account, replica } = await rested(30);
    await commit(replica, (state) => [expunge(state, 5, 9)]);
    await account.fold();
    const { deps } = meanwhile(account, async () => {
      await commit(account.replica(), (state) => [expunge(state, 1, 2)]);
      await account.fold();
    });
    expect(await account.pack(deps)).toMatchObject({ packs: 3 });
    await account.fold();
    await allOldObjectsGone(account, 5);
    await expectWhole(account);
  });

  test('two packings at once: one holds for each message, and the other’s packs are gone', async () => {
    const { account } = await rested(40);
    const reports = await Promise.all([account.pack(), account.pack()]);
    expect(reports.map(({ packs }) => packs).sort()).toEqual([0, 4]);
    expect(account.packObjects()).toHaveLength(4);
    await account.fold();
    await allOldObjectsGone(account);
  });

  test('another packing comes first, and then everything is expunged', async () => {
    const { account } = await rested(10);
    const { deps } = meanwhile(account, async () => {
      await account.pack();
      await commit(account.replica(), (state) => [expunge(state, 1, 10)]);
    });
    expect(await account.pack(deps)).toMatchObject({ packs: 0 });
    expect(account.packObjects()).toHaveLength(1);
    await account.fold();
    await allOldObjectsGone(account);
  });

  test('a reader with an old replica misses the object, reads anew, and finds the pack', async () => {
    const { account } = await rested(10);
    const reader = account.replica();
    const old = inboxOf(await account.reopened(reader));
    await account.pack();
    await account.fold();
    account.rim.time += DAY;
    await commit(account.replica(), () => [{ op: 'subscribe', name: 'a' }]);
    await account.fold();
    await expect(account.read(old.placeAt(3))).rejects.toThrow(BlobMissingError);
    const fresh = inboxOf(await reader.reload(INBOX_ID));
    expect(await account.read(fresh.placeAt(3))).toEqual(account.bodies.get(old.blobAt(3)));
  });

  test('what waited longer than an hour is not named any more (I2)', async () => {
    const { account } = await rested(10);
    const { deps } = meanwhile(account, async () => {
      account.rim.time += 3_600_000;
      await commit(account.replica(), () => [{ op: 'subscribe', name: 'a' }]);
    });
    expect(await account.pack(deps)).toMatchObject({ packs: 0 });
    expect(account.packObjects()).toEqual([]);
    expect(await account.lost()).toEqual([]);
  });
});

/** Folds until whatever was superseded is gone, and sees that nothing is lost. */
async function allOldObjectsGone(account: PackingAccount, left = 0): Promise<void> {
  for (const name of ['x', 'y', 'z']) {
    await commit(account.replica(), () => [{ op: 'subscribe', name }]);
    await account.fold();
    account.rim.time += DAY;
  }
  expect(account.blobObjects()).toHaveLength(left);
  expect(await account.lost()).toEqual([]);
}

describe('packs in which little is in use', () => {
  test('are rewritten below half, and not at half', async () => {
    const { account } = await rested(10);
    await account.pack();
    await account.fold();
    const [first] = account.packObjects();
    await commit(account.replica(), (state) => [expunge(state, 1, 5)]);
    // What may be brought back is in use.
    await account.purge();
    expect(await account.pack()).toMatchObject({ packs: 0, replaced: 0 });
    await commit(account.replica(), (state) => [expunge(state, 6, 6)]);
    expect(await account.pack()).toMatchObject({ packs: 0, replaced: 0 });
    await account.purge();
    expect(await account.pack()).toMatchObject({ packs: 1, messages: 4, replaced: 1 });
    await account.fold();
    await allOldObjectsGone(account);
    expect(account.packObjects()).toHaveLength(1);
    expect(account.packObjects()).not.toContain(first);
    expect(await packsOf(account)).toMatchObject([{ count: 4, bytes: 400 }]);
  });

  test('are left alone if they cannot be read, and hold nothing else up', async () => {
    const { account, replica } = await rested(10);
    await account.pack();
    await commit(replica, (state) => [expunge(state, 1, 6)]);
    await account.purge();
    const [key] = account.packObjects();
    const bytes = account.blobs.objects.get(key ?? '');
    account.blobs.objects.set(key ?? '', (bytes ?? Buffer.alloc(8)).slice(0, -8));
    const more = await account.arrivals(10);
    await commit(replica, () => more);
    account.rim.time += 7 * DAY;
    // As another process: the index of the pack is not kept.
    const packs = new PackStore(account.blobs);
    expect(await account.pack({ packs })).toMatchObject({ packs: 1, messages: 10, replaced: 0 });
    expect(account.packObjects()).toHaveLength(2);
  });

  test('are left alone when the time does not suffice', async () => {
    const { account } = await rested(10);
    await account.pack();
    await commit(account.replica(), (state) => [expunge(state, 1, 6)]);
    await account.purge();
    expect(await account.pack({}, account.rim.time)).toMatchObject({ packs: 0, replaced: 0, more: true });
    await account.fold();
    await allOldObjectsGone(account);
    expect(await account.pack()).toMatchObject({ packs: 1, replaced: 1 });
  });

  test('go without a successor when nothing is', async () => {
    const { account } = await rested(10);
    await account.pack();
    await account.fold();
    await commit(account.replica(), (state) => [expunge(state, 1, 10)]);
    await account.purge();
    expect(await account.pack()).toMatchObject({ packs: 0, replaced: 1 });
    expect(await account.pack()).toMatchObject({ packs: 0, replaced: 0 });
    await account.fold();
    await allOldObjectsGone(account);
    expect(account.packObjects()).toEqual([]);
    expect(await packsOf(account)).toEqual([]);
  });

  test('a reader who knows the old pack misses it, and finds the new one', async () => {
    const { account } = await rested(10);
    await account.pack();
    const reader = account.replica();
    const old = inboxOf(await account.reopened(reader));
    await commit(account.replica(), (state) => [expunge(state, 1, 8)]);
    await account.purge();
    await account.pack();
    await account.fold();
    await allOldObjectsGone(account);
    // As another process: the index of the old pack is not kept.
    const cold = account.read({ ...old.placeAt(9), pack: 'ff'.repeat(16) as PackId });
    await expect(cold).rejects.toThrow(BlobMissingError);
    await expect(account.read(old.placeAt(9))).rejects.toThrow(BlobMissingError);
    const fresh = inboxOf(await reader.reload(INBOX_ID));
    expect(await account.read(fresh.placeAt(1))).toEqual(account.bodies.get(old.blobAt(9)));
  });
});

test('an account that nobody writes to has rested when there is a pack to make, or something to go, and not before', async () => {
  const { account } = await rested(10);
  const hasWork = async () => hasRested(await account.whole(), account.rim.time, DAY, SMALL_PACKS);
  await account.idleFold();
  account.rim.time -= DAY;
  expect(await hasWork()).toBe(false);
  account.rim.time += DAY;
  expect(await hasWork()).toBe(true);
  const { fold, pack } = await compactAccount(account.packDeps, ACCOUNT);
  expect([fold.kind, pack.packs]).toEqual(['nothing', 1]);
  expect(await hasWork()).toBe(false);
  account.rim.time += DAY;
  expect(await hasWork()).toBe(true);
  await compactAccount(account.packDeps, ACCOUNT);
  expect(account.blobObjects()).toEqual([]);
  expect(await hasWork()).toBe(false);
  expect(await account.lost()).toEqual([]);
});

test('a packing that dies at any of its calls loses nothing, and the next one completes', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let at = 0; ; at++) {
      const { account } = await rested(25, 7);
      await account.pack();
      await account.fold();
      await commit(account.replica(), (state) => [expunge(state, 1, 8)]);
      await account.purge();
      const more = await account.arrivals(10);
      await commit(account.replica(), () => more);
      account.rim.time += 7 * DAY;
      const killer = new Killer(at, when);
      const { journal, folds, packs } = account;
      const deps = { journal: killer.watch(journal), folds: killer.watch(folds), packs: killer.watch(packs) };
      const killed = await account.pack(deps).catch((error: unknown) => error);
      expect(await account.lost()).toEqual([]);
      await account.pack();
      await account.fold();
      expect(await account.lost()).toEqual([]);
      await allOldObjectsGone(account);
      await expectWhole(account);
      if (!(killed instanceof KilledError)) break;
    }
  }
});

describe.each([2, 4, 5, 6, 7, 8])('random lives with packing, seed %i', (seed) => {
  test('every message, and every one that may come back, reads as it was stored', async () => {
    const account = await PackingAccount.begun(seed);
    account.keepMs = seed % 2 === 0 ? DAY : 0;
    let packed = 0;
    for (let round = 0; round < 40; round++) {
      await account.live(8);
      account.rim.time += Math.floor(account.random() * 3 * DAY);
      const roll = account.random();
      if (roll < 0.2) await account.purge();
      else if (roll < 0.3) await account.undelete();
      const act = async () => {
        await account.live(2);
        if (account.random() < 0.5) await account.fold();
        if (account.random() < 0.3) await account.purge();
      };
      if (account.random() < 0.6) packed += (await account.pack(meanwhile(account, act).deps)).packs;
      if (account.random() < 0.5) await account.fold();
      expect(await account.lost()).toEqual([]);
    }
    expect(packed).toBeGreaterThan(3);
    await account.fold();
    await expectWhole(account);
    const known = (await packsOf(account)).map(({ pack }) => pack);
    const used = new Set(placesIn((await account.whole()).state).map(({ pack }) => pack));
    for (const pack of used) if (pack !== null) expect(known).toContain(pack);
  });
});

test('a release that does not know packs does not serve an account that has them (I8)', async () => {
  const { account } = await rested(10);
  await account.pack();
  const entries = [...account.journal.account(ACCOUNT).entries.values()] as JournalRecord[];
  const record = entries.find(({ ops }) => ops.some(({ op }) => op === 'pack'));
  expect(record?.number).toBe(3);
  await account.fold();
  expect(account.journal.account(ACCOUNT).checkpoint?.root[1]).toBe(3);
});
