import type { AccountId } from '../account/ids.ts';
import { beginAccount } from '../account/new-account.ts';
import type { Engine } from './engine.ts';

/**
 * A new account: its journal, and its data key if accounts get one, before anything is stored in it and anybody can log in
 * to it. One that nobody comes to own, for the process died, costs two items.
 */
export async function makeAccount({
  journal,
  rim,
  calendar,
  keys,
}: Pick<Engine, 'journal' | 'rim' | 'calendar' | 'keys'>): Promise<AccountId> {
  const account = await beginAccount(journal, rim, calendar);
  await keys?.begin(account);
  return account;
}
