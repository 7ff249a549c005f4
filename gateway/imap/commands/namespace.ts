/** NAMESPACE (RFC 2342, RFC 9051 §6.3.10): one personal namespace without a prefix, and that of other users. */
import { OTHER_USERS } from '../session/home.ts';
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
        const others = session.offers('ACL') ? `(("${OTHER_USERS}" "${HIERARCHY_DELIMITER}"))` : 'NIL';
        session.writer.untagged(`NAMESPACE (("" "${HIERARCHY_DELIMITER}")) ${others} NIL`);
        return { text: 'namespaces told' };
      },
    },
  ],
};
