/**
 * Mends one account: what a check has found and can be derived is put right, as any change is made, never in place under
 * somebody who reads.
 *
 * - Counters, usage, and rows that nobody can read any more are *said* by a record (`mend`, in absolute numbers), put on
 *   condition that its key is free. So every replica, whatever it held, comes out with the same state, and a commit that
 *   came first makes the repair look again. The record also appends what the lost rows had named, from the messages
 *   themselves: there is no moment at which the account is whole and a message that can be saved is in no index.
 * - Segments, bundle, graveyards, chunks and summaries are *written anew* into a checkpoint that takes the place of the one
 *   that was examined, by compare-and-swap, under new keys (`install.ts`). State and records stay what they were: a
 *   reader by the old root finds what it found before, and one by the new root everything.
 * - Keys below the checkpoint that are free are taken by emptied records, and records that should have been emptied are
 *   (I4): on condition that they are free, or that they stand.
 *
 * First the record, then the checkpoint, each in a pass of its own that begins with reading everything again. A death
 * between any two calls leaves an account that is as damaged as before or less, and the next repair goes on from there:
 * it sees by the record what has been said already (`examine.ts`), and names no message twice.
 */
import type { BlobPlace } from '../../shared/account/columns.ts';
import { counted } from '../../shared/account/finding.ts';
import type { Examination } from '../../shared/account/examine.ts';
import type { BuriedRow } from '../../shared/account/graveyard.ts';
import type { AccountId, BlobId, ModSeq, Uid } from '../../shared/account/ids.ts';
import type { JournalRecord } from '../../shared/account/record.ts';
import { RecordBuilder } from '../../shared/account/record-builder.ts';
import type { Rim } from '../../shared/account/rim.ts';
import { INBOX_ID } from '../../shared/account/state.ts';
import type { Survey } from '../../shared/account/survey.ts';
import type { MessageStore } from '../../shared/blob/message-store.ts';
import { type AccountReport, type CheckDeps, type CheckedAccount, checkAccount } from './check-account.ts';
import type { CheckedMessagesResult } from './check-messages.ts';
import { Pace } from '../compact/pace.ts';
import { type InstallDeps, installCheckpoint } from './install.ts';
import { isOlder, mendingOps, overflowOf, unfoldedSummaries } from './mending.ts';
import { beginEpoch } from './begin-epoch.ts';
import { placingOps } from './misplaced.ts';
import { gravesAfter, isLost } from './placed-rows.ts';
import { type RecoverDeps, mailboxOf, mustKnowPacks, recoverMessages } from './recover.ts';

export interface MendDeps
  extends CheckDeps, Pick<InstallDeps, 'limits'>, Pick<RecoverDeps, 'leaveUnreadable'> {
  readonly messages: MessageStore;
  readonly rim: Rim;
  /** Wake-ups and work items after a record; it never rejects. */
  readonly onCommit?: (
    account: AccountId,
    records: readonly JournalRecord[],
    journalBytesBefore: number,
  ) => Promise<void>;
}

export interface MendResult {
  /** What was found before anything was done. */
  readonly found: AccountReport;
  /** What is found now. */
  readonly left: AccountReport;
  /** In words. */
  readonly done: readonly string[];
}

/** A record is at most 350,000 bytes: rows take some 60 each. */
const MESSAGES_A_PASS = 2000;
/** A pass is a record, or a checkpoint; more than these, and somebody else's records come first all the time. */
const MAX_PASSES = 1000;
const MAX_CONFLICTS = 20;
/** An emptied key may go after so long, as after a fold (I4). */
const EMPTY_KEY_SECONDS = 365 * 86_400;

