/** Folds of an account with a data key: summaries are sealed in records and in chunks, and go with the key. */
import { expect, test } from '@jest/globals';
import { foldAccount } from '../../../functions/compact/fold-account.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { SummaryReader } from '../../../shared/account/summary-reader.ts';
import { MessageStore } from '../../../shared/blob/message-store.ts';
import { KeyDeletedError } from '../../../shared/keys/account-keys.ts';
import { decodeSummary } from '../../../shared/message/summary.ts';
import { KeptAccount } from '../../support/kept-account.ts';

async function subjects(account: KeptAccount): Promise<string[]> {
  const { messages, journal } = account;
  const source = {
    ready: messages.ready.bind(messages),
    inline: messages.inline.bind(messages),
    frameOpener: messages.frameOpener.bind(messages),
    chunk: messages.chunk.bind(messages),
    overflow: messages.overflow.bind(messages),
    recompute: () => Promise.reject(new Error('the message had to be read')),
  };
  const replica = account.replica();
  const columns = (await replica.load([INBOX_ID])).mailboxes.get(INBOX_ID)?.columns;
  if (!columns) throw new Error('INBOX is not loaded');
  const rows = Array.from({ length: columns.count }, (_, row) => row);
  const found = await new SummaryReader(journal, source, 1e6).read(replica, INBOX_ID, columns, rows);
  return found.map(
    (bytes) => /^Subject: (.*)\r$/m.exec(Buffer.from(decodeSummary(bytes).headers).toString())?.[1] ?? '',
  );
}

const chunksOf = ({ blobs }: KeptAccount): Uint8Array[] =>
  [...blobs.objects].flatMap(([key, bytes]) => (key.startsWith('summaries/') ? [bytes] : []));

test('a chunk that grows fold by fold is sealed frame by frame, and each summary is read where it lies', async () => {
  const account = await KeptAccount.begun(1, 'sealed');
  await account.receive('one');
  await account.fold();
  await account.receive('two');
  await account.receive('three');
  await account.fold();
  await account.receive('four');
  expect(await subjects(account)).toEqual(['one', 'two', 'three', 'four']);
  expect(chunksOf(account).length).toBeGreaterThan(0);
  for (const chunk of chunksOf(account)) {
    expect(chunk[0]).toBe(0x53);
    expect(Buffer.from(chunk).includes('Subject')).toBe(false);
  }
});

test('a frame from elsewhere in a chunk is not read for another: its messages are asked', async () => {
  const account = await KeptAccount.begun(1, 'sealed');
  for (const subject of ['one', 'two']) {
    await account.receive(subject);
    await account.fold();
  }
  const lengths: number[] = [];
  for (const [key, bytes] of account.blobs.objects) {
    if (!key.startsWith('summaries/')) continue;
    lengths.push(bytes.length);
    const harmed = Buffer.from(bytes);
    harmed[20] = (harmed[20] ?? 0) ^ 1;
    account.blobs.objects.set(key, harmed);
  }
  expect(lengths.length).toBeGreaterThan(0);
  await expect(subjects(account)).rejects.toThrow('the message had to be read');
});

test('an account whose key is deleted is folded without its summaries, and loses no row', async () => {
  const account = await KeptAccount.begun(1, 'sealed');
  await account.receive('one');
  await account.fold();
  await account.receive('two');
  const keys = { of: (of: AccountId) => Promise.reject(new KeyDeletedError(of, 0)) };
  const closed = new MessageStore(account.blobs, account.rim, { keys });
  const { journal, folds, rim, limits } = account;
  const deps = { journal, folds, summaries: closed, packs: closed.packs, rim, limits };
  expect(await foldAccount(deps, account.id)).toMatchObject({ kind: 'folded', records: 1 });
  const state = await account.reopened();
  expect(state.mailboxes.get(INBOX_ID)?.columns?.count).toBe(2);
});
