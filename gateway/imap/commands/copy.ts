/** COPY, MOVE and their UID forms (RFC 9051 §6.4.7, §6.4.8): one record, however many messages; MOVE is atomic. Between accounts: see `copy-across.ts`. */
import { decideGuestCopy } from '../../../shared/account/decide-guest.ts';
import {
  type CopyOutcome,
  type CopyRequest,
  decideCopy,
  decideMove,
} from '../../../shared/account/decide-messages.ts';
import type { Decision } from '../../../shared/account/commit-request.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import { highestModSeqCode } from '../session/dialect.ts';
import type { Home } from '../session/home.ts';
import { limited, requireFew, tellLimit } from '../session/message-limit.ts';
import { type FoundMailbox, findNamed, tellsUids } from '../session/places.ts';
import type { Session } from '../session/session.ts';
import type { CommandCursor } from '../wire/parser.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { formatInOrder } from '../wire/sequence-set.ts';
import { parseCopy } from '../wire/store-grammar.ts';
import { AcrossError, type AcrossRequest, copyAcross } from './copy-across.ts';
import { type Command, type CommandFamily, type Completion, SELECTED } from './command.ts';
import { requireWritable } from './writable.ts';

type Kind = 'COPY' | 'MOVE';

export const copy: CommandFamily = {
  commands: [command('COPY', false), command('COPY', true), command('MOVE', false), command('MOVE', true)],
};

function command(kind: Kind, byUid: boolean): Command {
  return {
    name: byUid ? `UID ${kind}` : kind,
    ...(kind === 'MOVE' && { extension: 'MOVE' }),
    phases: SELECTED,
    updates: 'everything',
    run: (session, cursor) => run(session, cursor, kind, byUid),
  };
}

async function run(session: Session, cursor: CommandCursor, kind: Kind, byUid: boolean): Promise<Completion> {
  const { set, mailbox: name } = parseCopy(cursor);
  if (kind === 'MOVE') requireWritable(session);
  const { home, view, saved, id: from } = session.selected;
  const named = byUid ? view.resolveUids(set, saved) : view.resolveNumbers(set, saved);
  if (kind === 'COPY') requireFew(session, named);
  const { uids, code: limit } = limited(session, named);
  const target = await findNamed(session, name, { right: 'i', tryCreate: true });
  // What was found and is expunged by now is not in "$" any more (RFC 5182 §2.1).
  const all = !byUid && !set.saved;
  const request = { from, to: target.mailbox.id, uids, all, quota: home.quota };
  const outcome =
    target.home.account === home.account
      ? await home.commit({
          needs: () => [from],
          decide: (state) => decideFor(home, state, kind, request),
        })
      : await carried(session, target, { kind, uids, all });
  const text = kind === 'COPY' ? 'copied' : 'moved';
  // Nothing is left of what was named: that is no error, and clients that meet a NO try again for ever.
  if (outcome.source.length === 0)
    return { text: `${text}: there was no such message`, ...(limit && { code: limit }) };
  const code = tellsUids(session, target) ? copyUid(outcome) : undefined;
  if (kind === 'COPY') return { text, ...(code && { code }) };
  // RFC 6851 §4.3: COPYUID comes before the EXPUNGEs, which follow with everything else that is new.
  if (code) session.writer.status('*', 'OK', text, code);
  const highest = highestModSeqCode(session);
  if (highest.code) tellLimit(session, limit);
  return { text, ...(limit && { code: limit }), ...highest };
}

/** Into another account. Of a MOVE that fails midway the client is told what was moved (RFC 6851 §4.3). */
async function carried(session: Session, target: FoundMailbox, request: AcrossRequest): Promise<CopyOutcome> {
  try {
    return await copyAcross(session, target, request);
  } catch (error) {
    if (!(error instanceof AcrossError)) throw error;
    if (error.outcome.source.length > 0 && tellsUids(session, target))
      session.writer.status('*', 'OK', 'moved so far', copyUid(error.outcome));
    throw error.cause;
  }
}

/** In somebody else's account, with the flags that the rights on the target allow (RFC 4314 §4). */
function decideFor(home: Home, state: AccountState, kind: Kind, request: CopyRequest): Decision<CopyOutcome> {
  home.requireIn(state, request.to, 'i');
  // RFC 6851 §4.2: what STORE of \\Deleted and EXPUNGE need.
  for (const right of kind === 'MOVE' ? (['t', 'e'] as const) : [])
    home.requireIn(state, request.from, right);
  const target = state.mailboxes.get(request.to);
  const guest = target && home.guestOf(target);
  if (guest) return decideGuestCopy(state, kind, request, guest);
  return (kind === 'COPY' ? decideCopy : decideMove)(state, request);
}

function copyUid({ uidValidity, source, destination }: CopyOutcome): ResponseCode {
  return {
    code: 'COPYUID',
    uidValidity,
    source: formatInOrder(source),
    destination: formatInOrder(destination),
  };
}
