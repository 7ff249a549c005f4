/**
 * What STORE, COPY, MOVE and APPEND come to in a mailbox of somebody else: by the rights of the one who asks (RFC 4314 §4),
 * with \Seen as that one has it. Pure, as `decide-messages.ts`, whose refusals are used here too.
 *
 * A change of flags falls into parts, because \Seen is the guest's own and the rest everybody's, and a replacement must
 * leave alone what the guest may not change. The parts touch different flags, so each has the effect that it would have
 * alone.
 */
import type { Columns } from './columns.ts';
import {
  type AppendOutcome,
  type CopyOutcome,
  type CopyRequest,
  MessageRefusal,
  type MessageToAppend,
  type Quota,
  type StoreOutcome,
  checkKeywords,
  decideAppend,
  decideCopy,
  decideMove,
  eachRow,
} from './decide-messages.ts';
import { effectOfFlags } from './effect.ts';
import {
  ANSWERED,
  DELETED,
  DRAFT,
  FLAGGED,
  type FlagMode,
  type Flags,
  SEEN,
  combineKeywords,
  combineSystem,
  foldKeyword,
  normaliseKeywords,
} from './flags.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { type Effect, NO_EFFECT, type Op } from './ops.ts';
import { MAX_READERS, mailboxFor, seenOp } from './readers.ts';
import type { Decision } from './commit-request.ts';
import type { AccountState, Mailbox } from './state.ts';
import { rangesOver, runsOf } from './uid-ranges.ts';

export interface Guest {
  readonly account: AccountId;
  /** On the mailbox in question, as granted in the state at hand. */
  readonly rights: string;
}

/** System flags that the rights let somebody change. */
export function permittedFlags(rights: string): number {
  return (
    (rights.includes('s') ? SEEN : 0) |
    (rights.includes('t') ? DELETED : 0) |
    (rights.includes('w') ? ANSWERED | FLAGGED | DRAFT : 0)
  );
}

/** One of the changes that a STORE falls into. */
interface Part extends Flags {
  readonly mode: 'add' | 'remove';
}

function partsOf(mailbox: Mailbox, mode: FlagMode, flags: Flags, rights: string): readonly Part[] {
  const permitted = permittedFlags(rights);
  const keywords = rights.includes('w') ? normaliseKeywords(flags.keywords) : [];
  const system = flags.system & permitted;
  if (mode !== 'replace') return [{ mode, system, keywords }];
  const kept = new Set(keywords.map(foldKeyword));
  const others = mailbox.keywords.filter((keyword) => !kept.has(foldKeyword(keyword)));
  return [
    { mode: 'add', system, keywords },
    {
      mode: 'remove',
      system: permitted & ~flags.system,
      keywords: rights.includes('w') ? normaliseKeywords(others) : [],
    },
  ];
}

/** Whether a STORE of these flags may change anything: it is refused only where it may not (RFC 4314 §4). */
export function mayStore(rights: string, mode: FlagMode, { system, keywords }: Flags): boolean {
  const permitted = permittedFlags(rights);
  if (mode === 'replace' && system === 0 && keywords.length === 0) return permitted !== 0;
  return (system & permitted) !== 0 || (keywords.length > 0 && rights.includes('w'));
}

/** As `decideStore`; what the guest may not change stays as it is. */
export function decideGuestStore(
  state: AccountState,
  id: MailboxId,
  guest: Guest,
  uids: Uint32Array,
  { mode, flags, unchangedSince = Infinity }: { mode: FlagMode; flags: Flags; unchangedSince?: number },
): Decision<StoreOutcome> {
  const mailbox = state.mailboxes.get(id);
  if (!mailbox) throw new MessageRefusal('no mailbox', 'the mailbox is gone');
  const before = mailboxFor(mailbox, guest.account).columns;
  if (!before || !mailbox.columns)
    throw new Error(`mailbox ${id} must be loaded before a decision on its messages`);
  const parts = partsOf(mailbox, mode, flags, guest.rights);
  const changes = parts.map(() => ({ seen: [] as number[], rest: [] as number[] }));
  const changed: number[] = [];
  const modified: number[] = [];
  const missing = eachRow(before, uids, (row) => {
    const uid = before.uids[row] ?? 0;
    if ((before.modSeqs[row] ?? 0) > unchangedSince) {
      modified.push(uid);
      return;
    }
    const found = parts.map((part) => changedBy(before, row, part));
    found.forEach(({ seen, rest }, index) => {
      if (seen) changes[index]?.seen.push(uid);
      if (rest) changes[index]?.rest.push(uid);
    });
    if (found.some(({ seen, rest }) => seen || rest)) changed.push(uid);
  });
  const columns = mailbox.columns;
  const ops = parts.flatMap((part, index): Op[] => {
    const { seen = [], rest = [] } = changes[index] ?? {};
    if (rest.length > 0 && part.mode === 'add') checkKeywords(mailbox, part.keywords);
    return [
      ...(rest.length > 0 ? [flagsOp(columns, id, part, rest)] : []),
      ...(seen.length > 0 ? [ownSeen(mailbox, columns, guest, seen, part.mode === 'add')] : []),
    ];
  });
  return { ops, value: { before, changed, modified, missing } };
}

