/**
 * APPEND (RFC 9051 §6.3.12), several messages at once (RFC 3502), put together from others (RFC 4469), with NUL
 * (RFC 3516 §4.4), within APPENDLIMIT (RFC 7889). OK is answered when the record that names the messages is in the journal.
 */
import { type StoredFor, assemble } from '../append/assembly.ts';
import { takeIn, targetNamed } from '../append/intake.ts';
import { decideInto, recordStored } from '../append/record.ts';
import { requireAtMost } from '../session/message-limit.ts';
import { tellsUids } from '../session/places.ts';
import type { Session } from '../session/session.ts';
import { parseAppend, placeInAppend } from '../wire/append-grammar.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { NumberSet } from '../wire/sequence-set.ts';
import { type CommandFamily, type Completion, SIGNED_IN } from './command.ts';

export const append: CommandFamily = {
  commands: [
    {
      name: 'APPEND',
      phases: SIGNED_IN,
      updates: 'everything',
      literal: (session, announcement, cursor) => takeIn(session, announcement, placeInAppend(cursor)),
      run,
    },
  ],
};

async function run(session: Session, cursor: CommandCursor): Promise<Completion> {
  const { mailbox: name, messages } = parseAppend(cursor);
  // All of them or none (RFC 3502, RFC 9738 §3.1).
  requireAtMost(session, messages.length);
  const target = await targetNamed(session, name);
  const { home, mailbox } = target;
  const { rim } = session.services;
  const now = rim.now();
  const stored: StoredFor[] = [];
  for (const message of messages) stored.push(await assemble(session, target, message, now));
  const { uidValidity, uids } = await recordStored(session, home, stored, (ready) => ({
    decide: (state) => decideInto(home, state, mailbox.id, ready, rim.now()),
  }));
  if (!tellsUids(session, target)) return { text: 'appended' };
  return { text: 'appended', code: { code: 'APPENDUID', uidValidity, uids: NumberSet.ofSorted(uids) } };
}
