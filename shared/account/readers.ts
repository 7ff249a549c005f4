/**
 * \Seen of those who read a mailbox that is not theirs: each has their own, and the owner's is the one in the columns.
 *
 * It is kept as ranges of UIDs, a few bytes for a mailbox that was read from its beginning, and costs nobody else
 * anything: a reader's change moves no mod-sequence but that reader's own. So that the reader's other clients learn of it
 * (CONDSTORE, QRESYNC), the last changes are kept with their mod-sequences; older ones are joined, by which a client that
 * was away for long is told of some messages more than have changed, and never of fewer.
 */
import { SEEN } from './flags.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import type { Columns } from './columns.ts';
import type { SeenOp } from './ops.ts';
import type { Mailbox } from './state.ts';
import { type UidRanges, differenceOf, forEachRow, unionOf } from './uid-ranges.ts';

/** UIDs of which \Seen has changed for this reader, and when. */
export interface SeenChange {
  readonly modSeq: ModSeq;
  readonly uids: UidRanges;
}

export interface Reader {
  readonly seen: UidRanges;
  /** In order of their mod-sequences; at most `CHANGES_KEPT`. */
  readonly changes: readonly SeenChange[];
}

export type Readers = ReadonlyMap<AccountId, Reader>;

export const NO_READERS: Readers = new Map();

const NO_READER: Reader = { seen: new Uint32Array(0), changes: [] };

/** Changes of one reader with a mod-sequence of their own: what a device learns exactly after a day of reading. */
const CHANGES_KEPT = 64;
/** A joined change of more ranges than this becomes the one range that covers them. */
const RANGES_OF_JOINED = 256;
/** Readers of one mailbox: each may take as much as the mailbox has messages, a byte for two of them at worst. */
export const MAX_READERS = 500;

/** Readers with \Seen set or cleared for one of them. */
export function withSeen(readers: Readers, op: SeenOp, modSeq: ModSeq): Readers {
  const before = readers.get(op.reader) ?? NO_READER;
  const seen = op.seen ? unionOf(before.seen, op.uids) : differenceOf(before.seen, op.uids);
  const changes = joined([...before.changes, { modSeq, uids: op.uids }]);
  return new Map(readers).set(op.reader, { seen, changes });
}

function joined(changes: readonly SeenChange[]): readonly SeenChange[] {
  const [first, second, ...rest] = changes;
  if (changes.length <= CHANGES_KEPT || !first || !second) return changes;
  const all = unionOf(first.uids, second.uids);
  const uids =
    all.length > 2 * RANGES_OF_JOINED ? Uint32Array.of(all[0] ?? 0, all[all.length - 1] ?? 0) : all;
  return [{ modSeq: second.modSeq, uids }, ...rest];
}

/**
 * A view takes 13 bytes a message beside the 62 of the columns, which the replicas' budget counts: so few are kept that
 * they are within what it leaves, and another is made in a millisecond for 100,000 messages.
 */
const VIEWS_KEPT = 2;

const asRead = new WeakMap<Mailbox, Map<AccountId, Mailbox>>();

/**
 * The mailbox as `reader` has it: \Seen and mod-sequences are the reader's own. Everything that reads a mailbox can so
 * read it for anybody. `unseen` is exact only with columns loaded. Worked out once a state, for those who read it last.
 */
export function mailboxFor(mailbox: Mailbox, reader: AccountId): Mailbox {
  let known = asRead.get(mailbox);
  if (!known) asRead.set(mailbox, (known = new Map<AccountId, Mailbox>()));
  const mine = known.get(reader) ?? seenBy(mailbox, mailbox.readers.get(reader) ?? NO_READER);
  known.delete(reader);
  known.set(reader, mine);
  const [oldest] = known.keys();
  if (known.size > VIEWS_KEPT && oldest !== undefined) known.delete(oldest);
  return mine;
}

/** The mod-sequence of the reader's newest change of \Seen. */
export function newestChangeFor({ readers }: Mailbox, reader: AccountId): ModSeq | undefined {
  return readers.get(reader)?.changes.at(-1)?.modSeq;
}

function seenBy(mailbox: Mailbox, { seen, changes }: Reader): Mailbox {
  const newest = changes.at(-1)?.modSeq ?? mailbox.highestModSeq;
  const highestModSeq = newest > mailbox.highestModSeq ? newest : mailbox.highestModSeq;
  if (!mailbox.columns) return { ...mailbox, highestModSeq };
  const columns = columnsSeenBy(mailbox.columns, seen, changes);
  let unseen = 0;
  for (let row = 0; row < columns.count; row++) if (!((columns.system[row] ?? 0) & SEEN)) unseen++;
  return { ...mailbox, highestModSeq, columns, unseen };
}

function columnsSeenBy(columns: Columns, seen: UidRanges, changes: readonly SeenChange[]): Columns {
  return columns.withOwnFlags((system, modSeqs) => {
    for (let row = 0; row < columns.count; row++) system[row] = (system[row] ?? 0) & ~SEEN;
    forEachRow(seen, columns.uids, columns.count, (row) => {
      system[row] = (system[row] ?? 0) | SEEN;
    });
    for (const { modSeq, uids } of changes)
      forEachRow(uids, columns.uids, columns.count, (row) => {
        if (modSeq > (modSeqs[row] ?? 0)) modSeqs[row] = modSeq;
      });
  });
}

/**
 * The op that sets or clears \Seen of `chosen` (ascending, all of them in `columns`) for a reader. Ranges reach down to the
 * message before: no message can come into that gap any more, and so a mailbox that was read whole is one range.
 */
export function seenOp(
  columns: Columns,
  mailbox: MailboxId,
  reader: AccountId,
  chosen: readonly number[],
  seen: boolean,
): SeenOp {
  const flat: number[] = [];
  for (const uid of chosen) {
    const row = columns.rowOf(uid);
    const from = row > 0 ? (columns.uids[row - 1] ?? 0) + 1 : 1;
    if (flat.length > 0 && (flat.at(-1) ?? 0) + 1 >= from) flat[flat.length - 1] = uid;
    else flat.push(from, uid);
  }
  return { op: 'seen', mailbox, reader, uids: Uint32Array.from(flat), seen };
}
