/**
 * Where folds put what they make: beside `JournalStore`, which reads it. One implementation on DynamoDB
 * (`shared/aws/`), one in memory for tests.
 *
 * Everything but root and bundle has a key with the fold's random id in it, is put once and never overwritten. So a fold
 * that dies, or comes second, leaves garbage and no damage. Such garbage is found by listing the account's segments,
 * graveyards, parts and chunks: what is older than a day and belongs to no fold that the current checkpoint names, in its
 * lists or among what it superseded, is garbage.
 */
import type { FoldedItem } from './checkpoint.ts';
import type { AccountId, BlobId, MailboxId, PackId, RecordNumber } from './ids.ts';
import type { StoredCheckpoint } from './journal-store.ts';
import type { EmptiedRecord } from './record.ts';
import type { FrameCoder } from './summary-frame.ts';
import type { SummarySource } from './summary-reader.ts';

/** What lies in the table. */
export type FoldedTableItem = Extract<FoldedItem, { readonly kind: 'segment' | 'part' | 'graveyard' }>;

/** What becomes of the bundle when the root is swapped. */
export type BundleChange =
  /** The account had no bundle, and has none. */
  | { readonly kind: 'none' }
  | { readonly kind: 'put'; readonly data: Uint8Array }
  | { readonly kind: 'delete' };

/**
 * - `swapped`: the new root is the account's checkpoint, or was until a yet younger one replaced it;
 * - `lost`: another fold came first, and the new root has never stood: what was put for it may be deleted;
 * - `unsettled`: another fold's root stands, which may have been folded from the new one: nothing may be deleted.
 */
export type SwapOutcome = 'swapped' | 'lost' | 'unsettled';

export interface FoldStore {
  /**
   * Puts an item whose key nothing has. `time` (milliseconds since the epoch) stands beside it, so that garbage can be
   * told from what a fold is just writing.
   */
  put(account: AccountId, item: FoldedTableItem, data: Uint8Array, time: number): Promise<void>;
  /** Bytes of a graveyard, or null. */
  graveyard(account: AccountId, part: number, fold: string): Promise<Uint8Array | null>;
  /** The fold id of the current checkpoint, strongly consistent; null before the first. */
  current(account: AccountId): Promise<string | null>;
  /**
   * Makes `next` the account's checkpoint, and changes the bundle in the same transaction, if the checkpoint is still
   * that of fold `from` (null: there is none). Unknown outcomes are settled (I3); rejects if that is not possible.
   */
  swap(
    account: AccountId,
    from: string | null,
    next: StoredCheckpoint & { readonly time: number },
    bundle: BundleChange,
  ): Promise<SwapOutcome>;
  /**
   * Empties a record (I4): ops, commit and time go; number, usage and journal bytes stay. `expiresAt`: when the key may
   * go, seconds since the epoch. A record that is emptied or not there is left alone. Resolves with the write units used.
   */
  empty(account: AccountId, number: RecordNumber, expiresAt: number): Promise<number>;
  /** Puts an emptied record where its key is free, so that it never is again (I4); what stands there is left alone. */
  occupy(account: AccountId, entry: EmptiedRecord, expiresAt: number): Promise<void>;
  /** Deletes an item, if it is there. Resolves with the write units used. */
  delete(account: AccountId, item: FoldedTableItem): Promise<number>;
}

/** What lies there, for the sweep. */
export interface FoldedItems {
  /**
   * What folds have put, but for root and bundle, with the time at which they did (milliseconds since the epoch): the
   * segments of `mailboxes`, graveyards and parts, every page. Eventually consistent.
   */
  items(
    account: AccountId,
    mailboxes: Iterable<MailboxId>,
  ): AsyncIterable<{ readonly item: FoldedTableItem; readonly time: number }>;
}

/** What folds do to packs: those that no row names any more go, and so does what lies in packs now. */
export interface FoldPacks {
  /** Deletes a pack, if it is there. */
  delete(account: AccountId, pack: PackId): Promise<void>;
  /**
   * Deletes the objects in which the blobs of `pack` lay before. Which those are is read off the pack itself: if it is
   * gone or damaged, nothing is deleted, for those objects are then what is left of the messages.
   */
  deleteUnpacked(account: AccountId, pack: PackId): Promise<void>;
}

/** Where folds keep summaries. */
export interface FoldSummaries extends Pick<
  SummarySource,
  'chunk' | 'overflow' | 'inline' | 'frameOpener' | 'recompute'
> {
  /** Seals frames for their place in a chunk; without a data key they stay as they are. */
  frameSealer(account: AccountId): Promise<FrameCoder>;
  /** Puts a chunk that was not there. */
  putChunk(account: AccountId, fold: string, chunk: Uint8Array): Promise<void>;
  /** Deletes chunks by their fold, and overflow objects by name; one that is gone is no error. */
  deleteSummaries(
    account: AccountId,
    chunks: readonly string[],
    overflow: readonly Extract<FoldedItem, { kind: 'overflow' }>['object'][],
  ): Promise<void>;
  /** Deletes messages that a purge names (I5); one that is gone is no error. */
  deleteMessages(account: AccountId, purged: readonly BlobId[]): Promise<void>;
}
