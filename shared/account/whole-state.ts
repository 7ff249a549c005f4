/**
 * Decisions on the whole account: every mailbox's messages, and the rows that have left and are not purged. What purges,
 * brings back, packs or mends decides here, not on a `Replica`: it sees everything at one moment, and is gone after it.
 *
 * A decision made on the state at record n is put as record n + 1, on condition that this key is free (I1). If another
 * record came first, the account is opened again and the decision is made again. So every such decision is in one order
 * with all COPYs, MOVEs, APPENDs, holds and other such decisions: what it saw is what held when its record came to stand,
 * and whatever comes later was decided on a state that contains it.
 */
import type { Divergence } from './apply.ts';
import type { Columns } from './columns.ts';
import { replayTail } from './fold.ts';
import type { FoldStore } from './fold-store.ts';
import { type BuriedRow, decodeGraveyard } from './graveyard.ts';
import type { AccountId, MailboxId } from './ids.ts';
import type { JournalStore } from './journal-store.ts';
import { JournalDamagedError, type Opening, columnsAtCheckpoint, openAccount } from './opening.ts';
import type { Packing } from './packing.ts';
import { type Purges, forgottenByAll } from './purges.ts';
import type { JournalRecord } from './record.ts';
import { RecordBuilder } from './record-builder.ts';
import { BusyError, type Decision } from './commit-request.ts';
import type { Rim } from './rim.ts';
import type { AccountState } from './state.ts';

/** Folds are minutes apart: an opening that meets more than a few is not overtaken by folds. */
const LOAD_ATTEMPTS = 5;
/** Each attempt opens the whole account. One that is written to without a pause has a quieter hour. */
const COMMIT_ATTEMPTS = 20;
const BACKOFF_BASE_MS = 10;
const BACKOFF_CAP_MS = 2_000;

export interface WholeState {
  /** After the newest record; the columns of every mailbox are loaded. */
  readonly state: AccountState;
  /** Rows that have left the account and are not purged, in the order in which they were buried. */
  readonly buried: readonly BuriedRow[];
  /** Purges since the checkpoint. */
  readonly purges: Purges;
  /** What was packed since the checkpoint. */
  readonly packing: Packing;
  readonly opening: Opening;
  /** The messages of every mailbox as of the checkpoint. */
  readonly columns: ReadonlyMap<MailboxId, Columns>;
}

export interface WholeStateDeps {
  readonly journal: JournalStore;
  readonly folds: Pick<FoldStore, 'graveyard'>;
  readonly rim: Rim;
  /** The columns say otherwise than a record does: an alarm. */
  readonly report?: (account: AccountId, divergence: Divergence) => void;
  /** After each commit: wake-ups and work items. It never rejects. */
  readonly onCommit?: (
    account: AccountId,
    records: readonly JournalRecord[],
    journalBytesBefore: number,
  ) => Promise<void>;
}

/** The account as of its newest record, strongly consistent. Rejects as `openAccount` does. */
export async function openWholeState(deps: WholeStateDeps, account: AccountId): Promise<WholeState> {
  for (let attempt = 0; attempt < LOAD_ATTEMPTS; attempt++) {
    const opening = await openAccount(deps.journal, account);
    const { base } = opening;
    const columns = await columnsAtCheckpoint(deps.journal, account, opening, base.state.mailboxes.keys());
    const graves = columns && (await gravesOf(deps, account, opening));
    // Taken away by a younger fold.
    if (!graves) continue;
    const replay = replayTail(opening, columns, (found) => deps.report?.(account, found));
    const { state, purges, packing } = replay;
    const forgets = forgottenByAll(purges);
    const before = graves.filter((row) => !forgets(row)).map((row) => packing.moved(row));
    return { opening, columns, state, purges, packing, buried: [...before, ...replay.buried] };
  }
  throw new JournalDamagedError(account, 'segments or graveyards that its checkpoint names are gone');
}

async function gravesOf(
  { folds }: WholeStateDeps,
  account: AccountId,
  { base }: Opening,
): Promise<BuriedRow[] | null> {
  const rows: BuriedRow[] = [];
  for (const { part, fold } of base.graveyards) {
    const data = await folds.graveyard(account, part, fold);
    if (!data) return null;
    for (const row of decodeGraveyard(data)) rows.push(row);
  }
  return rows;
}

export interface Committed<T> {
  readonly value: T;
  /** What was put; none if the decision wanted none. */
  readonly records: readonly JournalRecord[];
  /** After them: what the caller's next decision may begin with. */
  readonly whole: WholeState;
}

/**
 * Appends what `decide` wants, at exactly the number after the state that it was shown; resolves when it is in the
 * journal (I3). `decide` is pure and is called again after a conflict. A throw of it is the caller's.
 *
 * `from`: the account as the caller has seen it at last. If nothing came after it, which one read tells, this spares an
 * opening. The read is made now, as an opening would be: to rely on the put alone would be enough while the journal only grows,
 * but not when a table was restored meanwhile, and the number that comes next is free again below the new end.
 */
export async function commitOnWholeState<T>(
  deps: WholeStateDeps,
  account: AccountId,
  decide: (whole: WholeState) => Decision<T>,
  from: WholeState | null = null,
): Promise<Committed<T>> {
  const { journal, rim } = deps;
  const newest = from && (await journal.newest(account, 'strong'));
  let seen = newest?.number === from?.state.number ? from : null;
  for (let attempt = 1; attempt <= COMMIT_ATTEMPTS; attempt++) {
    const whole: WholeState = seen ?? (await openWholeState(deps, account));
    seen = null;
    const { ops, value } = decide(whole);
    if (ops.length === 0) return { value, records: [], whole };
    const time = rim.now();
    const builder = new RecordBuilder(whole.state, time);
    builder.add(ops);
    const { base, tail } = whole.opening;
    const before = tail.at(-1)?.journalBytes ?? base.journalBytes;
    const { records } = builder.finish(rim.randomHex(12), time, before);
    const outcome = await journal.put(account, records);
    if (outcome.kind === 'written') {
      await deps.onCommit?.(account, records, before);
      return { value, records, whole: after(deps, account, whole, records) };
    }
    await rim.sleep(rim.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt));
  }
  throw new BusyError(account);
}

/** `whole` after records that were put on it. */
function after(
  deps: WholeStateDeps,
  account: AccountId,
  whole: WholeState,
  records: readonly JournalRecord[],
): WholeState {
  const { opening, columns, state: seen } = whole;
  const report = (found: Divergence): void => deps.report?.(account, found);
  const replay = replayTail({ base: { state: seen }, tail: records }, new Map(), report, whole);
  const { state, purges, packing, buried } = replay;
  return {
    opening: { ...opening, tail: [...opening.tail, ...records] },
    columns,
    state,
    purges,
    packing,
    buried,
  };
}
