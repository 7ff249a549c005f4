/**
 * `apply`: the next state of an account from a record (I1). Pure and total: no clock, no randomness, no I/O, and every
 * op has a defined result for a mailbox, UID or name that is not there (nothing happens). Every replica that applies
 * the same records has the same state, whichever columns it has loaded.
 */
import { NO_ACL, withAclEntry } from './acl.ts';
import { NO_ANNOTATIONS, withAnnotation } from './annotations.ts';
import { epoch, mend, restore } from './apply-mending.ts';
import { Columns, type Row } from './columns.ts';
import { counted, used, withKeywords } from './counters.ts';
import { effectOfAppend, effectOfFlags, effectOfRemoval, negative, sameEffect } from './effect.ts';
import type { MailboxId, ModSeq, RecordNumber, Uid } from './ids.ts';
import { modSeqOf } from './ids.ts';
import type {
  AclOp,
  AnnotateOp,
  AppendOp,
  CopyOp,
  CreateOp,
  DeleteOp,
  Effect,
  FlagsOp,
  ExpungeOp,
  Op,
  RenameOp,
  SeenOp,
} from './ops.ts';
import { withPolicy, withoutMailbox } from './policy.ts';
import { placedInPack } from './packing.ts';
import { NO_READERS, withSeen } from './readers.ts';
import type { JournalRecord } from './record.ts';
import {
  type AccountState,
  DELIMITER,
  type Mailbox,
  NO_KEYWORDS,
  type Usage,
  byName,
  knownName,
  mailboxFor,
  resolveTarget,
  withMailbox,
} from './state.ts';
import { forEachRow } from './uid-ranges.ts';

/** The columns say otherwise than the record does (I8): an alarm, for one of the two was written by faulty code. */
export interface Divergence {
  readonly record: RecordNumber;
  /** Null: the account's usage after the record. */
  readonly op: { readonly index: number; readonly mailbox: MailboxId } | null;
  readonly recorded: Effect | Usage;
  readonly found: Effect | Usage;
}

/** Where an op stands: what it needs from its record. */
export interface OpPlace {
  readonly record: RecordNumber;
  readonly index: number;
  /** Seconds since the epoch: the record's time. */
  readonly saved: number;
}

export type Report = (divergence: Divergence) => void;

const IGNORE: Report = () => undefined;

/** Is shown each op with the state that it is about to change. */
export type Visit = (before: AccountState, op: Op, place: OpPlace) => void;

/** The state after `record`. The caller has seen to it that `record.number` is `state.number + 1`. */
export function apply(
  state: AccountState,
  record: JournalRecord,
  report: Report = IGNORE,
  visit?: Visit,
): AccountState {
  let next = state;
  const saved = Math.floor(record.time / 1000);
  record.ops.forEach((op, index) => {
    const place = { record: record.number, index, saved };
    visit?.(next, op, place);
    next = applyOp(next, op, place, report);
  });
  const { usage } = record;
  if (usage.messages !== next.usage.messages || usage.bytes !== next.usage.bytes)
    report({ record: record.number, op: null, recorded: usage, found: next.usage });
  return { ...next, number: record.number };
}

/** The state after one op; `number` stays, so that a trial may apply ops before their record exists. */
export function applyOp(state: AccountState, op: Op, place: OpPlace, report: Report = IGNORE): AccountState {
  const modSeq = modSeqOf(place.record, place.index);
  switch (op.op) {
    case 'append':
      return append(state, op, place, modSeq);
    case 'flags':
      return changeFlags(state, op, place, modSeq, report);
    case 'expunge':
      return expunge(state, op, place, modSeq, report);
    case 'copy':
    case 'move':
      return copy(state, op, place, modSeq, report);
    case 'create':
      return create(state, op, modSeq);
    case 'delete':
      return remove(state, op, place);
    case 'rename':
      return rename(state, op, place);
    case 'subscribe':
      return { ...state, subscriptions: new Set(state.subscriptions).add(knownName(op.name)) };
    case 'unsubscribe': {
      const subscriptions = new Set(state.subscriptions);
      subscriptions.delete(op.name);
      return { ...state, subscriptions };
    }
    case 'recent': {
      const mailbox = state.mailboxes.get(op.mailbox);
      if (!mailbox || mailbox.recentFloor >= op.floor) return state;
      return withMailbox(state, { ...mailbox, recentFloor: Math.min(op.floor, mailbox.uidNext) });
    }
    case 'epoch':
      return epoch(state, op, place);
    case 'annotate':
      return annotate(state, op, modSeq);
    case 'acl':
      return changeAcl(state, op, place);
    case 'seen':
      return changeSeen(state, op, modSeq);
    case 'mend':
      return mend(state, op, modSeq);
    case 'purge':
      // It is about rows that are in no mailbox any more: see `whole-state.ts`, and the fold.
      return state;
    case 'restore':
      return restore(state, op, place, modSeq);
    case 'policy':
      return { ...state, policy: withPolicy(state.policy, op.change) };
    case 'pack':
      return placedInPack(state, op);
  }
}

