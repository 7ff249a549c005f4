/** A pack whose index is damaged: its messages are said to be damaged, not gone, and nobody takes it for an empty one. */
import { describe, expect, test } from '@jest/globals';
import { mendAccount } from '../../../functions/check/mend-account.ts';
import { rebuildAccount } from '../../../functions/check/rebuild-account.ts';
import { UnreadableMessagesError } from '../../../functions/check/unreadable-messages.ts';
import { compactAccount } from '../../../functions/compact/compact-account.ts';
import { purgeAccount } from '../../../functions/expunge/purge.ts';
import { sweepAccount } from '../../../functions/expunge/sweep.ts';
import { effectOfRemoval } from '../../../shared/account/effect.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { openWholeState } from '../../../shared/account/whole-state.ts';
import { AccountObjects } from '../../../shared/blob/account-objects.ts';
import { inboxOf } from '../../support/fold-ops.ts';
import { SMALL_LIMITS } from '../../support/folding.ts';
import { KeptAccount } from '../../support/kept-account.ts';
import { DAY, SMALL_PACKS } from '../../support/packing.ts';

const SEGMENTED = { ...SMALL_LIMITS, bundleBytes: 10 };
const PACKS = { ...SMALL_PACKS, packBytes: 4000, packBlobs: 12, smallBytes: 1000 };

const compactDeps = (account: KeptAccount) => {
  const { messages, deps, keepMs } = account;
  return { ...deps, summaries: messages, packs: messages.packs, packLimits: PACKS, keepMs };
};

/** Twelve messages in a pack, whose objects are gone, and one that is not packed. */
async function packed() {
  const account = await KeptAccount.begun();
  account.limits = SEGMENTED;
  for (let number = 1; number <= 12; number++) await account.receive(`letter ${number}`);
  await account.fold();
  account.rim.time += 7 * DAY;
  await account.receive('new');
  const { pack } = await compactAccount(compactDeps(account), account.id);
  expect(pack).toMatchObject({ packs: 1, messages: 12 });
  account.rim.time += 2 * DAY;
  await account.receive('newer');
  await account.fold();
  const [key = ''] = objectsBelow(account, 'packs/');
  expect(objectsBelow(account, 'blobs/')).toHaveLength(2);
  return { account, key, pack: key.slice(key.lastIndexOf('/') + 1) };
}

function objectsBelow(account: KeptAccount, prefix: string): string[] {
  return [...account.blobs.objects.keys()].filter((key) => key.startsWith(prefix));
}

/** The last byte of the pack, which belongs to its magic, is another. */
function damage({ blobs }: KeptAccount, key: string): () => void {
  const whole = blobs.objects.get(key) ?? new Uint8Array(0);
  blobs.objects.set(key, Uint8Array.from([...whole.slice(0, -1), 0xff]));
  return () => blobs.objects.set(key, whole);
}

test('is told of each of its messages, with its name, and a repair changes nothing', async () => {
  const { account, key, pack } = await packed();
  expect(await account.kinds()).toEqual([]);
  const mendPack = damage(account, key);
  const before = objectsBelow(account, '');
  const { findings } = await account.check();
  expect(findings).toHaveLength(12);
  expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['message-damaged']));
  expect(findings[0]?.what).toBe(
    `message 1 of INBOX, "letter 1", of 2026-01-01 00:00, cannot be read: pack ${pack}, in which it lies, is damaged: it does not end as a pack of a version that this release knows`,
  );
  const { done, left } = await account.mend();
  expect(done).toEqual([]);
  expect(left.findings).toHaveLength(12);
  expect(objectsBelow(account, '')).toEqual(before);
  mendPack();
  expect(await account.kinds()).toEqual([]);
});

