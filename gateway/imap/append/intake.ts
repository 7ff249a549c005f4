/**
 * What becomes of the literals of APPEND and REPLACE: messages stream to the blob store while they come in, and everything
 * that can be refused is refused before the client sends them.
 */
import { checkRoom } from '../../../shared/account/decide-messages.ts';
import type { AccountId, BlobId } from '../../../shared/account/ids.ts';
import type { Usage } from '../../../shared/account/state.ts';
import type { Arrival } from '../../../shared/blob/arrival.ts';
import type { StoredMessage } from '../../../shared/blob/message-store.ts';
import { HeaderWatch } from '../../../shared/message/header-watch.ts';
import { flagsOf } from '../commands/flags.ts';
import { type FoundMailbox, findNamed } from '../session/places.ts';
import { Bad, No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { LiteralPlace } from '../wire/ast.ts';
import type { LiteralAnnouncement, LiteralDecision } from '../wire/command.ts';
import { arrivalIn } from './arrival.ts';

/** What a streamed message has come to. */
export interface TakenMessage {
  /** Under whose key it is. */
  readonly account: AccountId;
  readonly stored: StoredMessage;
  /** It came as a literal8 and holds NUL. */
  readonly hasNul: boolean;
}

/** What streamed text of CATENATE has come to: bytes under a name that no record ever gets. */
export interface TakenText {
  readonly account: AccountId;
  readonly blob: BlobId;
  readonly size: number;
}

/** The mailbox for the message. Throws `No` if there is none, or nothing may be put into it. */
export function targetNamed(session: Session, name: string): Promise<FoundMailbox> {
  return findNamed(session, name, { right: 'i', tryCreate: true });
}

/** What a command takes away, from which account. */
export interface Freed extends Usage {
  readonly account: AccountId;
}

/** Decides about a literal at `place`; `freed` is what the command takes away. Throws `No` and `Bad` to refuse it. */
export async function takeIn(
  session: Session,
  announcement: LiteralAnnouncement,
  place: LiteralPlace,
  freed?: Freed,
): Promise<LiteralDecision> {
  if (place.kind === 'string') return { kind: 'buffer' };
  const { size, binary } = announcement;
  checkKind(session, place, binary);
  // RFC 3502: MUST return a NO. It is how an APPEND is cancelled.
  if (place.kind === 'message' && size === 0) throw new No('an empty message cannot be appended');
  flagsOf(place.flags);
  const { home, mailbox } = await targetNamed(session, place.mailbox);
  const textBefore = place.kind === 'text' ? place.bytes : 0;
  checkSize(session, textBefore + size);
  // Of another account's quota nothing is freed.
  const less = freed?.account === home.account ? freed : { messages: 0, bytes: 0 };
  const more = {
    messages: place.before.messages + 1 - less.messages,
    bytes: place.before.bytes + textBefore + size - less.bytes,
  };
  checkRoom(await home.state(), more, home.quota);
  if (place.kind === 'message') {
    const arrival = arrivalIn(mailbox.name, place, session.services.rim.now());
    return { kind: 'stream', sink: messageSink(session, home.account, arrival, binary) };
  }
  return fitsInMemory(session, announcement)
    ? { kind: 'buffer' }
    : { kind: 'stream', sink: textSink(session, home.account) };
}

function checkKind(session: Session, place: LiteralPlace, binary: boolean): void {
  const utf8 = place.kind === 'message' && place.utf8;
  if (utf8 && !session.text.utf8) throw new Bad('a UTF8 literal needs ENABLE UTF8=ACCEPT before');
  if (utf8 && !binary) throw new Bad('UTF8 takes a literal8, ~{n}');
  if (binary && !utf8 && !session.offers('BINARY'))
    throw new Bad('a literal8, ~{n}, needs BINARY, which is not on offer');
}

/** RFC 4469 §4.2, RFC 7889 §4. */
export function checkSize(session: Session, bytes: number): void {
  const { messageBytes } = session.connection.limits;
  if (bytes > messageBytes) throw new No(`a message may have at most ${messageBytes} bytes`, 'TOOBIG');
}

/** Whether the reader has room for it beside the command's other literals. */
function fitsInMemory(session: Session, { size, segments }: LiteralAnnouncement): boolean {
  const held = segments.reduce(
    (sum, segment) =>
      sum + (typeof segment !== 'string' && segment.kind === 'buffered' ? segment.body.length : 0),
    0,
  );
  return held + size <= session.connection.limits.bufferedLiteralBytes;
}

type Sink = Extract<LiteralDecision, { kind: 'stream' }>['sink'];

function messageSink(session: Session, account: AccountId, arrival: Arrival, binary: boolean): Sink {
  return async (body, size): Promise<TakenMessage> => {
    const seen = { hasNul: false };
    const watched = watchedBody(session, body, (chunk) => {
      seen.hasNul ||= binary && chunk.includes(0);
    });
    return { account, stored: await put(session, account, watched, size, arrival), hasNul: seen.hasNul };
  };
}

function textSink(session: Session, account: AccountId): Sink {
  return async (body, size): Promise<TakenText> => {
    const { signal } = session.connection;
    const blob = await session.services.messages.putPiece(account, body, size, { signal });
    return { account, blob, size };
  };
}

/** Stores a message under the key of `account`. */
export function put(
  session: Session,
  account: AccountId,
  body: AsyncIterable<Uint8Array>,
  size: number,
  arrival: Arrival,
): Promise<StoredMessage> {
  const { signal } = session.connection;
  return session.services.messages.put(account, body, size, { signal, arrival });
}

/**
 * The body, with a look at each chunk. RFC 9755 §4: 8-bit characters in the header are refused with NO unless the client
 * has enabled UTF8=ACCEPT. Only the message's own header is looked at: what a message holds is its sender's business.
 */
export async function* watchedBody(
  session: Session,
  body: AsyncIterable<Uint8Array>,
  see: (chunk: Uint8Array) => void = () => undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const watch = session.offers('UTF8=ACCEPT') && !session.text.utf8 ? new HeaderWatch() : undefined;
  for await (const chunk of body) {
    watch?.write(chunk);
    if (watch?.found)
      throw new No('the header holds 8-bit characters: that needs ENABLE UTF8=ACCEPT before', 'CANNOT');
    see(chunk);
    yield chunk;
  }
}
