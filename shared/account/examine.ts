/**
 * Examining an account: what its index amounts to, as far as it can be read, and what is wrong with it. Pure; the reading is
 * `functions/check`'s.
 *
 * What the checkpoint says is believed where nothing contradicts it. Messages whose segment is gone come from the
 * journal if every record still stands, or from those that stand and older segments (`reconstruct.ts`); else they are lost
 * to the index, though their blobs are not.
 */
import type { Divergence } from './apply.ts';
import type { Checkpoint, SegmentInfo } from './checkpoint.ts';
import { Columns } from './columns.ts';
import {
  NO_UIDS,
  counterFinding,
  difference,
  examineTree,
  mendingOf,
  uidsWithout,
  usageFinding,
} from './examine-mailboxes.ts';
import { type ExaminedJournal, examineJournal } from './examine-journal.ts';
import { type Finding, counted } from './finding.ts';
import { type Replay, replayTail } from './fold.ts';
import type { MailboxId, Uid } from './ids.ts';
import { EMPTY_CHECKPOINT, type Opening } from './opening.ts';
import type { MendOp } from './ops.ts';
import { reconstruct } from './reconstruct.ts';
import type { JournalRecord } from './record.ts';
import { type AccountState, type Mailbox, INBOX_ID } from './state.ts';
import type { FoundSegment, Survey } from './survey.ts';
import { type UidRanges, differenceOf, unionOf } from './uid-ranges.ts';

export interface Examination {
  readonly findings: readonly Finding[];
  /** The checkpoint that is built on: what stands, or an empty one if the journal alone tells everything. */
  readonly base: Checkpoint;
  readonly journal: ExaminedJournal;
  /** After the tail, with the columns of every mailbox; `arrivals` and `buried` are the tail's. */
  readonly replay: Replay;
  /** Mailboxes whose segments must be written anew. */
  readonly rewrite: ReadonlySet<MailboxId>;
  /** Whether the checkpoint is worth nothing, and everything comes from the journal. */
  readonly anew: boolean;
  /** UIDs whose rows nobody can read. */
  readonly lost: ReadonlyMap<MailboxId, UidRanges>;
  /** What a record must say so that counters are those of the messages. */
  readonly mends: readonly MendOp[];
}

/** Null: nothing can be made of what there is, and `findings` says why. */
export function examine(survey: Survey): { findings: readonly Finding[]; known: Examination | null } {
  const findings: Finding[] = [];
  const { base: stands, anew } = baseOf(survey, findings);
  if (!stands) return { findings, known: null };
  const journal = examineJournal(stands, survey.entries);
  findings.push(...journal.findings);
  const full = anew || !journal.whole ? null : fromTheBeginning(journal.whole);
  const found = anew ? NOTHING_FOUND : columnsFound(survey, stands, journal, full, findings);
  const differs = full && found.rewrite.size === 0 ? replayDiffers(full, stands, found.columns) : null;
  if (differs) findings.push(differs);
  const { base, columns, lost, rewrite } =
    full && differs ? asReplayed(stands, full) : { base: stands, ...found };
  if (!anew)
    for (const { info, rows } of survey.graveyards) if (!rows) findings.push(graveyardLost(info.count));
  const replay = replayTail({ base, tail: journal.tail }, columns, (divergence) => {
    if (lost.size === 0) findings.push(effectFinding(divergence));
  });
  findings.push(...examineTree(replay.state));
  const mends = mendsOf({ base, tail: journal.tail }, replay.state, lost, findings);
  const known = { findings, base, journal, replay, rewrite, anew, lost, mends };
  return { findings, known };
}

