/**
 * Opening an account: the newest checkpoint and the records above it, checked to be whole.
 *
 * The reads of one opening are not one moment: a fold may come between them. Then the bundle belongs to another root,
 * a record is emptied, or a part is gone, and everything is read again.
 */
import { type Checkpoint, type SegmentInfo, decodeCheckpoint } from './checkpoint.ts';
import { Columns } from './columns.ts';
import type { AccountId, MailboxId, RecordNumber } from './ids.ts';
import type { JournalStore, OpenedAccount, StoredBundle } from './journal-store.ts';
import { type JournalRecord, isEmptied } from './record.ts';
import { type SegmentColumns, decodeColumns } from './segment.ts';
import { EMPTY_STATE } from './state.ts';
import { decodeBundle } from './bundle.ts';

/** The account has neither checkpoint nor journal though somebody knows it: lost data, never an empty account. */
export class AccountMissingError extends Error {
  constructor(account: AccountId) {
    super(
      `account ${account} has neither a checkpoint nor a journal; run "quire check" on it, or restore it from a backup`,
    );
    this.name = 'AccountMissingError';
  }
}

/** The journal has a hole that reading again does not close. */
export class JournalDamagedError extends Error {
  constructor(account: AccountId, detail: string) {
    super(
      `the journal of account ${account} is damaged: ${detail}; nothing was changed; run "quire check" on it, or restore it from a backup`,
    );
    this.name = 'JournalDamagedError';
  }
}

/** An account as of its newest record, before anything is applied. */
export interface Opening {
  /** State and lists as folded; `EMPTY_CHECKPOINT` if there was no fold yet. */
  readonly base: Checkpoint;
  readonly bundle: StoredBundle | null;
  /** Records above the checkpoint, without a gap. */
  readonly tail: readonly JournalRecord[];
}

export const EMPTY_CHECKPOINT: Checkpoint = {
  fold: '',
  time: 0,
  state: EMPTY_STATE,
  journalBytes: 0,
  bundled: false,
  segments: new Map(),
  chunks: [],
  nextChunk: 1,
  graveyards: [],
  packs: [],
  superseded: [],
  emptiedTo: 0 as RecordNumber,
  covered: [],
  pages: [],
};

/** Folds are minutes apart: an opening that races more than a few is not racing a fold. */
const OPEN_ATTEMPTS = 5;

/** Reads the account. Rejects with `AccountMissingError`, `JournalDamagedError` or `UnknownVersionError`. */
export async function openAccount(store: JournalStore, account: AccountId): Promise<Opening> {
  let problem = '';
  for (let attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
    const opened = await store.open(account);
    if (!opened.checkpoint && opened.entries.length === 0) throw new AccountMissingError(account);
    const found = await whole(store, account, opened);
    if (typeof found !== 'string') return found;
    problem = found;
  }
  throw new JournalDamagedError(account, problem);
}

/** The opening, or in words what is not whole about it. */
async function whole(
  store: JournalStore,
  account: AccountId,
  opened: OpenedAccount,
): Promise<Opening | string> {
  const { checkpoint, bundle, entries } = opened;
  let base = EMPTY_CHECKPOINT;
  if (checkpoint) {
    try {
      base = await decodeCheckpoint(checkpoint, async (name, fold) => {
        const part = await store.part(account, name, fold);
        if (!part) throw new PartGoneError(name);
        return part;
      });
    } catch (error) {
      if (error instanceof PartGoneError) return error.message;
      throw error;
    }
  }
  if (base.bundled && bundle?.fold !== base.fold)
    return `the bundle does not belong to checkpoint ${base.fold}`;
  const tail: JournalRecord[] = [];
  for (const entry of entries) {
    const expected = base.state.number + tail.length + 1;
    if (entry.number < expected) continue;
    if (entry.number > expected) return `record ${expected} is missing below record ${entry.number}`;
    if (isEmptied(entry)) return `record ${entry.number} is emptied above checkpoint ${base.state.number}`;
    tail.push(entry);
  }
  return { base, bundle: base.bundled ? bundle : null, tail };
}

class PartGoneError extends Error {
  constructor(name: string) {
    super(`part ${name} of the checkpoint is gone`);
  }
}

/** The columns of mailboxes as of the checkpoint, or null if a younger fold has taken the segments away. */
export async function columnsAtCheckpoint(
  store: JournalStore,
  account: AccountId,
  { base, bundle }: Pick<Opening, 'base' | 'bundle'>,
  mailboxes: Iterable<MailboxId>,
): Promise<ReadonlyMap<MailboxId, Columns> | null> {
  const wanted = [...mailboxes].map((mailbox) => ({ mailbox, segments: base.segments.get(mailbox) ?? [] }));
  const keys = wanted.flatMap(({ mailbox, segments }) =>
    segments.map(({ firstUid, fold }) => ({ mailbox, firstUid, fold })),
  );
  const bundled = bundle ? decodeBundle(bundle.data) : null;
  const pieces = bundled
    ? keys.map((key) => bundled.get(key.mailbox)?.get(key.firstUid) ?? null)
    : await store.segments(account, keys);
  const columns = new Map<MailboxId, Columns>();
  let next = 0;
  for (const { mailbox, segments } of wanted) {
    const mine = pieces.slice(next, next + segments.length);
    next += segments.length;
    const present = mine.filter((piece) => piece !== null);
    if (present.length < mine.length) return null;
    columns.set(mailbox, columnsOf(segments, present));
  }
  return columns;
}

/** Segment by segment: all of them unpacked beside the columns would be twice the memory. */
function columnsOf(infos: readonly SegmentInfo[], pieces: readonly Uint8Array[]): Columns {
  const count = infos.reduce((sum, info) => sum + info.count, 0);
  return Columns.unpacked(decoded(pieces), count);
}

function* decoded(pieces: readonly Uint8Array[]): Generator<SegmentColumns> {
  for (const piece of pieces) yield decodeColumns(piece);
}
