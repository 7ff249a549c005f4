/** REPLACE and UID REPLACE (RFC 8508): a message comes and another one goes, in one record if they are in one account. */
import { type AppendOutcome, decideReplace } from '../../../shared/account/decide-messages.ts';
import type { Uid } from '../../../shared/account/ids.ts';
import { type StoredFor, assemble } from '../append/assembly.ts';
import { takeIn, targetNamed } from '../append/intake.ts';
import { decideInto, recordStored } from '../append/record.ts';
import { highestModSeqCode } from '../session/dialect.ts';
import { type FoundMailbox, tellsUids } from '../session/places.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import { parseReplace, placeInReplace } from '../wire/append-grammar.ts';
import type { LiteralAnnouncement, LiteralDecision } from '../wire/command.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { NumberSet, type SequenceSet } from '../wire/sequence-set.ts';
import { type Command, type CommandFamily, type Completion, SELECTED } from './command.ts';
import { replaceAcross } from './replace-across.ts';
import { requireWritable } from './writable.ts';

export const replace: CommandFamily = { commands: [command(false), command(true)] };

function command(byUid: boolean): Command {
  return {
    name: byUid ? 'UID REPLACE' : 'REPLACE',
    extension: 'REPLACE',
    phases: SELECTED,
    updates: 'everything',
    literal: (session, announcement, cursor) => decide(session, announcement, cursor, byUid),
    run: (session, cursor) => run(session, cursor, byUid),
  };
}

async function decide(
  session: Session,
  announcement: LiteralAnnouncement,
  cursor: CommandCursor,
  byUid: boolean,
): Promise<LiteralDecision> {
  requireWritable(session);
  const { set, place } = placeInReplace(cursor);
  const uid = uidOf(session, set, byUid);
  const { home, id } = session.selected;
  const columns = (await home.load(id))?.columns;
  // One that is gone meanwhile is seen when the replacement is recorded.
  const row = columns?.rowOf(uid) ?? -1;
  const size = columns?.sizes[row] ?? 0;
  const freed = row < 0 ? undefined : { account: home.account, messages: 1, bytes: size };
  return takeIn(session, announcement, place, freed);
}

async function run(session: Session, cursor: CommandCursor, byUid: boolean): Promise<Completion> {
  const parsed = parseReplace(cursor);
  requireWritable(session);
  const uid = uidOf(session, parsed.set, byUid);
  const target = await targetNamed(session, parsed.mailbox);
  const message = await assemble(session, target, parsed.message, session.services.rim.now());
  const inOneAccount = target.home.account === session.selected.home.account;
  const replaced = inOneAccount ? replaceWithin : replaceAcross;
  const { uidValidity, uids } = await replaced(session, target, message, uid);
  if (tellsUids(session, target)) {
    // RFC 8508 §4.3: before the EXPUNGE, which follows with everything else that is new.
    session.writer.status('*', 'OK', 'the replacement is stored', {
      code: 'APPENDUID',
      uidValidity,
      uids: NumberSet.ofSorted(uids),
    });
  }
  return { text: 'replaced', ...highestModSeqCode(session) };
}

function replaceWithin(
  session: Session,
  { mailbox }: FoundMailbox,
  message: StoredFor,
  uid: Uid,
): Promise<AppendOutcome> {
  const { home, id: from } = session.selected;
  return recordStored(session, home, [message], (ready) => ({
    needs: () => [from],
    decide(state) {
      // RFC 8508 §4.1: what UID STORE of \Deleted and UID EXPUNGE need, and APPEND.
      for (const right of ['t', 'e'] as const) home.requireIn(state, from, right);
      return decideReplace(state, from, uid, (freed) =>
        decideInto(home, freed, mailbox.id, ready, session.services.rim.now()),
      );
    },
  }));
}

function uidOf(session: Session, set: SequenceSet, byUid: boolean): Uid {
  const { view, saved } = session.selected;
  const [uid] = byUid ? view.resolveUids(set, saved) : view.resolveNumbers(set, saved);
  if (uid === undefined) throw new No('there is no message with that UID', 'NONEXISTENT');
  return uid as Uid;
}
