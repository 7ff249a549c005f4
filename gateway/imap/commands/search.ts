/** SEARCH and UID SEARCH (RFC 9051 §6.4.4), with RETURN (RFC 4731), SAVE (RFC 5182) and MODSEQ (RFC 7162 §3.1.5). */
import iconv from 'iconv-lite';
import { compileSearch } from '../search/program.ts';
import { Searcher } from '../search/searcher.ts';
import type { Timer } from '../server/timers.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { SearchReturn } from '../wire/ast.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { string } from '../wire/response.ts';
import { parseSearch } from '../wire/search-grammar.ts';
import { NumberSet } from '../wire/sequence-set.ts';
import { type CommandFamily, type Completion, SELECTED } from './command.ts';

/** Clients wait a minute or more for the first word of an answer. */
const STILL_HERE_MS = 20_000;

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

/** IMAP4rev2 is answered with ESEARCH whatever it asks for (RFC 9051 §6.4.4). */
const ALL: SearchReturn = { min: false, max: false, all: true, count: false, save: false };

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
  const { returns: asked, key } = parseSearch(cursor, decodeCharset);
  const returns = asked ?? (session.dialect.rev2 ? ALL : undefined);
  const { selected } = session;
  const { home, view, saved, id } = selected;
  const { dialect } = session;
  // A search that fails leaves nothing saved (RFC 5182 §2.1).
  if (returns?.save) selected.saved = new Uint32Array(0);
  const columns = (await home.load(id))?.columns;
  if (!columns) throw new No('the mailbox is gone', 'NONEXISTENT');
  const program = compileSearch(key, {
    columns,
    messages: view.count,
    lastUid: view.uids[view.count - 1] ?? 0,
    saved: NumberSet.ofSorted(saved),
    isRecent: (uid) => selected.isRecent(uid, dialect),
  });
  if (program.usesModSeq) session.enableCondstore();
  const stillHere = sayStillHere(session);
  const searcher = new Searcher(session, { home, mailbox: id, columns, uids: view.uids }, program);
  const rows = await searcher.run().finally(() => stillHere.cancel());
  const uids = Uint32Array.from(rows, (row) => columns.uids[row] ?? 0);
  if (returns?.save) selected.saved = savedOf(returns, uids);
  const numbers = byUid ? uids : uids.map((uid) => view.numberOf(uid));
  const modSeqs = program.usesModSeq ? rows.map((row) => columns.modSeqs[row] ?? 0) : [];
  const answer = returns ? esearch(returns, tag, byUid, numbers, modSeqs) : plain(numbers, modSeqs);
  if (answer !== null) session.writer.untagged(answer);
  return { text: 'searched', ...(program.usesNumbers && { numbersStay: true }) };
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