function append(state: AccountState, op: AppendOp, place: OpPlace, modSeq: ModSeq): AccountState {
  const mailbox = resolveTarget(state, op.to);
  if (!mailbox) return state;
  const { size, system, date, zone, blob } = op;
  const keywords = [...op.keywords];
  const columns = mailbox.columns?.append({
    uid: mailbox.uidNext as Uid,
    system,
    keywords,
    modSeq,
    size,
    date,
    zone,
    saved: place.saved,
    blob,
    pack: null,
    summary: { chunk: 0, at: place.record, slot: place.index },
  });
  const effect = effectOfAppend(system, size);
  const next: Mailbox = {
    ...counted(mailbox, effect, modSeq),
    uidNext: mailbox.uidNext + 1,
    keywords: withKeywords(mailbox.keywords, keywords),
    columns,
  };
  return used(withMailbox(state, next), effect);
}

function changeFlags(
  state: AccountState,
  op: FlagsOp,
  place: OpPlace,
  modSeq: ModSeq,
  report: Report,
): AccountState {
  const mailbox = state.mailboxes.get(op.mailbox);
  if (!mailbox) return state;
  const { columns } = mailbox;
  if (columns)
    check(op.effect, effectOfFlags(columns, op.uids, op.mode, op.system), op.mailbox, place, report);
  return withMailbox(state, {
    ...counted(mailbox, op.effect, modSeq),
    keywords: op.mode === 'remove' ? mailbox.keywords : withKeywords(mailbox.keywords, op.keywords),
    columns: columns?.withFlags(op.uids, op.mode, op.system, op.keywords, modSeq),
  });
}

function expunge(
  state: AccountState,
  op: ExpungeOp,
  place: OpPlace,
  modSeq: ModSeq,
  report: Report,
): AccountState {
  const mailbox = state.mailboxes.get(op.mailbox);
  if (!mailbox) return state;
  const { columns } = mailbox;
  if (columns) check(op.effect, effectOfRemoval(columns, op.uids), op.mailbox, place, report);
  const effect = negative(op.effect);
  const next = { ...counted(mailbox, effect, modSeq), columns: columns?.without(op.uids) };
  return used(withMailbox(state, next), effect);
}

function copy(state: AccountState, op: CopyOp, place: OpPlace, modSeq: ModSeq, report: Report): AccountState {
  const from = state.mailboxes.get(op.from);
  const to = state.mailboxes.get(op.to);
  if (!from || !to || (from === to && op.op === 'move')) return state;
  if (from.columns) check(op.effect, effectOfRemoval(from.columns, op.uids), op.from, place, report);
  // Without the source's columns nothing is known of the rows: the target's columns must be loaded anew.
  const columns =
    from.columns && to.columns && copyRows(from.columns, to.columns, op, to.uidNext, modSeq, place);
  let next = withMailbox(state, {
    ...counted(to, op.effect, modSeq),
    uidNext: to.uidNext + op.effect.messages,
    keywords: withKeywords(to.keywords, op.keywords),
    columns,
  });
  if (op.op === 'copy') return used(next, op.effect);
  next = withMailbox(next, {
    ...counted(from, negative(op.effect), modSeq),
    columns: from.columns?.without(op.uids),
  });
  return next;
}

function copyRows(
  from: Columns,
  to: Columns,
  op: CopyOp,
  uidNext: number,
  modSeq: ModSeq,
  place: OpPlace,
): Columns {
  let target = to;
  let uid = uidNext;
  forEachRow(op.uids, from.uids, from.count, (row) => {
    const copied: Row = { ...from.row(row), uid: uid++ as Uid, modSeq, saved: place.saved };
    target = target.append(copied);
  });
  return target;
}

