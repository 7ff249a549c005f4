/**
 * The state of an account: what the records of its journal amount to. A value: `apply` makes the next one and shares
 * what did not change, so that a command may go on reading the state that it began with.
 */
import type { Acl } from './acl.ts';
import { type Annotations, NO_ANNOTATIONS } from './annotations.ts';
import type { Columns } from './columns.ts';
import type { MailboxId, ModSeq, RecordNumber } from './ids.ts';
import { NO_POLICY, type Policy } from './policy.ts';
import { SPECIAL_USES, type SpecialUse, type Target } from './ops.ts';
import type { Readers } from './readers.ts';

/** The hierarchy delimiter. */
export const DELIMITER = '/';
export const INBOX = 'INBOX';
/** INBOX is the first mailbox of every account. */
export const INBOX_ID = 1 as MailboxId;

const KNOWN_NAMES: ReadonlyMap<string, string> = new Map(
  [INBOX, ...SPECIAL_USES].map((name) => [name, name]),
);

/** The same name; of those that nearly every account has, the one string of this process. */
export function knownName<Name extends string>(name: Name): Name {
  return (KNOWN_NAMES.get(name) ?? name) as Name;
}

/** Shared by all mailboxes without: most are. */
export const NO_KEYWORDS: readonly string[] = [];

/** What an account holds, as quotas count it: copies count, expunged messages do not. */
export interface Usage {
  readonly messages: number;
  /** Bytes as RFC 822 sizes. */
  readonly bytes: number;
}

export interface Mailbox {
  readonly id: MailboxId;
  /** Unicode, NFC, with `DELIMITER` between levels. INBOX is spelled so. */
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly bytes: number;
  readonly highestModSeq: ModSeq;
  /** UIDs below have been \Recent to somebody. */
  readonly recentFloor: number;
  readonly use: SpecialUse | null;
  /** Every keyword that a message here has or had, in order of first use. */
  readonly keywords: readonly string[];
  /** Who but the owner may do what. */
  readonly acl: Acl;
  readonly annotations: Annotations;
  /** \Seen of those who read the mailbox and do not own it; `mailboxFor` shows it to one of them. */
  readonly readers: Readers;
  /** The messages, when loaded. Counters are exact without. */
  readonly columns: Columns | undefined;
}

export interface AccountState {
  /** The last record that this state contains; 0 before the first. */
  readonly number: RecordNumber;
  readonly usage: Usage;
  readonly lastUidValidity: number;
  readonly nextMailbox: MailboxId;
  readonly mailboxes: ReadonlyMap<MailboxId, Mailbox>;
  readonly subscriptions: ReadonlySet<string>;
  /** The last record that changed what is shared with whom, or under which name; 0: nothing ever was. */
  readonly sharedAt: RecordNumber;
  /** Of the server, as this account has it (RFC 5464 §3.2.1.1). */
  readonly annotations: Annotations;
  readonly policy: Policy;
  /**
   * When the account was last restored from a backup, seconds since the epoch; 0: never. What is older and unnamed may be
   * a message whose record was lost: no sweep takes it.
   */
  readonly epochAt: number;
}

export const EMPTY_STATE: AccountState = {
  number: 0 as RecordNumber,
  usage: { messages: 0, bytes: 0 },
  lastUidValidity: 0,
  nextMailbox: INBOX_ID,
  mailboxes: new Map(),
  subscriptions: new Set(),
  sharedAt: 0 as RecordNumber,
  annotations: NO_ANNOTATIONS,
  policy: NO_POLICY,
  epochAt: 0,
};

const namesOf = new WeakMap<ReadonlyMap<MailboxId, Mailbox>, ReadonlyMap<string, Mailbox>>();

/** Mailboxes by name; worked out once a tree. */
export function byName(state: AccountState): ReadonlyMap<string, Mailbox> {
  let names = namesOf.get(state.mailboxes);
  if (!names) {
    names = new Map([...state.mailboxes.values()].map((mailbox) => [mailbox.name, mailbox]));
    namesOf.set(state.mailboxes, names);
  }
  return names;
}

export function mailboxNamed(state: AccountState, name: string): Mailbox | undefined {
  return byName(state).get(name);
}

/** The mailbox that carries a special use. */
export function mailboxFor(state: AccountState, use: SpecialUse): Mailbox | undefined {
  for (const mailbox of state.mailboxes.values()) if (mailbox.use === use) return mailbox;
  return undefined;
}

/** Where a message for `target` goes in this state: INBOX if the target is gone; nowhere only if INBOX is too. */
export function resolveTarget(state: AccountState, target: Target): Mailbox | undefined {
  const wanted =
    'mailbox' in target
      ? state.mailboxes.get(target.mailbox)
      : 'use' in target
        ? mailboxFor(state, target.use)
        : undefined;
  return wanted ?? state.mailboxes.get(INBOX_ID);
}

/** Whether any mailbox lies below `name`. */
export function hasChildren(state: AccountState, name: string): boolean {
  const prefix = name + DELIMITER;
  for (const mailbox of state.mailboxes.values()) if (mailbox.name.startsWith(prefix)) return true;
  return false;
}

/** What `mailboxes` hold together. */
export function usageOf(mailboxes: Iterable<Usage>): Usage {
  let [messages, bytes] = [0, 0];
  for (const mailbox of mailboxes) {
    messages += mailbox.messages;
    bytes += mailbox.bytes;
  }
  return { messages, bytes };
}

/** The state with one mailbox added or replaced. */
export function withMailbox(state: AccountState, mailbox: Mailbox): AccountState {
  const mailboxes = new Map(state.mailboxes);
  mailboxes.set(mailbox.id, mailbox);
  return { ...state, mailboxes };
}

/** The state with the columns of one mailbox loaded or dropped. */
export function withColumns(state: AccountState, id: MailboxId, columns: Columns | undefined): AccountState {
  return withAllColumns(state, [[id, columns]]);
}

/** The same for many: one by one, each would copy the list of all. */
export function withAllColumns(
  state: AccountState,
  columns: Iterable<readonly [MailboxId, Columns | undefined]>,
): AccountState {
  const mailboxes = new Map(state.mailboxes);
  for (const [id, value] of columns) {
    const mailbox = mailboxes.get(id);
    if (mailbox) mailboxes.set(id, { ...mailbox, columns: value });
  }
  return { ...state, mailboxes };
}

/** Bytes of memory that the loaded columns take. */
export function columnBytes(state: AccountState): number {
  let bytes = 0;
  for (const mailbox of state.mailboxes.values()) bytes += mailbox.columns?.bytes ?? 0;
  return bytes;
}
