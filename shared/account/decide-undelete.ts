/**
 * Undelete: what was expunged, or was in the account at a moment back, comes back with new UIDs. Only what is not purged
 * can be named here, for the whole state holds nothing else; that it is not purged before the record stands is what the
 * conditional put is for (I5).
 *
 * A message that is where it would be brought to is not brought there again, so that an undelete which was cut off, or is
 * made twice, ends as one does. What came back and was expunged again is one message, however often: as many of it come
 * back as there were at one time, with the flags of the last.
 *
 * The account as of a time is known exactly, with flags, mailboxes and names, where the journal reaches back so far: to
 * the last fold. Beyond it rows tell: those that have left since with the flags and in the mailbox that they had at last,
 * those that are still there as they are. Whether a message that was moved since was there at all, the journal tells as long
 * as its records are not emptied, a day or more; beyond that, the message's date.
 */
import { applyOp } from './apply.ts';
import type { Columns, Row } from './columns.ts';
import { decideCreate } from './decide-mailboxes.ts';
import { effectOfAppend } from './effect.ts';
import { DELETED } from './flags.ts';
import { replayTail } from './fold.ts';
import type { BuriedRow } from './graveyard.ts';
import type { BlobId, MailboxId, RecordNumber } from './ids.ts';
import { MailboxRefusal, checkedName } from './mailbox-names.ts';
import type { Op, RestoredRow } from './ops.ts';
import type { JournalRecord } from './record.ts';
import type { Decision } from './commit-request.ts';
import { type AccountState, DELIMITER, type Mailbox, mailboxNamed } from './state.ts';
import type { WholeState } from './whole-state.ts';

/** What is to come back. */
export type Lost =
  /** Expunged at `since` or later (seconds since the epoch), out of the mailbox that has or had the name, or one below. */
  | { readonly since: number; readonly mailbox: string | null }
  /** What was in the account at that time, seconds since the epoch. */
  | { readonly asOf: number };

export interface UndeleteRequest {
  readonly lost: Lost;
  /** Below which mailbox, each in one of the name of its old one; null: into its old one. */
  readonly into: string | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Records below the checkpoint that are not emptied, in their order: they tell what has arrived since `asOf`. */
  readonly covered?: readonly JournalRecord[];
  /** Messages of one record, `ROWS_PER_RESTORE` unless a test makes it small. */
  readonly most?: number;
}

export interface Undeleted {
  readonly restored: number;
  readonly bytes: number;
  /** Messages that are there already. */
  readonly present: number;
  /** There is more to bring back, at once. */
  readonly more: boolean;
  /** Where messages came. */
  readonly mailboxes: readonly string[];
  /** Whether the account was known exactly as of the time. */
  readonly exact: boolean;
}

/** Some 30 bytes each once they are packed, half of them a random blob: a record of 128 write units. */
export const ROWS_PER_RESTORE = 4_096;

/** UIDs are 32 bits wide and never used twice. */
const MAX_UID = 0xffff_ffff;

/** A row, and the mailbox that it was in. */
interface Wanted {
  readonly mailbox: MailboxId;
  readonly name: string;
  readonly row: Row;
  /** When it left, seconds since the epoch; it is there still without. */
  readonly expunged?: number;
}

export function decideUndelete(whole: WholeState, request: UndeleteRequest): Decision<Undeleted> {
  const { into, now, most = ROWS_PER_RESTORE } = request;
  const { wanted, exact } = wantedOf(whole, request);
  const targets = new Targets(whole.state, into, now);
  const lists = Map.groupBy(wanted, (each) => targets.nameFor(each));
  let present = 0;
  let come = 0;
  let more = false;
  let bytes = 0;
  const mailboxes: string[] = [];
  for (const [name, list] of lists) {
    const rows = onceEach(list);
    const missing = missingFrom(mailboxNamed(whole.state, name)?.columns, rows);
    present += rows.length - missing.length;
    const chosen = missing.slice(0, most - come);
    if (chosen.length < missing.length) more = true;
    if (chosen.length === 0) continue;
    come += chosen.length;
    mailboxes.push(name);
    bytes += chosen.reduce((sum, { system, size }) => sum + effectOfAppend(system, size).bytes, 0);
    targets.restore(name, chosen.map(restored));
  }
  const value = { restored: come, bytes, present, more, mailboxes, exact };
  return { ops: targets.ops, value };
}

