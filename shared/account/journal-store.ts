/**
 * Where an account's journal and checkpoints are kept. One implementation on DynamoDB (`shared/aws/`); the tests have a
 * second one in memory, which can fail before or after any effect.
 */
import type { AccountId, MailboxId, RecordNumber, Uid } from './ids.ts';
import type { JournalEntry, JournalRecord } from './record.ts';

/** `strong`: sees every write that was answered before the read began. `eventual`: may be behind, at half the price. */
export type Consistency = 'strong' | 'eventual';

/** The root of a checkpoint as stored; its bytes are `checkpoint.ts`'s business. */
export interface StoredCheckpoint {
  /** The last record that is folded in. */
  readonly number: RecordNumber;
  /** Random per fold: names the parts and segments that belong to this root. */
  readonly fold: string;
  readonly root: Uint8Array;
}

/** A small account's segments in one item. Belongs to the root with the same fold id, and to no other. */
export interface StoredBundle {
  readonly fold: string;
  readonly data: Uint8Array;
}

/** What one round trip tells of an account. */
export interface OpenedAccount {
  readonly checkpoint: StoredCheckpoint | null;
  readonly bundle: StoredBundle | null;
  /** Entries above the checkpoint, ascending, as found: the caller checks that they run without a gap. */
  readonly entries: readonly JournalEntry[];
}

/** That a message was delivered to this account (I6). Put with the record, or not at all. */
export interface DeliveryMarker {
  /** SES message id. */
  readonly messageId: string;
  /** Seconds since the epoch after which the marker may go. */
  readonly expiresAt: number;
}

/** A marker as it stands in the store. */
export interface StoredMarker extends DeliveryMarker {
  readonly account: AccountId;
  /** The record that brought the message; null: a release before this one has put it. */
  readonly record: RecordNumber | null;
}

/** Markers of all accounts, for whoever has to look at them after a restore from backup. */
export interface DeliveryMarkers {
  /** Markers that expire at `expiresAt` or later, of all accounts. Reads the whole table: administration only. */
  expiringFrom(expiresAt: number): AsyncIterable<StoredMarker>;
  /** One that is gone is no error. */
  drop(marker: Pick<StoredMarker, 'account' | 'messageId'>): Promise<void>;
}

export type PutOutcome =
  | { readonly kind: 'written' }
  /** Another's record was there first; `first` is what stands at the number. */
  | { readonly kind: 'conflict'; readonly first: JournalEntry }
  /** These deliveries, as indexes into the markers, were done before; nothing was written. */
  | { readonly kind: 'delivered'; readonly markers: readonly number[] };

export interface SegmentKey {
  readonly mailbox: MailboxId;
  readonly firstUid: Uid;
  readonly fold: string;
}

/** Nothing could be learned about a write (I3): the caller must not answer OK, nor NO. */
export class OutcomeUnknownError extends Error {
  constructor(account: AccountId, cause: unknown) {
    super(`the outcome of a write to the journal of account ${account} could not be learned`, { cause });
    this.name = 'OutcomeUnknownError';
  }
}

/** Reading and writing the journal: what gateways and the delivery function do. */
export interface JournalStore {
  /** Checkpoint, bundle and the newest records, strongly consistent, in one round trip where the tail is short. */
  open(account: AccountId): Promise<OpenedAccount>;
  /** All entries above `number`, ascending, every page. */
  after(account: AccountId, number: RecordNumber, consistency: Consistency): Promise<readonly JournalEntry[]>;
  /** The newest entry, or null if the journal is empty (a year idle: see the checkpoint). */
  newest(account: AccountId, consistency: Consistency): Promise<JournalEntry | null>;
  /** One entry, strongly consistent; null if there is none. */
  entry(account: AccountId, number: RecordNumber): Promise<JournalEntry | null>;
  /**
   * Puts `records` (consecutive numbers, one transaction when several) and `markers` with them, each on condition that
   * its key is free. Unknown outcomes are settled before it returns (I3); rejects with `OutcomeUnknownError` when that
   * is not possible.
   */
  put(
    account: AccountId,
    records: readonly JournalRecord[],
    markers?: readonly DeliveryMarker[],
  ): Promise<PutOutcome>;
  /** Which of `accounts` have a marker for this message, strongly consistent. */
  delivered(messageId: string, accounts: readonly AccountId[]): Promise<ReadonlySet<AccountId>>;
  /** The bytes of segments, in the order asked for; null for one that is gone. */
  segments(account: AccountId, keys: readonly SegmentKey[]): Promise<readonly (Uint8Array | null)[]>;
  /** The bytes of a part of the checkpoint, or null. */
  part(account: AccountId, name: string, fold: string): Promise<Uint8Array | null>;
}