function create(state: AccountState, op: CreateOp, modSeq: ModSeq): AccountState {
  if (byName(state).has(op.name)) return state;
  const uidValidity = Math.max(op.uidValidity, state.lastUidValidity + 1);
  const mailbox: Mailbox = {
    id: state.nextMailbox,
    name: knownName(op.name),
    uidValidity,
    uidNext: 1,
    messages: 0,
    unseen: 0,
    deleted: 0,
    bytes: 0,
    highestModSeq: modSeq,
    recentFloor: 1,
    // A special use belongs to one mailbox.
    use: op.use === null || mailboxFor(state, op.use) ? null : knownName(op.use),
    keywords: NO_KEYWORDS,
    acl: NO_ACL,
    annotations: NO_ANNOTATIONS,
    readers: NO_READERS,
    columns: Columns.empty(),
  };
  return {
    ...withMailbox(state, mailbox),
    nextMailbox: (state.nextMailbox + 1) as MailboxId,
    lastUidValidity: uidValidity,
  };
}

function remove(state: AccountState, op: DeleteOp, place: OpPlace): AccountState {
  const mailbox = state.mailboxes.get(op.mailbox);
  if (!mailbox) return state;
  const mailboxes = new Map(state.mailboxes);
  mailboxes.delete(op.mailbox);
  const { messages, bytes } = state.usage;
  return {
    ...state,
    mailboxes,
    sharedAt: mailbox.acl.size > 0 ? place.record : state.sharedAt,
    policy: withoutMailbox(state.policy, op.mailbox),
    usage: { messages: messages - mailbox.messages, bytes: bytes - mailbox.bytes },
  };
}

/** A rename touches no message: HIGHESTMODSEQ stays (RFC 7162 §3.1.2.1). */
function rename(state: AccountState, op: RenameOp, place: OpPlace): AccountState {
  const prefix = op.from + DELIMITER;
  const moved = (name: string): string | null =>
    name === op.from ? op.to : name.startsWith(prefix) ? op.to + name.slice(op.from.length) : null;
  const names = byName(state);
  const mailboxes = new Map<MailboxId, Mailbox>();
  let { sharedAt } = state;
  for (const mailbox of state.mailboxes.values()) {
    const name = moved(mailbox.name);
    if (name !== null && names.has(name) && moved(name) === null) return state;
    mailboxes.set(mailbox.id, name === null ? mailbox : { ...mailbox, name });
    if (name !== null && mailbox.acl.size > 0) sharedAt = place.record;
  }
  return { ...state, mailboxes, sharedAt };
}

/** An annotation of a mailbox raises its HIGHESTMODSEQ (RFC 7162 §3.2). */
function annotate(state: AccountState, op: AnnotateOp, modSeq: ModSeq): AccountState {
  if (op.mailbox === null) return { ...state, annotations: withAnnotation(state.annotations, op) };
  const mailbox = state.mailboxes.get(op.mailbox);
  if (!mailbox) return state;
  const annotations = withAnnotation(mailbox.annotations, op);
  return withMailbox(state, { ...mailbox, annotations, highestModSeq: modSeq });
}

function changeAcl(state: AccountState, op: AclOp, place: OpPlace): AccountState {
  const mailbox = state.mailboxes.get(op.mailbox);
  if (!mailbox) return state;
  const acl = withAclEntry(mailbox.acl, op.entry);
  return { ...withMailbox(state, { ...mailbox, acl }), sharedAt: place.record };
}

/** HIGHESTMODSEQ stays for all but the reader. */
function changeSeen(state: AccountState, op: SeenOp, modSeq: ModSeq): AccountState {
  const mailbox = state.mailboxes.get(op.mailbox);
  if (!mailbox) return state;
  return withMailbox(state, { ...mailbox, readers: withSeen(mailbox.readers, op, modSeq) });
}

function check(recorded: Effect, found: Effect, mailbox: MailboxId, place: OpPlace, report: Report): void {
  if (!sameEffect(recorded, found))
    report({ record: place.record, op: { index: place.index, mailbox }, recorded, found });
}
