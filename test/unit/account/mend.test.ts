import { expect, test } from '@jest/globals';
import { apply } from '../../../shared/account/apply.ts';
import { removedBy } from '../../../shared/account/removals.ts';
import type { RecordNumber } from '../../../shared/account/ids.ts';
import type { MendOp } from '../../../shared/account/ops.ts';
import { type JournalRecord, decodeOps, encodeOps } from '../../../shared/account/record.ts';
import { INBOX_ID, withColumns, withMailbox } from '../../../shared/account/state.ts';
import { append, commit, inboxOf, markSeen } from '../../support/fold-ops.ts';
import { FoldingAccount, seen } from '../../support/folding.ts';

const MEND: MendOp = {
  op: 'mend',
  mailbox: INBOX_ID,
  gone: Uint32Array.of(2, 3),
  messages: 3,
  unseen: 2,
  deleted: 0,
  bytes: 21,
  uidNext: 9,
  keywords: ['$Forwarded'],
};

/** Five messages in INBOX, one of them read. */
async function five() {
  const account = await FoldingAccount.begun();
  const writer = account.replica();
  for (let count = 0; count < 5; count++) await commit(writer, () => [append(account)]);
  await commit(writer, (state) => [markSeen(state, 5, 5)]);
  return account.replayed();
}

const mending = (number: number, op = MEND): JournalRecord => ({
  number: (number + 1) as RecordNumber,
  commit: 'mend',
  time: 0,
  ops: [op],
  usage: { messages: op.messages, bytes: op.bytes },
  journalBytes: 0,
});

test('replicas that counted rightly, that counted wrongly and that have no messages loaded come out equal', async () => {
  const right = await five();
  const inbox = right.mailboxes.get(INBOX_ID);
  if (!inbox) throw new Error('there is no INBOX');
  const wrong = {
    ...withMailbox(right, { ...inbox, messages: 77, unseen: 3, bytes: 1 }),
    usage: { messages: 1, bytes: 2 },
  };
  const unloaded = withColumns(right, INBOX_ID, undefined);
  const mended = [right, wrong, unloaded].map((state) => apply(state, mending(state.number)));
  const [first, second, third] = mended.map((state) => withColumns(state, INBOX_ID, undefined));
  expect(first).toEqual(second);
  expect(first).toEqual(third);
  expect(first?.usage).toEqual({ messages: 3, bytes: 21 });
  expect(first?.mailboxes.get(INBOX_ID)).toMatchObject({ uidNext: 9, keywords: ['$Forwarded'], unseen: 2 });
  expect(mended[0] && [...inboxOf(mended[0]).uids.subarray(0, 3)]).toEqual([1, 4, 5]);
});

test('a client that comes back is told of the rows that are gone', () => {
  expect(removedBy([mending(7)], INBOX_ID, 0)).toEqual([{ low: 2, high: 3 }]);
});

test('of a mailbox that is not there it does nothing', async () => {
  const state = await five();
  const next = apply(state, mending(state.number, { ...MEND, mailbox: 99 as typeof INBOX_ID }));
  expect(seen({ ...next, number: state.number })).toEqual(seen(state));
});

test('survives its codec', () => {
  expect(decodeOps(encodeOps([MEND]))).toEqual([MEND]);
});
