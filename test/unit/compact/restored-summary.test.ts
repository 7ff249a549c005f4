import { expect, test } from '@jest/globals';
import { decideUndelete } from '../../../shared/account/decide-undelete.ts';
import { effectOfRemoval } from '../../../shared/account/effect.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { SummaryReader } from '../../../shared/account/summary-reader.ts';
import { commitOnWholeState } from '../../../shared/account/whole-state.ts';
import { KeptAccount } from '../../support/kept-account.ts';

const DAY_MS = 86_400_000;

test('a message that came back while a fold took its record out of the tail has its summary when the record is emptied', async () => {
  const account = await KeptAccount.begun();
  await account.receive('hello');
  await account.commit((state) => {
    const uids = Uint32Array.of(1, 1);
    const columns = state.mailboxes.get(INBOX_ID)?.columns;
    return columns
      ? [{ op: 'expunge', mailbox: INBOX_ID, uids, effect: effectOfRemoval(columns, uids) }]
      : [];
  });
  // The undelete is decided; then comes the fold, which makes no conflict; then the record is put.
  const { journal } = account;
  const put = journal.put.bind(journal);
  journal.put = async (...args) => {
    journal.put = put;
    await account.fold();
    return put(...args);
  };
  const request = { lost: { since: 0, mailbox: null }, into: null, now: account.rim.now() };
  await commitOnWholeState(account.deps, account.id, (whole) => decideUndelete(whole, request));
  await account.fold();
  account.rim.time += 2 * DAY_MS;
  await account.receive('two days later');
  await account.fold();
  expect(await account.kinds()).toEqual([]);

  const { messages } = account;
  const source = {
    ready: messages.ready.bind(messages),
    inline: messages.inline.bind(messages),
    frameOpener: messages.frameOpener.bind(messages),
    chunk: messages.chunk.bind(messages),
    overflow: messages.overflow.bind(messages),
    recompute: () => Promise.reject(new Error('the message had to be read')),
  };
  const replica = account.replica();
  const state = await replica.sync();
  const columns = (await replica.load([INBOX_ID])).mailboxes.get(INBOX_ID)?.columns;
  expect(state.usage.messages).toBe(2);
  expect(
    columns && (await new SummaryReader(journal, source, 1e6).read(replica, INBOX_ID, columns, [0, 1])),
  ).toEqual([expect.any(Uint8Array), expect.any(Uint8Array)]);
});
