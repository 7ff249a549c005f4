/** SORT and UID SORT (RFC 5256), with RETURN and updates (RFC 5267), by displayed names (RFC 5957), by relevancy (RFC 6203). */
import { usesNumbers } from '../search/key-contents.ts';
import { saving, surroundingsOf } from '../search/search.ts';
import type { Session } from '../session/session.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { OF_SORT, parseReturn } from '../wire/search-return.ts';
import { parseSortProgram } from '../wire/sort-grammar.ts';
import { byNumberAndUid, type CommandFamily, type Completion } from './command.ts';
import { answerSearch } from './search.ts';

export const sort: CommandFamily = {
  commands: byNumberAndUid('SORT', run, { extension: 'SORT', activity: 'search' }),
};

async function run(
  session: Session,
  cursor: CommandCursor,
  byUid: boolean,
  tag: string,
): Promise<Completion> {
  const returns = parseReturn(cursor, OF_SORT);
  const surroundings = await surroundingsOf(session, cursor);
  return saving(session, returns, async () => {
    const program = parseSortProgram(cursor, surroundings);
    await answerSearch(session, { ...program, returns }, { tag, byUid, name: 'SORT' });
    return { text: 'sorted', ...(usesNumbers(program.key) && { numbersStay: true }) };
  });
}
