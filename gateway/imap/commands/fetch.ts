/**
 * FETCH and UID FETCH (RFC 9051 §6.4.5), with MODSEQ and CHANGEDSINCE (RFC 7162 §3.1.4).
 *
 * What columns and summaries tell is sent in large pieces without opening a message; of a body just the asked range is
 * read, a few messages ahead, and large ones stream. A message that another session has expunged is passed over, and the
 * client is told so (RFC 2180 §4.1.3); one that cannot be read gets no answer, and the command a NO (I2).
 */
import type { Columns } from '../../../shared/account/columns.ts';
import { decideGuestStore, keepsSeenOf } from '../../../shared/account/decide-guest.ts';
import { type StoreOutcome, decideStore } from '../../../shared/account/decide-messages.ts';
import { SEEN } from '../../../shared/account/flags.ts';
import type { Decision } from '../../../shared/account/commit-request.ts';
import { lowerBound } from '../../../shared/account/uid-ranges.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import { vanishedLines } from '../session/dialect.ts';
import { FetchPlan, type MessageFacts, type Piece, setsSeen } from '../session/fetch-plan.ts';
import { inOrder } from '../session/in-order.ts';
import { type Literal, LiteralReader } from '../session/literal-reader.ts';
import { ExpungedError, MessageReader } from '../session/message-reader.ts';
import { limited, requireAtMost, tellLimit } from '../session/message-limit.ts';
import { Bad, No } from '../session/refusals.ts';
import { vanishedSince } from '../session/resync.ts';
import { watermarkOf } from '../session/selected-mailbox.ts';
import type { Session } from '../session/session.ts';
import type { Telling } from '../session/updates.ts';
import type { FetchArguments, FetchItem, ResultRange } from '../wire/ast.ts';
import { parseFetch } from '../wire/fetch-grammar.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { NumberSet } from '../wire/sequence-set.ts';
import { placesOf } from '../wire/result-range.ts';
import { byNumberAndUid, type CommandFamily, type Completion } from './command.ts';

/** Rows whose answers are composed between two looks at the writer and the clock. */
const BATCH_ROWS = 128;
/** Summaries are brought near so many at a time, about 2 MB: a request of S3 takes as long for 2,048 as for 128. */
const PREFETCH_ROWS = 16 * BATCH_ROWS;
/** Messages whose bodies are read ahead of the one that is being sent. */
const AHEAD = 6;

export const fetch: CommandFamily = { commands: byNumberAndUid('FETCH', run) };

async function run(session: Session, cursor: CommandCursor, byUid: boolean): Promise<Completion> {
  const args = parseFetch(cursor);
  // RFC 7162 §3.2.6.
  if (args.vanished && !byUid) throw new Bad('VANISHED belongs to UID FETCH');
  if (args.vanished && !session.hasEnabled('QRESYNC'))
    throw new Bad('ENABLE QRESYNC before VANISHED is used');
  const items = itemsOf(args, byUid && !session.dialect.uidOnly);
  if (items.some(({ kind }) => kind === 'modseq')) session.enableCondstore();
  const { selected } = session;
  const { view, saved } = selected;
  if (args.partial && !byUid) throw new Bad('PARTIAL is a modifier of UID FETCH (RFC 9394 section 3.3)');
  const { partial } = args;
  if (partial) requireAtMost(session, partial.high - partial.low + 1);
  const named = byUid ? view.resolveUids(args.set, saved) : view.resolveNumbers(args.set, saved);
  const { uids, code } = limited(session, partial ? windowOf(partial, named) : named);
  const seen = await markSeen(session, items, uids, args.changedSince ?? 0);
  const state = await selected.home.replica.load([selected.id]);
  const columns = selected.home.mailbox(state, selected.id)?.columns;
  if (!columns) throw new No('the mailbox is gone', 'NONEXISTENT');
  if (args.vanished) await tellVanished(session, args);
  const answer = new FetchAnswer(session, items, columns, seen);
  // A client whose connection breaks goes on below the last that it was told: the highest UIDs first (RFC 9738 §3.1).
  await answer.send(uids, args.changedSince ?? 0, code ? 'down' : 'up');
  try {
    answer.check(byUid || args.set.saved);
  } catch (error) {
    tellLimit(session, code);
    throw error;
  }
  const upTo = watermarkOf(state);
  const told = answer.plan.tellsFlags ? new Set(uids) : seen;
  const telling = (now: Columns, row: number): Telling =>
    (now.modSeqs[row] ?? 0) <= upTo && told.has(now.uids[row] ?? 0) ? 'none' : 'all';
  return { text: 'fetched', telling, ...(code && { code }) };
}

/**
 * FETCH responses that nobody has asked for by a command: of messages that have come, to a client that wants it so. What
 * is gone again is passed over. Sets no flag.
 */
