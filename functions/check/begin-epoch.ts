/**
 * Begins a new epoch in one account: after its table was restored from a backup, or where its journal has a hole. The
 * state as of the last record without a gap goes on at a number far ahead (`shared/account/epoch.ts`).
 *
 * 1. The keys right behind the last good record are taken by emptied records: the *fence*. Whoever knew the account before
 *    and puts the next record on top of a state that is lost, or has such a put still under way, meets a conflict, finds
 *    an emptied record, and opens the account anew (I4).
 * 2. The epoch's record is put at its number, on condition that the key is free. Until step 3 it stands behind a gap, so
 *    that nobody can open the account; a delivery, which reads the newest record alone, already goes on behind it. It
 *    says the jump of all UIDs, and names again what was acknowledged and is in no row: messages of records that stood
 *    behind the gap, and those that were stored in the lost time, whose objects are all that is left of it.
 * 3. A checkpoint at that number takes the place of the one that was read, by compare-and-swap (`install.ts`). It contains
 *    the epoch's record and what came behind it, and says that everything below is emptied: no reader looks there.
 * 4. The records below are emptied. They need not wait for a day: nobody who reads by the old checkpoint could open the
 *    account since step 2, and whoever had it open meets the epoch's record at the next read, which does not follow on
 *    what is known, and opens anew.
 *
 * I1 holds: the state at the epoch's number is what the records below it, the jump and its record amount to, and a
 * replica never applies the epoch's record to anything but that, for it never follows on another. No key is used twice,
 * for every put is on condition that it is free. A death after step 1 leaves keys that are taken, which changes nothing
 * for readers; after step 2, the epoch's record is found behind the gap and goes on being the epoch's; after step 3, what
 * should have been emptied is found by a check.
 *
 * What no fence can do: a writer that knows a record beyond the fence (more than `fence` records were lost) and writes
 * before it reads again, puts its record where nobody reads. So nothing that knew the lost state may run on the
 * restored table: on AWS it has another name, and on one machine the command runs while the instance does not. Should one
 * have run all the same, a check finds its records (`record-standing`), and a repair names their messages again.
 */
import { epochNumber, epochOp } from '../../shared/account/epoch.ts';
import type { Examination } from '../../shared/account/examine.ts';
import type { Finding } from '../../shared/account/finding.ts';
import { type Replay, replayTail } from '../../shared/account/fold.ts';
import type { AccountId, BlobId, RecordNumber } from '../../shared/account/ids.ts';
import type { Op } from '../../shared/account/ops.ts';
import { withPolicy } from '../../shared/account/policy.ts';
import { type JournalEntry, type JournalRecord, isEmptied } from '../../shared/account/record.ts';
import { RecordBuilder } from '../../shared/account/record-builder.ts';
import type { Rim } from '../../shared/account/rim.ts';
import type { AccountState } from '../../shared/account/state.ts';
import type { Survey } from '../../shared/account/survey.ts';
import { summaryAt } from '../../shared/account/summary-reader.ts';
import { FRESH_MS, type MessageStore } from '../../shared/blob/message-store.ts';
import { Pace } from '../compact/pace.ts';
import { type CheckDeps, checkAccount } from './check-account.ts';
import type { CheckedMessagesResult } from './check-messages.ts';
import { type InstallDeps, installCheckpoint } from './install.ts';
import { mendingOps, overflowOf, unfoldedSummaries } from './mending.ts';
import type { RecoverDeps } from './recover.ts';
import { gravesAfter, orNull } from './placed-rows.ts';

export interface EpochDeps
  extends Omit<CheckDeps, 'digests'>, Pick<InstallDeps, 'limits'>, Pick<RecoverDeps, 'leaveUnreadable'> {
  readonly messages: MessageStore;
  readonly rim: Rim;
}

export interface EpochOptions {
  /** The moment that the table is of, milliseconds since the epoch; null: when the last good record was written. */
  readonly asOf: number | null;
  /** What arrived since is to be delivered again (`drop-markers.ts`), and not named again from its objects. */
  readonly redeliver?: boolean;
  /** How many keys are taken behind the last good record; undefined: by what the account wrote before. */
  readonly fence?: number | undefined;
}

export type EpochResult =
  | {
      readonly kind: 'begun';
      /** The last record that counts, and the epoch's. */
      readonly last: RecordNumber;
      readonly number: RecordNumber;
      readonly fence: number;
      /** Records behind a gap. */
      readonly behind: number;
      /** Messages that were named again. */
      readonly recovered: number;
      /** When all of the account goes, milliseconds since the epoch, as was laid down then; null: it is not being closed. */
      readonly closing: number | null;
    }
  /** Nothing can be made of what there is. */
  | { readonly kind: 'impossible'; readonly findings: readonly Finding[] };

const FENCE_AT_LEAST = 64;
const FENCE_AT_MOST = 65_536;
const EMPTY_KEY_SECONDS = 365 * 86_400;
const ATTEMPTS = 5;
/** Clocks of writers and of the backup. */
const CLOCK_SKEW_MS = 60_000;

