/**
 * Messages that the index has lost, as their objects tell of them: what new rows are made of. What is in a message is
 * exact. What is not in it (flags, INTERNALDATE, mailbox) is as it was when the message arrived, if a record that brought
 * it still stands or its object keeps it; of what was changed later nothing is known.
 *
 * They come back by the op `restore`, as what was undeleted does: with new UIDs, and from wherever their bytes lie, a
 * pack included.
 */
import { type SummaryRef, ZONE_STEP } from '../../shared/account/columns.ts';
import { counted } from '../../shared/account/finding.ts';
import type { AccountId, BlobId, MailboxId, PackId } from '../../shared/account/ids.ts';
import {
  type AppendOp,
  type Op,
  type RestoredRow,
  SPECIAL_USES,
  type Target,
} from '../../shared/account/ops.ts';
import { type JournalEntry, isEmptied } from '../../shared/account/record.ts';
import { type AccountState, mailboxNamed, resolveTarget } from '../../shared/account/state.ts';
import type { StoredFacts } from '../../shared/blob/message-blobs.ts';
import type { MessageStore, StoredObject } from '../../shared/blob/message-store.ts';
import { decodeSummary } from '../../shared/message/summary.ts';
import { inParallel } from '../../shared/parallel.ts';
import { isLost } from './placed-rows.ts';
import { UnreadableMessagesError } from './unreadable-messages.ts';

export interface RecoverDeps {
  readonly messages: Pick<MessageStore, 'recompute' | 'facts'>;
  readonly gate?: (() => Promise<void>) | undefined;
  /** Go on without objects that cannot be read, though they may only lack their key: nobody names them, and they are swept. */
  readonly leaveUnreadable?: boolean;
}

/** Rather a key is missing than so many messages are damaged. */
export function keyMissing(account: AccountId, unreadable: number, of: number): UnreadableMessagesError {
  return new UnreadableMessagesError(
    `${unreadable} of ${counted(of, 'object')} of account ${account} cannot be read, as if its data key were missing: bring the table of keys back first, or give these objects up with --leave-unreadable`,
  );
}

/**
 * Where rows are lost, a pack of which nobody knows what lies in it would be taken for one that nobody needs.
 * @throws {UnreadableMessagesError}
 */
export function mustKnowPacks(account: AccountId, damaged: ReadonlyMap<PackId, string>): void {
  const [first] = damaged;
  if (!first) return;
  const others = damaged.size > 1 ? ` (and ${counted(damaged.size - 1, 'other')})` : '';
  throw new UnreadableMessagesError(
    `pack ${first[0]}${others} of account ${account} is damaged: ${first[1]}. Put it back from a backup first, or give up what lies in it with --leave-unreadable`,
  );
}

export interface Recovered {
  readonly row: RestoredRow;
  /** When its object was put, milliseconds since the epoch. */
  readonly stored: number;
  readonly summary: Uint8Array;
  readonly to: Target | null;
  /** Name of the mailbox that it went to, if only the name is known. */
  readonly name: string | null;
}

export interface Recovery {
  /** In the order of their dates. */
  readonly recovered: readonly Recovered[];
  /** Objects that cannot be read. */
  readonly unreadable: readonly BlobId[];
}

const PARALLEL_READS = 4;
/** Above the ops of any record. */
const NO_OP = 2 ** 31;

export async function recoverMessages(
  deps: RecoverDeps,
  account: AccountId,
  objects: readonly StoredObject[],
  entries: readonly JournalEntry[],
): Promise<Recovery> {
  const standing = appendsOf(entries);
  const recovered: Recovered[] = [];
  const unreadable: BlobId[] = [];
  await inParallel(objects, PARALLEL_READS, async (object) => {
    await deps.gate?.();
    const found = await read(deps, account, object);
    if (found === null) unreadable.push(object.blob);
    else if (isMessage(found, standing.get(object.blob)))
      recovered.push(recoveredFrom(object, found, standing.get(object.blob)));
  });
  recovered.sort(
    (a, b) => a.row.date - b.row.date || a.stored - b.stored || (a.row.blob < b.row.blob ? -1 : 1),
  );
  return { recovered, unreadable };
}

