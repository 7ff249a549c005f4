/**
 * SEARCH and UID SEARCH (RFC 9051 §6.4.4), with RETURN (RFC 4731), SAVE (RFC 5182) and MODSEQ (RFC 7162 §3.1.5).
 *
 * Flags, sizes and dates are read off the columns, listed header fields off the summaries; only messages that are still in
 * question are opened, a few at a time, and each is read once for all texts.
 */
import iconv from 'iconv-lite';
import type { Columns } from '../../../shared/account/columns.ts';
import { Turns } from '../server/fairness.ts';
import type { Timer } from '../server/timers.ts';
import { inOrder } from '../session/in-order.ts';
import { ExpungedError, MessageReader } from '../session/message-reader.ts';
import { No } from '../session/refusals.ts';
import {
  type Content,
  type SearchFacts,
  type SearchProgram,
  compileSearch,
} from '../session/search-program.ts';
import { MessageScan } from '../session/search-text.ts';
import type { Session } from '../session/session.ts';
import type { SearchReturn } from '../wire/ast.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { string } from '../wire/response.ts';
import { ConnectionLostError } from '../wire/response-writer.ts';
import { parseSearch } from '../wire/search-grammar.ts';
import { NumberSet } from '../wire/sequence-set.ts';
import { type CommandFamily, type Completion, SELECTED } from './command.ts';

/** Messages that are open at one time. */
const PARALLEL_READS = 4;
const SUMMARY_ROWS = 256;
/** Clients wait a minute or more for the first word of an answer. */
const STILL_HERE_MS = 20_000;
/** Rows looked at before others have a turn: well under a millisecond. */
const ROWS_PER_TURN = 2048;

export const search: CommandFamily = {
  commands: [
    {
      name: 'SEARCH',
      phases: SELECTED,
      updates: 'no expunge',
      activity: 'search',
      run: (session, cursor, tag) => run(session, cursor, tag, false),
    },
    {
      name: 'UID SEARCH',
      phases: SELECTED,
      updates: 'everything',
      activity: 'search',
      run: (session, cursor, tag) => run(session, cursor, tag, true),
    },
  ],
};

/** Charsets beside US-ASCII and UTF-8; undefined: BADCHARSET. */
function decodeCharset(charset: string, bytes: Uint8Array): string | undefined {
  return iconv.encodingExists(charset) ? iconv.decode(Buffer.from(bytes), charset) : undefined;
}

async function run(
  session: Session,
  cursor: CommandCursor,
  tag: string,
  byUid: boolean,
): Promise<Completion> {
  const { returns, key } = parseSearch(cursor, decodeCharset);
  const { selected } = session;
  const { view, saved, recent, id } = selected;
  // A search that fails leaves nothing saved (RFC 5182 §2.1).
  if (returns?.save) selected.saved = new Uint32Array(0);
  const state = await session.replica.load([id]);
  const columns = state.mailboxes.get(id)?.columns;
  if (!columns) throw new No('the mailbox is gone', 'NONEXISTENT');
  const program = compileSearch(key, {
    columns,
    messages: view.count,
    lastUid: view.uids[view.count - 1] ?? 0,
    saved: NumberSet.ofSorted(saved),
    isRecent: (uid) => recent.has(uid),
  });
  if (program.usesModSeq) session.enableCondstore();
  const stillHere = sayStillHere(session);
  const rows = await new Search(session, columns, program).run().finally(() => stillHere.cancel());
  const uids = Uint32Array.from(rows, (row) => columns.uids[row] ?? 0);
  if (returns?.save) selected.saved = savedOf(returns, uids);
  const numbers = byUid ? uids : uids.map((uid) => view.numberOf(uid));
  const modSeqs = program.usesModSeq ? rows.map((row) => columns.modSeqs[row] ?? 0) : [];
  const answer = returns ? esearch(returns, tag, byUid, numbers, modSeqs) : plain(numbers, modSeqs);
  if (answer !== null) session.writer.untagged(answer);
  return { text: 'searched' };
}

/** A search through many bodies takes minutes: neither the client nor our own time limit must take it for dead. */
function sayStillHere({ services, writer }: Session): Timer {
  const say = (): void => {
    writer.status('*', 'OK', 'still searching');
    // A client that is gone is noticed by the search itself.
    writer.flush().catch(() => undefined);
    timer = services.timers.after(STILL_HERE_MS, say);
  };
  let timer = services.timers.after(STILL_HERE_MS, say);
  return { cancel: () => timer.cancel() };
}

/** RFC 5182 §2.1: with MIN or MAX alone, just these are saved. */
function savedOf({ min, max, all, count }: SearchReturn, uids: Uint32Array): Uint32Array {
  if (all || count || !(min || max) || uids.length === 0) return uids;
  const ends = [...(min ? uids.subarray(0, 1) : []), ...(max ? uids.subarray(-1) : [])];
  return Uint32Array.from(new Set(ends));
}

function plain(numbers: Uint32Array, modSeqs: readonly number[]): string {
  const highest = modSeqs.length > 0 ? ` (MODSEQ ${highestOf(modSeqs)})` : '';
  return numbers.length === 0 ? 'SEARCH' : `SEARCH ${numbers.join(' ')}${highest}`;
}