function wantedOf(
  whole: WholeState,
  { lost, covered = [] }: UndeleteRequest,
): { readonly wanted: readonly Wanted[]; readonly exact: boolean } {
  if ('asOf' in lost) return asOf(whole, lost.asOf, [...covered, ...whole.opening.tail]);
  const { since, mailbox } = lost;
  const names = new Map([...whole.state.mailboxes.values()].map(({ id, name }) => [id, name]));
  const isMeant = mailbox === null ? () => true : within(mailbox);
  const wanted = whole.buried.filter(
    (row) => row.expunged >= since && (isMeant(row.name) || isMeant(names.get(row.mailbox))),
  );
  return { wanted: inOrder(wanted), exact: true };
}

/** Whether there is such a mailbox, or one below it, or anything that left one and can be brought back. */
export function knowsMailbox({ state, buried }: WholeState, mailbox: string): boolean {
  const isMeant = within(mailbox);
  return (
    [...state.mailboxes.values()].some(({ name }) => isMeant(name)) ||
    buried.some(({ name }) => isMeant(name))
  );
}

/** Tells the name itself, and those below it. */
function within(mailbox: string): (name: string | undefined) => boolean {
  return (name) => name === mailbox || (name?.startsWith(mailbox + DELIMITER) ?? false);
}

/** As they stood in their mailboxes. */
function inOrder(rows: readonly BuriedRow[]): BuriedRow[] {
  return rows.toSorted((a, b) => a.mailbox - b.mailbox || a.row.uid - b.row.uid);
}

function asOf(
  whole: WholeState,
  time: number,
  records: readonly JournalRecord[],
): { wanted: readonly Wanted[]; exact: boolean } {
  const { base, tail } = whole.opening;
  // To the second, as rows are: what was done in that second is in it.
  const until = (time + 1) * 1000;
  const reaches = base.time < until;
  if (reaches) {
    const next = tail.findIndex((record) => record.time >= until);
    const known = { base, tail: next < 0 ? tail : tail.slice(0, next) };
    const { state } = replayTail(known, whole.columns, () => undefined);
    const purged = new Set(whole.purges.ops.flatMap(({ blobs }) => blobs));
    const rows = [...state.mailboxes.values()].flatMap((mailbox) => rowsOf(mailbox));
    return { wanted: rows.filter(({ row }) => !purged.has(row.blob)), exact: true };
  }
  const all: Wanted[] = [
    ...inOrder(whole.buried.filter(({ expunged }) => expunged > time)),
    ...[...whole.state.mailboxes.values()].flatMap(rowsOf),
  ];
  const there = all.filter(({ row }) => row.saved <= time);
  // What is in its mailbox for a shorter time was copied or moved since, or has arrived. A message that is known to have been
  // there is not counted twice.
  const known = new Set(there.map(({ row }) => row.blob));
  const hasArrived = arrivedSince(until, records, all);
  const moved = all.filter(({ row }) => {
    if (row.saved <= time || known.has(row.blob) || hasArrived(row)) return false;
    known.add(row.blob);
    return true;
  });
  return { wanted: [...there, ...moved], exact: false };
}

/**
 * Whether a message came at `until` (milliseconds since the epoch) or later: as `records` say if they reach back so far, else by
 * its date. What came back since then was not there, unless one of `rows`, which were there since, is from before that: then it was moved or copied first.
 */
function arrivedSince(
  until: number,
  records: readonly JournalRecord[],
  rows: readonly Wanted[],
): (row: Row) => boolean {
  const [first] = records;
  const reach = first !== undefined && (first.number === 1 || first.time < until);
  const appended = new Set<BlobId>();
  /** When each came back first, seconds since the epoch. */
  const back = new Map<BlobId, number>();
  for (const record of records) {
    if (record.time < until) continue;
    for (const op of record.ops) {
      if (op.op === 'append') appended.add(op.blob);
      if (op.op !== 'restore') continue;
      for (const { blob } of op.rows) if (!back.has(blob)) back.set(blob, Math.floor(record.time / 1000));
    }
  }
  for (const { row } of rows) if (row.saved < (back.get(row.blob) ?? 0)) back.delete(row.blob);
  return ({ blob, date }) => appended.has(blob) || back.has(blob) || (!reach && date * 1000 >= until);
}