/** The root, or nothing at all if the journal tells everything from its first record on. */
function baseOf(survey: Survey, findings: Finding[]): { base: Checkpoint | null; anew: boolean } {
  const { stored, base, fault, entries } = survey;
  if (base) return { base, anew: false };
  if (!stored && entries.length === 0) {
    findings.push(MISSING);
    return { base: null, anew: false };
  }
  const whole = entries[0]?.number === 1 && !('emptied' in entries[0]);
  if (stored)
    findings.push({
      kind: 'checkpoint-unreadable',
      what: `the checkpoint cannot be read: ${fault ?? 'it is damaged'}`,
      means: whole
        ? 'Nobody can open the account until it is mended; the journal still tells everything.'
        : 'Nobody can open the account, and the journal does not reach back to its beginning.',
      mendedBy: whole ? 'repair' : 'rebuild',
    });
  else if (!whole)
    findings.push({
      kind: 'checkpoint-unreadable',
      what: `there is no checkpoint, and the journal begins with record ${entries[0]?.number}`,
      means: 'Nobody can open the account; its state before that record is lost.',
      mendedBy: 'rebuild',
    });
  // Without a root this is simply an account that nobody has folded yet.
  return { base: whole ? EMPTY_CHECKPOINT : null, anew: whole && stored !== null };
}

const MISSING: Finding = {
  kind: 'account-missing',
  what: 'the account has neither a checkpoint nor a journal',
  means: 'Nobody can sign in to it; its messages are there as long as its objects are.',
  mendedBy: 'rebuild',
};

const NOTHING_FOUND: Found = { columns: new Map(), lost: new Map(), rewrite: new Set() };

interface Found {
  readonly columns: ReadonlyMap<MailboxId, Columns>;
  /** By mailbox, the ranges of UIDs that segments stood for which are lost. */
  readonly lost: Map<MailboxId, UidRanges>;
  readonly rewrite: Set<MailboxId>;
}

function columnsFound(
  survey: Survey,
  base: Checkpoint,
  journal: ExaminedJournal,
  full: AccountState | null,
  findings: Finding[],
): Found {
  const columns = new Map<MailboxId, Columns>();
  const bad = new Map<MailboxId, readonly FoundSegment[]>();
  for (const { id } of base.state.mailboxes.values()) {
    const list = survey.segments.get(id) ?? [];
    const good = list.flatMap((segment) =>
      segment.columns && complaintOf(segment) === null ? [segment.columns] : [],
    );
    columns.set(id, Columns.ofSegments(good));
    if (good.length < list.length)
      bad.set(
        id,
        list.filter((segment) => complaintOf(segment) !== null),
      );
  }
  const whole = full ? columnsOf(full) : reconstructed(survey, base, journal, columns, bad);
  const lost = new Map<MailboxId, UidRanges>();
  if (survey.bundleLost) findings.push(BUNDLE_LOST);
  for (const [id, segments] of bad) {
    const found = whole.get(id);
    const mailbox = base.state.mailboxes.get(id);
    for (const segment of segments)
      if (mailbox && !survey.bundleLost) findings.push(segmentFinding(mailbox, segment, found !== undefined));
    if (found) columns.set(id, found);
    else
      lost.set(
        id,
        segments.reduce((ranges, { info }) => unionOf(ranges, rangeOf(info)), NO_UIDS),
      );
  }
  return { columns, lost, rewrite: new Set(bad.keys()) };
}

function rangeOf({ firstUid, lastUid }: SegmentInfo): UidRanges {
  return Uint32Array.of(firstUid, lastUid);
}

function columnsOf(state: AccountState): ReadonlyMap<MailboxId, Columns> {
  const mailboxes = [...state.mailboxes.values()];
  return new Map(mailboxes.flatMap(({ id, columns }) => (columns ? [[id, columns] as const] : [])));
}

