/** Commits messages that were stored a moment ago, or a long while. */
import { unpacked } from '../../../shared/account/columns.ts';
import { decideGuestAppend } from '../../../shared/account/decide-guest.ts';
import {
  type AppendOutcome,
  MessageRefusal,
  type MessageToAppend,
  decideAppend,
} from '../../../shared/account/decide-messages.ts';
import type { MailboxId } from '../../../shared/account/ids.ts';
import type { CommitRequest, Decision } from '../../../shared/account/commit-request.ts';
import { AccountClosedError } from '../../../shared/account/record-builder.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import type { Home } from '../session/home.ts';
import type { Session } from '../session/session.ts';
import type { StoredFor } from './assembly.ts';

/**
 * Commits in `home` what `request` makes of the messages. They are stored once again if they are under another account's
 * key (the name may lead elsewhere by now), or have waited too long to be named (I2), as in a long MULTIAPPEND.
 */
export async function recordStored<T>(
  session: Session,
  home: Home,
  messages: readonly StoredFor[],
  request: (messages: readonly MessageToAppend[]) => CommitRequest<T>,
): Promise<T> {
  const mine = messages.every(({ account }) => account === home.account);
  const ready = mine ? messages : await storedAgain(session, home, messages);
  try {
    return await home.commit(request(ready));
  } catch (error) {
    if (error instanceof AccountClosedError) await discarded(session, home, ready);
    if (!(error instanceof MessageRefusal && error.reason === 'expired')) throw error;
    return home.commit(request(await storedAgain(session, home, ready)));
  }
}

/** Into an account that is closed for good nobody looks any more: what is stored there now would stay (`close.ts`). */
function discarded(session: Session, { account }: Home, messages: readonly MessageToAppend[]): Promise<void> {
  return session.services.messages.discard(
    account,
    messages.map(({ blob }) => blob),
  );
}

/** In somebody else's mailbox, with the flags that the rights allow (RFC 4314 §4). */
export function decideInto(
  home: Home,
  state: AccountState,
  id: MailboxId,
  messages: readonly MessageToAppend[],
  now: number,
): Decision<AppendOutcome> {
  home.requireIn(state, id, 'i');
  const mailbox = state.mailboxes.get(id);
  const guest = mailbox && home.guestOf(mailbox);
  if (!guest) return decideAppend(state, id, messages, home.quota, now);
  return decideGuestAppend(state, id, guest, messages, home.quota, now);
}

async function storedAgain(
  session: Session,
  { account }: Home,
  messages: readonly StoredFor[],
): Promise<StoredFor[]> {
  const store = session.services.messages;
  const again: StoredFor[] = [];
  for (const message of messages) {
    const place = unpacked(message.blob);
    const body = await store.get(message.account, place);
    const { arrival } = await store.facts(message.account, place);
    const { blob, summary, freshUntil } = await store.put(account, body, message.size, {
      ...(arrival && { arrival }),
    });
    again.push({ ...message, account, blob, summary, freshUntil });
  }
  return again;
}
