/**
 * Rows of segments that are lost, from what is left beside them: the records that no fold has emptied yet, and the segments
 * that folds have superseded and not deleted yet. Both are kept for a day, and the records reach further back: a fold
 * deletes first and empties then, so that no item which it superseded is older than the first record that stands.
 *
 * The records are replayed, from a state that is put together of all rows that can be found. A row may be younger than
 * the record where the replay begins. That does no harm to the row: whatever sets flags a second time, in the same order,
 * sets the same. It would do harm to a copy, which gets what the original had at that moment. So a copy is taken from where
 * it is found itself; else from its original if that has not changed since; else its flags are not known.
 * Rows that came by the records come by them again, with the same UIDs, for UIDNEXT as of their beginning follows from what
 * they gave out.
 *
 * Nothing is believed that does not come out even: each lost segment has as many rows as it had, between the UIDs that it
 * had, all of them known, and the mailbox has the counters of the checkpoint.
 */
import { type OpPlace, applyOp } from './apply.ts';
import type { Checkpoint, SegmentInfo } from './checkpoint.ts';
import { Columns, type Row } from './columns.ts';
import { effectOfRemoval, sameEffect } from './effect.ts';
import type { BuriedRow } from './graveyard.ts';
import { type MailboxId, modSeqOf } from './ids.ts';
import type { CopyOp, Op } from './ops.ts';
import type { JournalRecord } from './record.ts';
import { type AccountState, type Mailbox, resolveTarget, withColumns } from './state.ts';
import { forEachRow } from './uid-ranges.ts';

export interface Remains {
  readonly base: Checkpoint;
  /** Every record above `base.emptiedTo` up to the checkpoint. */
  readonly records: readonly JournalRecord[];
  /** What of the checkpoint's columns can be read. */
  readonly columns: ReadonlyMap<MailboxId, Columns>;
  /** Rows of superseded segments, older ones first. */
  readonly superseded: readonly { readonly mailbox: MailboxId; readonly columns: Columns }[];
  readonly buried: readonly BuriedRow[];
  /** What was lost, by mailbox. */
  readonly lost: ReadonlyMap<MailboxId, readonly SegmentInfo[]>;
}

/** The columns at the checkpoint of those mailboxes of which every lost row was found. */
export function reconstruct(remains: Remains): ReadonlyMap<MailboxId, Columns> {
  const replay = new Reconstruction(remains);
  const found = new Map<MailboxId, Columns>();
  for (const [id, segments] of remains.lost) {
    const columns = replay.columnsOf(id, segments);
    if (columns) found.set(id, columns);
  }
  return found;
}

/** The tree is the checkpoint's from the first: a mailbox that was made since is empty until it is. */
const CHANGES_TREE: ReadonlySet<Op['op']> = new Set(['create', 'delete', 'rename']);

class Reconstruction {
  readonly #remains: Remains;
  /** Every row that can be found, by mailbox and UID. */
  readonly #pool: ReadonlyMap<MailboxId, ReadonlyMap<number, Row>>;
  /** Copies of which it is not known which flags they got. */
  readonly #unknown = new Set<string>();
  #state: AccountState;

  constructor(remains: Remains) {
    this.#remains = remains;
    const ids = [...remains.base.state.mailboxes.keys()];
    this.#pool = new Map(ids.map((id) => [id, rowsOf(remains, id)]));
    this.#state = this.#beginning();
    for (const { number, time, ops } of remains.records)
      ops.forEach((op, index) => {
        const place = { record: number, index, saved: Math.floor(time / 1000) };
        if (op.op === 'copy' || op.op === 'move') this.#copy(op, place);
        else if (!CHANGES_TREE.has(op.op)) this.#state = applyOp(this.#state, op, place);
      });
  }