/** From the records that stand, and what folds have superseded: see `reconstruct.ts`. */
function reconstructed(
  survey: Survey,
  base: Checkpoint,
  { covered }: ExaminedJournal,
  columns: ReadonlyMap<MailboxId, Columns>,
  bad: ReadonlyMap<MailboxId, readonly FoundSegment[]>,
): ReadonlyMap<MailboxId, Columns> {
  if (bad.size === 0 || !covered) return new Map();
  return reconstruct({
    base,
    records: covered,
    columns,
    superseded: survey.superseded.map((old) => ({ ...old, columns: Columns.ofSegments([old.columns]) })),
    buried: survey.graveyards.flatMap(({ rows }) => rows ?? []),
    lost: new Map([...bad].map(([id, segments]) => [id, segments.map(({ info }) => info)])),
  });
}

/** In words, what is wrong with a segment; null if nothing is. */
function complaintOf({ info, columns }: FoundSegment): string | null {
  if (!columns) return 'is gone or cannot be read';
  const rows = Columns.ofSegments([columns]);
  if (rows.count !== info.count) return `holds ${rows.count} messages in the place of ${info.count}`;
  for (let row = 1; row < rows.count; row++)
    if (rows.uidAt(row) <= rows.uidAt(row - 1)) return 'is not in the order of its UIDs';
  const ends: readonly Uid[] = rows.count > 0 ? [rows.uidAt(0), rows.uidAt(rows.count - 1)] : [];
  const right = ends[0] === info.firstUid && ends[1] === info.lastUid;
  return right ? null : `holds UIDs ${ends.join(' to ')} in the place of ${info.firstUid} to ${info.lastUid}`;
}

const BUNDLE_LOST: Finding = {
  kind: 'bundle-lost',
  what: 'the bundle that holds all messages of this account is gone, or belongs to another checkpoint',
  means: 'Nobody can open the account until it is mended.',
  mendedBy: 'repair',
};

function segmentFinding({ name }: Mailbox, segment: FoundSegment, replayed: boolean): Finding {
  const { firstUid, lastUid, count } = segment.info;
  const what = `the segment of ${name} with UIDs ${firstUid} to ${lastUid} ${complaintOf(segment)}`;
  return {
    kind: segment.columns ? 'segment-differs' : 'segment-lost',
    what,
    means: replayed
      ? 'Nobody can open the mailbox until it is mended; the journal and older segments still tell everything.'
      : `Nobody can open the mailbox until it is mended; ${counted(count, 'message')} will come back under new UIDs.`,
    mendedBy: 'repair',
  };
}

function graveyardLost(count: number): Finding {
  return {
    kind: 'graveyard-lost',
    what: `${counted(count, 'row')} of expunged messages cannot be read`,
    means: 'These messages cannot be undeleted any more; nothing else is affected.',
    mendedBy: 'repair',
  };
}

function fromTheBeginning(records: readonly JournalRecord[]): AccountState {
  return replayTail({ base: EMPTY_CHECKPOINT, tail: records }, new Map(), () => undefined).state;
}

function replayDiffers(
  full: AccountState,
  base: Checkpoint,
  columns: ReadonlyMap<MailboxId, Columns>,
): Finding | null {
  const mailboxes = new Map(
    [...base.state.mailboxes].map(([id, mailbox]) => [id, { ...mailbox, columns: columns.get(id) }]),
  );
  const differs = difference(full, { ...base.state, mailboxes });
  if (differs === null) return null;
  return {
    kind: 'replay-differs',
    what: `the journal from its first record on and the checkpoint differ in ${differs}`,
    means:
      'Whoever wrote the checkpoint was faulty, and the journal is right: after the repair, restart the gateways, which may hold the other.',
    mendedBy: 'repair',
  };
}

/** The journal in the place of what the checkpoint says. */
function asReplayed(base: Checkpoint, full: AccountState): Found & { readonly base: Checkpoint } {
  const columns = columnsOf(full);
  const mailboxes = new Map(
    [...full.mailboxes].map(([id, mailbox]) => [id, { ...mailbox, columns: undefined }]),
  );
  return {
    base: { ...base, state: { ...full, mailboxes } },
    columns,
    lost: new Map(),
    rewrite: new Set(full.mailboxes.keys()),
  };
}

