/**
 * Visits every account that it is given, one after the other, page by page: for an administrator's command, never for
 * a scheduled function. What each came to is told before the next one begins, so that an interrupted walk goes on behind
 * the last that was told.
 */
import type { AccountId } from '../../shared/account/ids.ts';

export interface Walk<T, A extends { readonly id: AccountId }> {
  readonly accounts: AsyncIterable<A>;
  /** Accounts that an earlier walk has told of. */
  readonly done: Pick<ReadonlySet<AccountId>, 'has'>;
  /** One of them comes by. */
  readonly passed?: (account: A) => void;
  readonly visit: (account: A) => Promise<T>;
  /** A failure is the account's own: the walk goes on. */
  readonly tell: (account: A, outcome: Outcome<T>) => Promise<void>;
}

export type Outcome<T> = { readonly result: T } | { readonly error: unknown };

export interface WalkCounts {
  readonly visited: number;
  readonly skipped: number;
  readonly failed: number;
}

export async function everyAccount<T, A extends { readonly id: AccountId }>({
  accounts,
  done,
  passed,
  visit,
  tell,
}: Walk<T, A>): Promise<WalkCounts> {
  const counts = { visited: 0, skipped: 0, failed: 0 };
  for await (const account of accounts) {
    if (done.has(account.id)) {
      counts.skipped++;
      passed?.(account);
      continue;
    }
    const outcome = await visit(account).then(
      (result): Outcome<T> => ({ result }),
      (error: unknown): Outcome<T> => ({ error }),
    );
    await tell(account, outcome);
    counts.visited++;
    if ('error' in outcome) counts.failed++;
  }
  return counts;
}
