/**
 * Who may log in, and where an address leads. Kept apart from the mail itself, so that the delivery function never
 * holds credentials. Implemented on DynamoDB (`dynamodb-directory.ts`).
 *
 * Addresses are taken in any spelling and compared as `address.ts` says; those that come out are normalised.
 */
import type { Grantee, Share } from '../account/acl.ts';
import type { AccountId, RecordNumber } from '../account/ids.ts';

/** What an account may use. */
export interface Limits {
  /** Octets of messages. */
  readonly quotaBytes: number;
  readonly quotaMessages: number;
  /** IMAP connections at one time. */
  readonly maxConnections: number;
}

/** All that LOGIN needs to know, in one read. */
export interface Login {
  readonly account: AccountId;
  readonly address: string;
  /** As `password.ts` makes it. Never logged. */
  readonly passwordHash: string;
  readonly disabled: boolean;
  /** May set what other accounts may hold. */
  readonly administrator: boolean;
  readonly limits: Limits;
}

export interface LoginDirectory {
  /** The login with exactly this address (no tag, no alias), strongly consistent; undefined for anything else. */
  findLogin(address: string): Promise<Login | undefined>;
}

/** Somebody whose mailboxes others may reach. */
export interface Owner {
  readonly account: AccountId;
  readonly address: string;
  readonly quota: Pick<Limits, 'quotaBytes' | 'quotaMessages'>;
}

/** Names of an owner's mailboxes that somebody may look up. */
export interface Grant {
  readonly owner: AccountId;
  readonly address: string;
  readonly names: readonly string[];
}

/** What an account shares as of one of its records. */
export interface Shares {
  readonly owner: AccountId;
  readonly address: string;
  readonly number: RecordNumber;
  readonly grantees: ReadonlyMap<Grantee, Share>;
}

/**
 * Who shares mailboxes with whom. It follows the owners' journals, which alone decide: good enough for a list of names,
 * never for access to one.
 */
export interface SharingDirectory {
  /** The user with exactly this address, strongly consistent. */
  findOwner(address: string): Promise<Owner | undefined>;
  /** Whether the address is an alias, which may have any number of members. */
  isGroup(address: string): Promise<boolean>;
  /** The aliases that lead to a user, at any depth. */
  groupsOf(address: string): Promise<ReadonlySet<string>>;
  /** What was granted to the account, to the groups of the user with this address, and to everybody. */
  granted(account: AccountId, address: string): Promise<readonly Grant[]>;
  /** The record of the owner's journal up to which its shares are published; 0 if none ever were. */
  publishedUpTo(owner: AccountId): Promise<number>;
  /** May be repeated, and overtaken by a younger one: what is known of a younger record stays. */
  publish(shares: Shares): Promise<void>;
  /** The account is closed: nobody lists its mailboxes any more, whatever is published from now on. */
  withdraw(owner: AccountId, address: string): Promise<void>;
  /** After `withdraw`, when nobody can publish anything of the account any more: nothing tells that it shared anything. */
  forget(owner: AccountId): Promise<void>;
}

/** Values by the name of their entry, as `parseAnnotationName` spells it. */
export type ServerEntries = ReadonlyMap<string, Uint8Array>;

/** Annotations of the server that everybody shares. */
export interface ServerAnnotations {
  /** Strongly consistent. */
  read(): Promise<ServerEntries>;
  /** Puts what `decide` makes of them; it is called again if somebody else was faster, and may throw to change nothing. */
  change(decide: (entries: ServerEntries) => ServerEntries): Promise<void>;
}

/** An account that a message goes to. */
export interface Destination {
  readonly account: AccountId;
  /** The account's address. */
  readonly address: string;
  /** The tag of `user+tag@`, where there is one that is not empty. */
  readonly detail?: string;
  readonly quotaBytes: number;
  readonly quotaMessages: number;
}

/**
 * - `malformed`: not an address;
 * - `external`: its domain is not ours, and Quire forwards nothing;
 * - `unknown`: our domain, but nobody has the address;
 * - `disabled`: the account may not receive at present;
 * - `loop`: aliases lead to each other and to nobody;
 * - `too-large`: it expands to more addresses or levels than `resolve.ts` allows; then there are no destinations.
 */
export type RefusalReason = 'malformed' | 'external' | 'unknown' | 'disabled' | 'loop' | 'too-large';

export interface Refusal {
  /** The address that led nowhere: the recipient itself, or what an alias names. */
  readonly address: string;
  readonly reason: RefusalReason;
}

