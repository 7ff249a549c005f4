/** What NOTIFY (RFC 5465) changes in how a session tells its client of what happens. */

import type { Change } from '../../../shared/account/replica.ts';

/** Which changes of the selected mailbox are told at all. */
export interface ToldKinds {
  /** Messages that come and go. */
  readonly messages: boolean;
  /** Flags of messages that the client knows. */
  readonly flags: boolean;
}

export const ALL_KINDS: ToldKinds = { messages: true, flags: true };

export interface Notifier {
  readonly kinds: ToldKinds;
  /** The client is told outside of commands too. */
  readonly pushes: boolean;
  /** EXPUNGE waits for a command that allows it (RFC 5465 §6.1.2). */
  readonly delayed: boolean;
  /** Something has happened in the account of the selected mailbox. */
  selectedChanged(change: Change): void;
  /** Tells of messages that have come into the selected mailbox, of which EXISTS has been told. */
  arrived(uids: Uint32Array): Promise<void>;
  /** Tells what has changed elsewhere. */
  tell(): Promise<void>;
  /** Hears of nothing any more. */
  end(): void;
}

const nothing = (): Promise<void> => Promise.resolve();

/** As after NOTIFY NONE. */
export const NO_NOTIFIER: Notifier = {
  kinds: { messages: false, flags: false },
  pushes: false,
  delayed: false,
  selectedChanged: () => undefined,
  arrived: nothing,
  tell: nothing,
  end: () => undefined,
};