export async function tellMessages(
  session: Session,
  items: readonly FetchItem[],
  uids: Uint32Array,
): Promise<void> {
  const mailbox = await session.selected.home.load(session.selected.id);
  if (!mailbox?.columns) return;
  const { uidOnly, modSeqs } = session.dialect;
  // An external agent has caused them: RFC 7162 §3.2.4 wants the mod-sequence, too.
  const all = itemsOf({ items, changedSince: modSeqs ? 0 : undefined }, !uidOnly);
  await new FetchAnswer(session, all, mailbox.columns, NO_UIDS).send(uids, 0);
}

const NO_UIDS: ReadonlySet<number> = new Set();

function windowOf(partial: ResultRange, uids: Uint32Array): Uint32Array {
  const { start, end } = placesOf(partial, uids.length);
  return uids.subarray(start, end);
}

/** UID FETCH always tells UIDs (RFC 9051 §6.4.9; UIDFETCH begins with it), CHANGEDSINCE always MODSEQ (RFC 7162 §3.1.4.1). */
function itemsOf(
  { items, changedSince }: Pick<FetchArguments, 'items' | 'changedSince'>,
  byUid: boolean,
): readonly FetchItem[] {
  const all = [...items];
  if (byUid && !all.some(({ kind }) => kind === 'uid')) all.unshift({ kind: 'uid' });
  if (changedSince !== undefined && !all.some(({ kind }) => kind === 'modseq')) all.push({ kind: 'modseq' });
  return all;
}

/** Before any FETCH response, for it moves no number (RFC 7162 §3.2.6). */
async function tellVanished(session: Session, { set, changedSince = 0 }: FetchArguments): Promise<void> {
  const { selected, writer } = session;
  const known = set.saved ? NumberSet.ofSorted(selected.saved) : set.resolve(selected.view.next - 1);
  const vanished = await vanishedSince(selected, known, changedSince);
  for (const line of vanishedLines(vanished, true)) writer.write(line);
}

/** One record for all messages, before anything is sent, so that the answers carry the new flags. */
async function markSeen(
  session: Session,
  items: readonly FetchItem[],
  uids: Uint32Array,
  changedSince: number,
): Promise<ReadonlySet<number>> {
  const { home, id, readOnly } = session.selected;
  if (readOnly || uids.length === 0 || !items.some(setsSeen)) return new Set();
  const { changed } = await home.commit<Pick<StoreOutcome, 'changed'>>({
    needs: () => [id],
    decide(state) {
      const mailbox = state.mailboxes.get(id);
      const columns = home.mailbox(state, id)?.columns;
      const guest = mailbox && home.guestOf(mailbox);
      // RFC 4314 §4: without the right, \Seen stays, and that is no failure.
      if (mailbox && guest && !(guest.rights.includes('s') && keepsSeenOf(mailbox, guest.account)))
        return NOTHING_SEEN;
      // Only what will be told: a message that has not changed is not read.
      const told =
        columns && changedSince > 0 ? uids.filter((uid) => changedAfter(columns, uid, changedSince)) : uids;
      const flags = { system: SEEN, keywords: [] };
      return guest
        ? decideGuestStore(state, id, guest, told, { mode: 'add', flags })
        : decideStore(state, id, told, 'add', flags);
    },
  });
  return new Set(changed);
}

const NOTHING_SEEN: Decision<Pick<StoreOutcome, 'changed'>> = { ops: [], value: { changed: [] } };

function changedAfter(columns: Columns, uid: number, modSeq: number): boolean {
  const row = columns.rowOf(uid);
  return row >= 0 && (columns.modSeqs[row] ?? 0) > modSeq;
}

/** A message's answer, as far as it can be made ready. */
type Prepared =
  | { readonly kind: 'ready'; readonly pieces: readonly (string | Literal)[] }
  /** Too large to be held: streamed when it is its turn. */
  | { readonly kind: 'large'; readonly row: number; readonly pieces: readonly Piece[] }
  | { readonly kind: 'failed'; readonly error: unknown };

class FetchAnswer {
  readonly plan: FetchPlan;
  readonly #session: Session;
  readonly #columns: Columns;
  readonly #reader: MessageReader;
  readonly #literals: LiteralReader;
  readonly #seen: ReadonlySet<number>;
  #text = '';
  /** The response that is being sent has begun and not ended. */
  #within = false;
  #expunged = 0;
  #failure: Error | undefined;

  constructor(session: Session, items: readonly FetchItem[], columns: Columns, seen: ReadonlySet<number>) {
    const { selected, text } = session;
    const { dialect } = session;
    const isRecent = (uid: number): boolean => selected.isRecent(uid, dialect);
    this.plan = new FetchPlan(items, { columns, isRecent, utf8: text.utf8, dialect });
    this.#session = session;
    this.#columns = columns;
    this.#reader = new MessageReader(session, selected.home, selected.id, columns);
    this.#literals = new LiteralReader(this.#reader, selected.decodedPlace);
    this.#seen = seen;
  }