/** Mends what can be mended. Rejects if the stores fail; what was done until then stays right. */
export async function mendAccount(deps: MendDeps, account: AccountId): Promise<MendResult> {
  const first = await checkAccount(deps, account);
  // Messages are read once: a repair changes none.
  const complaints = new Map(
    [...(first.messages?.complaints ?? [])].filter(([, { kind }]) => kind === 'message-damaged'),
  );
  const quick = { ...deps, digests: 'none' as const, complaints };
  const done: string[] = [];
  const summaries = new Map<BlobId, Uint8Array>();
  let checked = first;
  // Nothing may be put where a hole is: what stands behind it would seem to follow on.
  if (first.known && first.known.journal.behind.length > 0) {
    const epoch = await beginEpoch(deps, account, { asOf: null });
    if (epoch.kind === 'begun')
      done.push(`began a new epoch at record ${epoch.number}, after record ${epoch.last}`);
    checked = await checkAccount(quick, account);
  }
  let conflicts = 0;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const step = await new Pass(quick, account, checked, summaries).run();
    if (step.kind === 'nothing') break;
    if (step.kind === 'conflict' && ++conflicts > MAX_CONFLICTS)
      throw new Error(`account ${account} is written to by too many at once; try again`);
    if (step.kind === 'done') done.push(step.what);
    checked = await checkAccount(quick, account);
  }
  const left = { ...checked.report, read: first.report.read };
  return { found: first.report, left, done };
}

type Step =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'done'; readonly what: string };

const NOTHING: Step = { kind: 'nothing' };

/** One change, decided on what was read. */
class Pass {
  readonly #deps: MendDeps;
  readonly #account: AccountId;
  readonly #checked: CheckedAccount;
  /** What was read by an earlier pass. */
  readonly #summaries: Map<BlobId, Uint8Array>;

  constructor(
    deps: MendDeps,
    account: AccountId,
    checked: CheckedAccount,
    summaries: Map<BlobId, Uint8Array>,
  ) {
    this.#deps = deps;
    this.#summaries = summaries;
    this.#account = account;
    this.#checked = checked;
  }

  async run(): Promise<Step> {
    const { survey, known, messages } = this.#checked;
    if (!survey || !known || !messages) return NOTHING;
    const said = await this.#say(survey, known, messages);
    if (said.kind !== 'nothing') return said;
    const written = await this.#write(survey, known, messages);
    return written.kind === 'nothing' ? this.#takeKeys(known) : written;
  }

  /** By a record. */
  async #say(survey: Survey, known: Examination, messages: CheckedMessagesResult): Promise<Step> {
    const { ops, recovered, said } = await mendingOps(
      this.#deps,
      this.#account,
      survey.entries,
      known,
      messages,
      this.#summaries,
      { most: MESSAGES_A_PASS },
    );
    const placing = placingOps(messages.misplaced, messages.rows, known, messages.packs);
    if (ops.length + placing.length === 0) return NOTHING;
    const { rim, journal, onCommit } = this.#deps;
    const time = rim.now();
    const builder = new RecordBuilder(known.replay.state, time);
    builder.add([...placing, ...ops]);
    const before = known.journal.tail.at(-1)?.journalBytes ?? known.base.journalBytes;
    const { records } = builder.finish(rim.randomHex(12), time, before);
    const outcome = await journal.put(this.#account, records);
    if (outcome.kind !== 'written') return { kind: 'conflict' };
    await onCommit?.(this.#account, records, before);
    return { kind: 'done', what: sentence(records, said, recovered, placing.length) };
  }

  /** By a checkpoint. */
  async #write(survey: Survey, known: Examination, messages: CheckedMessagesResult): Promise<Step> {
    const lostGraves = known.anew ? [] : survey.graveyards.filter(({ rows }) => !rows);
    const recomputed = await this.#recomputed(messages);
    const needed =
      known.anew ||
      known.rewrite.size > 0 ||
      lostGraves.length > 0 ||
      messages.damagedChunks.length > 0 ||
      recomputed.size > 0;
    if (!needed) return NOTHING;
    const buried = lostGraves.length > 0 ? await this.#rebury(survey, known, messages, recomputed) : [];
    const unfolded = await unfoldedSummaries(
      this.#deps.messages,
      this.#account,
      survey.entries,
      known,
      messages,
    );
    const summaries = new Map([...unfolded, ...recomputed]);
    const outcome = await installCheckpoint(
      { ...this.#deps, summaries: this.#deps.messages },
      this.#account,
      {
        survey,
        known,
        graveyards: gravesAfter(survey, known),
        buried,
        summaries,
        overflow: overflowOf(known),
        chunks: known.base.chunks.filter((chunk) => !messages.damagedChunks.includes(chunk)),
      },
    );
    if (outcome === 'lost') return { kind: 'conflict' };
    return { kind: 'done', what: `wrote the checkpoint at record ${known.replay.state.number} anew` };
  }

  async #recompute(place: BlobPlace): Promise<Uint8Array | null> {
    await this.#deps.gate?.();
    try {
      return await this.#deps.messages.recompute(this.#account, place);
    } catch (error) {
      if (isLost(error)) return null;
      throw error;
    }
  }

