/** A search, from its key to the messages that it finds, in the order asked for. What commands share that search. */
import type { Mailbox } from '../../../shared/account/state.ts';
import { charsetOf } from '../../../shared/message/charset.ts';
import { readEnvelope } from '../../../shared/message/envelope-reader.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import { Turns } from '../server/fairness.ts';
import { answerTo } from '../session/faults.ts';
import type { Home } from '../session/home.ts';
import { MessageReader } from '../session/message-reader.ts';
import { requireAtMost } from '../session/message-limit.ts';
import { Bad, No } from '../session/refusals.ts';
import type { ServerEntries } from '../../../shared/directory/directory.ts';
import type { Session } from '../session/session.ts';
import type { CommandCursor } from '../wire/parser.ts';
import type { SearchKey, SearchReturn, SortCriterion } from '../wire/ast.ts';
import type { SearchSurroundings } from '../wire/search-grammar.ts';
import { NumberSet } from '../wire/sequence-set.ts';
import { filterOf } from './filters.ts';
import { usesKey } from './key-contents.ts';
import { compileSearch } from './program.ts';
import type { Results } from './results.ts';
import { returned } from './results.ts';
import { type Hits, Searcher, type SearchTarget } from './searcher.ts';
import { scopeOf } from './scope.ts';
import { SortTable, needsSummaries } from './sort.ts';
import { withPauses } from './steps.ts';
import { withSummaries } from './summaries.ts';

/** Where a search takes place, and what its keys mean there. */
export interface SearchPlace extends SearchTarget {
  readonly mailboxState: Mailbox;
  readonly isRecent: (uid: number) => boolean;
  readonly saved: NumberSet;
}

/** What is asked for, whatever the command. */
export interface SearchRequest {
  readonly key: SearchKey;
  /** Null: the order of the mailbox. */
  readonly criteria: readonly SortCriterion[] | null;
  readonly returns: SearchReturn | undefined;
}

const NO_ENTRIES: ServerEntries = new Map();

/** What the session's search commands are read by. */
export async function surroundingsOf(session: Session, cursor: CommandCursor): Promise<SearchSurroundings> {
  // Only where a filter is named: what was stored a moment ago, on whichever gateway, is meant.
  const isNamed = cursor.mentions('FILTER');
  const shared = isNamed ? await session.services.serverAnnotations.read() : NO_ENTRIES;
  const state = await (isNamed ? session.home.sync() : session.home.state());
  return {
    decodeCharset: charsetOf,
    utf8Accepted: session.hasEnabled('UTF8=ACCEPT'),
    filter: filterOf(state, session.home.account, shared),
  };
}

/** The selected mailbox as its client knows it; `loaded`: as it is in a state that is at hand, its messages with it. */
export async function selectedPlace(session: Session, loaded?: Mailbox): Promise<SearchPlace> {
  const { selected, dialect } = session;
  const { home, id, view, saved } = selected;
  const mailbox = loaded ?? (await home.load(id));
  if (!mailbox?.columns) throw new No('the mailbox is gone', 'NONEXISTENT');
  return {
    home,
    mailbox: id,
    mailboxState: mailbox,
    columns: mailbox.columns,
    uids: view.uids,
    isRecent: (uid) => selected.isRecent(uid, dialect),
    saved: NumberSet.ofSorted(saved),
  };
}

/** A mailbox that is not selected; its messages are numbered as a SELECT would. Undefined if it is gone. */
export async function otherPlace(home: Home, mailbox: Mailbox): Promise<SearchPlace | undefined> {
  const loaded = await home.load(mailbox.id);
  if (!loaded?.columns) return undefined;
  const { columns } = loaded;
  const floor = home.recent.floorOf(loaded);
  return {
    home,
    mailbox: mailbox.id,
    mailboxState: loaded,
    columns,
    uids: columns.uids.subarray(0, columns.count),
    isRecent: (uid) => uid >= floor,
    saved: NumberSet.EMPTY,
  };
}