  async send(uids: Uint32Array, changedSince: number, order: 'up' | 'down' = 'up'): Promise<void> {
    const rows = this.#rowsOf(uids, changedSince);
    if (order === 'down') rows.reverse();
    const { progress } = this.#session;
    progress?.speakOnly(() => !this.#within);
    progress?.at(0, rows.length);
    for (let at = 0; at < rows.length; at += BATCH_ROWS) {
      if (this.plan.needsSummary && at % PREFETCH_ROWS === 0)
        await this.#reader.prefetch(rows.slice(at, at + PREFETCH_ROWS));
      await this.#sendBatch(rows.slice(at, at + BATCH_ROWS));
      await this.#pace();
    }
    this.#emit();
  }

  /** What went wrong, once everything else has been answered. */
  check(mayLack: boolean): void {
    if (this.#failure) throw this.#failure;
    // A UID that is gone is no error (RFC 9051 §6.4.9), and "$" has lost what is expunged (RFC 5182 §2.1).
    if (this.#expunged > 0 && !mayLack)
      throw new No('some of the messages have been expunged', 'EXPUNGEISSUED');
  }

  #rowsOf(uids: Uint32Array, changedSince: number): number[] {
    const { uids: present, count, modSeqs } = this.#columns;
    const rows: number[] = [];
    let row = lowerBound(present, count, uids[0] ?? 0);
    for (const uid of uids) {
      while (row < count && (present[row] ?? 0) < uid) row++;
      if (row >= count || present[row] !== uid) this.#expunged++;
      else if ((modSeqs[row] ?? 0) > changedSince) rows.push(row);
    }
    return rows;
  }

  async #sendBatch(rows: readonly number[]): Promise<void> {
    const summaries = this.plan.needsSummary ? await this.#reader.summaries(rows) : [];
    const composed: { readonly row: number; readonly pieces: readonly Piece[] }[] = [];
    rows.forEach((row, index) => {
      const summary = summaries[index];
      if (summary instanceof Error) this.#fail(summary);
      else
        this.#attempt(() => composed.push({ row, pieces: this.plan.compose(this.#factsOf(row, summary)) }));
    });
    if (!this.plan.needsBlob) {
      for (const { pieces } of composed) for (const piece of pieces) this.#text += textOf(piece);
      return;
    }
    const prepare = ({ row, pieces }: (typeof composed)[number]): Promise<Prepared> =>
      this.#prepare(row, pieces);
    for await (const prepared of inOrder(composed, AHEAD, prepare)) {
      await this.#sendPrepared(prepared);
      this.#session.progress?.step();
    }
  }

  #factsOf(row: number, summary: Summary | undefined): MessageFacts {
    const uid = this.#columns.uidAt(row);
    const number = this.#session.selected.view.numberOf(uid);
    return { row, number, uid, summary, tellFlags: this.#seen.has(uid) };
  }

  async #prepare(row: number, pieces: readonly Piece[]): Promise<Prepared> {
    try {
      if (!this.#literals.isSmall(pieces)) return { kind: 'large', row, pieces };
      return { kind: 'ready', pieces: await this.#literals.read(row, pieces) };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  async #sendPrepared(prepared: Prepared): Promise<void> {
    if (prepared.kind === 'failed') this.#fail(prepared.error);
    else if (prepared.kind === 'ready') await this.#sendPieces(prepared.pieces);
    else {
      const opened = await this.#literals.open(prepared.row, prepared.pieces).catch((error: unknown) => {
        this.#fail(error);
        return [];
      });
      await this.#sendPieces(opened);
    }
    await this.#pace();
  }

  async #sendPieces(pieces: readonly (string | Literal)[]): Promise<void> {
    this.#within = true;
    for (const piece of pieces) {
      if (typeof piece === 'string') this.#text += piece;
      else {
        this.#emit();
        await this.#session.writer.literal(piece.size, piece.body, { binary: piece.binary });
      }
    }
    // Its end goes to the writer with it: what is said next must not come between.
    this.#emit();
    this.#within = false;
  }

  /** What cannot be told of one message is no reason to tell nothing of the others. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof ExpungedError) this.#expunged++;
    else this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  async #pace(): Promise<void> {
    if (this.#text.length >= this.#session.connection.limits.batchBytes) this.#emit();
    await this.#session.writer.pace();
  }

  #emit(): void {
    if (this.#text === '') return;
    this.#session.writer.write(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }
}

/** Of a plan that needs no blob. */
function textOf(piece: Piece): string {
  if (typeof piece === 'string') return piece;
  throw new Error('a plan without the blob has a literal from it');
}
