/**
 * What commands on messages want of the journal, as pure functions for `Replica.commit`: from a state to ops and to what
 * the client is told. Refusals are `MessageRefusal`s. Mailboxes whose messages are looked at must be loaded.
 */
import type { Columns } from './columns.ts';
import { effectOfFlags, effectOfRemoval } from './effect.ts';
import {
  DELETED,
  type FlagMode,
  type Flags,
  MAX_KEYWORDS,
  combineKeywords,
  combineSystem,
  foldKeyword,
  normaliseKeywords,
} from './flags.ts';
import type { BlobId, MailboxId, Uid } from './ids.ts';
import type { AppendOp, Op, SummaryPlace } from './ops.ts';
import type { Decision } from './commit-request.ts';
import type { AccountState, Mailbox, Usage } from './state.ts';
import { type UidRanges, lowerBound, rangesOver } from './uid-ranges.ts';

/** UIDs are 32 bits wide and never used twice: a mailbox that has given out all of them takes no more messages. */
const MAX_UID = 0xffff_ffff;

/**
 * - `no mailbox`: the mailbox of the messages is gone;
 * - `no target`: there is no mailbox to put them into;
 * - `keywords`: the mailbox would have more than `MAX_KEYWORDS`;
 * - `quota`: the account would hold more than it may;
 * - `expired`: a message's blob was stored too long ago to be named (I2): store it again;
 * - `missing`: a message that must be there has been expunged;
 * - `uids`: the mailbox has no UIDs left;
 * - `readers`: too many keep \Seen of their own here.
 */
export type MessageRefusalReason =
  'no mailbox' | 'no target' | 'keywords' | 'quota' | 'expired' | 'missing' | 'uids' | 'readers';

export class MessageRefusal extends Error {
  readonly reason: MessageRefusalReason;
  constructor(reason: MessageRefusalReason, message: string) {
    super(message);
    this.name = 'MessageRefusal';
    this.reason = reason;
  }
}

/** No limit: as far as numbers go, and no account ever does. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** What an account may hold. */
export interface Quota {
  readonly quotaBytes: number;
  readonly quotaMessages: number;
}

function mailboxIn(state: AccountState, id: MailboxId): Mailbox {
  const mailbox = state.mailboxes.get(id);
  if (!mailbox) throw new MessageRefusal('no mailbox', 'the mailbox is gone');
  return mailbox;
}

function targetIn(state: AccountState, id: MailboxId): Mailbox {
  const mailbox = state.mailboxes.get(id);
  if (!mailbox) throw new MessageRefusal('no target', 'the mailbox is gone');
  return mailbox;
}

function columnsIn(state: AccountState, id: MailboxId): Columns {
  const { columns } = mailboxIn(state, id);
  if (!columns) throw new Error(`mailbox ${id} must be loaded before a decision on its messages`);
  return columns;
}

// --- STORE ----------------------------------------------------------------------------------------------------------

export interface StoreOutcome {
  /** The messages of the set that exist, before the change. */
  readonly before: Columns;
  /** UIDs whose flags change, ascending. */
  readonly changed: readonly number[];
  /** UIDs that were left alone because they have changed since (RFC 7162 §3.1.3), ascending. */
  readonly modified: readonly number[];
  /** UIDs of the set that do not exist any more, ascending. */
  readonly missing: readonly number[];
}

/**
 * STORE on `uids` (ascending). Messages that have the flags already are left out, so that a change that changes nothing
 * writes nothing. `unchangedSince`: messages with a higher mod-sequence are left alone.
 */
export function decideStore(
  state: AccountState,
  id: MailboxId,
  uids: Uint32Array,
  mode: FlagMode,
  flags: Flags,
  unchangedSince = Infinity,
): Decision<StoreOutcome> {
  const columns = columnsIn(state, id);
  const keywords = normaliseKeywords(flags.keywords);
  const changes = setsThatChange(columns, mode, keywords);
  const changed: number[] = [];
  const modified: number[] = [];
  const missing = eachRow(columns, uids, (row) => {
    const uid = columns.uids[row] as number;
    if ((columns.modSeqs[row] as number) > unchangedSince) {
      modified.push(uid);
      return;
    }
    const system = columns.system[row] as number;
    if (combineSystem(system, mode, flags.system) !== system || changes(columns.keywordSet[row] as number))
      changed.push(uid);
  });
  const value: StoreOutcome = { before: columns, changed, modified, missing };
  if (changed.length === 0) return { ops: [], value };
  if (mode !== 'remove') checkKeywords(mailboxIn(state, id), keywords);
  const ranges = rangesOver(changed, columns.uids, columns.count);
  const effect = effectOfFlags(columns, ranges, mode, flags.system);
  return {
    ops: [{ op: 'flags', mailbox: id, uids: ranges, mode, system: flags.system, keywords, effect }],
    value,
  };
}

