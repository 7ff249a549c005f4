/** What a mailbox takes in memory, and the columns of indices that keep it there. */
import { expect, test } from '@jest/globals';
import type { BlobId, PackId } from '../../../shared/account/ids.ts';
import { IndexArray } from '../../../shared/account/index-array.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { blobBytesOf } from '../../../shared/account/pack-op.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { append, inboxOf } from '../../support/fold-ops.ts';
import { FoldingAccount } from '../../support/folding.ts';

const MESSAGES = 100_000;
const BYTES_A_MESSAGE = 64;

test('100,000 messages opened from a checkpoint, and some above it, take less than 64 bytes each, packed or not', async () => {
  const account = await FoldingAccount.begun();
  const writer = account.replica();
  const put = (ops: readonly Op[]) => writer.commit({ decide: () => ({ ops, value: null }) });
  const summary = { inline: Uint8Array.of(0) };
  const blobs: BlobId[] = [];
  const arrive = async (count: number) => {
    const ops = Array.from({ length: count }, () => append(account, { summary }));
    blobs.push(...ops.map(({ blob }) => blob));
    await put(ops);
  };
  for (let made = 0; made < MESSAGES; made += 1000) await arrive(1000);
  const bytesNow = async () => {
    const columns = inboxOf(await account.reopened());
    return { count: columns.count, each: columns.bytes / columns.count, packed: columns.packAt(0) !== null };
  };
  await account.fold();
  await arrive(20);
  const plain = await bytesNow();
  expect(plain).toMatchObject({ count: MESSAGES + 20, packed: false });
  expect(plain.each).toBeLessThan(BYTES_A_MESSAGE);

  for (let first = 0; first < MESSAGES; first += 2000) {
    const some = blobs.slice(first, first + 2000);
    const mailboxes = [INBOX_ID];
    const pack = account.rim.randomHex(16) as PackId;
    const lengths = some.map(() => 4000);
    await put([
      { op: 'pack', pack, blobs: blobBytesOf(some), lengths, mailboxes, buried: false, replaced: [] },
    ]);
  }
  await account.fold();
  await arrive(20);
  const packed = await bytesNow();
  expect(packed).toMatchObject({ count: MESSAGES + 40, packed: true });
  expect(packed.each).toBeLessThan(BYTES_A_MESSAGE);
});

test('a column of indices becomes wider when one needs it, and keeps what it holds', () => {
  const narrow = new IndexArray(4);
  narrow.set(0, 7);
  narrow.set(1, 0xffff);
  expect(narrow.bytes).toBe(8);
  const copy = narrow.copy(2, 6);
  narrow.set(2, 0x1_0000);
  expect(narrow.bytes).toBe(16);
  expect([0, 1, 2].map((row) => narrow.at(row))).toEqual([7, 0xffff, 0x1_0000]);
  // A copy is of its own.
  expect([copy.bytes, copy.at(1), copy.at(2)]).toEqual([12, 0xffff, 0]);
  expect(narrow.copy(3, 3).at(2)).toBe(0x1_0000);
});