/** The messages that match, in order. */
export async function find(session: Session, place: SearchPlace, request: SearchRequest): Promise<Hits> {
  const { key, criteria, returns } = request;
  const program = compileSearch(key, {
    columns: place.columns,
    messages: place.uids.length,
    lastUid: place.uids.at(-1) ?? 0,
    saved: place.saved,
    isRecent: place.isRecent,
    now: Math.floor(session.services.rim.now() / 1000),
  });
  if (usesKey(key, 'modseq')) session.enableCondstore();
  const scored = (returns?.relevancy ?? false) || (criteria ?? []).some((each) => each.key === 'RELEVANCY');
  // RFC 6203 §4, §6.
  if (scored && !usesKey(key, 'fuzzy')) throw new Bad('RELEVANCY is of searches with FUZZY');
  const { from, code: limit } = scopeOf(session, key, place);
  // An order of some of them is none (RFC 9738 §3.3).
  if (limit && criteria) requireAtMost(session, place.uids.length);
  const hits = await new Searcher(session, place, program, { scored, from }).run();
  return criteria ? inOrderOf(session, place, hits, criteria) : { ...hits, limit };
}

async function inOrderOf(
  session: Session,
  place: SearchPlace,
  { rows, scores }: Hits,
  criteria: readonly SortCriterion[],
): Promise<Hits> {
  const { columns } = place;
  const table = new SortTable(criteria);
  const sorted: number[] = [];
  const add = (index: number, summary: Summary | undefined): void => {
    const row = rows[index] ?? 0;
    const arrived = (columns.dates[row] ?? 0) * 1000;
    table.add({
      size: columns.sizes[row] ?? 0,
      arrived,
      sent: summary?.sentDate ?? arrived,
      envelope: summary && readEnvelope(summary.envelopeUtf8 ?? summary.envelope),
      relevancy: scores[index] ?? 0,
    });
    sorted.push(index);
  };
  if (needsSummaries(criteria)) {
    const reader = new MessageReader(session, place.home, place.mailbox, columns);
    const items = rows.map((row, index) => ({ row, index }));
    for await (const batch of withSummaries(reader, items))
      for (const { item, summary } of batch) add(item.index, summary);
  } else rows.forEach((_, index) => add(index, undefined));
  const order = await withPauses(table.order(), new Turns(1));
  const indices = [...order].map((at) => sorted[at] ?? 0);
  return {
    rows: indices.map((index) => rows[index] ?? 0),
    scores: scores.length > 0 ? indices.map((index) => scores[index] ?? 0) : [],
  };
}

/** What the client is told of `hits`. */
export function resultsOf(
  session: Session,
  place: SearchPlace,
  { key }: SearchRequest,
  { rows, scores }: Hits,
  byUid: boolean,
): Results {
  const { columns } = place;
  const uids = rows.map((row) => columns.uids[row] ?? 0);
  return {
    numbers: byUid ? uids : uids.map((uid) => session.selected.view.numberOf(uid)),
    modSeqs: usesKey(key, 'modseq') ? rows.map((row) => columns.modSeqs[row] ?? 0) : [],
    scores,
  };
}

/** SAVE: what `$` means from now on (RFC 5182 §2.4, RFC 9394 §3.2). */
export function save(session: Session, place: SearchPlace, returns: SearchReturn, { rows }: Hits): void {
  const uids = returned(returns, rows).map((row) => place.columns.uids[row] ?? 0);
  session.selected.saved = Uint32Array.from(uids).sort();
}

/**
 * Does `work` for a search with these return options: with SAVE, one that is answered NO leaves nothing saved, and one
 * that is answered BAD what was there (RFC 5182 §2.1).
 */
export async function saving<T>(
  session: Session,
  returns: SearchReturn | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const answer = answerTo(error);
    const isBad = answer.kind === 'refuse' && answer.response.status === 'BAD';
    const selected = session.selectedOrNull;
    if (returns?.save && !isBad && selected) selected.saved = new Uint32Array(0);
    throw error;
  }
}