function effectFinding({ record, op }: Divergence): Finding {
  return {
    kind: 'effect-differs',
    what: `record ${record} says otherwise than its messages do${op ? ` of mailbox ${op.mailbox}` : ' what the account holds'}`,
    means: 'Counters of gateways that have the mailbox loaded and of those that have not may differ.',
    mendedBy: 'itself',
  };
}

function mendsOf(
  { base, tail }: Pick<Opening, 'base' | 'tail'>,
  state: AccountState,
  lost: ReadonlyMap<MailboxId, UidRanges>,
  findings: Finding[],
): MendOp[] {
  const mends: MendOp[] = [];
  for (const mailbox of state.mailboxes.values()) {
    const { columns } = mailbox;
    if (!columns) throw new Error(`mailbox ${mailbox.id} was examined without its messages`);
    const all = unionOf(lost.get(mailbox.id) ?? NO_UIDS, copiedBlind(base, tail, mailbox, lost));
    const missing = differenceOf(missingOf(columns, all), declaredGone(tail, mailbox.id));
    const mend = mendingOf(mailbox, columns, missing);
    if (!mend) continue;
    mends.push(mend);
    findings.push(missing.length > 0 ? lostFinding(mailbox, mend) : counterFinding(mailbox, mend));
  }
  const usage = usageFinding(state);
  if (usage && mends.length === 0) {
    findings.push(usage);
    const inbox = state.mailboxes.get(INBOX_ID);
    if (inbox) mends.push(unchanged(inbox));
  }
  return mends;
}

/** UIDs of lost segments for which no row is there: a record of the tail may have expunged some of them. */
function missingOf(columns: Columns, lost: UidRanges): UidRanges {
  let missing = NO_UIDS;
  for (let index = 0; index < lost.length; index += 2)
    missing = unionOf(missing, uidsWithout(columns, lost[index] ?? 0, lost[index + 1] ?? 0));
  return missing;
}

/** UIDs that the tail gave to copies: of a row that nobody can read there is no copy either. */
function copiedBlind(
  base: Checkpoint,
  tail: readonly JournalRecord[],
  { id, uidNext }: Mailbox,
  lost: ReadonlyMap<MailboxId, UidRanges>,
): UidRanges {
  const copied = tail.some(({ ops }) =>
    ops.some((op) => (op.op === 'copy' || op.op === 'move') && op.to === id),
  );
  const first = base.state.mailboxes.get(id)?.uidNext ?? 1;
  return lost.size > 0 && copied && uidNext > first ? Uint32Array.of(first, uidNext - 1) : NO_UIDS;
}

/** What an earlier repair has said already, which died before its checkpoint stood. */
function declaredGone(tail: readonly JournalRecord[], id: MailboxId): UidRanges {
  const ops = tail.flatMap((record) => record.ops);
  return ops.reduce<UidRanges>(
    (ranges, op) => (op.op === 'mend' && op.mailbox === id ? unionOf(ranges, op.gone) : ranges),
    NO_UIDS,
  );
}

function lostFinding(mailbox: Mailbox, mend: MendOp): Finding {
  const count = mailbox.messages - mend.messages;
  return {
    kind: 'messages-lost',
    what: `${counted(Math.max(0, count), 'message')} of ${mailbox.name} ${count === 1 ? 'is' : 'are'} in no index`,
    means:
      'They are still stored: after the repair they come back as new messages, with flags and mailbox as they arrived.',
    mendedBy: 'repair',
  };
}

/** Says nothing new of the mailbox: the account's usage follows from all of them. */
function unchanged({ id, messages, unseen, deleted, bytes, uidNext }: Mailbox): MendOp {
  return { op: 'mend', mailbox: id, gone: NO_UIDS, messages, unseen, deleted, bytes, uidNext, keywords: [] };
}