/** Where a recipient leads: at least one of the two lists has an entry. Each account is named once. */
export interface Resolution {
  readonly destinations: readonly Destination[];
  readonly refusals: readonly Refusal[];
}

export interface AddressDirectory {
  /**
   * Resolves every recipient (exact address, `user+tag@`, alias or group at any depth, catch-all of a domain; in this
   * order). The map has one entry for each different string given, under that string.
   */
  resolve(recipients: readonly string[]): Promise<Map<string, Resolution>>;
}

/** `closed`: its address is free again, its mail is kept until retention removes it. */
export type AccountState = 'active' | 'disabled' | 'closed';

export interface Account {
  readonly id: AccountId;
  /** Its own addresses (aliases not counted), the login first; of a closed account, those that it had. */
  readonly addresses: readonly string[];
  readonly displayName: string;
  readonly state: AccountState;
  readonly administrator: boolean;
  readonly limits: Limits;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** Milliseconds since the epoch; of closed accounts only. */
  readonly closed?: number;
  /** Of one that is disabled until it goes. Its journal decides whether it does; this is what is shown. */
  readonly closing?: Closing;
}

export interface Closing {
  /** When its delay is over, milliseconds since the epoch. */
  readonly at: number;
  /** Whether it stays disabled if the closing is taken back. */
  readonly staysDisabled: boolean;
}

export interface NewUser {
  readonly address: string;
  /** As `password.ts` makes it. */
  readonly passwordHash: string;
  /** Its journal exists already: an account without one is an error for whoever logs in. */
  readonly account: AccountId;
  readonly displayName?: string;
  readonly limits: Limits;
}

/** An alias with several targets is a group. */
export interface Alias {
  readonly address: string;
  /** Sorted. */
  readonly targets: readonly string[];
}

export interface Domain {
  readonly domain: string;
  /** Where mail to unknown addresses of the domain goes. */
  readonly catchAll?: string;
}

/** Administration. Errors that a person can do something about are `DirectoryError`s (`directory-errors.ts`) or
 * `AddressError`s. */
export interface AccountDirectory {
  readonly users: UserDirectory;
  readonly aliases: AliasDirectory;
  readonly domains: DomainDirectory;
}

export interface UserDirectory {
  /** Adds an active account. Of any number of concurrent calls for one address, one succeeds. */
  add(user: NewUser): Promise<Account>;
  /** The account whose own address this is, strongly consistent. */
  find(address: string): Promise<Account | undefined>;
  /** Any account, closed ones included, strongly consistent. */
  read(account: AccountId): Promise<Account | undefined>;
  /** All accounts, closed ones included, in no particular order. */
  list(): AsyncIterable<Account>;
  /** With `replacing`: only while that is the stored hash (a rehash must not undo a change of password). */
  setPassword(address: string, passwordHash: string, replacing?: string): Promise<void>;
  /** Refuses to enable one that is being closed. */
  setDisabled(address: string, disabled: boolean): Promise<void>;
  /** Disables an account that goes at a time (milliseconds since the epoch), and keeps how it was; may be repeated. */
  beginClosing(address: string, at: number): Promise<void>;
  /** The account is again as it was, or enabled if that is not known; resolves to what it is. */
  endClosing(address: string): Promise<Account>;
  setAdministrator(address: string, administrator: boolean): Promise<void>;
  setLimits(address: string, limits: Limits): Promise<void>;
  /** Closes the account and frees its address. Refused while an alias or a catch-all leads to it. */
  remove(address: string): Promise<Account>;
  /** Takes the entry of a closed account away; one that is not closed stays, one that is not there is no error. */
  forget(account: AccountId): Promise<void>;
}

export interface AliasDirectory {
  /** Makes an alias, or adds targets to one. Targets are ours and exist; no alias ever leads back to itself. */
  add(address: string, targets: readonly string[]): Promise<Alias>;
  list(): AsyncIterable<Alias>;
  /** Takes `targets` away (default: all). An alias without targets is gone, which is refused while it is a target. */
  remove(address: string, targets?: readonly string[]): Promise<void>;
}

export interface DomainDirectory {
  /** True if it is new. */
  add(domain: string): Promise<boolean>;
  list(): AsyncIterable<Domain>;
  /** Refused while a user or an alias is in it. */
  remove(domain: string): Promise<void>;
  /** Undefined: mail to unknown addresses of the domain is refused. */
  setCatchAll(domain: string, target: string | undefined): Promise<void>;
}
