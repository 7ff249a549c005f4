/** NAMESPACE (RFC 2342, RFC 9051 §6.3.10): one personal namespace without a prefix; nobody's mailboxes are shared. */
import { HIERARCHY_DELIMITER } from '../wire/mailbox-name.ts';
import { parseNothing } from '../wire/session-grammar.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';

export const namespace: CommandFamily = {
  commands: [
    {
      name: 'NAMESPACE',
      extension: 'NAMESPACE',
      phases: SIGNED_IN,
      updates: 'everything',
      run(session, cursor) {
        parseNothing(cursor);
        session.writer.untagged(`NAMESPACE (("" "${HIERARCHY_DELIMITER}")) NIL NIL`);
        return { text: 'namespaces told' };
      },
    },
  ],
};
