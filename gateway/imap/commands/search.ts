/**
 * SEARCH and UID SEARCH (RFC 9051 §6.4.4), with RETURN (RFC 4731), SAVE (RFC 5182), PARTIAL and UPDATE (RFC 5267,
 * RFC 9394), RELEVANCY (RFC 6203) and MODSEQ (RFC 7162 §3.1.5).
 */
import { usesNumbers } from '../search/key-contents.ts';
import { esearchText, plainText } from '../search/results.ts';
import {
  type SearchRequest,
  find,
  resultsOf,
  save,
  saving,
  selectedPlace,
  surroundingsOf,
} from '../search/search.ts';
import type { ContextVoice } from '../search/contexts.ts';
import type { Session } from '../session/session.ts';
import type { SearchReturn } from '../wire/ast.ts';
import type { CommandCursor } from '../wire/parser.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { string } from '../wire/response.ts';
import { parseSearchProgram } from '../wire/search-grammar.ts';
import { ALL_RESULTS, OF_SEARCH, parseReturn } from '../wire/search-return.ts';
import { byNumberAndUid, type CommandFamily, type Completion } from './command.ts';
import { tellMessages } from './fetch.ts';

export const search: CommandFamily = { commands: byNumberAndUid('SEARCH', run, { activity: 'search' }) };

async function run(
  session: Session,
  cursor: CommandCursor,
  byUid: boolean,
  tag: string,
): Promise<Completion> {
  // IMAP4rev2 is answered with ESEARCH whatever it asks for (RFC 9051 §6.4.4).
  const returns = parseReturn(cursor, OF_SEARCH) ?? (session.dialect.rev2 ? ALL_RESULTS : undefined);
  const surroundings = await surroundingsOf(session, cursor);
  return saving(session, returns, async () => {
    const key = parseSearchProgram(cursor, surroundings);
    const code = await answerSearch(
      session,
      { key, criteria: null, returns },
      { tag, byUid, name: 'SEARCH' },
    );
    return { text: 'searched', ...(code && { code }), ...(usesNumbers(key) && { numbersStay: true }) };
  });
}

/** How the answer of a search is told. */
export interface SearchAnswer {
  readonly tag: string;
  readonly byUid: boolean;
  /** The response without RETURN. */
  readonly name: 'SEARCH' | 'SORT';
}

/** Searches the selected mailbox, and tells what was found; returns MESSAGELIMIT if it did not look at everything. */
export async function answerSearch(
  session: Session,
  request: SearchRequest,
  { tag, byUid, name }: SearchAnswer,
): Promise<ResponseCode | undefined> {
  const { returns } = request;
  const { selected } = session;
  // The tag is quoted: new Outlook wants it so (RFC 4466 §2.6.2 allows it).
  const correlators = `ESEARCH (TAG ${string(tag)})`;
  if (returns?.update) selected.contexts.checkTag(tag);
  const place = await selectedPlace(session);
  const hits = await find(session, place, request);
  if (returns?.save) save(session, place, returns, hits);
  const results = resultsOf(session, place, request, hits, byUid);
  const text = returns ? esearchText(returns, byUid, results) : plainText(name, results);
  if (text !== null) session.writer.untagged(returns ? [correlators, text].filter(Boolean).join(' ') : text);
  const voice = { tag, correlators, byUid, tellArrived: arrivalsTold(session, returns) };
  if (returns?.update && !selected.contexts.add(voice, place, request, hits, selected.view.next))
    session.writer.status('*', 'NO', 'no more searches can be kept up to date', { code: 'NOUPDATE', tag });
  return hits.limit;
}

/** How a search that is kept up to date tells of messages that arrive (RFC 5465 §7); null: it does not. */
export function arrivalsTold(
  session: Session,
  returns: SearchReturn | undefined,
): ContextVoice['tellArrived'] {
  const items = returns?.update?.items ?? [];
  return items.length === 0 ? null : (uids) => tellMessages(session, items, uids);
}