  /** Summaries that are lost, from their messages. */
  async #recomputed({
    withoutSummary,
    complaints,
    rows,
  }: CheckedMessagesResult): Promise<Map<BlobId, Uint8Array>> {
    const found = new Map<BlobId, Uint8Array>();
    const places = new Map(rows.map(({ row }) => [row.blob, row]));
    for (const blob of withoutSummary) {
      const place = places.get(blob);
      if (!place || complaints.has(blob)) continue;
      const summary = this.#summaries.get(blob) ?? (await this.#recompute(place));
      if (summary) found.set(blob, summary);
    }
    return found;
  }

  /** Rows for the messages that a lost graveyard has named: their grace begins anew, and no object goes unsaid (I5). */
  async #rebury(
    survey: Survey,
    known: Examination,
    { unnamed, damagedPacks }: CheckedMessagesResult,
    summaries: Map<BlobId, Uint8Array>,
  ): Promise<readonly BuriedRow[]> {
    if (this.#deps.leaveUnreadable !== true) mustKnowPacks(this.#account, damagedPacks);
    const old = unnamed.filter((object) => isOlder(object, known.base.time));
    const { recovered } = await recoverMessages(this.#deps, this.#account, old, survey.entries);
    const { state } = known.replay;
    const expunged = Math.floor(this.#deps.rim.now() / 1000);
    return recovered.flatMap((one, index) => {
      const mailbox = state.mailboxes.get(mailboxOf(one, state, []) ?? INBOX_ID);
      if (!mailbox) return [];
      summaries.set(one.row.blob, one.summary);
      const row = { ...one.row, uid: (index + 1) as Uid, modSeq: 0 as ModSeq, saved: one.row.date };
      return [{ mailbox: mailbox.id, name: mailbox.name, expunged, row }];
    });
  }

  async #takeKeys(known: Examination): Promise<Step> {
    const { free, standing } = known.journal;
    if (free.length === 0 && standing.length === 0) return NOTHING;
    const { folds, rim } = this.#deps;
    const expiresAt = Math.ceil(rim.now() / 1000) + EMPTY_KEY_SECONDS;
    const { usage, number } = known.base.state;
    const { journalBytes } = known.base;
    const pace = new Pace(rim);
    for (const key of free) {
      await pace.take(1);
      await folds.occupy(this.#account, { number: key, usage, journalBytes, emptied: true }, expiresAt);
    }
    for (const record of standing) {
      await pace.take(1);
      pace.owe((await folds.empty(this.#account, record.number, expiresAt)) - 1);
    }
    const what = `took ${counted(free.length, 'free key')} and emptied ${counted(standing.length, 'record')} below record ${number}`;
    return { kind: 'done', what };
  }
}

function sentence(
  records: readonly JournalRecord[],
  mends: number,
  recovered: number,
  packs: number,
): string {
  const parts = [
    ...(packs > 0 ? [`what lies in ${counted(packs, 'pack')}`] : []),
    ...(mends > 0 ? [`the counters of ${counted(mends, 'mailbox', 'mailboxes')}`] : []),
    ...(recovered > 0 ? [`${counted(recovered, 'message')} that no index had`] : []),
  ];
  return `put ${parts.join(' and ')} into record ${records.at(-1)?.number}`;
}