/** Rejects if the stores fail; running it again goes on. */
export async function beginEpoch(
  deps: EpochDeps,
  account: AccountId,
  options: EpochOptions,
): Promise<EpochResult> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    // What summaries tell is the next check's: a restore has many accounts to go through, and people wait.
    const asked = { ...deps, digests: 'none' as const, summaries: false };
    const { survey, known, messages, report } = await checkAccount(asked, account);
    if (!survey || !known || !messages) return { kind: 'impossible', findings: report.findings };
    const result = await new Epoch(deps, account, options, survey, known, messages).run();
    if (result) return result;
  }
  throw new Error(`account ${account} is written to while its epoch begins; stop what writes, and try again`);
}

class Epoch {
  readonly #deps: EpochDeps;
  readonly #account: AccountId;
  readonly #options: EpochOptions;
  readonly #survey: Survey;
  readonly #known: Examination;
  readonly #messages: CheckedMessagesResult;
  readonly #pace: Pace;

  constructor(
    deps: EpochDeps,
    account: AccountId,
    options: EpochOptions,
    survey: Survey,
    known: Examination,
    messages: CheckedMessagesResult,
  ) {
    this.#deps = deps;
    this.#account = account;
    this.#options = options;
    this.#survey = survey;
    this.#known = known;
    this.#messages = messages;
    this.#pace = new Pace(deps.rim);
  }

  /** Null: another was faster. */
  async run(): Promise<EpochResult | null> {
    const { replay, journal } = this.#known;
    const last = replay.state.number;
    const lostMs = Math.max(0, this.#deps.rim.now() - this.#asOf()) + CLOCK_SKEW_MS;
    const begun = begunBehind(journal.behind);
    const fence = this.#fence(lostMs);
    if (!begun) for (let step = 1; step <= fence; step++) await this.#occupy((last + step) as RecordNumber);
    const summaries = new Map<BlobId, Uint8Array>();
    const put = begun ?? (await this.#put(lostMs, summaries));
    if (!put) return null;
    const installed = await this.#install(put, summaries);
    if (!installed) return null;
    const below = this.#survey.entries.filter((entry) => !isEmptied(entry) && !put.includes(entry));
    for (const { number } of below) await this.#empty(number);
    const [first] = put;
    const behind = journal.behind.filter((entry) => !isEmptied(entry) && !put.includes(entry)).length;
    const ops = put.flatMap((record) => record.ops);
    const recovered = ops.reduce((sum, op) => sum + (op.op === 'restore' ? op.rows.length : 0), 0);
    const policy = ops.reduce(
      (laid, op) => (op.op === 'policy' ? withPolicy(laid, op.change) : laid),
      this.#known.replay.state.policy,
    );
    return {
      kind: 'begun',
      last,
      number: first?.number ?? last,
      fence: begun ? 0 : fence,
      behind,
      recovered,
      closing: policy.hold ? null : policy.closing,
    };
  }

  #asOf(): number {
    const { base, journal } = this.#known;
    return this.#options.asOf ?? journal.tail.at(-1)?.time ?? base.time;
  }

  /**
   * When the record behind the hole was written, milliseconds: records in the hole came before, and their messages. What is
   * younger may be named by a record that is just being put.
   */
  #holeEnds(): number {
    const next = this.#known.journal.behind.find((entry) => !isEmptied(entry));
    return next && !isEmptied(next) ? next.time : this.#deps.rim.now();
  }

