/** UNAUTHENTICATE (RFC 8437): one connection for several users. There is no NO: a client may have pipelined a LOGIN. */
import { parseNothing } from '../wire/session-grammar.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';

export const unauthenticate: CommandFamily = {
  commands: [
    {
      name: 'UNAUTHENTICATE',
      extension: 'UNAUTHENTICATE',
      phases: SIGNED_IN,
      updates: 'nothing',
      run(_session, cursor) {
        parseNothing(cursor);
        return 'signed out' as const;
      },
    },
  ],
};
