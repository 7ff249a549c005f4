/**
 * Delivery into an account's journal without reading the account: the newest record says the number and the usage that
 * the next one follows on, and an append names its mailbox by role.
 *
 * A batch for one account is one record, put in one transaction with a marker for each message (I6): whoever puts the
 * marker first has delivered the message, however often it is handed over.
 */
import { effectOfAppend } from './effect.ts';
import type { AccountId, RecordNumber } from './ids.ts';
import type { DeliveryMarker, JournalStore } from './journal-store.ts';
import { openAccount } from './opening.ts';
import type { AppendOp } from './ops.ts';
import { type JournalRecord, isEmptied, opBytes } from './record.ts';
import { AccountClosedError } from './record-builder.ts';
import { BusyError } from './commit-request.ts';
import type { Rim } from './rim.ts';
import type { Usage } from './state.ts';

/** A marker outlives every redrive: the dead-letter queue keeps a message for 14 days, a person may wait a year. */
export const MARKER_DAYS = 400;
/**
 * A group of deliveries closes here, as a group commit does: the next delivery reads this record whole to know what it
 * follows on.
 */
const RECORD_BYTES = 32_768;
/** TransactWriteItems takes 100 items: the record and its markers. */
const MAX_DELIVERIES = 90;
const MAX_CONFLICTS = 200;
const BACKOFF_BASE_MS = 10;
const BACKOFF_CAP_MS = 1_000;

export interface Delivery {
  /** SES message id. */
  readonly messageId: string;
  readonly append: AppendOp;
  /** Until when a record may name the blob, milliseconds since the epoch (I2). */
  readonly freshUntil: number;
}

export interface Quota {
  readonly quotaBytes: number;
  readonly quotaMessages: number;
}

/**
 * - `delivered`: by this call;
 * - `duplicate`: it had been delivered before; its new blob is garbage;
 * - `over-quota`: nothing was written for it;
 * - `stale`: its blob is too old to be named; put it again.
 */
export type DeliveryOutcome = 'delivered' | 'duplicate' | 'over-quota' | 'stale';

/** Where a record stands in its journal: what the next one follows on. */
export interface Head {
  readonly number: RecordNumber;
  readonly usage: Usage;
  readonly journalBytes: number;
}

export interface DeliveryResult {
  readonly outcomes: readonly DeliveryOutcome[];
  /** Records that were put, for wake-ups and work items. */
  readonly records: readonly JournalRecord[];
  /** Of the record that the first of them follows on. */
  readonly journalBytesBefore: number;
  /** Conflicts that were met on the way. */
  readonly conflicts: number;
}

export interface DeliveryDeps {
  readonly journal: JournalStore;
  readonly rim: Rim;
  /** What `headOf` gave a moment ago; read here if there is none. */
  readonly head?: Promise<Head> | undefined;
}

/**
 * The newest record of an account, or nearly so: a guess that the put proves or refutes. To be asked for while the
 * blobs are being put, which saves a round trip.
 */
export function headOf(journal: JournalStore, account: AccountId): Promise<Head> {
  return readHead(journal, account, 'eventual');
}

/**
 * Delivers messages into one account. Resolves when each has an outcome; rejects, with nothing known to be delivered
 * that was not, if the journal cannot be written.
 */
export async function deliverTo(
  account: AccountId,
  deliveries: readonly Delivery[],
  quota: Quota,
  { journal, rim, head: read }: DeliveryDeps,
): Promise<DeliveryResult> {
  const outcomes = new Map<Delivery, DeliveryOutcome>();
  const records: JournalRecord[] = [];
  let head = await (read ?? headOf(journal, account));
  let journalBytesBefore = head.journalBytes;
  let conflicts = 0;
  for (;;) {
    const group = nextGroup(deliveries, outcomes, head, quota, rim.now());
    if (group.length === 0) break;
    const record = recordFor(group, head, rim);
    const markers = group.map(({ messageId }) => markerFor(messageId, rim.now()));
    const outcome = await journal.put(account, [record], markers);
    if (outcome.kind === 'written') {
      for (const delivery of group) outcomes.set(delivery, 'delivered');
      if (records.length === 0) journalBytesBefore = head.journalBytes;
      records.push(record);
      head = record;
    } else if (outcome.kind === 'delivered') {
      for (const index of outcome.markers) outcomes.set(group[index] as Delivery, 'duplicate');
    } else {
      if (++conflicts > MAX_CONFLICTS) throw new BusyError(account);
      await rim.sleep(rim.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(conflicts, 8)));
      // One conflict tells of one record; in a storm there are more behind it.
      const { first } = outcome;
      head = conflicts === 1 && !isEmptied(first) ? first : await readHead(journal, account, 'strong');
    }
  }
  const results = deliveries.map((delivery) => outcomes.get(delivery) ?? 'duplicate');
  return { outcomes: results, records, journalBytesBefore, conflicts };
}

/**
 * The newest record, or, in an account whose records have all expired, the checkpoint. What is emptied is no end of a journal:
 * it is the fence of an epoch, whose own record an eventual read may not show yet and nobody may have put yet, or is left of
 * an account that was closed. Whatever were put behind it, nobody would read (I4).
 */
async function readHead(
  journal: JournalStore,
  account: AccountId,
  consistency: 'eventual' | 'strong',
): Promise<Head> {
  const newest = await journal.newest(account, consistency);
  if (newest && !isEmptied(newest)) return newest;
  const { base, tail } = await openAccount(journal, account);
  const { number, usage, policy } = base.state;
  if (policy.closed) throw new AccountClosedError();
  return tail.at(-1) ?? { number, usage, journalBytes: base.journalBytes };
}

/** What goes into the next record; settles on the way what cannot. */
function nextGroup(
  deliveries: readonly Delivery[],
  outcomes: Map<Delivery, DeliveryOutcome>,
  head: Head,
  quota: Quota,
  now: number,
): Delivery[] {
  const group: Delivery[] = [];
  let { messages, bytes } = head.usage;
  let recordBytes = 0;
  for (const delivery of deliveries) {
    if (outcomes.has(delivery)) continue;
    const { append, freshUntil, messageId } = delivery;
    const added = opBytes(append);
    const full = recordBytes + added > RECORD_BYTES || group.length === MAX_DELIVERIES;
    // One message may be in the batch twice (two receipt rules matched); the second meets the first's marker.
    if (group.some((other) => other.messageId === messageId)) continue;
    if (freshUntil <= now) outcomes.set(delivery, 'stale');
    else if (bytes + append.size > quota.quotaBytes || messages + 1 > quota.quotaMessages)
      outcomes.set(delivery, 'over-quota');
    else if (full && group.length > 0) break;
    else {
      group.push(delivery);
      recordBytes += added;
      messages += 1;
      bytes += append.size;
    }
  }
  return group;
}

function recordFor(group: readonly Delivery[], head: Head, rim: Rim): JournalRecord {
  const ops = group.map(({ append }) => append);
  const effects = ops.map(({ system, size }) => effectOfAppend(system, size));
  return {
    number: (head.number + 1) as RecordNumber,
    commit: rim.randomHex(12),
    time: rim.now(),
    ops,
    usage: {
      messages: head.usage.messages + group.length,
      bytes: effects.reduce((sum, { bytes }) => sum + bytes, head.usage.bytes),
    },
    journalBytes: ops.reduce((sum, op) => sum + opBytes(op), head.journalBytes),
  };
}

function markerFor(messageId: string, now: number): DeliveryMarker {
  return { messageId, expiresAt: Math.ceil(now / 1000) + MARKER_DAYS * 86_400 };
}
