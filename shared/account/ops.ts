/**
 * The ops of the journal: what a record says was done. An op is logical ("add \Seen to 1:10000"), so that its record
 * stays small however many messages it touches; `apply` works out the result, the same on every replica.
 *
 * The meaning of an op never changes (I8): a change of meaning is a new op, read by one release before any release
 * writes it.
 */
import type { AclEntry } from './acl.ts';
import type { AnnotationScope } from './annotations.ts';
import type { Row } from './columns.ts';
import type { AccountId, BlobId, MailboxId, PackId, RecordNumber } from './ids.ts';
import type { FlagMode } from './flags.ts';
import type { PolicyChange } from './policy.ts';
import type { UidRanges } from './uid-ranges.ts';

/** Special uses of mailboxes (RFC 6154 §2, RFC 8457 §3, RFC 9979 §8.3), without the backslash. */
export type SpecialUse =
  'All' | 'Archive' | 'Drafts' | 'Flagged' | 'Junk' | 'Sent' | 'Trash' | 'Important' | 'Memos';
export const SPECIAL_USES: readonly SpecialUse[] = [
  'All',
  'Archive',
  'Drafts',
  'Flagged',
  'Junk',
  'Sent',
  'Trash',
  'Important',
  'Memos',
];

/**
 * Where a message goes: a mailbox by id, or, for a writer that has not read the tree (a delivery), by special use.
 * A target that is not there means INBOX.
 */
export type Target =
  { readonly mailbox: MailboxId } | { readonly use: SpecialUse } | { readonly inbox: true };

/** What an op changes in one mailbox's counters; replicas without the mailbox's columns rely on it. */
export interface Effect {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly bytes: number;
}

export const NO_EFFECT: Effect = { messages: 0, unseen: 0, deleted: 0, bytes: 0 };

/** The summary's bytes (`encodeSummary`), or the name of the object that holds them when they are too large. */
export type SummaryPlace = { readonly inline: Uint8Array } | { readonly object: BlobId };

/** A message arrives. It gets the target's UIDNEXT. */
export interface AppendOp {
  readonly op: 'append';
  readonly to: Target;
  readonly blob: BlobId;
  /** Bytes. */
  readonly size: number;
  readonly system: number;
  readonly keywords: readonly string[];
  /** INTERNALDATE: seconds since the epoch, and its zone in minutes east, a multiple of `ZONE_STEP`. */
  readonly date: number;
  readonly zone: number;
  readonly summary: SummaryPlace;
}

/** STORE. */
export interface FlagsOp {
  readonly op: 'flags';
  readonly mailbox: MailboxId;
  readonly uids: UidRanges;
  readonly mode: FlagMode;
  readonly system: number;
  readonly keywords: readonly string[];
  readonly effect: Effect;
}

/** EXPUNGE: the messages leave the mailbox. */
export interface ExpungeOp {
  readonly op: 'expunge';
  readonly mailbox: MailboxId;
  readonly uids: UidRanges;
  readonly effect: Effect;
}

/** COPY and MOVE within the account. The n-th message gets the target's UIDNEXT + n; flags and dates are kept. */
export interface CopyOp {
  readonly op: 'copy' | 'move';
  readonly from: MailboxId;
  readonly to: MailboxId;
  readonly uids: UidRanges;
  /** Keywords that the messages carry, for the target's list. */
  readonly keywords: readonly string[];
  /** What the target gains; a MOVE takes the same from the source. */
  readonly effect: Effect;
}

/** CREATE. The mailbox gets the account's next id. A name that is taken makes the op void. */
export interface CreateOp {
  readonly op: 'create';
  readonly name: string;
  /** At least the account's last + 1, so that no UIDVALIDITY is used twice in an account (I1). */
  readonly uidValidity: number;
  readonly use: SpecialUse | null;
}

/** DELETE: the mailbox and its messages go; names below it stay. */
export interface DeleteOp {
  readonly op: 'delete';
  readonly mailbox: MailboxId;
}

/** RENAME of a name and of every name below it. Void if any of the new names is taken. */
export interface RenameOp {
  readonly op: 'rename';
  readonly from: string;
  readonly to: string;
}

export interface SubscribeOp {
  readonly op: 'subscribe' | 'unsubscribe';
  readonly name: string;
}

