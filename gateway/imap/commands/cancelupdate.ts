/** CANCELUPDATE (RFC 5267 §4.3.5): searches that need not be kept up to date any longer. */
import type { Session } from '../session/session.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { type CommandFamily, type Completion, SELECTED } from './command.ts';

export const cancelUpdate: CommandFamily = {
  commands: [
    { name: 'CANCELUPDATE', extension: 'CONTEXT=SEARCH', phases: SELECTED, updates: 'everything', run },
  ],
};

function run(session: Session, cursor: CommandCursor): Completion {
  const tags: string[] = [];
  do {
    cursor.space('the tag of a search, quoted');
    tags.push(cursor.string('the tag of a search, quoted'));
  } while (cursor.at(' ') && !cursor.atTrailingSpace());
  cursor.end();
  session.selected.contexts.cancel(tags);
  return { text: 'no further updates' };
}
