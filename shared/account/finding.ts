/**
 * What a check finds wrong with an account: a kind for programs, a sentence for the administrator, what it means for the
 * user, and who can put it right.
 */
import type { BlobId, MailboxId } from './ids.ts';

export type FindingKind =
  | 'account-missing'
  | 'unknown-version'
  | 'key-deleted'
  | 'checkpoint-unreadable'
  | 'journal-hole'
  | 'journal-unreadable'
  | 'key-free'
  | 'record-standing'
  | 'replay-differs'
  | 'effect-differs'
  | 'tree-damaged'
  | 'bundle-lost'
  | 'segment-lost'
  | 'segment-differs'
  | 'graveyard-lost'
  | 'counters-differ'
  | 'usage-differs'
  | 'messages-lost'
  | 'chunk-lost'
  | 'summary-lost'
  | 'message-misplaced'
  | 'message-missing'
  | 'message-damaged'
  | 'message-unnamed'
  | 'directory-differs';

/**
 * - `repair`: `--repair` puts it right;
 * - `rebuild`: only `--rebuild` makes the account usable again;
 * - `itself`: nothing is to be done;
 * - `nobody`: what is lost is lost, unless a backup has it; somebody must tell the user.
 */
export type MendedBy = 'repair' | 'rebuild' | 'itself' | 'nobody';

export interface Finding {
  readonly kind: FindingKind;
  /** One sentence: what is wrong, and where. */
  readonly what: string;
  /** One sentence: what the user notices, or loses. */
  readonly means: string;
  readonly mendedBy: MendedBy;
  readonly message?: MessageFinding;
}

/** Which message, so that its user can be told. */
export interface MessageFinding {
  readonly mailbox: MailboxId;
  /** Its name now, or when the message was expunged. */
  readonly name: string;
  readonly uid: number;
  readonly blob: BlobId;
  readonly expunged: boolean;
  /** From its summary; null if that is lost as well. */
  readonly subject: string | null;
  /** INTERNALDATE, seconds since the epoch. */
  readonly date: number;
}

/** "1 key", "2 keys". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