  /** Twice what the account wrote in as long a time before, as far as records of it stand. */
  #fence(lostMs: number): number {
    const { fence } = this.#options;
    if (fence !== undefined) return fence;
    const since = this.#asOf() - lostMs;
    const written = this.#survey.entries.filter((entry) => !isEmptied(entry) && entry.time >= since).length;
    return Math.min(FENCE_AT_LEAST + 2 * written, FENCE_AT_MOST);
  }

  async #occupy(number: RecordNumber): Promise<void> {
    const { usage } = this.#known.replay.state;
    const entry = { number, usage, journalBytes: this.#journalBytes(), emptied: true } as const;
    await this.#pace.take(1);
    await this.#deps.folds.occupy(this.#account, entry, this.#expiry());
  }

  async #empty(number: RecordNumber): Promise<void> {
    await this.#pace.take(1);
    this.#pace.owe((await this.#deps.folds.empty(this.#account, number, this.#expiry())) - 1);
  }

  #expiry(): number {
    return Math.ceil(this.#deps.rim.now() / 1000) + EMPTY_KEY_SECONDS;
  }

  #journalBytes(): number {
    const { base, journal } = this.#known;
    return journal.tail.at(-1)?.journalBytes ?? base.journalBytes;
  }

  /** The epoch's record, with what is named again. Null: somebody has put one. */
  async #put(lostMs: number, summaries: Map<BlobId, Uint8Array>): Promise<readonly JournalRecord[] | null> {
    const { rim, journal } = this.#deps;
    const { entries } = this.#survey;
    const { state } = this.#known.replay;
    const highest = Math.max(state.number, ...entries.map((entry) => entry.number));
    const number = epochNumber(highest, lostMs);
    const { asOf, redeliver = false } = this.#options;
    // A record comes up to an hour after its messages (I2). What was stored in that hour and has no record may be what a client
    // or a queue has tried again: rather it comes twice than never.
    const arrivedAfter = redeliver ? Infinity : this.#asOf() - FRESH_MS - CLOCK_SKEW_MS;
    const arrivedBefore = asOf === null ? this.#holeEnds() + CLOCK_SKEW_MS : Infinity;
    const time = rim.now();
    const builder = new RecordBuilder({ ...state, number: (number - 1) as RecordNumber }, time);
    builder.add([epochOp(time, lostMs), ...policyBehind(state, this.#known.journal.behind)]);
    const mending = await mendingOps(
      this.#deps,
      this.#account,
      entries,
      this.#known,
      this.#messages,
      summaries,
      { arrivedAfter, arrivedBefore, state: builder.trial },
    );
    builder.add(mending.ops);
    const { records } = builder.finish(rim.randomHex(12), time, this.#journalBytes());
    return (await journal.put(this.#account, records)).kind === 'written' ? records : null;
  }

  async #install(put: readonly JournalRecord[], fresh: ReadonlyMap<BlobId, Uint8Array>): Promise<boolean> {
    const { base, replay, journal, rewrite } = this.#known;
    const after = onTopOf(replay, put);
    const entries: readonly JournalEntry[] = [...this.#survey.entries, ...put];
    const unfolded = await unfoldedSummaries(
      this.#deps.messages,
      this.#account,
      entries,
      this.#known,
      this.#messages,
    );
    const last = put.at(-1)?.number ?? replay.state.number;
    for (const [blob, summary] of await this.#brought(put)) unfolded.set(blob, summary);
    const outcome = await installCheckpoint(
      { ...this.#deps, summaries: this.#deps.messages },
      this.#account,
      {
        survey: this.#survey,
        known: { base, replay: after, rewrite, journal: { ...journal, tail: [...journal.tail, ...put] } },
        graveyards: gravesAfter(this.#survey, { ...this.#known, replay: after }),
        summaries: new Map([...unfolded, ...fresh]),
        overflow: overflowOf({ replay: after }),
        chunks: base.chunks.filter((chunk) => !this.#messages.damagedChunks.includes(chunk)),
        over: { emptiedTo: ((put[0]?.number ?? last) - 1) as RecordNumber, covered: [] },
      },
    );
    return outcome === 'installed';
  }

  /** Summaries that came with records behind the epoch's, while it was not ended. */
  async #brought(put: readonly JournalRecord[]): Promise<ReadonlyMap<BlobId, Uint8Array>> {
    const brought = new Map<BlobId, Uint8Array>();
    for (const op of put.flatMap(({ ops }) => ops)) {
      if (op.op !== 'append') continue;
      const bytes = await orNull(summaryAt(this.#deps.messages, this.#account, op));
      if (bytes) brought.set(op.blob, bytes);
    }
    return brought;
  }
}

/** The record of an epoch that was begun and not ended, and what has come behind it. */
function begunBehind(behind: readonly JournalEntry[]): readonly JournalRecord[] | null {
  const at = behind.findIndex((entry) => !isEmptied(entry) && entry.ops[0]?.op === 'epoch');
  if (at < 0) return null;
  const records: JournalRecord[] = [];
  for (const entry of behind.slice(at)) {
    const previous = records.at(-1);
    if (isEmptied(entry) || (previous && entry.number !== previous.number + 1)) break;
    records.push(entry);
  }
  return records;
}

/**
 * What administrators laid down in records behind a gap: a hold that they may rely on must not go with a record before it.
 * A rule of a mailbox that was made in the gap has nothing to hold for.
 */
function policyBehind({ mailboxes }: AccountState, behind: readonly JournalEntry[]): readonly Op[] {
  const ops = behind.flatMap((entry) => (isEmptied(entry) ? [] : entry.ops));
  return ops.filter((op) => {
    if (op.op !== 'policy' || 'closed' in op.change) return false;
    const scope = 'scope' in op.change ? op.change.scope : null;
    return !scope || !('mailbox' in scope) || mailboxes.has(scope.mailbox);
  });
}

/** A replay that goes on with `records`, which jump. */
function onTopOf(before: Replay, records: readonly JournalRecord[]): Replay {
  const base = { state: before.state };
  const after = replayTail({ base, tail: records }, new Map(), () => undefined);
  return {
    ...before,
    state: after.state,
    arrivals: [...before.arrivals, ...after.arrivals],
    buried: [...before.buried, ...after.buried],
  };
}
