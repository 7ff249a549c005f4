import { describe, expect, test } from '@jest/globals';
import { rebuildAccount } from '../../../functions/check/rebuild-account.ts';
import { expungeAccount } from '../../../functions/expunge/expunge-account.ts';
import { effectOfRemoval } from '../../../shared/account/effect.ts';
import { DamagedBlobError } from '../../../shared/blob/damaged-blob.ts';
import { FLAGGED, SEEN } from '../../../shared/account/flags.ts';
import type { BlobId, PackId } from '../../../shared/account/ids.ts';
import { NO_POLICY } from '../../../shared/account/policy.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { AccountObjects } from '../../../shared/blob/account-objects.ts';
import { inboxOf } from '../../support/fold-ops.ts';
import { KilledError, Killer, SMALL_LIMITS } from '../../support/folding.ts';
import { KeptAccount } from '../../support/kept-account.ts';

const YEAR = 365 * 86_400_000;

/** The table is gone, and with it all that was known of the account. */
function loseTable(account: KeptAccount): void {
  const { stored, folds } = account;
  stored.checkpoint = stored.bundle = null;
  for (const map of [stored.entries, stored.segments, stored.parts, stored.markers, folds.graveyards])
    map.clear();
}

async function* chunksOf(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

/** Messages as plain objects, which do not say where they were. */
async function filled() {
  const account = await KeptAccount.begun(1, 'raw');
  account.limits = SMALL_LIMITS;
  const blobs: BlobId[] = [];
  for (let number = 1; number <= 5; number++) blobs.push(await account.receive(`letter ${number}`));
  blobs.push(await account.receive('sent one', { use: 'Sent' }));
  await account.fold();
  return { account, blobs, created: account.rim.now() - YEAR };
}

describe('an account whose tables are lost', () => {
  test('is made anew from its messages: each is there, under a higher UIDVALIDITY', async () => {
    const { account, created } = await filled();
    const before = (await account.reopened()).mailboxes.get(INBOX_ID);
    const { number: last, usage } = await account.reopened();
    loseTable(account);
    expect(await account.kinds()).toEqual(['account-missing']);
    expect((await account.mend()).left.findings).toHaveLength(1);
    account.rim.time += 60_000;
    const result = await rebuildAccount(account.deps, account.id, { created });
    expect(result).toMatchObject({ kind: 'rebuilt', messages: 6, unreadable: [] });
    const state = await account.reopened();
    const inbox = state.mailboxes.get(INBOX_ID);
    expect(inbox?.uidValidity).toBeGreaterThan(before?.uidValidity ?? Infinity);
    expect(state.number).toBeGreaterThan(last + 1_000_000);
    expect(state.usage).toEqual(usage);
    expect((await account.contents()).INBOX).toHaveLength(6);
    expect(await account.kinds()).toEqual([]);
    // And it goes on as any other.
    await account.receive('after');
    await account.fold();
    expect((await account.contents()).INBOX?.at(-1)).toBe('7 after');
    expect(await account.wrongSummaries()).toEqual([]);
  });

  test('comes back under legal hold, so that nothing goes before somebody says what holds for it', async () => {
    const { account, created } = await filled();
    await account.commit(() => [{ op: 'policy', change: { hold: true } }]);
    await account.receive('in the bin', { use: 'Trash' });
    loseTable(account);
    await rebuildAccount(account.deps, account.id, { created });
    account.rim.time += YEAR;
    const { messages, folds } = account;
    const deps = { ...account.deps, summaries: messages, folded: folds, graceSeconds: 0 };
    const objects = new AccountObjects(account.blobs);
    const looked = await expungeAccount({ ...deps, objects }, account.id, { sweep: true });
    expect(looked).toMatchObject({ held: true, expired: 0, purged: 0, swept: 0 });
    await account.commit(() => [{ op: 'policy', change: { hold: false } }]);
    expect((await account.reopened()).policy).toEqual(NO_POLICY);
  });

  test('with what its framed objects tell of their arrival', async () => {
    const account = await KeptAccount.begun();
    const arrival = {
      date: 1_600_000_000,
      zone: 60,
      system: SEEN,
      keywords: ['work'],
      mailbox: 'Work',
      use: null,
      time: 0,
    };
    const message = Buffer.from('Subject: told\r\n\r\n');
    await account.messages.put(account.id, message, message.length, { arrival });
    const created = account.rim.now();
    loseTable(account);
    expect(await rebuildAccount(account.deps, account.id, { created })).toMatchObject({ kind: 'rebuilt' });
    const work = [...(await account.reopened()).mailboxes.values()].find(({ name }) => name === 'Work');
    expect(work?.columns?.row(0)).toMatchObject({
      system: SEEN,
      keywords: ['work'],
      date: 1_600_000_000,
      zone: 60,
    });
  });

  test('with flags and mailbox as of its arrival, where its object keeps them', async () => {
    const account = await KeptAccount.begun();
    const date = 1_600_000_000;
    const arrived = { date, zone: 60, system: SEEN, keywords: ['work'], mailbox: 'Work/2026' };
    await account.receive('one', { inbox: true }, {}, account.replica(), arrived);
    await account.receive('two', { use: 'Sent' }, { system: SEEN | FLAGGED });
    await account.receive('three', { inbox: true }, {}, account.replica(), { mailbox: '#not a name' });
    // What a message was made of is none.
    await account.messages.putPiece(account.id, chunksOf('a piece'), 7);
    loseTable(account);
    const created = account.rim.now() - YEAR;
    expect(await rebuildAccount(account.deps, account.id, { created })).toMatchObject({ messages: 3 });
    expect(await account.contents()).toEqual({ INBOX: ['1 three'], Sent: ['1 two'], 'Work/2026': ['1 one'] });
    const state = await account.reopened();
    const work = [...state.mailboxes.values()].find(({ name }) => name === 'Work/2026');
    expect(work?.columns?.row(0)).toMatchObject({ system: SEEN, keywords: ['work'], date, zone: 60 });
    expect(work?.keywords).toEqual(['work']);
    expect(state.mailboxes.get(INBOX_ID)?.uidValidity).toBeLessThanOrEqual(state.lastUidValidity);
  });

  test('messages in packs come back from there', async () => {
    const { account, blobs, created } = await filled();
    const pack = 'ab'.repeat(16) as PackId;
    const keys = blobs.slice(0, 2).map((blob) => account.keyOf(blob));
    const bytes = keys.map((key) => account.blobs.objects.get(key) ?? new Uint8Array(0));
    const packed = blobs
      .slice(0, 2)
      .map((blob, index) => ({ blob, bytes: bytes[index] ?? new Uint8Array(0) }));
    await account.messages.packs.put(account.id, pack, packed);
    await account.blobs.delete(keys);
    loseTable(account);
    expect(await rebuildAccount(account.deps, account.id, { created })).toMatchObject({ messages: 6 });
    expect(await account.kinds()).toEqual([]);
    expect((await account.check()).read).toBe(6);
    expect((await account.checkpoint()).packs).toEqual([expect.objectContaining({ pack, count: 2 })]);
  });

  test('an object that cannot be read is not given up unasked', async () => {
    const { account, created } = await filled();
    loseTable(account);
    const key = account.keyOf('c'.repeat(32) as BlobId);
    await account.blobs.put(key, Buffer.from('x'), 1);
    const get = account.blobs.get.bind(account.blobs);
    account.blobs.get = async (asked, ...rest) => {
      if (asked === key) throw new DamagedBlobError('c'.repeat(32), 'it is cut');
      return get(asked, ...rest);
    };
    await expect(rebuildAccount(account.deps, account.id, { created })).rejects.toThrow(
      /^1 of 7 objects of account .* cannot be read, as if its data key were missing/,
    );
    expect(account.stored.entries.size).toBe(0);
    const deps = { ...account.deps, leaveUnreadable: true };
    const result = await rebuildAccount(deps, account.id, { created });
    expect(result).toMatchObject({ messages: 6, unreadable: ['c'.repeat(32)] });
  });

  test('killed at any of its calls, it is done by the next', async () => {
    let calls = 0;
    for (const when of ['before', 'after'] as const)
      for (let at = 0; ; at++) {
        const { account, created } = await filled();
        loseTable(account);
        const killer = new Killer(at, when);
        const deps = {
          ...account.deps,
          journal: killer.watch(account.journal),
          folds: killer.watch(account.folds),
        };
        const end = await rebuildAccount(deps, account.id, { created }).catch((error: unknown) => error);
        if (!(end instanceof KilledError)) break;
        calls++;
        await rebuildAccount(account.deps, account.id, { created });
        expect((await account.contents()).INBOX).toHaveLength(6);
        expect(await account.kinds()).toEqual([]);
      }
    expect(calls).toBeGreaterThan(5);
  });
});

test('what can be read, or mended, is not made anew', async () => {
  const { account, created } = await filled();
  const before = await account.contents();
  const refused = { kind: 'refused' };
  expect(await rebuildAccount(account.deps, account.id, { created })).toMatchObject(refused);
  const { checkpoint } = account.stored;
  if (checkpoint) account.stored.checkpoint = { ...checkpoint, root: checkpoint.root.slice(0, 9) };
  expect(await rebuildAccount(account.deps, account.id, { created })).toMatchObject(refused);
  await account.mend();
  expect(await account.contents()).toEqual(before);
});

test('a journal that does not reach back tells of the messages that it brought, and of what was purged', async () => {
  const { account, blobs, created } = await filled();
  account.keepMs = 0;
  await account.receive('marked', { use: 'Archive' }, { system: FLAGGED });
  await account.fold();
  await account.commit((state) => {
    const uids = Uint32Array.of(1, 1);
    return [{ op: 'expunge', mailbox: INBOX_ID, uids, effect: effectOfRemoval(inboxOf(state), uids) }];
  });
  await account.commit(() => [{ op: 'purge', blobs: blobs.slice(0, 1), before: 0, done: 0 as never }]);
  account.stored.checkpoint = account.stored.bundle = null;
  expect(await account.kinds()).toEqual(['checkpoint-unreadable']);
  expect(await rebuildAccount(account.deps, account.id, { created })).toMatchObject({ messages: 6 });
  const contents = await account.contents();
  expect(contents.Archive).toEqual(['1 marked']);
  expect(contents.INBOX?.some((line) => line.endsWith('letter 1'))).toBe(false);
});
