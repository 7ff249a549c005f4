/** What the grammar files return: commands' arguments as plain data, without a trace of how they were written. */
import type { Literal } from './command.ts';
import type { CalendarDate, ZonedMoment } from './date-time.ts';
import type { NumberSet, SequenceSet } from './sequence-set.ts';

// --- FETCH ------------------------------------------------------------------------------------------------------

/** A part of a message: `[1.2.HEADER]` (RFC 9051 §6.4.5.1). */
export interface Section {
  /** Part numbers from the outside in; empty for the message itself. */
  readonly part: readonly number[];
  readonly text: SectionText;
}

export type SectionText =
  /** The whole body of the part, or the whole message. */
  | { readonly kind: 'all' }
  | { readonly kind: 'header' }
  | { readonly kind: 'text' }
  /** The part's MIME header; only with part numbers. */
  | { readonly kind: 'mime' }
  /** Field names as sent; `not`: all fields but these. */
  | { readonly kind: 'header.fields'; readonly not: boolean; readonly fields: readonly string[] };

/** `<offset.length>`: at most `length` bytes from `offset`. */
export interface PartialRange {
  readonly offset: number;
  readonly length: number;
}

/** One data item. `BODY[…]` without `peek` sets \Seen, as `RFC822` and `RFC822.TEXT` do. */
export type FetchItem =
  | { readonly kind: 'flags' | 'envelope' | 'internaldate' | 'uid' | 'rfc822.size' | 'modseq' }
  /** `BODY` (not extensible) and `BODYSTRUCTURE` (extensible). */
  | { readonly kind: 'bodystructure'; readonly extensible: boolean }
  | { readonly kind: 'rfc822' | 'rfc822.header' | 'rfc822.text' }
  | {
      readonly kind: 'body';
      readonly section: Section;
      readonly peek: boolean;
      readonly partial: PartialRange | undefined;
    }
  /** RFC 3516, RFC 9051 §6.4.5: the part decoded from its transfer encoding. */
  | {
      readonly kind: 'binary';
      readonly part: readonly number[];
      readonly peek: boolean;
      readonly partial: PartialRange | undefined;
    }
  | { readonly kind: 'binary.size'; readonly part: readonly number[] }
  /** RFC 8970. */
  | { readonly kind: 'preview'; readonly lazy: boolean }
  /** RFC 8474, RFC 8514. */
  | { readonly kind: 'emailid' | 'threadid' | 'savedate' };

export interface FetchArguments {
  readonly set: SequenceSet;
  /** Macros are already spelt out. */
  readonly items: readonly FetchItem[];
  /** RFC 7162 §3.1.4.1; 0 is allowed, because iOS sends it. */
  readonly changedSince: number | undefined;
  /** RFC 7162 §3.2.6; only with `changedSince`. */
  readonly vanished: boolean;
  /** Of the messages named, just these (RFC 9394 §3.3). */
  readonly partial: ResultRange | undefined;
}

// --- STORE, COPY, MOVE --------------------------------------------------------------------------------------------

export interface StoreArguments {
  readonly set: SequenceSet;
  readonly action: 'replace' | 'add' | 'remove';
  readonly silent: boolean;
  readonly flags: readonly string[];
  /** RFC 7162 §3.1.3; 0 is allowed and matches nothing that has ever changed. */
  readonly unchangedSince: number | undefined;
}

export interface CopyArguments {
  readonly set: SequenceSet;
  readonly mailbox: string;
}

// --- SEARCH -------------------------------------------------------------------------------------------------------

