/** Invariants I8 and I9 at the engine's rim: what is not understood is not touched, and accounts do not meet. */
import { describe, expect, test } from '@jest/globals';
import { encode } from 'cborg';
import type {
  AccountId,
  BlobId,
  GatewayId,
  MailboxId,
  RecordNumber,
  Uid,
} from '../../../shared/account/ids.ts';
import { UnknownVersionError, decodeOps } from '../../../shared/account/record.ts';
import { Replica } from '../../../shared/account/replica.ts';
import { accountKeys, blobKeys, workKeys } from '../../../shared/aws/keys.ts';
import { entryOf, recordItem } from '../../../shared/aws/record-item.ts';
import { createInbox } from '../../support/random-ops.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';
import { TestRim } from '../../support/rim.ts';

const [ALICE, BOB] = ['a0'.repeat(10) as AccountId, 'b0'.repeat(10) as AccountId];
const RECORD = {
  number: 1 as RecordNumber,
  commit: 'c',
  time: 0,
  ops: [createInbox()],
  usage: { messages: 0, bytes: 0 },
  journalBytes: 1,
};

describe('a newer release has written (I8)', () => {
  test('a record of a version that is not known is refused, whatever it holds', () => {
    const item = recordItem(ALICE, RECORD);
    expect(entryOf(item)).toEqual(RECORD);
    expect(() => entryOf({ ...item, v: { N: '2' } })).toThrow(UnknownVersionError);
  });

  test('an op of a code that is not known is refused', () => {
    const known = encode([[7, 1]]);
    expect(decodeOps(Buffer.concat([Uint8Array.of(0), known]))).toEqual([{ op: 'delete', mailbox: 1 }]);
    const unknown = encode([[250, 1]]);
    expect(() => decodeOps(Buffer.concat([Uint8Array.of(0), unknown]))).toThrow(UnknownVersionError);
    expect(() => decodeOps(Buffer.concat([Uint8Array.of(9), known]))).toThrow(UnknownVersionError);
  });

  test('the account is not served, and nothing is written to it', async () => {
    const store = new MemoryJournalStore();
    await store.put(ALICE, [RECORD]);
    const newer = () => Promise.reject(new UnknownVersionError('record 2'));
    const replica = new Replica(ALICE, store, new TestRim());
    await replica.sync();
    store.after = newer;
    store.open = newer;
    await expect(replica.sync()).rejects.toThrow(UnknownVersionError);
    const commit = replica.commit({
      decide: () => {
        throw new Error('refused on an old state');
      },
    });
    await expect(commit).rejects.toThrow(UnknownVersionError);
    expect(store.account(ALICE).entries.size).toBe(1);
  });
});

describe('accounts apart (I9)', () => {
  const keysOf = (account: AccountId): readonly string[] => {
    const [mailbox, uid, fold] = [1 as MailboxId, 1 as Uid, 'f'];
    const blob = '0'.repeat(32) as BlobId;
    const items = [
      accountKeys.checkpoint(account),
      accountKeys.bundle(account),
      accountKeys.record(account, 1 as RecordNumber),
      accountKeys.segment(account, mailbox, uid, fold),
      accountKeys.graveyard(account, 0, fold),
      accountKeys.part(account, 'root-0', fold),
      accountKeys.watch(account, 'g' as GatewayId),
      accountKeys.delivery(account, 'message'),
      workKeys.item('compact', account),
    ];
    const objects = [
      blobKeys.message(account, blob),
      blobKeys.overflow(account, blob),
      blobKeys.chunk(account, fold),
    ];
    return [...items.map(({ pk, sk }) => `${pk}\n${sk}`), ...objects];
  };

  test('no key of one account is a key of another, and each names its account', () => {
    const [alices, bobs] = [keysOf(ALICE), keysOf(BOB)];
    expect(alices.filter((key) => bobs.includes(key))).toEqual([]);
    expect(alices.every((key) => key.includes(ALICE) && !key.includes(BOB))).toBe(true);
  });

  test('no key of one account is the beginning of a key of another', () => {
    const longer = `${ALICE}0` as AccountId;
    expect(blobKeys.message(longer, 'x' as BlobId).startsWith(blobKeys.messages(ALICE))).toBe(false);
  });
});