/** Whether the keywords of a set change; worked out once a set. */
function setsThatChange(
  columns: Columns,
  mode: FlagMode,
  keywords: readonly string[],
): (set: number) => boolean {
  const known = new Map<number, boolean>();
  return (set) => {
    let changes = known.get(set);
    if (changes === undefined) {
      const before = columns.keywordSets.at(set);
      changes = combineKeywords(before, mode, keywords).join(' ') !== before.join(' ');
      known.set(set, changes);
    }
    return changes;
  };
}

export function checkKeywords(mailbox: Mailbox, added: readonly string[]): void {
  const known = new Set(mailbox.keywords.map(foldKeyword));
  const total = known.size + added.filter((keyword) => !known.has(foldKeyword(keyword))).length;
  if (total > MAX_KEYWORDS && total > known.size)
    throw new MessageRefusal('keywords', `a mailbox has at most ${MAX_KEYWORDS} different keywords`);
}

/** Calls `visit` with the row of each of `uids` (ascending) that exists; returns those that do not. */
export function eachRow(columns: Columns, uids: Uint32Array, visit: (row: number) => void): number[] {
  const missing: number[] = [];
  const { count } = columns;
  const present = columns.uids;
  let row = uids.length > 0 ? lowerBound(present, count, uids[0] as number) : 0;
  for (const uid of uids) {
    while (row < count && (present[row] as number) < uid) row++;
    if (row < count && present[row] === uid) visit(row);
    else missing.push(uid);
  }
  return missing;
}

// --- EXPUNGE --------------------------------------------------------------------------------------------------------

/** EXPUNGE of what is \Deleted: of `uids` (UID EXPUNGE; ascending), or of the whole mailbox. Value: the UIDs that go. */
export function decideExpunge(
  state: AccountState,
  id: MailboxId,
  uids: Uint32Array | null,
): Decision<readonly number[]> {
  const columns = columnsIn(state, id);
  const gone: number[] = [];
  const visit = (row: number): void => {
    if ((columns.system[row] as number) & DELETED) gone.push(columns.uids[row] as number);
  };
  if (uids) eachRow(columns, uids, visit);
  else for (let row = 0; row < columns.count; row++) visit(row);
  if (gone.length === 0) return { ops: [], value: gone };
  const ranges = rangesOver(gone, columns.uids, columns.count);
  const effect = effectOfRemoval(columns, ranges);
  return { ops: [{ op: 'expunge', mailbox: id, uids: ranges, effect }], value: gone };
}

/** Takes messages out of the mailbox, \Deleted or not; those that are gone are no matter. `uids` ascending. */
export function decideRemoval(
  state: AccountState,
  id: MailboxId,
  uids: readonly number[],
): Decision<readonly number[]> {
  const columns = columnsIn(state, id);
  const gone: number[] = [];
  eachRow(columns, Uint32Array.from(uids), (row) => gone.push(columns.uids[row] as number));
  if (gone.length === 0) return { ops: [], value: gone };
  const ranges = rangesOver(gone, columns.uids, columns.count);
  const effect = effectOfRemoval(columns, ranges);
  return { ops: [{ op: 'expunge', mailbox: id, uids: ranges, effect }], value: gone };
}

// --- COPY, MOVE -----------------------------------------------------------------------------------------------------

export interface CopyRequest {
  readonly from: MailboxId;
  readonly to: MailboxId;
  /** Ascending. */
  readonly uids: Uint32Array;
  /** Refuse the whole if one of `uids` has been expunged (by message number, RFC 2180 §4.4); else pass over it. */
  readonly all: boolean;
  readonly quota: Quota;
}

/** COPYUID: the n-th of `source` became the n-th of `destination`. Both empty if there was nothing to copy. */
export interface CopyOutcome {
  readonly uidValidity: number;
  readonly source: readonly number[];
  readonly destination: readonly number[];
}

export function decideCopy(state: AccountState, request: CopyRequest): Decision<CopyOutcome> {
  return transfer(state, 'copy', request);
}

export function decideMove(state: AccountState, request: CopyRequest): Decision<CopyOutcome> {
  if (request.from !== request.to) return transfer(state, 'move', request);
  // Allowed where COPY is (RFC 6851 §3.3): the messages get new UIDs. One record, so that both happen or neither.
  const { ops, value } = transfer(state, 'copy', { ...request, quota: NO_QUOTA });
  const [copied] = ops;
  if (copied?.op !== 'copy') return { ops, value };
  const { from: mailbox, uids, effect } = copied;
  return { ops: [copied, { op: 'expunge', mailbox, uids, effect }], value };
}

/** Nothing is added in the end. */
const NO_QUOTA: Quota = { quotaBytes: Infinity, quotaMessages: Infinity };