function changedBy(columns: Columns, row: number, part: Part): { seen: boolean; rest: boolean } {
  const system = columns.system[row] ?? 0;
  const changed = combineSystem(system, part.mode, part.system) ^ system;
  const keywords = columns.keywordsAt(row);
  const otherWords =
    part.keywords.length > 0 &&
    combineKeywords(keywords, part.mode, part.keywords).join(' ') !== keywords.join(' ');
  return { seen: (changed & SEEN) !== 0, rest: (changed & ~SEEN) !== 0 || otherWords };
}

function flagsOp(columns: Columns, mailbox: MailboxId, part: Part, uids: readonly number[]): Op {
  const { mode, keywords } = part;
  const system = part.system & ~SEEN;
  const ranges = rangesOver(uids, columns.uids, columns.count);
  const effect = effectOfFlags(columns, ranges, mode, system);
  return { op: 'flags', mailbox, uids: ranges, mode, system, keywords, effect };
}

function ownSeen(
  mailbox: Mailbox,
  columns: Columns,
  { account }: Guest,
  uids: readonly number[],
  seen: boolean,
): Op {
  checkReaders(mailbox, account);
  return seenOp(columns, mailbox.id, account, uids, seen);
}

/** Whether the mailbox keeps \Seen of the guest, or has room for one more; where not, only STORE says so. */
export function keepsSeenOf({ readers }: Mailbox, account: AccountId): boolean {
  return readers.has(account) || readers.size < MAX_READERS;
}

function checkReaders(mailbox: Mailbox, account: AccountId): void {
  if (!keepsSeenOf(mailbox, account))
    throw new MessageRefusal('readers', `a mailbox keeps \\Seen for at most ${MAX_READERS} readers`);
}

/** COPY and MOVE within the account of somebody else: flags that the guest may not set are lost on the way. */
export function decideGuestCopy(
  state: AccountState,
  kind: 'COPY' | 'MOVE',
  request: CopyRequest,
  guest: Guest,
): Decision<CopyOutcome> {
  const { ops, value } = (kind === 'COPY' ? decideCopy : decideMove)(state, request);
  const from = state.mailboxes.get(request.from);
  const to = state.mailboxes.get(request.to);
  const source = from && mailboxFor(from, guest.account).columns;
  if (!to || !source || ops.length === 0) return { ops, value };
  const lost = lostFlags(source, to.id, value, guest.rights);
  const seen =
    guest.rights.includes('s') && keepsSeenOf(to, guest.account)
      ? value.destination.filter((_, index) => seenIn(source, value.source[index] ?? 0))
      : [];
  return { ops: [...ops, ...lost, ...seenOfNew(to.id, guest.account, seen)], value };
}

function seenIn(columns: Columns, uid: number): boolean {
  return ((columns.system[columns.rowOf(uid)] ?? 0) & SEEN) !== 0;
}

/** Takes from the new messages what the guest may not set: at most one op, over all of them. */
function lostFlags(
  columns: Columns,
  to: MailboxId,
  { source, destination }: CopyOutcome,
  rights: string,
): readonly Op[] {
  const forbidden = ~permittedFlags(rights) & (ANSWERED | FLAGGED | DRAFT | DELETED);
  const words = new Set<string>();
  let found = 0;
  let deleted = 0;
  for (const uid of source) {
    const row = columns.rowOf(uid);
    const system = (columns.system[row] ?? 0) & forbidden;
    found |= system;
    if (system & DELETED) deleted++;
    if (!rights.includes('w')) for (const word of columns.keywordsAt(row)) words.add(word);
  }
  if (found === 0 && words.size === 0) return [];
  const uids = Uint32Array.of(destination[0] ?? 0, destination.at(-1) ?? 0);
  const effect: Effect = { ...NO_EFFECT, deleted: 0 - deleted };
  const keywords = normaliseKeywords([...words]);
  return [{ op: 'flags', mailbox: to, uids, mode: 'remove', system: found, keywords, effect }];
}

/** \Seen of messages that come into being with the same record: their UIDs follow one another. */
function seenOfNew(mailbox: MailboxId, reader: AccountId, uids: readonly number[]): readonly Op[] {
  if (uids.length === 0) return [];
  return [{ op: 'seen', mailbox, reader, uids: runsOf(uids), seen: true }];
}

/** APPEND into a mailbox of somebody else; \Seen of the new messages is the guest's own. */
export function decideGuestAppend(
  state: AccountState,
  id: MailboxId,
  guest: Guest,
  messages: readonly MessageToAppend[],
  quota: Quota,
  now: number,
): Decision<AppendOutcome> {
  const permitted = permittedFlags(guest.rights);
  const stored = messages.map((message) => ({
    ...message,
    flags: {
      system: message.flags.system & permitted & ~SEEN,
      keywords: guest.rights.includes('w') ? message.flags.keywords : [],
    },
  }));
  const { ops, value } = decideAppend(state, id, stored, quota, now);
  const mailbox = state.mailboxes.get(id);
  const kept = mailbox !== undefined && keepsSeenOf(mailbox, guest.account) ? permitted & SEEN : 0;
  const seen = value.uids.filter((_, index) => (messages[index]?.flags.system ?? 0) & kept);
  return { ops: [...ops, ...seenOfNew(id, guest.account, seen)], value };
}
