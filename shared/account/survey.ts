/** Everything that the index of an account consists of, as it was found: what a check examines. */
import type { Checkpoint, GraveyardInfo, SegmentInfo } from './checkpoint.ts';
import type { BuriedRow } from './graveyard.ts';
import type { MailboxId } from './ids.ts';
import type { StoredBundle, StoredCheckpoint } from './journal-store.ts';
import type { JournalEntry } from './record.ts';
import type { SegmentColumns } from './segment.ts';

export interface FoundSegment {
  readonly info: SegmentInfo;
  /** Null: it is gone, or cannot be read. */
  readonly columns: SegmentColumns | null;
}

export interface FoundGraveyard {
  readonly info: GraveyardInfo;
  /** Null: it is gone, or cannot be read. */
  readonly rows: readonly BuriedRow[] | null;
}

export interface Survey {
  /** The root as it stands; null if there is none. */
  readonly stored: StoredCheckpoint | null;
  /** What it says; null if there is none, or if it cannot be read. */
  readonly base: Checkpoint | null;
  /** Why the root cannot be read. */
  readonly fault: string | null;
  /** The root's own; null if it has none, or it is lost. */
  readonly bundle: StoredBundle | null;
  /** Whether the bundle is missing that the root counts on. */
  readonly bundleLost: boolean;
  /** By mailbox, in the order of the root's lists. */
  readonly segments: ReadonlyMap<MailboxId, readonly FoundSegment[]>;
  /** What folds have superseded and not deleted yet, older ones first; read only if a segment is lost. */
  readonly superseded: readonly { readonly mailbox: MailboxId; readonly columns: SegmentColumns }[];
  readonly graveyards: readonly FoundGraveyard[];
  /** All entries of the journal that there are, ascending. */
  readonly entries: readonly JournalEntry[];
}