function transfer(state: AccountState, op: 'copy' | 'move', request: CopyRequest): Decision<CopyOutcome> {
  const columns = columnsIn(state, request.from);
  const target = targetIn(state, request.to);
  const source: number[] = [];
  const sets = new Set<number>();
  const missing = eachRow(columns, request.uids, (row) => {
    source.push(columns.uids[row] as number);
    sets.add(columns.keywordSet[row] as number);
  });
  if (missing.length > 0 && request.all)
    throw new MessageRefusal('missing', 'some of the messages have been expunged');
  const destination = source.map((_, index) => target.uidNext + index);
  const value = { uidValidity: target.uidValidity, source, destination };
  if (source.length === 0) return { ops: [], value };
  const keywords = normaliseKeywords([...sets].flatMap((set) => columns.keywordSets.at(set)));
  checkKeywords(target, keywords);
  checkUids(target, source.length);
  const uids: UidRanges = rangesOver(source, columns.uids, columns.count);
  const effect = effectOfRemoval(columns, uids);
  if (op === 'copy') checkQuota(state.usage, effect, request.quota);
  return { ops: [{ op, from: request.from, to: request.to, uids, keywords, effect }], value };
}

function checkUids(mailbox: Mailbox, more: number): void {
  if (mailbox.uidNext + more > MAX_UID)
    throw new MessageRefusal('uids', 'the mailbox has no UIDs left: copy its messages to a new one');
}

function checkQuota(usage: Usage, more: Usage, quota: Quota): void {
  if (usage.bytes + more.bytes > quota.quotaBytes)
    throw new MessageRefusal('quota', `the account may hold ${quota.quotaBytes} bytes`);
  if (usage.messages + more.messages > quota.quotaMessages)
    throw new MessageRefusal('quota', `the account may hold ${quota.quotaMessages} messages`);
}

// --- APPEND ---------------------------------------------------------------------------------------------------------

export interface MessageToAppend {
  readonly blob: BlobId;
  /** Bytes. */
  readonly size: number;
  readonly summary: SummaryPlace;
  /** Until when a record may name the blob, milliseconds since the epoch (I2). */
  readonly freshUntil: number;
  readonly flags: Flags;
  /** INTERNALDATE: seconds since the epoch, and minutes east, a multiple of `ZONE_STEP`. */
  readonly date: number;
  readonly zone: number;
}

/** APPENDUID. */
export interface AppendOutcome {
  readonly mailbox: MailboxId;
  readonly uidValidity: number;
  readonly uids: readonly Uid[];
}

/** Refuses if `messages` of so many bytes in all would not fit: asked before a message is taken in, and again at last. */
export function checkRoom(state: AccountState, messages: Usage, quota: Quota): void {
  checkQuota(state.usage, messages, quota);
}

/** APPEND of one message or several (RFC 3502: all or none). `now`: milliseconds since the epoch. */
export function decideAppend(
  state: AccountState,
  id: MailboxId,
  messages: readonly MessageToAppend[],
  quota: Quota,
  now: number,
): Decision<AppendOutcome> {
  const mailbox = targetIn(state, id);
  if (messages.some(({ freshUntil }) => freshUntil <= now))
    throw new MessageRefusal('expired', 'the message was stored too long ago');
  const bytes = messages.reduce((sum, { size }) => sum + size, 0);
  checkQuota(state.usage, { messages: messages.length, bytes }, quota);
  checkUids(mailbox, messages.length);
  checkKeywords(mailbox, normaliseKeywords(messages.flatMap(({ flags }) => flags.keywords)));
  const ops: Op[] = messages.map(({ blob, size, summary, flags, date, zone }): AppendOp => {
    const keywords = normaliseKeywords(flags.keywords);
    return {
      op: 'append',
      to: { mailbox: id },
      blob,
      size,
      summary,
      system: flags.system,
      keywords,
      date,
      zone,
    };
  });
  const uids = messages.map((_, index) => (mailbox.uidNext + index) as Uid);
  return { ops, value: { mailbox: id, uidValidity: mailbox.uidValidity, uids } };
}

// --- REPLACE --------------------------------------------------------------------------------------------------------

/**
 * REPLACE (RFC 8508) of a message: one record, so that both happen or neither. `append` decides on a state whose usage is
 * without the message that goes, because only what it adds in the end counts (§3.4).
 */
export function decideReplace(
  state: AccountState,
  from: MailboxId,
  uid: Uid,
  append: (state: AccountState) => Decision<AppendOutcome>,
): Decision<AppendOutcome> {
  const columns = columnsIn(state, from);
  if (columns.rowOf(uid) < 0)
    throw new MessageRefusal('missing', 'the message to be replaced has been expunged');
  const uids = rangesOver([uid], columns.uids, columns.count);
  const effect = effectOfRemoval(columns, uids);
  const usage: Usage = {
    messages: state.usage.messages - effect.messages,
    bytes: state.usage.bytes - effect.bytes,
  };
  const { ops, value } = append({ ...state, usage });
  return { ops: [...ops, { op: 'expunge', mailbox: from, uids, effect }], value };
}