/** The tag is quoted: new Outlook wants it so (RFC 4466 §2.6.2 allows it). Null: SAVE asks for no answer. */
function esearch(
  { min, max, all, count, save }: SearchReturn,
  tag: string,
  byUid: boolean,
  numbers: Uint32Array,
  modSeqs: readonly number[],
): string | null {
  if (save && !min && !max && !all && !count) return null;
  const words = [`ESEARCH (TAG ${string(tag)})`];
  if (byUid) words.push('UID');
  if (numbers.length > 0) {
    if (min) words.push(`MIN ${numbers[0] ?? 0}`);
    if (max) words.push(`MAX ${numbers.at(-1) ?? 0}`);
    if (all) words.push(`ALL ${NumberSet.ofSorted(numbers).toString()}`);
  }
  if (count) words.push(`COUNT ${numbers.length}`);
  if (modSeqs.length > 0) {
    // RFC 4731 §3.2: of the messages that are told.
    const told =
      all || count ? modSeqs : [...(min ? modSeqs.slice(0, 1) : []), ...(max ? modSeqs.slice(-1) : [])];
    words.push(`MODSEQ ${highestOf(told)}`);
  }
  return words.join(' ');
}

function highestOf(modSeqs: readonly number[]): number {
  return modSeqs.reduce((highest, modSeq) => Math.max(highest, modSeq), 0);
}

class Search {
  readonly #session: Session;
  readonly #columns: Columns;
  readonly #program: SearchProgram;
  readonly #reader: MessageReader;

  constructor(session: Session, columns: Columns, program: SearchProgram) {
    this.#session = session;
    this.#columns = columns;
    this.#program = program;
    this.#reader = new MessageReader(session, session.selected.id, columns);
  }

  /** Rows of the messages that match, ascending. */
  async run(): Promise<number[]> {
    const { matches, open } = await this.#byColumns();
    for (let at = 0; at < open.length; at += SUMMARY_ROWS)
      matches.push(...(await this.#byMessages(open.slice(at, at + SUMMARY_ROWS))));
    return matches.sort((a, b) => a - b);
  }

  async #byColumns(): Promise<{ matches: number[]; open: SearchFacts[] }> {
    const { uids } = this.#session.selected.view;
    const matches: number[] = [];
    const open: SearchFacts[] = [];
    const turns = new Turns(ROWS_PER_TURN);
    let row = 0;
    for (let place = 0; place < uids.length; place++) {
      const uid = uids[place] ?? 0;
      while (row < this.#columns.count && (this.#columns.uids[row] ?? 0) < uid) row++;
      if (row >= this.#columns.count) break;
      if (this.#columns.uids[row] !== uid) continue;
      const facts = { row, number: place + 1, uid };
      const verdict = this.#program.test(facts);
      if (verdict) matches.push(row);
      else if (verdict === undefined) open.push(facts);
      if (turns.spend(1)) await turns.next();
    }
    return { matches, open };
  }

  async #byMessages(open: readonly SearchFacts[]): Promise<number[]> {
    const summaries = await this.#reader.summaries(open.map(({ row }) => row));
    const known = open.map((facts, index) => ({ facts, summary: summaries[index] }));
    const matches: number[] = [];
    const decide = async ({ facts, summary }: (typeof known)[number]): Promise<boolean | Error> => {
      if (summary instanceof Error || summary === undefined)
        return summary ?? new Error('a summary is missing');
      const informed = { ...facts, summary };
      const verdict = this.#program.test(informed);
      if (verdict !== undefined) return verdict;
      try {
        return this.#program.test({ ...informed, content: await this.#contentOf(informed) }) ?? false;
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    };
    let at = 0;
    for await (const verdict of inOrder(known, PARALLEL_READS, decide)) {
      const row = known[at++]?.facts.row ?? 0;
      // The search ends when the client does.
      if (this.#session.connection.signal.aborted) throw new ConnectionLostError();
      if (verdict instanceof Error) {
        // What is gone matches nothing; what cannot be read must not look as if it did not match.
        if (!(verdict instanceof ExpungedError)) throw verdict;
      } else if (verdict) matches.push(row);
    }
    return matches;
  }

  async #contentOf({
    row,
    summary,
  }: SearchFacts & { summary: NonNullable<SearchFacts['summary']> }): Promise<Content> {
    const { texts, bodyTexts } = this.#program;
    const { start, bodyStart } = summary.parts;
    const scan = new MessageScan(summary.parts, texts, bodyTexts);
    if (scan.end > scan.start) {
      for await (const chunk of await this.#reader.open(row, { start: scan.start, end: scan.end })) {
        scan.write(chunk);
        if (scan.isDone()) break;
      }
    }
    const header =
      bodyStart > start && this.#program.readsHeader(summary)
        ? await this.#reader.bytes(row, { start, end: bodyStart })
        : new Uint8Array(0);
    return { header, inHeader: scan.header.found, inBody: scan.body.found };
  }
}
