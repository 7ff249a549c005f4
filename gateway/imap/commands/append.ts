/**
 * APPEND (RFC 9051 §6.3.12), several messages at once (RFC 3502), APPENDLIMIT (RFC 7889), UTF8 literals (RFC 6855 §4).
 *
 * The literal streams to the blob store while it comes in; everything that can be refused is refused before the client
 * sends it. OK is answered when the record that names the message is in the journal.
 */
import { ZONE_STEP } from '../../../shared/account/columns.ts';
import {
  type AppendOutcome,
  MessageRefusal,
  type MessageToAppend,
  checkRoom,
  decideAppend,
} from '../../../shared/account/decide-messages.ts';
import { decideGuestAppend } from '../../../shared/account/decide-guest.ts';
import type { AccountId, MailboxId } from '../../../shared/account/ids.ts';
import type { Decision } from '../../../shared/account/replica.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import type { StoredMessage } from '../../../shared/blob/message-store.ts';
import type { Home } from '../session/home.ts';
import { requireAtMost } from '../session/message-limit.ts';
import { type FoundMailbox, findNamed } from '../session/places.ts';
import { Bad, No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import { parseAppend, parseAppendPrefix } from '../wire/append-grammar.ts';
import type { AppendedMessage } from '../wire/ast.ts';
import { type LiteralAnnouncement, type LiteralDecision, NulInLiteralError } from '../wire/command.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { NumberSet } from '../wire/sequence-set.ts';
import { type CommandFamily, type Completion, SIGNED_IN } from './command.ts';
import { flagsOf } from './flags.ts';

export const append: CommandFamily = {
  commands: [{ name: 'APPEND', phases: SIGNED_IN, updates: 'everything', literal: takeIn, run }],
};

/** The mailbox, looked for in the journal too before the client is told to create it. */
function targetNamed(session: Session, name: string): Promise<FoundMailbox> {
  return findNamed(session, name, { right: 'i', tryCreate: true });
}

/** A message in the blob store, under the key of the account that it is for. */
interface Taken extends StoredMessage {
  readonly account: AccountId;
}

async function takeIn(
  session: Session,
  { size, binary }: LiteralAnnouncement,
  cursor: CommandCursor,
): Promise<LiteralDecision> {
  const prefix = parseAppendPrefix(cursor);
  // The mailbox's own name is sent as a literal.
  if (!prefix) return { kind: 'buffer' };
  if (prefix.utf8 && !session.text.utf8) throw new Bad('a UTF8 literal needs ENABLE UTF8=ACCEPT before');
  if (prefix.utf8 && !binary) throw new Bad('UTF8 takes a literal8, ~{n}');
  if (size === 0) throw new No('an empty message cannot be appended');
  flagsOf(prefix.flags);
  const { home } = await targetNamed(session, prefix.mailbox);
  // What is larger than any message may be is refused by the reader, with its limit.
  if (size <= session.connection.limits.messageBytes)
    checkRoom(await home.state(), { messages: 1, bytes: size }, home.quota);
  const { messages } = session.services;
  const { account } = home;
  const { signal } = session.connection;
  const sink = async (body: AsyncIterable<Uint8Array>, bytes: number): Promise<Taken> => ({
    ...(await messages.put(account, body, bytes, { signal })),
    account,
  });
  return { kind: 'stream', sink };
}

async function run(session: Session, cursor: CommandCursor): Promise<Completion> {
  const { mailbox: name, messages } = parseAppend(cursor);
  // All of them or none (RFC 3502, RFC 9738 §3.1).
  requireAtMost(session, messages.length);
  const now = session.services.rim.now();
  const stored = messages.map((message) => toAppend(message, now));
  const { home, mailbox } = await targetNamed(session, name);
  // The name may lead to another account by now than it did when the bytes came in.
  const mine = stored.every(({ account }) => account === home.account);
  const ready = mine ? stored : await storedAgain(session, home, stored);
  const { uidValidity, uids } = await record(session, home, mailbox.id, ready);
  if (!session.offers('UIDPLUS')) return { text: 'appended' };
  return { text: 'appended', code: { code: 'APPENDUID', uidValidity, uids: NumberSet.ofSorted(uids) } };
}

/** A message to append, and whose key its blob is under. */
type StoredFor = MessageToAppend & Pick<Taken, 'account'>;

function toAppend({ literal, flags, date }: AppendedMessage, now: number): StoredFor {
  if (literal.kind !== 'streamed') throw new Error('the message of an APPEND was not streamed');
  if (literal.outcome.status === 'rejected') {
    const { reason } = literal.outcome as { reason: unknown };
    throw reason instanceof NulInLiteralError ? new Bad(reason.message) : reason;
  }
  // The sink's own promise: `takeIn` has no other.
  const { account, blob, size, summary, freshUntil } = literal.outcome.value as Taken;
  return {
    account,
    blob,
    size,
    summary,
    freshUntil,
    flags: flagsOf(flags),
    date: Math.floor((date?.time ?? now) / 1000),
    zone: Math.round((date?.offsetMinutes ?? 0) / ZONE_STEP) * ZONE_STEP,
  };
}

/** A MULTIAPPEND may take so long that its first blob may not be named any more (I2): then it is stored once again. */
async function record(
  session: Session,
  home: Home,
  id: MailboxId,
  messages: readonly StoredFor[],
): Promise<AppendOutcome> {
  const { rim } = session.services;
  const commit = (what: readonly MessageToAppend[]): Promise<AppendOutcome> =>
    home.commit({ decide: (state) => decideFor(home, state, id, what, rim.now()) });
  try {
    return await commit(messages);
  } catch (error) {
    if (!(error instanceof MessageRefusal && error.reason === 'expired')) throw error;
    return commit(await storedAgain(session, home, messages));
  }
}

/** In somebody else's mailbox, with the flags that the rights allow (RFC 4314 §4). */
function decideFor(
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
    const { blob, summary, freshUntil } = await store.put(
      account,
      await store.get(message.account, message.blob),
      message.size,
    );
    again.push({ ...message, account, blob, summary, freshUntil });
  }
  return again;
}
