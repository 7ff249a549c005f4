/** NAMESPACE (RFC 2342, RFC 9051 §6.3.10): one personal namespace without a prefix, and that of other users. */
import { OTHER_USERS } from '../session/home.ts';
import type { Session } from '../session/session.ts';
import { encodeModifiedUtf7, HIERARCHY_DELIMITER } from '../wire/mailbox-name.ts';
import { string } from '../wire/response.ts';
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
        tellNamespaces(session);
        return { text: 'namespaces told' };
      },
    },
  ],
};

/** With what the prefix of other users' mailboxes may be shown as in the language that is spoken (RFC 5255 §3.4). */
export function tellNamespaces(session: Session): void {
  const shown = session.language?.otherUsers;
  const translation = shown === undefined ? '' : ` "TRANSLATION" (${string(encodeModifiedUtf7(shown))})`;
  const others = session.offers('ACL')
    ? `(("${OTHER_USERS}" "${HIERARCHY_DELIMITER}"${translation}))`
    : 'NIL';
  session.writer.untagged(`NAMESPACE (("" "${HIERARCHY_DELIMITER}")) ${others} NIL`);
}
