/**
 * Searches one mailbox: flags, sizes and dates are read off the columns, listed header fields off the summaries; only
 * messages that are still in question are opened, a few at a time, and each is read once for all texts.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import type { MailboxId } from '../../../shared/account/ids.ts';
import { Turns } from '../server/fairness.ts';
import { inOrder } from '../session/in-order.ts';
import { ExpungedError, MessageReader } from '../session/message-reader.ts';
import type { Home } from '../session/home.ts';
import type { Session } from '../session/session.ts';
import { ConnectionLostError } from '../wire/response-writer.ts';
import type { Content, SearchFacts, SearchProgram } from './program.ts';
import { MessageScan } from './text.ts';

/** Messages that are open at one time. */
const PARALLEL_READS = 4;
const SUMMARY_ROWS = 256;
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

export class Searcher {
  readonly #session: Session;
  readonly #target: SearchTarget;
  readonly #program: SearchProgram;
  readonly #reader: MessageReader;

  constructor(session: Session, target: SearchTarget, program: SearchProgram) {
    this.#session = session;
    this.#target = target;
    this.#program = program;
    this.#reader = new MessageReader(session, target.home, target.mailbox, target.columns);
  }

  /** Rows of the messages that match, ascending. */
  async run(): Promise<number[]> {
    const { matches, open } = await this.#byColumns();
    for (let at = 0; at < open.length; at += SUMMARY_ROWS)
      matches.push(...(await this.#byMessages(open.slice(at, at + SUMMARY_ROWS))));
    return matches.sort((a, b) => a - b);
  }

  async #byColumns(): Promise<{ matches: number[]; open: SearchFacts[] }> {
    const { uids, columns } = this.#target;
    const matches: number[] = [];
    const open: SearchFacts[] = [];
    const turns = new Turns(ROWS_PER_TURN);
    let row = 0;
    for (let place = 0; place < uids.length; place++) {
      const uid = uids[place] ?? 0;
      while (row < columns.count && (columns.uids[row] ?? 0) < uid) row++;
      if (row >= columns.count) break;
      if (columns.uids[row] !== uid) continue;
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