/** Messages below `floor` have been \Recent to somebody (RFC 3501 §2.3.2). Rides on a commit that happens anyway. */
export interface RecentOp {
  readonly op: 'recent';
  readonly mailbox: MailboxId;
  readonly floor: number;
}

/**
 * After a restore from backup: every UIDNEXT, the next mailbox's id and the UIDVALIDITY counter jump ahead of what may have
 * been lost.
 */
export interface EpochOp {
  readonly op: 'epoch';
  readonly uidJump: number;
  readonly uidValidity: number;
}

/** SETMETADATA of one entry (RFC 5464); `mailbox` null: of the server. A value of null takes it away. */
export interface AnnotateOp {
  readonly op: 'annotate';
  readonly mailbox: MailboxId | null;
  readonly scope: AnnotationScope;
  readonly name: string;
  readonly value: Uint8Array | null;
}

/** SETACL and DELETEACL (RFC 4314): what one identifier may do from now on. No rights take the entry away. */
export interface AclOp {
  readonly op: 'acl';
  readonly mailbox: MailboxId;
  readonly entry: AclEntry;
}

/** \Seen of a reader who is not the owner. Touches no counter and no mod-sequence but the reader's own. */
export interface SeenOp {
  readonly op: 'seen';
  readonly mailbox: MailboxId;
  readonly reader: AccountId;
  readonly uids: UidRanges;
  readonly seen: boolean;
}

/**
 * After a loss: what the mailbox is from here on, in absolute numbers, so that replicas which knew it rightly and replicas
 * which did not come out equal. `gone` are rows that nobody can read any more; the account's usage becomes the sum of its
 * mailboxes.
 */
export interface MendOp {
  readonly op: 'mend';
  readonly mailbox: MailboxId;
  readonly gone: UidRanges;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly bytes: number;
  /** UIDNEXT is at least this. */
  readonly uidNext: number;
  /** Keywords that the messages carry, for the mailbox's list. */
  readonly keywords: readonly string[];
}

/**
 * The grace of what was expunged is over. `blobs` are named by nobody any more and are deleted once this record stands
 * (I5); rows that left before `before` are forgotten, whether their blob goes or lives on in another row.
 */
export interface PurgeOp {
  readonly op: 'purge';
  readonly blobs: readonly BlobId[];
  /** Seconds since the epoch; 0: more purges follow before the rows of that time are done with. */
  readonly before: number;
  /** The objects of all purges up to this record are known to be deleted; 0: of none. */
  readonly done: RecordNumber;
}

/** A message that comes back: everything of its row but what the mailbox gives it anew. */
export type RestoredRow = Omit<Row, 'uid' | 'modSeq' | 'saved'>;

/** Undelete. The n-th row gets the mailbox's UIDNEXT + n. Whoever decides it sees to it that no blob is purged. */
export interface RestoreOp {
  readonly op: 'restore';
  readonly to: MailboxId;
  readonly rows: readonly RestoredRow[];
}

/** What administrators have laid down for the account: one change of it. */
export interface PolicyOp {
  readonly op: 'policy';
  readonly change: PolicyChange;
}

export type MaintenanceOp = PurgeOp | RestoreOp | PolicyOp;

/**
 * Blobs lie in a pack from now on, one behind the other from its first byte. Holds for every row that names one of them,
 * in mailboxes and among those that were expunged; nothing that a client can see changes, and no mod-sequence.
 */
export interface PackOp {
  readonly op: 'pack';
  /** Null: nothing is packed, and `replaced` are packs in which no blob is named any more. */
  readonly pack: PackId | null;
  /** 16 bytes each, in the order in which they lie there. */
  readonly blobs: Uint8Array;
  /** Bytes that each takes in the pack: an offset is the sum of the lengths before it. */
  readonly lengths: readonly number[];
  /** The mailboxes in which a row names one of them: all that do when this was decided, so all that do when it is applied. */
  readonly mailboxes: readonly MailboxId[];
  /** Whether an expunged row does. */
  readonly buried: boolean;
  /** Packs of which no blob is in use by its old place any more. */
  readonly replaced: readonly PackId[];
}

export type Op =
  | AppendOp
  | FlagsOp
  | ExpungeOp
  | CopyOp
  | CreateOp
  | DeleteOp
  | RenameOp
  | SubscribeOp
  | RecentOp
  | EpochOp
  | AnnotateOp
  | AclOp
  | SeenOp
  | MendOp
  | MaintenanceOp
  | PackOp;
