/** ESEARCH (RFC 7377): one search of several mailboxes, by UIDs, whatever is selected. */
import { esearchText } from '../search/results.ts';
import {
  type SearchPlace,
  type SearchRequest,
  find,
  otherPlace,
  resultsOf,
  save,
  saving,
  selectedPlace,
  surroundingsOf,
} from '../search/search.ts';
import { usesNumbers, usesSaved } from '../search/key-contents.ts';
import { isNaming, sourcesOf } from '../search/sources.ts';
import { tellLimit } from '../session/message-limit.ts';
import { Bad } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { MailboxFilter, SearchReturn } from '../wire/ast.ts';
import { parseMailboxFilters } from '../wire/mailbox-filter-grammar.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { mailbox as mailboxName, string } from '../wire/response.ts';
import { parseSearchProgram } from '../wire/search-grammar.ts';
import { ALL_RESULTS, OF_SEARCH, parseReturn } from '../wire/search-return.ts';
import { arrivalsTold } from './search.ts';
import { type CommandFamily, type Completion, SIGNED_IN } from './command.ts';

export const esearch: CommandFamily = {
  commands: [
    {
      name: 'ESEARCH',
      extension: 'MULTISEARCH',
      phases: SIGNED_IN,
      updates: 'everything',
      activity: 'search',
      run,
    },
  ],
};

const SELECTED_ONLY: readonly MailboxFilter[] = [{ kind: 'selected' }];

async function run(session: Session, cursor: CommandCursor, tag: string): Promise<Completion> {
  const sources = cursor.accept(' IN ') ? parseMailboxFilters(cursor) : SELECTED_ONLY;
  const returns = parseReturn(cursor, OF_SEARCH) ?? ALL_RESULTS;
  const surroundings = await surroundingsOf(session, cursor);
  const isSelectedOnly = sources.every(({ kind }) => kind === 'selected');
  if (!session.selectedOrNull && (sources.some(({ kind }) => kind === 'selected') || returns.update))
    throw new Bad('no mailbox is selected');
  if (returns.save && !isSelectedOnly)
    throw new Bad('SAVE is of searches of the selected mailbox alone (RFC 7377 section 2.2)');
  return saving(session, returns, async () => {
    const key = parseSearchProgram(cursor, surroundings);
    if (usesSaved(key) && !isSelectedOnly) throw new Bad('"$" is of the selected mailbox alone');
    if (returns.update) session.selected.contexts.checkTag(tag);
    await searchAll(session, sources, { key, criteria: null, returns }, tag);
    return { text: 'searched', ...(usesNumbers(key) && { numbersStay: true }) };
  });
}

async function searchAll(
  session: Session,
  sources: readonly MailboxFilter[],
  request: SearchRequest & { readonly returns: SearchReturn },
  tag: string,
): Promise<void> {
  const named = await sourcesOf(session, sources.filter(isNaming));
  const isSelectedToo = sources.some((source) => !isNaming(source));
  const others = named.filter(({ home, mailbox }) => !session.hasSelected(home, mailbox.id));
  if (session.selectedOrNull && (isSelectedToo || others.length < named.length))
    await searchOne(session, await selectedPlace(session), request, tag, true);
  for (const { home, mailbox } of others) {
    const place = await otherPlace(home, mailbox);
    if (place) await searchOne(session, place, request, tag, false);
    await session.writer.flush();
  }
}

/** A mailbox without a match is not told of (RFC 7377 §2.1). */
async function searchOne(
  session: Session,
  place: SearchPlace,
  request: SearchRequest & { readonly returns: SearchReturn },
  tag: string,
  isSelected: boolean,
): Promise<void> {
  const { returns } = request;
  const { name, uidValidity } = place.mailboxState;
  const hits = await find(session, place, request);
  // UIDs of which mailbox it may be, the code cannot say: it comes with each.
  tellLimit(session, hits.limit);
  const correlators = `ESEARCH (TAG ${string(tag)} MAILBOX ${mailboxName(place.home.prefix + name, session.text)} UIDVALIDITY ${uidValidity})`;
  if (returns.save) save(session, place, returns, hits);
  const text = esearchText(returns, true, resultsOf(session, place, request, hits, true));
  if (text !== null && hits.rows.length > 0) session.writer.untagged(`${correlators} ${text}`);
  const voice = { tag, correlators, byUid: true, tellArrived: arrivalsTold(session, returns) };
  if (!returns.update || !isSelected) return;
  const { contexts, view } = session.selected;
  if (!contexts.add(voice, place, request, hits, view.next))
    session.writer.status('*', 'NO', 'no more searches can be kept up to date', { code: 'NOUPDATE', tag });
}
