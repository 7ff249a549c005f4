/** From the arguments of APPEND and REPLACE to a message that is stored, and that a record can name. */
import { unpacked } from '../../../shared/account/columns.ts';
import type { MessageToAppend } from '../../../shared/account/decide-messages.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Arrival } from '../../../shared/blob/arrival.ts';
import type { StoredMessage } from '../../../shared/blob/message-store.ts';
import { flagsOf } from '../commands/flags.ts';
import type { FoundMailbox } from '../session/places.ts';
import { Bad, No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { AppendedMessage, CatenatePart } from '../wire/ast.ts';
import { type Literal, NulInLiteralError } from '../wire/command.ts';
import { arrivalIn, internalDate } from './arrival.ts';
import { withoutNul } from './binary-content.ts';
import { type TakenMessage, type TakenText, checkSize, put, watchedBody } from './intake.ts';
import { type Piece, bytesPiece, joined, sizeOf } from './pieces.ts';
import { urlPiece } from './url-reader.ts';

/** A message to append, and under whose key its blob is. */
export type StoredFor = MessageToAppend & { readonly account: AccountId };

/** The message as a record of `account` can name it. `now`: milliseconds since the epoch. */
export async function assemble(
  session: Session,
  { home, mailbox }: FoundMailbox,
  { data, flags, date }: AppendedMessage,
  now: number,
): Promise<StoredFor> {
  const arrival = arrivalIn(mailbox.name, { flags, date }, now);
  // A literal has gone to the account that the name of the mailbox led to when it came.
  const taken: TakenMessage =
    data.kind === 'message'
      ? (outcomeOf(data.literal) as TakenMessage)
      : { account: home.account, ...(await catenated(session, home.account, data.parts, arrival)) };
  const { blob, size, summary, freshUntil } = await withoutAnyNul(session, taken, arrival);
  return {
    account: taken.account,
    blob,
    size,
    summary,
    freshUntil,
    flags: flagsOf(flags),
    ...internalDate(date, now),
  };
}

function withoutAnyNul(
  session: Session,
  { account, stored, hasNul }: TakenMessage,
  arrival: Arrival,
): Promise<StoredMessage> {
  return hasNul ? withoutNul(session, account, stored, arrival) : Promise.resolve(stored);
}

/** CATENATE (RFC 4469): the parts one after another, each copied from where it is. */
async function catenated(
  session: Session,
  account: AccountId,
  parts: readonly CatenatePart[],
  arrival: Arrival,
): Promise<Omit<TakenMessage, 'account'>> {
  const texts: TakenText[] = [];
  try {
    const pieces: Piece[] = [];
    for (const part of parts) {
      if (part.kind === 'url') pieces.push(await urlPiece(session, part.url));
      else pieces.push(textPiece(session, part.literal, texts));
    }
    const size = sizeOf(pieces);
    if (size === 0) throw new No('an empty message cannot be appended');
    checkSize(session, size);
    let hasNul = false;
    const body = watchedBody(session, joined(pieces), (chunk) => {
      hasNul ||= chunk.includes(0);
    });
    const stored = await put(session, account, body, size, arrival);
    return { stored, hasNul };
  } finally {
    for (const text of texts) await session.services.messages.discard(text.account, [text.blob]);
  }
}

/** `texts` gets what was stored only for this. */
function textPiece(session: Session, literal: Literal, texts: TakenText[]): Piece {
  if (literal.kind === 'buffered') {
    if (!literal.binary && literal.body.includes(0)) throw new Bad(new NulInLiteralError().message);
    return bytesPiece(literal.body);
  }
  const text = outcomeOf(literal) as TakenText;
  texts.push(text);
  const { signal } = session.connection;
  const open = () => session.services.messages.get(text.account, unpacked(text.blob), undefined, { signal });
  return { size: text.size, open };
}

/** What the sink of `takeIn` for this kind of literal has promised. */
function outcomeOf(literal: Literal): unknown {
  if (literal.kind !== 'streamed') throw new Error('the message of an APPEND was not streamed');
  if (literal.outcome.status === 'fulfilled') return literal.outcome.value;
  const { reason } = literal.outcome as { reason: unknown };
  throw reason instanceof NulInLiteralError ? new Bad(reason.message) : reason;
}
