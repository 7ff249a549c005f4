import { expect, test } from '@jest/globals';
import type { AccountId, BlobId, MailboxId } from '../../../shared/account/ids.ts';
import { JournalDamagedError } from '../../../shared/account/opening.ts';
import type { Op } from '../../../shared/account/ops.ts';
import type { BlobPlace } from '../../../shared/account/columns.ts';
import type { Replica } from '../../../shared/account/replica.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { SummaryReader } from '../../../shared/account/summary-reader.ts';
import { FoldingAccount } from '../../support/folding.ts';
import { NOT_SEALED } from '../../support/memory-fold-store.ts';

const MESSAGES = 40;
const blobOf = (index: number) => index.toString(16).padStart(32, '0') as BlobId;
const summaryOf = (index: number) => Uint8Array.of(index, 1, 2, 3);
const all = Array.from({ length: MESSAGES }, (_, index) => index);

function append(index: number): Op {
  return {
    op: 'append',
    to: { inbox: true },
    blob: blobOf(index),
    size: 1,
    system: 0,
    keywords: [],
    date: 0,
    zone: 0,
    summary: { inline: summaryOf(index) },
  };
}

/** An account of messages that came a record each, and what of its summaries is asked for. */
async function setUp() {
  const account = await FoldingAccount.begun(5);
  const writer = account.replica();
  for (const index of all) await writer.commit({ decide: () => ({ ops: [append(index)], value: null }) });
  const asked = { chunks: 0, recomputed: 0 };
  const source = {
    ...NOT_SEALED,
    chunk: (id: AccountId, fold: string, range: { start: number; end: number }) => {
      asked.chunks++;
      return account.summaries.chunk(id, fold, range);
    },
    overflow: (id: AccountId, object: BlobId) => account.summaries.overflow(id, object),
    recompute: async (_: AccountId, { blob }: BlobPlace) => {
      asked.recomputed++;
      return summaryOf(parseInt(blob, 16));
    },
  };
  return { account, asked, reader: () => new SummaryReader(account.journal, source, 1e6) };
}

async function inbox(replica: Replica) {
  const columns = (await replica.load([INBOX_ID])).mailboxes.get(INBOX_ID)?.columns;
  if (!columns) throw new Error('INBOX is not loaded');
  return columns;
}

test('summaries of the tail, and of a chunk, are what was appended; a second read asks nobody', async () => {
  const { account, asked, reader } = await setUp();
  const tail = account.replica();
  await tail.sync();
  expect(await reader().read(tail, INBOX_ID, await inbox(tail), all)).toEqual(all.map(summaryOf));
  await account.fold();
  const folded = account.replica();
  const warm = reader();
  expect(await warm.read(folded, INBOX_ID, await inbox(folded), all)).toEqual(all.map(summaryOf));
  expect(asked).toEqual({ chunks: 1, recomputed: 0 });
  expect(await warm.read(folded, INBOX_ID, await inbox(folded), all)).toEqual(all.map(summaryOf));
  expect(asked).toEqual({ chunks: 1, recomputed: 0 });
});

test('a replica from before the fold reads the mailbox anew once, not once a message', async () => {
  const { account, asked, reader } = await setUp();
  const old = account.replica();
  await old.sync();
  const columns = await inbox(old);
  account.keepMs = 0;
  await account.fold();
  await account.act(account.replica(), 1);
  await account.fold();
  old.shed();
  let opened = 0;
  const open = account.journal.open.bind(account.journal);
  account.journal.open = (id) => {
    opened++;
    return open(id);
  };
  expect(await reader().read(old, INBOX_ID, columns, all)).toEqual(all.map(summaryOf));
  expect(opened).toBe(1);
  expect(asked.recomputed).toBe(0);
});

test('a summary that is lost is worked out anew from its message', async () => {
  const { account, asked, reader } = await setUp();
  await account.fold();
  account.summaries.chunks.clear();
  const replica = account.replica();
  await replica.sync();
  expect(await reader().read(replica, INBOX_ID, await inbox(replica), [3, 7])).toEqual([3, 7].map(summaryOf));
  expect(asked.recomputed).toBe(2);
});

test('a checkpoint whose segments are gone is an error, not an endless search', async () => {
  const { account } = await setUp();
  account.limits = { ...account.limits, bundleBytes: 0 };
  await account.fold();
  account.journal.account('a0'.repeat(10) as AccountId).segments.clear();
  await expect(account.replica().load([1 as MailboxId])).rejects.toThrow(JournalDamagedError);
});
