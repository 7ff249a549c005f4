/** NOOP and CHECK (RFC 9051 §6.1.2, RFC 3501 §6.4.1): see what is new, wherever it was done. */
import type { Session } from '../session/session.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { parseNothing } from '../wire/session-grammar.ts';
import { ANY_PHASE, type CommandFamily, type Completion, SELECTED } from './command.ts';

async function look(session: Session, cursor: CommandCursor, text: string): Promise<Completion> {
  parseNothing(cursor);
  await session.selectedOrNull?.home.sync();
  return { text };
}

export const noop: CommandFamily = {
  commands: [
    {
      name: 'NOOP',
      phases: ANY_PHASE,
      updates: 'everything',
      run: (session, cursor) => look(session, cursor, 'done'),
    },
    {
      name: 'CHECK',
      phases: SELECTED,
      updates: 'everything',
      run: (session, cursor) => look(session, cursor, 'checked'),
    },
  ],
};