function rowsOf({ id, name, columns }: Mailbox): Wanted[] {
  return Array.from({ length: columns?.count ?? 0 }, (_, row) => ({
    mailbox: id,
    name,
    row: (columns as Columns).row(row),
  }));
}

/** The rows without those of which a later one is the same message, which was brought back in between. */
function onceEach(wanted: readonly Wanted[]): Row[] {
  const rows = new Set(wanted.map(({ row }) => row));
  for (const same of Map.groupBy(wanted, ({ row }) => row.blob).values()) {
    if (same.length === 1) continue;
    const byEnd = same.toSorted((a, b) => endOf(a) - endOf(b) || a.row.saved - b.row.saved);
    for (const { row } of byEnd.slice(0, -mostAtOnce(byEnd))) rows.delete(row);
  }
  return [...rows];
}

/** How many of them there were at one time, one at least: what comes back in the second in which it went was not there twice. */
function mostAtOnce(byEnd: readonly Wanted[]): number {
  const begins = byEnd.map(({ row }) => row.saved).toSorted((a, b) => a - b);
  let ended = 0;
  let most = 1;
  for (const [before, begin] of begins.entries()) {
    for (let first = byEnd[ended]; first && endOf(first) <= begin; first = byEnd[ended]) ended++;
    most = Math.max(most, before + 1 - ended);
  }
  return most;
}

function endOf({ expunged = Infinity }: Wanted): number {
  return expunged;
}

/** Those of `rows` that `columns` has not as often. */
function missingFrom(columns: Columns | undefined, rows: readonly Row[]): Row[] {
  const present = new Map<BlobId, number>(rows.map(({ blob }) => [blob, 0]));
  for (let row = 0; columns && row < columns.count; row++) {
    const blob = columns.blobAt(row);
    const count = present.get(blob);
    if (count !== undefined) present.set(blob, count + 1);
  }
  return rows.filter(({ blob }) => {
    const count = present.get(blob) ?? 0;
    present.set(blob, count - 1);
    return count <= 0;
  });
}

/** Without \Deleted: the next EXPUNGE would take it out again. */
function restored({ uid: _uid, modSeq: _modSeq, saved: _saved, ...row }: Row): RestoredRow {
  return { ...row, system: row.system & ~DELETED };
}

/** Mailboxes that messages come back to; those that are missing are made. */
class Targets {
  readonly ops: Op[] = [];
  readonly #into: string | null;
  readonly #now: number;
  #trial: AccountState;

  constructor(state: AccountState, into: string | null, now: number) {
    this.#trial = state;
    this.#into = into === null ? null : checkedName(into);
    this.#now = now;
  }

  nameFor({ mailbox, name }: Wanted): string {
    if (this.#into === null) return this.#trial.mailboxes.get(mailbox)?.name ?? name;
    // What had come back before goes where it was, not a level deeper each time.
    if (within(this.#into)(name)) return name;
    const below = this.#into + DELIMITER + name;
    try {
      return checkedName(below);
    } catch (error) {
      // Too long, or too deep: all of those come together.
      if (error instanceof MailboxRefusal) return this.#into;
      throw error;
    }
  }

  restore(name: string, rows: readonly RestoredRow[]): void {
    let mailbox = mailboxNamed(this.#trial, name);
    if (!mailbox) {
      this.#apply(decideCreate(this.#trial, name, this.#now).ops);
      mailbox = mailboxNamed(this.#trial, name);
    }
    if (!mailbox) throw new Error(`mailbox ${name} was not made`);
    if (mailbox.uidNext + rows.length > MAX_UID)
      throw new MailboxRefusal(
        'LIMIT',
        `mailbox "${name}" has no UIDs left: bring messages back into another`,
      );
    this.#apply([{ op: 'restore', to: mailbox.id, rows }]);
  }

  /** Ops see what those before them have made. */
  #apply(ops: readonly Op[]): void {
    for (const op of ops) {
      const record = (this.#trial.number + 1) as RecordNumber;
      const place = { record, index: this.ops.length, saved: Math.floor(this.#now / 1000) };
      this.#trial = applyOp(this.#trial, op, place);
      this.ops.push(op);
    }
  }
}

/** How a mailbox is called that what comes back is put below. */
export const RESTORED = 'Restored';
