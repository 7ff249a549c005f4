/**
 * Searches one mailbox: flags, sizes and dates are read off the columns, listed header fields off the summaries; only
 * messages that are still in question are opened, a few at a time, and each is read once for all texts.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import type { MailboxId } from '../../../shared/account/ids.ts';
import { lowerBound } from '../../../shared/account/uid-ranges.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import { Turns } from '../server/fairness.ts';
import type { Home } from '../session/home.ts';
import { inOrder } from '../session/in-order.ts';
import { ExpungedError, MessageReader } from '../session/message-reader.ts';
import type { Session } from '../session/session.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { ConnectionLostError } from '../wire/response-writer.ts';
import type { Content, SearchFacts, SearchProgram } from './program.ts';
import { type Summarized, withSummaries } from './summaries.ts';
import { MessageScan } from './text.ts';

/** Messages that are open at one time. */
const PARALLEL_READS = 4;
/** Rows looked at before others have a turn: well under a millisecond. */
const ROWS_PER_TURN = 2048;

/** A mailbox as it is searched. */
export interface SearchTarget {
  readonly home: Home;
  readonly mailbox: MailboxId;
  readonly columns: Columns;
  /** The UIDs by message number. */
  readonly uids: Uint32Array;
}

/** Messages that match, in the order of the mailbox. */
export interface Hits {
  /** Rows of the columns. */
  readonly rows: readonly number[];
  /** How relevant each is (RFC 6203 §4); empty unless asked for. */
  readonly scores: readonly number[];
  /** MESSAGELIMIT, if not all messages were looked at. */
  readonly limit?: ResponseCode | undefined;
}

interface Hit {
  readonly row: number;
  readonly score: number;
}

/** A match with its score; false for none; undefined: more has to be known. */
type Outcome = Hit | false | undefined;

export class Searcher {
  readonly #session: Session;
  readonly #target: SearchTarget;
  readonly #program: SearchProgram;
  readonly #scored: boolean;
  readonly #from: number;
  readonly #reader: MessageReader;

  /** `from`: messages below this UID are not looked at. */
  constructor(
    session: Session,
    target: SearchTarget,
    program: SearchProgram,
    { scored = false, from = 0 } = {},
  ) {
    this.#session = session;
    this.#target = target;
    this.#program = program;
    this.#scored = scored;
    this.#from = from;
    this.#reader = new MessageReader(session, target.home, target.mailbox, target.columns);
  }

  async run(): Promise<Hits> {
    const { hits, open } = await this.#byColumns();
    if (open.length > 0) {
      this.#session.progress?.at(0, open.length);
      for await (const batch of withSummaries(this.#reader, open))
        hits.push(...(await this.#byMessages(batch)));
      hits.sort((a, b) => a.row - b.row);
    }
    return {
      rows: hits.map(({ row }) => row),
      scores: this.#scored ? hits.map(({ score }) => score) : [],
    };
  }

  #outcome(facts: SearchFacts): Outcome {
    const verdict = this.#program.test(facts);
    if (!verdict) return verdict;
    const score = this.#scored ? this.#program.relevancy(facts) : 0;
    return score === undefined ? undefined : { row: facts.row, score };
  }

  async #byColumns(): Promise<{ hits: Hit[]; open: SearchFacts[] }> {
    const { uids, columns } = this.#target;
    const hits: Hit[] = [];
    const open: SearchFacts[] = [];
    const turns = new Turns(ROWS_PER_TURN);
    let row = 0;
    for (let place = lowerBound(uids, uids.length, this.#from); place < uids.length; place++) {
      const uid = uids[place] ?? 0;
      while (row < columns.count && (columns.uids[row] ?? 0) < uid) row++;
      if (row >= columns.count) break;
      if (columns.uids[row] !== uid) continue;
      const facts = { row, number: place + 1, uid };
      const outcome = this.#outcome(facts);
      if (outcome) hits.push(outcome);
      else if (outcome === undefined) open.push(facts);
      if (turns.spend(1)) await turns.next();
    }
    return { hits, open };
  }

  async #byMessages(batch: readonly Summarized<SearchFacts>[]): Promise<Hit[]> {
    const hits: Hit[] = [];
    const decide = async ({ item, summary }: Summarized<SearchFacts>): Promise<Hit | false | Error> => {
      const informed = { ...item, summary };
      const outcome = this.#outcome(informed);
      if (outcome !== undefined) return outcome;
      try {
        return this.#outcome({ ...informed, content: await this.#contentOf(item.row, summary) }) ?? false;
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    };
    for await (const outcome of inOrder(batch, PARALLEL_READS, decide)) {
      this.#session.progress?.step();
      // The search ends when the client does.
      if (this.#session.connection.signal.aborted) throw new ConnectionLostError();
      if (outcome instanceof Error) {
        // What is gone matches nothing; what cannot be read must not look as if it did not match.
        if (!(outcome instanceof ExpungedError)) throw outcome;
      } else if (outcome) hits.push(outcome);
    }
    return hits;
  }

  async #contentOf(row: number, summary: Summary): Promise<Content> {
    const scan = new MessageScan(summary.parts, this.#program.scanOptions(summary));
    if (scan.end > scan.start) {
      for await (const chunk of await this.#reader.open(row, { start: scan.start, end: scan.end })) {
        scan.write(chunk);
        if (scan.isDone()) break;
      }
    }
    return { header: scan.kept, inHeader: scan.header.findings, inBody: scan.body.findings };
  }
}