test('is told once of each message where a repair mends something else', async () => {
  const { account, key } = await packed();
  damage(account, key);
  for (const chunk of objectsBelow(account, 'summaries/')) account.blobs.objects.delete(chunk);
  const { done, left } = await account.mend();
  expect(done).toHaveLength(1);
  const damaged = left.findings.filter(({ kind }) => kind === 'message-damaged');
  expect(damaged.map(({ message }) => message?.uid)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('is left alone by packing, purging and sweeping, though most of it was expunged', async () => {
  const { account, key } = await packed();
  await account.commit((state) => {
    const uids = Uint32Array.of(1, 10);
    return [{ op: 'expunge', mailbox: INBOX_ID, uids, effect: effectOfRemoval(inboxOf(state), uids) }];
  });
  const before = await account.contents();
  const mendPack = damage(account, key);
  account.rim.time += 30 * DAY;
  const deps = { ...compactDeps(account), graceSeconds: 7 * 86_400, folded: account.folds };
  const purged = await purgeAccount(deps, account.id, await openWholeState(deps, account.id), Infinity);
  expect(purged.purged).toBe(10);
  await compactAccount(deps, account.id);
  account.rim.time += 2 * DAY;
  await compactAccount(deps, account.id);
  const objects = new AccountObjects(account.blobs);
  await sweepAccount({ ...deps, objects }, account.id, await openWholeState(deps, account.id), Infinity);
  mendPack();
  expect(await account.kinds()).toEqual([]);
  expect(await account.contents()).toEqual(before);
});

test('that was cut off since its index was read is not packed anew without its end', async () => {
  const { account, key } = await packed();
  const { messages, blobs, id } = account;
  const [pack] = (await account.checkpoint()).packs;
  if (!pack) throw new Error('nothing is packed');
  expect((await messages.packs.index(id, pack.pack)).size).toBe(12);
  const whole = blobs.objects.get(key) ?? new Uint8Array(0);
  blobs.objects.set(key, whole.slice(0, 300));
  await account.commit((state) => {
    const uids = Uint32Array.of(1, 10);
    return [{ op: 'expunge', mailbox: INBOX_ID, uids, effect: effectOfRemoval(inboxOf(state), uids) }];
  });
  account.rim.time += 30 * DAY;
  const deps = { ...compactDeps(account), graceSeconds: 7 * 86_400 };
  await purgeAccount(deps, id, await openWholeState(deps, id), Infinity);
  expect((await compactAccount(deps, id)).pack).toMatchObject({ packs: 0, replaced: 0 });
  expect(objectsBelow(account, 'packs/')).toEqual([key]);
});

describe('where rows are lost as well, it is not given up unasked', () => {
  test('by a repair of a segment', async () => {
    const { account, key } = await packed();
    account.keepMs = 0;
    for (const subject of ['last', 'very last']) {
      await account.receive(subject);
      await account.fold();
    }
    const mendPack = damage(account, key);
    for (const name of [...account.stored.segments.keys()])
      if (name.startsWith(`${INBOX_ID}/`)) account.stored.segments.delete(name);
    await expect(account.mend()).rejects.toThrow(/^pack [0-9a-f]{32} of account .* is damaged/);
    await expect(account.mend()).rejects.toThrow(UnreadableMessagesError);
    mendPack();
    expect((await account.mend()).left.findings).toEqual([]);
    expect(Object.values(await account.contents()).flat()).toHaveLength(16);
  });

  test('by a repair of a graveyard', async () => {
    const { account, key } = await packed();
    damage(account, key);
    await account.commit((state) => {
      const uids = Uint32Array.of(1, 1);
      return [{ op: 'expunge', mailbox: INBOX_ID, uids, effect: effectOfRemoval(inboxOf(state), uids) }];
    });
    await account.fold();
    account.folds.graveyards.clear();
    await expect(account.mend()).rejects.toThrow(UnreadableMessagesError);
    const { left } = await mendAccount(
      { ...account.deps, digests: 'all', leaveUnreadable: true },
      account.id,
    );
    expect(left.findings.map(({ kind }) => kind)).not.toContain('graveyard-lost');
  });

  test('by a rebuilding; with leave it stays where it is, for whoever can read it', async () => {
    const { account, key, pack } = await packed();
    const created = account.rim.now() - 365 * DAY;
    damage(account, key);
    account.rim.time += 60_000;
    const { stored, folds } = account;
    stored.checkpoint = stored.bundle = null;
    for (const map of [stored.entries, stored.segments, stored.parts, folds.graveyards]) map.clear();
    await expect(rebuildAccount(account.deps, account.id, { created })).rejects.toThrow(
      UnreadableMessagesError,
    );
    expect(stored.entries.size).toBe(0);
    const deps = { ...account.deps, leaveUnreadable: true };
    const result = await rebuildAccount(deps, account.id, { created });
    expect(result).toMatchObject({ kind: 'rebuilt', messages: 2, unreadable: [pack] });
    account.rim.time += 30 * DAY;
    const sweepDeps = { ...compactDeps(account), folded: folds, objects: new AccountObjects(account.blobs) };
    const whole = await openWholeState(sweepDeps, account.id);
    expect(await sweepAccount(sweepDeps, account.id, whole, Infinity)).toMatchObject({ swept: 0 });
    expect(objectsBelow(account, 'packs/')).toEqual([key]);
  });
});
