/** STARTTLS (RFC 9051 §6.2.1). */
import { Bad } from '../session/refusals.ts';
import { parseNothing } from '../wire/session-grammar.ts';
import type { CommandFamily } from './command.ts';

export const starttls: CommandFamily = {
  commands: [
    {
      name: 'STARTTLS',
      extension: 'STARTTLS',
      phases: ['not authenticated'],
      updates: 'nothing',
      async run(session, cursor, tag) {
        parseNothing(cursor);
        const { connection } = session;
        if (connection.tls) throw new Bad('the connection is under TLS already');
        if (!connection.canStartTls) throw new Bad('STARTTLS is not on offer: there is no certificate');
        await connection.startTls(tag);
        return 'answered' as const;
      },
    },
  ],
};
