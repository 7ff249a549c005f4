import { describe, expect, test } from '@jest/globals';
import { expungeAccount } from '../../../functions/expunge/expunge-account.ts';
import type { AccountId, BlobId, PackId } from '../../../shared/account/ids.ts';
import { openWholeState } from '../../../shared/account/whole-state.ts';
import { blobKeys } from '../../../shared/aws/keys.ts';
import { deliverTo } from '../../../shared/account/delivery.ts';
import { MessageStore } from '../../../shared/blob/message-store.ts';
import { drained } from '../../support/blob-store-contract.ts';
import { DAY_MS, ExpungingAccount } from '../../support/expunging.ts';
import { append, commit, expectWhole } from '../../support/fold-ops.ts';
import { ACCOUNT, Killer } from '../../support/folding.ts';

const OTHER = 'b0'.repeat(10) as AccountId;
const sweep = (account: ExpungingAccount, over: object = {}) =>
  expungeAccount({ ...account.purgeDeps, ...over }, ACCOUNT, { sweep: true });
const put = (account: ExpungingAccount, key: string) => account.blobs.put(key, Buffer.from('x'), 1);
const keys = (account: ExpungingAccount): string[] => [...account.blobs.objects.keys()].sort();
const random = (account: ExpungingAccount) => account.rim.randomHex(16) as BlobId;

/** An account whose messages, chunks and large summaries are objects, all older than two days. */
async function stored(folded: number) {
  const { account, fates } = await ExpungingAccount.told(1, folded);
  const object = random(account);
  const large = append(account, { summary: { object } });
  account.summaries.objects.set(object, account.summaryOf.get(large.blob) ?? Buffer.alloc(0));
  await commit(account.gateway(), () => [large]);
  await account.store(large.blob);
  const { opening } = await openWholeState(account.purgeDeps, ACCOUNT);
  for (const { fold } of opening.base.chunks) await put(account, blobKeys.chunk(ACCOUNT, fold));
  await put(account, blobKeys.overflow(ACCOUNT, object));
  const named = keys(account);
  return { account, fates, named };
}

describe.each([0, 3])('a sweep, folded up to chapter %i', (folded) => {
  test('takes what nothing named for two days, and nothing else', async () => {
    const { account, named, fates } = await stored(folded);
    const unnamed = [
      blobKeys.message(ACCOUNT, random(account)),
      blobKeys.overflow(ACCOUNT, random(account)),
      blobKeys.chunk(ACCOUNT, 'dead'),
      blobKeys.pack(ACCOUNT, 'dead' as PackId),
    ];
    for (const key of unnamed) await put(account, key);
    const theirs = blobKeys.message(OTHER, random(account));
    await put(account, theirs);
    account.rim.time += 2 * DAY_MS - 1;
    await sweep(account);
    // What is over is purged.
    const purged = new Set(fates.over.map((blob) => blobKeys.message(ACCOUNT, blob)));
    const kept = named.filter((key) => !purged.has(key));
    expect(keys(account)).toEqual([...kept, ...unnamed, theirs].sort());
    account.rim.time += 1;
    const young = blobKeys.message(ACCOUNT, random(account));
    await put(account, young);
    expect(await sweep(account)).toMatchObject({ swept: expect.any(Number), finished: true });
    expect(keys(account)).toEqual([...kept, theirs, young].sort());
    await expectWhole(account);
  });

  test('under a hold takes nothing', async () => {
    const { account } = await stored(folded);
    await put(account, blobKeys.message(ACCOUNT, random(account)));
    await commit(account.gateway(), () => [{ op: 'policy', change: { hold: true } }]);
    account.rim.time += 30 * DAY_MS;
    const before = keys(account);
    await sweep(account);
    expect(keys(account)).toEqual(before);
  });

  test('leaves alone what is older than the last restore from a backup', async () => {
    const { account } = await stored(folded);
    const lost = blobKeys.message(ACCOUNT, random(account));
    await put(account, lost);
    account.rim.time += DAY_MS;
    await commit(account.gateway(), () => [{ op: 'epoch', uidJump: 1000, uidValidity: 99 }]);
    account.rim.time += 1000;
    const unnamed = blobKeys.message(ACCOUNT, random(account));
    await put(account, unnamed);
    account.rim.time += 30 * DAY_MS;
    await account.fold();
    await sweep(account);
    expect(keys(account)).toContain(lost);
    expect(keys(account)).not.toContain(unnamed);
  });
});

test('a sweep takes what a fold has put that died before its swap', async () => {
  const { account } = await stored(0);
  for (let at = 0; at < 12; at++) {
    await commit(account.gateway(), () => [append(account)]);
    const killer = new Killer(at, 'after');
    const { folds } = account;
    await account.fold({ folds: killer.watch(folds) }).catch(() => undefined);
  }
  // The last one that lived is in its place.
  const listed = async () => {
    const found: string[] = [];
    for await (const { item } of account.folds.items(ACCOUNT, [1, 2] as never[])) found.push(item.kind);
    return found;
  };
  account.rim.time += 2 * DAY_MS;
  expect((await account.garbage()).length).toBeGreaterThan(0);
  const before = (await listed()).length;
  const { swept } = await sweep(account);
  expect(swept).toBeGreaterThan(0);
  expect((await listed()).length).toBeLessThan(before);
  expect((await account.garbage()).filter((name) => !name.startsWith('chunk'))).toEqual([]);
  await expectWhole(account);
});

test('a sweep that is killed anywhere is finished by the next', async () => {
  for (let at = 0; ; at++) {
    const { account } = await stored(2);
    const unnamed = [1, 2, 3].map(() => blobKeys.message(ACCOUNT, random(account)));
    for (const key of unnamed) await put(account, key);
    account.rim.time += 3 * DAY_MS;
    const killer = new Killer(at, 'after');
    const deps = account.through((store) => killer.watch(store));
    await expungeAccount(deps, ACCOUNT, { sweep: true }).catch(() => undefined);
    if (killer.calls.length <= at) break;
    await sweep(account);
    expect(keys(account).filter((key) => unnamed.includes(key))).toEqual([]);
    await account.expectNothingDangles();
  }
});

test('a sweep meets a redriven delivery: it takes the blob of the attempt that died, and leaves the one that is yet to be named', async () => {
  const { account } = await ExpungingAccount.told(4, 0);
  const { journal, rim, blobs } = account;
  const messages = new MessageStore(blobs, rim);
  const bytes = Buffer.from('Subject: hello\r\n\r\nbody\r\n');
  // The function dies before its record; the message comes again from among the dead letters.
  const first = await messages.put(ACCOUNT, bytes, bytes.length);
  rim.time += 2 * DAY_MS;
  const { blob, size, summary, freshUntil } = await messages.put(ACCOUNT, bytes, bytes.length);
  await sweep(account);
  const place = { to: { inbox: true }, system: 0, keywords: [], date: 0, zone: 0 } as const;
  const delivery = {
    messageId: 'm1',
    append: { op: 'append', ...place, blob, size, summary },
    freshUntil,
  } as const;
  const quota = { quotaBytes: Infinity, quotaMessages: Infinity };
  const { outcomes } = await deliverTo(ACCOUNT, [delivery], quota, { journal, rim });
  expect(outcomes).toEqual(['delivered']);
  rim.time += 3 * DAY_MS;
  await sweep(account);
  expect(await drained(await messages.get(ACCOUNT, { blob, pack: null }))).toEqual(bytes);
  expect(keys(account)).not.toContain(blobKeys.message(ACCOUNT, first.blob));
});
