/**
 * UIDBATCHES (RFC 10022): ranges of UIDs that cut the mailbox into batches of so many messages, the newest first. The
 * ranges adjoin, from the last UID that the client can know of down to 1, so that none of them ever gains a message.
 */
import { type BatchRequest, batchesOf } from '../session/batches.ts';
import { Bad, No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { string } from '../wire/response.ts';
import { type CommandFamily, type Completion, SELECTED } from './command.ts';

/** Below that, batches would give message numbers away again (RFC 10022 §3.1.3.2). */
const LEAST_MESSAGES = 500;
/** What a client may ask for by a range of batches (RFC 10022 §3.1.5). */
const MOST_MESSAGES = 100_000;

export const uidbatches: CommandFamily = {
  commands: [{ name: 'UIDBATCHES', extension: 'UIDBATCHES', phases: SELECTED, updates: 'everything', run }],
};

function run(session: Session, cursor: CommandCursor, tag: string): Completion {
  const request = parse(cursor);
  const { selected } = session;
  if (!selected.batches.admit(request, selected.view))
    throw new No('the mailbox has hardly changed since these batches were told', 'LIMIT');
  const ranges = batchesOf(selected.view, request).map(({ low, high }) => `${high}:${low}`);
  const told = ranges.length > 0 ? ` ${ranges.join(',')}` : '';
  session.writer.untagged(`UIDBATCHES (TAG ${string(tag)})${told}`);
  return { text: 'batches told' };
}

/** `size [first:last]`. */
function parse(cursor: CommandCursor): BatchRequest {
  cursor.space('messages in a batch');
  const size = cursor.nzNumber('messages in a batch');
  let first = 1;
  let last = Infinity;
  if (cursor.at(' ') && !cursor.atTrailingSpace()) {
    cursor.space('a range of batches');
    first = cursor.nzNumber('the first batch');
    cursor.expect(':', '":" and the last batch');
    last = cursor.nzNumber('the last batch');
  }
  cursor.end();
  if (last < first) throw new Bad('a range of batches is written from low to high', 'CLIENTBUG');
  if (size < LEAST_MESSAGES) throw new No(`a batch has at least ${LEAST_MESSAGES} messages`, 'TOOFEW');
  if (last !== Infinity && (last - first + 1) * size > MOST_MESSAGES)
    throw new No(`a range of batches spans at most ${MOST_MESSAGES} messages`, 'TOOMANY');
  return { size, first, last };
}
