/** EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (§6.4.9): one record, however many messages. */
import { decideExpunge } from '../../../shared/account/decide-messages.ts';
import { highestModSeqCode } from '../session/dialect.ts';
import { limitedDeleted, tellLimit } from '../session/message-limit.ts';
import type { Session } from '../session/session.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { parseNothing } from '../wire/session-grammar.ts';
import { parseUidExpunge } from '../wire/store-grammar.ts';
import { type CommandFamily, type Completion, SELECTED } from './command.ts';
import { requireWritable } from './writable.ts';

export const expunge: CommandFamily = {
  commands: [
    {
      name: 'EXPUNGE',
      phases: SELECTED,
      updates: 'everything',
      run(session, cursor) {
        parseNothing(cursor);
        return run(session, null);
      },
    },
    {
      name: 'UID EXPUNGE',
      extension: 'UIDPLUS',
      phases: SELECTED,
      updates: 'everything',
      run(session, cursor) {
        const { view, saved } = session.selected;
        return run(session, view.resolveUids(parseUidExpunge(cursor), saved));
      },
    },
  ],
};

async function run(session: Session, uids: Uint32Array | null): Promise<Completion> {
  requireWritable(session);
  const { home, id } = session.selected;
  let limit: ResponseCode | undefined;
  const gone = await home.commit({
    needs: () => [id],
    decide(state) {
      home.requireIn(state, id, 'e');
      const columns = home.mailbox(state, id)?.columns;
      // EXPUNGE has no limit (RFC 9738 §3.1).
      const chosen = uids && columns ? limitedDeleted(session, columns, uids) : { uids };
      limit = 'code' in chosen ? chosen.code : undefined;
      return decideExpunge(state, id, chosen.uids);
    },
  });
  const highest = gone.length > 0 ? highestModSeqCode(session) : {};
  if ('code' in highest) tellLimit(session, limit);
  return { text: 'expunged', ...(limit && { code: limit }), ...highest };
}
