/** CAPABILITY (RFC 9051 §6.1.1): the words come from the registry. */
import { parseNothing } from '../wire/session-grammar.ts';
import { ANY_PHASE, type CommandFamily } from './command.ts';

export const capability: CommandFamily = {
  commands: [
    {
      name: 'CAPABILITY',
      phases: ANY_PHASE,
      updates: 'everything',
      run(session, cursor) {
        parseNothing(cursor);
        session.writer.untagged(`CAPABILITY ${session.capabilities().join(' ')}`);
        return { text: 'capabilities listed' };
      },
    },
  ],
};
