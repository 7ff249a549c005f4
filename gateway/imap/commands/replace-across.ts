/**
 * REPLACE (RFC 8508) of a message by one in another account. No record spans two accounts: the new message is appended first,
 * and the old one taken out then. If it may not go, or has gone meanwhile, the new one is taken back, so that a REPLACE that
 * fails has added nothing. A gateway that dies in between leaves both, and never neither.
 */
import {
  type AppendOutcome,
  MessageRefusal,
  decideRemoval,
} from '../../../shared/account/decide-messages.ts';
import type { Uid } from '../../../shared/account/ids.ts';
import { OutcomeUnknownError } from '../../../shared/account/journal-store.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import type { StoredFor } from '../append/assembly.ts';
import { decideInto, recordStored } from '../append/record.ts';
import type { FoundMailbox } from '../session/places.ts';
import type { Session } from '../session/session.ts';
import { takeBack } from './copy-across.ts';

/** `message` has not been named yet; `uid` is of the selected mailbox. */
export async function replaceAcross(
  session: Session,
  target: FoundMailbox,
  message: StoredFor,
  uid: Uid,
): Promise<AppendOutcome> {
  const { home, id } = session.selected;
  const decideGoing = (state: AccountState): ReturnType<typeof decideRemoval> => {
    // RFC 8508 §4.1: what UID STORE of \Deleted and UID EXPUNGE need.
    for (const right of ['t', 'e'] as const) home.requireIn(state, id, right);
    const decision = decideRemoval(state, id, [uid]);
    if (decision.value.length === 0)
      throw new MessageRefusal('missing', 'the message to be replaced has been expunged');
    return decision;
  };
  // What can be refused is refused before anything is added.
  decideGoing(await home.replica.load([id]));
  const { home: there, mailbox } = target;
  const outcome = await recordStored(session, there, [message], (ready) => ({
    decide: (state) => decideInto(there, state, mailbox.id, ready, session.services.rim.now()),
  }));
  try {
    await home.commit({ needs: () => [id], decide: decideGoing });
  } catch (error) {
    // It may be gone: then the new one must stay.
    if (!(error instanceof OutcomeUnknownError)) await takeBack(session, target, outcome.uids);
    throw error;
  }
  return outcome;
}