function appendsOf(entries: readonly JournalEntry[]): ReadonlyMap<BlobId, AppendOp> {
  const appends = new Map<BlobId, AppendOp>();
  for (const entry of entries)
    for (const op of isEmptied(entry) ? [] : entry.ops) if (op.op === 'append') appends.set(op.blob, op);
  return appends;
}

interface ReadMessage {
  readonly facts: StoredFacts;
  readonly summary: Uint8Array;
}

/** Null: it cannot be read. */
async function read(
  { messages }: RecoverDeps,
  account: AccountId,
  object: StoredObject,
): Promise<ReadMessage | null> {
  try {
    const summary = await messages.recompute(account, object);
    return { summary, facts: await messages.facts(account, object) };
  } catch (error) {
    if (isLost(error)) return null;
    // What cannot be read at the moment must not be given up.
    throw error;
  }
}

/** What a message was to be made of (CATENATE) is none itself: no record names it, and it is framed without an arrival. */
function isMessage({ facts }: ReadMessage, recorded: AppendOp | undefined): boolean {
  return recorded !== undefined || facts.kind === 'raw' || facts.arrival !== null;
}

function recoveredFrom(
  object: StoredObject,
  { facts, summary }: ReadMessage,
  recorded: AppendOp | undefined,
): Recovered {
  const { size, sentDate, sentZone } = decodeSummary(summary);
  const { blob, pack, modified: stored } = object;
  const where = { blob, pack, size, summary: nowhere(blob) };
  if (recorded) {
    const { system, keywords, date, zone, to } = recorded;
    return { row: { ...where, system, keywords, date, zone }, stored, summary, to, name: null };
  }
  // A message is not sent after it was stored; without a date of its own it gets the one of its object.
  const sent = sentDate !== null && sentDate > 0 && sentDate <= object.modified;
  const { date, zone, system, keywords, mailbox, use } = facts.arrival ?? {
    date: Math.floor((sent ? sentDate : object.modified) / 1000),
    zone: sent ? Math.round(sentZone / ZONE_STEP) * ZONE_STEP : 0,
    system: 0,
    keywords: [],
    mailbox: null,
    use: null,
  };
  return { row: { ...where, system, keywords, date, zone }, stored, summary, to: useOf(use), name: mailbox };
}

/**
 * Where no summary lies, so that it is worked out anew by whoever asks, until a checkpoint has it. Each message has a place of
 * its own: a fold may come first, and gives all rows of one place one summary.
 */
function nowhere(blob: BlobId): SummaryRef {
  const word = (from: number): number => Number.parseInt(blob.slice(from, from + 8), 16);
  return { chunk: 0, at: word(0), slot: NO_OP + (word(8) % NO_OP) };
}

function useOf(use: string | null): Target | null {
  const known = SPECIAL_USES.find((each) => each === use);
  return known === undefined ? null : { use: known };
}

/**
 * Where a recovered message goes: if only one mailbox has lost any, it was there, wherever it had arrived; else where it
 * arrived, and else into INBOX. Undefined only if there is no INBOX.
 */
export function mailboxOf(
  { to, name }: Recovered,
  state: AccountState,
  lossy: readonly MailboxId[],
): MailboxId | undefined {
  const [only, ...others] = lossy;
  if (only !== undefined && others.length === 0) return only;
  const named = name === null ? undefined : mailboxNamed(state, name);
  return (named ?? resolveTarget(state, to ?? { inbox: true }))?.id;
}

/** An op for each mailbox that gets any of `recovered` back. */
export function restoring(
  recovered: readonly Recovered[],
  state: AccountState,
  lossy: readonly MailboxId[],
): Op[] {
  const groups = Map.groupBy(recovered, (one) => mailboxOf(one, state, lossy));
  return [...groups].flatMap(([to, list]): Op[] =>
    to === undefined ? [] : [{ op: 'restore', to, rows: list.map(({ row }) => row) }],
  );
}
