/** The first record of an account: it exists before anybody can log in to it, for an account without a journal is lost. */
import type { AccountId, RecordNumber } from './ids.ts';
import type { Calendar } from './calendar.ts';
import { firstOps } from './decide-mailboxes.ts';
import { GRACE_SECONDS, nextDueDay } from './due.ts';
import type { JournalStore } from './journal-store.ts';
import { RecordBuilder } from './record-builder.ts';
import type { Rim } from './rim.ts';
import { EMPTY_STATE } from './state.ts';

const ACCOUNT_BYTES = 10;

/**
 * Begins the journal of a new account with its mailboxes, and asks for the first day on which it is looked after; resolves
 * to the account's id, which is new.
 */
export async function beginAccount(journal: JournalStore, rim: Rim, calendar?: Calendar): Promise<AccountId> {
  const account = rim.randomHex(ACCOUNT_BYTES) as AccountId;
  const time = rim.now();
  const builder = new RecordBuilder({ ...EMPTY_STATE, number: 0 as RecordNumber }, time);
  builder.add(firstOps(time));
  const { records, state } = builder.finish(rim.randomHex(12), time, 0);
  const outcome = await journal.put(account, records);
  if (outcome.kind !== 'written')
    throw new Error(`account ${account} exists already: the random source is broken`);
  const now = Math.floor(time / 1000);
  await calendar?.leave(account, nextDueDay(account, { state, buried: [], now, grace: GRACE_SECONDS }));
  return account;
}
