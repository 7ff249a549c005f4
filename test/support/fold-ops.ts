/** Ops and checks of tests about folds, on a `FoldingAccount`. */
import { expect } from '@jest/globals';
import { effectOfFlags, effectOfRemoval } from '../../shared/account/effect.ts';
import { SEEN } from '../../shared/account/flags.ts';
import type { BlobId } from '../../shared/account/ids.ts';
import type { AppendOp, Op } from '../../shared/account/ops.ts';
import { isEmptied } from '../../shared/account/record.ts';
import type { Replica } from '../../shared/account/replica.ts';
import { type AccountState, INBOX_ID } from '../../shared/account/state.ts';
import { ACCOUNT, type FoldingAccount, seen } from './folding.ts';

export function append(account: FoldingAccount, over: Partial<AppendOp> = {}): AppendOp {
  const blob = account.rim.randomHex(16) as BlobId;
  const summary = Buffer.from(`summary of ${blob}`);
  account.summaryOf.set(blob, summary);
  const op = { op: 'append' as const, to: { inbox: true as const }, blob, size: 7, system: 0, keywords: [] };
  return { ...op, date: 1_700_000_000, zone: 0, summary: { inline: summary }, ...over };
}

export const commit = (replica: Replica, ops: (state: AccountState) => readonly Op[]) =>
  replica.commit({
    needs: (state) => [...state.mailboxes.keys()],
    decide: (state) => ({ ops: ops(state), value: null }),
  });

export const inboxOf = (state: AccountState) => {
  const columns = state.mailboxes.get(INBOX_ID)?.columns;
  if (!columns) throw new Error('INBOX is not loaded');
  return columns;
};

export function expunge(state: AccountState, first: number, last: number): Op {
  const uids = Uint32Array.of(first, last);
  return { op: 'expunge', mailbox: INBOX_ID, uids, effect: effectOfRemoval(inboxOf(state), uids) };
}

export function markSeen(state: AccountState, first: number, last: number): Op {
  const uids = Uint32Array.of(first, last);
  const effect = effectOfFlags(inboxOf(state), uids, 'add', SEEN);
  return { op: 'flags', mailbox: INBOX_ID, uids, mode: 'add', system: SEEN, keywords: [], effect };
}

export const entries = (account: FoldingAccount) =>
  [...account.journal.account(ACCOUNT).entries.values()].sort((a, b) => a.number - b.number);
export const emptied = (account: FoldingAccount) =>
  entries(account)
    .filter(isEmptied)
    .map(({ number }) => number);

export async function expectWhole(account: FoldingAccount): Promise<void> {
  expect(seen(await account.reopened())).toEqual(seen(account.replayed()));
  expect(await account.lostSummaries()).toEqual([]);
  expect(account.divergences).toEqual([]);
}
