/** What whoever changes an account asks for: a decision on its state. */
import type { AccountId, MailboxId } from './ids.ts';
import type { Op } from './ops.ts';
import type { AccountState } from './state.ts';

/** What a command wants done to the state it is shown: ops for the journal, and what to answer when they are in it. */
export interface Decision<T> {
  readonly ops: readonly Op[];
  readonly value: T;
}

export interface CommitRequest<T> {
  /** Mailboxes whose messages `decide` looks at; loaded before it is called. */
  readonly needs?: (state: AccountState) => readonly MailboxId[];
  /**
   * Pure: called again when another's record came first. A throw is the refusal of this commit and of no other; it
   * reaches the caller only if the state it was decided on is the newest.
   */
  readonly decide: (state: AccountState) => Decision<T>;
}

/** The account is written to by so many that this commit never came first. */
export class BusyError extends Error {
  constructor(account: AccountId) {
    super(`account ${account} is written to by too many at once; try again`);
    this.name = 'BusyError';
  }
}
