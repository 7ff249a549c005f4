/** LOGOUT (RFC 9051 §6.1.3). */
import { parseNothing } from '../wire/session-grammar.ts';
import { ANY_PHASE, type CommandFamily } from './command.ts';

export const logout: CommandFamily = {
  commands: [
    {
      name: 'LOGOUT',
      phases: ANY_PHASE,
      updates: 'nothing',
      run(session, cursor, tag) {
        parseNothing(cursor);
        session.writer.status('*', 'BYE', 'goodbye');
        session.writer.status(tag, 'OK', 'logged out');
        session.connection.close();
        return 'answered';
      },
    },
  ],
};