/** Texts are decoded from the command's CHARSET (UTF-8 if there is none). */
export type SearchKey =
  | { readonly kind: 'all' }
  | { readonly kind: 'and'; readonly keys: readonly SearchKey[] }
  | { readonly kind: 'or'; readonly left: SearchKey; readonly right: SearchKey }
  | { readonly kind: 'not'; readonly key: SearchKey }
  | { readonly kind: 'sequence'; readonly set: SequenceSet }
  | { readonly kind: 'uid'; readonly set: SequenceSet }
  /** UIDs that a set meant when it was met; no client writes this. */
  | { readonly kind: 'uids'; readonly uids: NumberSet }
  /** Has the flag or keyword: SEEN, KEYWORD; UNSEEN, UNKEYWORD are the `not` of it. */
  | { readonly kind: 'flag'; readonly flag: string }
  /** RECENT; NEW is RECENT and UNSEEN, OLD is the `not` of it. */
  | { readonly kind: 'recent' }
  /** An address field of the envelope holds the text. */
  | { readonly kind: 'address'; readonly field: 'from' | 'to' | 'cc' | 'bcc'; readonly text: string }
  | { readonly kind: 'subject'; readonly text: string }
  /** A header field by that name holds the text; an empty text matches any message that has the field. */
  | { readonly kind: 'header'; readonly field: string; readonly text: string }
  | { readonly kind: 'body'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  /** INTERNALDATE's day, or the Date: field's (`sent`), without time and zone; `saved`: RFC 8514, in UTC. */
  | {
      readonly kind: 'date';
      readonly of: 'internal' | 'sent' | 'saved';
      readonly relation: DateRelation;
      readonly date: CalendarDate;
    }
  /** Strictly larger or smaller than that many bytes. */
  | { readonly kind: 'size'; readonly relation: 'larger' | 'smaller'; readonly bytes: number }
  /** INTERNALDATE at most (OLDER), or at least (YOUNGER), so many seconds before now (RFC 5032). */
  | { readonly kind: 'within'; readonly relation: 'older' | 'younger'; readonly seconds: number }
  /** RFC 8474. */
  | { readonly kind: 'emailid' | 'threadid'; readonly id: string }
  /** RFC 6203. */
  | { readonly kind: 'fuzzy'; readonly key: SearchKey }
  /** MODSEQ at least that (RFC 7162 §3.1.5); the entry, which Quire has no per-flag answer to, is checked and dropped. */
  | { readonly kind: 'modseq'; readonly atLeast: number };

export type DateRelation = 'before' | 'on' | 'since';

/** RETURN options of ESEARCH (RFC 4731); `RETURN ()` is ALL. */
export interface SearchReturn {
  readonly min: boolean;
  readonly max: boolean;
  readonly all: boolean;
  readonly count: boolean;
  /** RFC 5182. */
  readonly save: boolean;
  /** RFC 5267 §4.4, RFC 9394. */
  readonly partial: ResultRange | undefined;
  /** RFC 5267 §4.3. CONTEXT, a hint, is understood and dropped: nothing is cached that would need it. */
  readonly update: UpdateOption | null;
  /** RFC 6203 §4. */
  readonly relevancy: boolean;
}

/** UPDATE, with the data items that are told of a message which arrives and matches (RFC 5465 §7). */
export interface UpdateOption {
  readonly items: readonly FetchItem[];
}

/** A window of a list of results: `1:500`, or `-1:-100` for the last hundred (RFC 9394 §3.1). */
export interface ResultRange {
  /** As sent, for the answer repeats it. */
  readonly text: string;
  /** Places from 1, `low` ≤ `high`. */
  readonly low: number;
  readonly high: number;
  /** Counted from the last result. */
  readonly fromEnd: boolean;
}

export interface SearchArguments {
  /** Undefined: no RETURN, answer with an untagged SEARCH. */
  readonly returns: SearchReturn | undefined;
  readonly key: SearchKey;
}

/** Mailboxes without a name for each (RFC 5465 §6; `subtree-one`: RFC 7377 §2.2). */
export type MailboxFilter =
  | { readonly kind: 'selected' | 'selected-delayed' }
  | { readonly kind: 'inboxes' | 'personal' | 'subscribed' }
  | { readonly kind: 'subtree' | 'subtree-one' | 'mailboxes'; readonly mailboxes: readonly string[] };

export type SortKey =
  | 'ARRIVAL'
  | 'CC'
  | 'DATE'
  | 'FROM'
  | 'SIZE'
  | 'SUBJECT'
  | 'TO'
  /** RFC 5957. */
  | 'DISPLAYFROM'
  | 'DISPLAYTO'
  /** RFC 6203 §6. */
  | 'RELEVANCY';

export interface SortCriterion {
  readonly key: SortKey;
  readonly reverse: boolean;
}

/** SORT (RFC 5256 §3); with RETURN, ESORT (RFC 5267 §3). */
export interface SortArguments extends SearchArguments {
  readonly criteria: readonly SortCriterion[];
}

export type ThreadAlgorithm = 'ORDEREDSUBJECT' | 'REFERENCES' | 'REFS';

export interface ThreadArguments {
  readonly algorithm: ThreadAlgorithm;
  readonly key: SearchKey;
}

// --- Mailboxes ----------------------------------------------------------------------------------------------------

export interface SelectArguments {
  readonly mailbox: string;
  readonly condstore: boolean;
  readonly qresync: QresyncArguments | undefined;
}

/** RFC 7162 §3.2.5. */
export interface QresyncArguments {
  readonly uidValidity: number;
  readonly modSeq: number;
  readonly knownUids: SequenceSet | undefined;
  /** Message numbers and the UIDs that the client knows them by. */
  readonly matches: { readonly numbers: SequenceSet; readonly uids: SequenceSet } | undefined;
}

export const STATUS_ITEMS = [
  'MESSAGES',
  'UIDNEXT',
  'UIDVALIDITY',
  'UNSEEN',
  'RECENT',
  'DELETED',
  'DELETED-STORAGE',
  'SIZE',
  'HIGHESTMODSEQ',
  'APPENDLIMIT',
  'MAILBOXID',
] as const;

export type StatusItem = (typeof STATUS_ITEMS)[number];

export interface StatusArguments {
  readonly mailbox: string;
  readonly items: readonly StatusItem[];
}

export interface ListArguments {
  /** LIST-EXTENDED syntax was used: options, several patterns or RETURN (RFC 9051 §6.3.9). */
  readonly extended: boolean;
  readonly select: {
    readonly subscribed: boolean;
    readonly remote: boolean;
    readonly recursiveMatch: boolean;
    readonly specialUse: boolean;
  };
  readonly reference: string;
  readonly patterns: readonly string[];
  readonly returns: {
    readonly subscribed: boolean;
    readonly children: boolean;
    readonly specialUse: boolean;
    readonly status: readonly StatusItem[] | undefined;
    /** Entry names as sent (RFC 9590). */
    readonly metadata: readonly string[] | undefined;
    /** RFC 8440. */
    readonly myRights: boolean;
  };
}

export interface CreateArguments {
  readonly mailbox: string;
  /** `USE (\Drafts)` (RFC 6154 §3), as sent. */
  readonly specialUses: readonly string[];
}

export interface RenameArguments {
  readonly from: string;
  readonly to: string;
}

// --- APPEND, REPLACE ----------------------------------------------------------------------------------------------

export interface AppendArguments {
  readonly mailbox: string;
  /** One, or several with MULTIAPPEND (RFC 3502). */
  readonly messages: readonly AppendedMessage[];
}

/** RFC 8508. */
export interface ReplaceArguments {
  /** One message, by its number or UID. */
  readonly set: SequenceSet;
  readonly mailbox: string;
  readonly message: AppendedMessage;
}

export interface AppendedMessage {
  readonly flags: readonly string[];
  readonly date: ZonedMoment | undefined;
  readonly data: AppendData;
}

export type AppendData =
  /** `utf8`: `UTF8 (~{n}…)` (RFC 6855 §4). */
  | { readonly kind: 'message'; readonly utf8: boolean; readonly literal: Literal }
  /** RFC 4469. */
  | { readonly kind: 'catenate'; readonly parts: readonly CatenatePart[] };

export type CatenatePart =
  { readonly kind: 'text'; readonly literal: Literal } | { readonly kind: 'url'; readonly url: string };

/** What a literal of APPEND or REPLACE is, as far as is known when it is announced. */
export type LiteralPlace =
  /** A name or a URL. */
  | { readonly kind: 'string' }
  | ({ readonly kind: 'message'; readonly utf8: boolean } & AppendTarget)
  /** Text of CATENATE, after so many bytes of text before it. */
  | ({ readonly kind: 'text'; readonly bytes: number } & AppendTarget);

export interface AppendTarget {
  readonly mailbox: string;
  readonly flags: readonly string[];
  readonly date: AppendedMessage['date'];
  /** What this command brings before this message. */
  readonly before: { readonly messages: number; readonly bytes: number };
}

// --- Sign-in and session ------------------------------------------------------------------------------------------

export interface LoginArguments {
  readonly user: string;
  readonly password: string;
}

export interface AuthenticateArguments {
  /** In upper case. */
  readonly mechanism: string;
  /** SASL-IR (RFC 4959), still in base64; '' if it was `=`. */
  readonly initialResponse: string | undefined;
}

/** ID's fields in order (RFC 2971); null for NIL. */
export type IdArguments = readonly { readonly field: string; readonly value: string | null }[] | null;

// --- METADATA (RFC 5464) ------------------------------------------------------------------------------------------

export interface GetMetadataArguments {
  /** Empty: the server. */
  readonly mailbox: string;
  /** Octets of the longest value that the client wants. */
  readonly maxSize: number | undefined;
  /** How many levels below an entry are told, too: 0, 1 or Infinity. */
  readonly depth: number;
  /** As sent. */
  readonly entries: readonly string[];
}

export interface SetMetadataArguments {
  /** Empty: the server. */
  readonly mailbox: string;
  /** A value of null takes the entry away. */
  readonly entries: readonly { readonly entry: string; readonly value: Uint8Array | null }[];
}

// --- ACL (RFC 4314) -----------------------------------------------------------------------------------------------

export interface AclArguments {
  readonly mailbox: string;
  /** As sent. */
  readonly identifier: string;
}

export interface SetAclArguments extends AclArguments {
  /** `lrs`, `+w`, `-x`, as sent. */
  readonly rights: string;
}

// --- QUOTA (RFC 9208) ---------------------------------------------------------------------------------------------

export interface SetQuotaArguments {
  readonly root: string;
  /** Resources in upper case. */
  readonly limits: readonly { readonly resource: string; readonly limit: number }[];
}
