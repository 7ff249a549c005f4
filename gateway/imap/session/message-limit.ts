/**
 * MESSAGELIMIT (RFC 9738): an administrator may bound the messages that one command works on. Commands that need not be
 * atomic work on those with the highest UIDs, and say where they stopped; the others are refused whole.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import { DELETED } from '../../../shared/account/flags.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { No } from './refusals.ts';
import type { Session } from './session.ts';

export interface Limited {
  /** What to work on. */
  readonly uids: Uint32Array;
  /** Set if that is not all. */
  readonly code?: ResponseCode;
}

/** Infinity unless the gateway has a limit, and offers to say so. */
export function messageLimit(session: Session): number {
  return session.offers('MESSAGELIMIT') ? session.connection.limits.messagesPerCommand : Infinity;
}

/** Of `uids` (ascending), those that one command may work on. */
export function limited(session: Session, uids: Uint32Array): Limited {
  const limit = messageLimit(session);
  if (uids.length <= limit) return { uids };
  const last = uids.subarray(uids.length - limit);
  return { uids: last, code: { code: 'MESSAGELIMIT', limit, lastUid: last[0] } };
}

/** For commands that are atomic. Throws `No` if `uids` are too many; its code tells how many would do. */
export function requireFew(session: Session, uids: Uint32Array): void {
  const { code } = limited(session, uids);
  if (code) throw new No('too many messages for one command: name fewer', code);
}

/** For messages that have no UID yet, or whose number alone is known. */
export function requireAtMost(session: Session, messages: number): void {
  const limit = messageLimit(session);
  if (messages > limit)
    throw new No(`a command works on at most ${limit} messages`, { code: 'MESSAGELIMIT', limit });
}

/** As `limited`, of those that are \Deleted: what UID EXPUNGE works on. */
export function limitedDeleted(session: Session, columns: Columns, uids: Uint32Array): Limited {
  if (uids.length <= messageLimit(session)) return { uids };
  return limited(
    session,
    uids.filter((uid) => ((columns.system[columns.rowOf(uid)] ?? 0) & DELETED) !== 0),
  );
}

/** The tagged OK has another code: then this one comes in an untagged NO (RFC 9738 §3.1). */
export function tellLimit({ writer }: Session, code: ResponseCode | undefined): void {
  if (code) writer.status('*', 'NO', 'only the last of the messages', code);
}