  /** What can be read of a mailbox, and between it the rows of its lost segments; null if they are not all there. */
  columnsOf(id: MailboxId, segments: readonly SegmentInfo[]): Columns | null {
    const mailbox = this.#remains.base.state.mailboxes.get(id);
    const replayed = this.#state.mailboxes.get(id)?.columns;
    if (!mailbox || !replayed) return null;
    const rows: Row[] = [...rowsIn(this.#remains.columns.get(id))];
    for (const info of segments) {
      const lost = [...rowsIn(replayed)].filter(({ uid }) => uid >= info.firstUid && uid <= info.lastUid);
      const [first, last] = [lost[0]?.uid, lost.at(-1)?.uid];
      if (lost.length !== info.count || first !== info.firstUid || last !== info.lastUid) return null;
      if (lost.some(({ uid }) => this.#unknown.has(`${id}/${uid}`))) return null;
      rows.push(...lost);
    }
    const columns = Columns.of(
      rows.sort((a, b) => a.uid - b.uid),
      rows.length,
    );
    const { messages, unseen, deleted, bytes } = mailbox;
    const counted = effectOfRemoval(columns, Uint32Array.of(1, 0xffff_ffff));
    return sameEffect(counted, { messages, unseen, deleted, bytes }) ? columns : null;
  }

  /** The account as of the first of the records, as far as rows of it can be found. */
  #beginning(): AccountState {
    const { base, records } = this.#remains;
    const given = givenOut(base.state, records);
    const mailboxes = new Map<MailboxId, Mailbox>();
    for (const mailbox of base.state.mailboxes.values()) {
      const uidNext = mailbox.uidNext - (given.get(mailbox.id) ?? 0);
      const rows = [...(this.#pool.get(mailbox.id)?.values() ?? [])].filter(({ uid }) => uid < uidNext);
      rows.sort((a, b) => a.uid - b.uid);
      mailboxes.set(mailbox.id, { ...mailbox, uidNext, columns: Columns.of(rows, rows.length) });
    }
    return { ...base.state, number: base.emptiedTo, mailboxes };
  }

  #copy(op: CopyOp, place: OpPlace): void {
    const from = this.#state.mailboxes.get(op.from)?.columns;
    const first = this.#state.mailboxes.get(op.to)?.uidNext;
    const modSeq = modSeqOf(place.record, place.index);
    const originals: number[] = [];
    if (from) forEachRow(op.uids, from.uids, from.count, (row) => originals.push(from.uidAt(row)));
    this.#state = applyOp(this.#state, op, place);
    if (first === undefined) return;
    const itself = new Map<number, Row>();
    originals.forEach((original, index) => {
      const uid = first + index;
      const known = this.#pool.get(op.to)?.get(uid);
      const changed = (this.#pool.get(op.from)?.get(original)?.modSeq ?? 0) > modSeq;
      if (known) itself.set(uid, known);
      else if (changed || this.#unknown.has(`${op.from}/${original}`)) this.#unknown.add(`${op.to}/${uid}`);
    });
    if (itself.size > 0) this.#replace(op.to, itself);
  }

  #replace(id: MailboxId, rows: ReadonlyMap<number, Row>): void {
    const columns = this.#state.mailboxes.get(id)?.columns;
    const next = [...rowsIn(columns)].map((row) => rows.get(row.uid) ?? row);
    this.#state = withColumns(this.#state, id, Columns.of(next, next.length));
  }
}

/** How many UIDs the records gave out in each mailbox. */
function givenOut(state: AccountState, records: readonly JournalRecord[]): ReadonlyMap<MailboxId, number> {
  const uids = new Map<MailboxId, number>();
  const give = (id: MailboxId | undefined, count: number): void => {
    if (id !== undefined) uids.set(id, (uids.get(id) ?? 0) + count);
  };
  for (const op of records.flatMap(({ ops }) => ops)) {
    if (op.op === 'append') give(resolveTarget(state, op.to)?.id, 1);
    if (op.op === 'copy' || op.op === 'move') give(op.to, op.effect.messages);
    if (op.op === 'restore') give(op.to, op.rows.length);
  }
  return uids;
}

/** Every row of the mailbox that can be found, but for those that had left it before the records. */
function rowsOf({ records, columns, superseded, buried }: Remains, id: MailboxId): Map<number, Row> {
  const rows = new Map<number, Row>();
  const begin = Math.floor((records[0]?.time ?? 0) / 1000);
  const graves = buried.filter(({ mailbox }) => mailbox === id);
  for (const { row } of graves) rows.set(row.uid, row);
  for (const old of superseded)
    if (old.mailbox === id) for (const row of rowsIn(old.columns)) rows.set(row.uid, row);
  for (const { row, expunged } of graves) if (expunged < begin) rows.delete(row.uid);
  for (const row of rowsIn(columns.get(id))) rows.set(row.uid, row);
  return rows;
}

function* rowsIn(columns: Columns | undefined): Iterable<Row> {
  for (let row = 0; columns && row < columns.count; row++) yield columns.row(row);
}
