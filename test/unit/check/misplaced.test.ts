import { expect, test } from '@jest/globals';
import { packAccount } from '../../../functions/compact/pack-account.ts';
import type { PackId } from '../../../shared/account/ids.ts';
import { blobKeys } from '../../../shared/aws/keys.ts';
import { KeptAccount } from '../../support/kept-account.ts';
import { DAY, SMALL_PACKS } from '../../support/packing.ts';

const LIMITS = { ...SMALL_PACKS, smallBytes: 10_000, packBytes: 100_000, packBlobs: 5 };

const pack = (account: KeptAccount) =>
  packAccount({ ...account.deps, packs: account.messages.packs, packLimits: LIMITS }, account.id);

/** Its letters are packed, one is expunged, and the backup of before knows of no pack; their objects are gone. */
async function restoredFromBeforeAPack() {
  const account = await KeptAccount.begun(1, 'sealed');
  for (let number = 1; number <= 5; number++) await account.receive(`letter ${number}`);
  await account.fold();
  account.rim.time += 8 * DAY;
  const putBack = account.backUp();
  const objects = [...account.blobs.messages];
  expect(await pack(account)).toMatchObject({ packs: 1, messages: 5 });
  await account.blobs.delete(objects);
  putBack();
  return account;
}

test('messages that were packed after the backup are found in their pack, and said to be there', async () => {
  const account = await restoredFromBeforeAPack();
  expect((await account.check()).findings).toEqual([
    expect.objectContaining({
      kind: 'message-misplaced',
      what: '5 messages lie in a pack of which the index does not know',
      mendedBy: 'repair',
    }),
  ]);
  const { done, left } = await account.mend();
  expect(done).toEqual([expect.stringMatching(/^put what lies in 1 pack into record \d+$/)]);
  expect(left.findings).toEqual([]);
  await account.fold();
  expect(await account.kinds()).toEqual([]);
  expect((await account.checkpoint()).packs).toEqual([expect.objectContaining({ count: 5 })]);
});

test('a pack that was written anew since, and is gone, leaves the list', async () => {
  const account = await restoredFromBeforeAPack();
  await account.mend();
  const putBack = account.backUp();
  const [old = ''] = [...account.blobs.objects.keys()].filter((key) => key.startsWith('packs/'));
  const packed = await account.messages.packs.read(account.id, old.split('/')[2] as PackId);
  const fresh = 'f'.repeat(old.split('/')[2]?.length ?? 0) as PackId;
  account.rim.time += DAY;
  await account.messages.packs.put(account.id, fresh, packed);
  await account.blobs.delete([blobKeys.pack(account.id, old.split('/')[2] as PackId)]);
  putBack();
  expect(await account.kinds()).toEqual(['message-misplaced']);
  expect((await account.mend()).left.findings).toEqual([]);
  await account.fold();
  expect((await account.checkpoint()).packs.map((each) => each.pack)).toEqual([fresh]);
});
