/** More ways to bring messages in: several at once, out of parts, and in the place of another. */
import { mailboxNamed } from '../../../shared/account/state.ts';
import { flagsOf } from '../journal-replay.ts';
import { messageOf } from '../message.ts';
import { numbersOf } from '../numbers.ts';
import { ensure } from '../violation.ts';
import { noop } from './looks.ts';
import { type Player, quoted, rows } from './player.ts';

/** A new message, and what it will be known by. */
export function drawn(player: Player): { token: string; message: Buffer } {
  const { tokens } = player.ground;
  const token = tokens.next();
  const message = messageOf(token, player.draw);
  tokens.send(token, 'append', message);
  return { token, message };
}

/** MULTIAPPEND (RFC 3502): all of them or none, under UIDs in their order. */
export async function appendSeveral(player: Player): Promise<void> {
  const { tokens } = player.ground;
  const name = player.someName();
  const sent = Array.from({ length: 2 + player.draw.below(3) }, () => drawn(player));
  const parts = sent.flatMap(({ message }, index) => [index === 0 ? '' : ' (\\Flagged) ', message]);
  const answer = await player.session.run(`APPEND ${quoted(name)} (\\Flagged) `, {
    shows: 'newest',
    parts: parts.slice(1),
  });
  for (const { token } of sent) tokens.end(token, answer.status === 'OK' ? 'acknowledged' : 'refused');
  if (answer.status !== 'OK') {
    player.refused(answer, 'APPEND', { TRYCREATE: (state) => !mailboxNamed(state, name) });
    return;
  }
  const [, validity, set = ''] = /^\[APPENDUID (\d+) ([\d:,]+)\]/.exec(answer.text) ?? [];
  const uids = numbersOf(set);
  ensure(uids.length === sent.length, () => `${sent.length} messages were answered ${answer.text}`);
  for (const [index, { token }] of sent.entries())
    await player.arrived(answer, Number(validity), uids[index] ?? 0, token, '\\flagged');
}

/** CATENATE (RFC 4469), of pieces of text. */
export async function catenate(player: Player): Promise<void> {
  const { tokens } = player.ground;
  const name = player.someName();
  const { token, message } = drawn(player);
  const cut = player.draw.below(message.length);
  const answer = await player.session.run(`APPEND ${quoted(name)} CATENATE (TEXT `, {
    shows: 'newest',
    parts: [message.subarray(0, cut), ' TEXT ', message.subarray(cut), ')'],
  });
  tokens.end(token, answer.status === 'OK' ? 'acknowledged' : 'refused');
  if (answer.status !== 'OK') {
    player.refused(answer, 'APPEND', { TRYCREATE: (state) => !mailboxNamed(state, name) });
    return;
  }
  const [, validity, uid] = /^\[APPENDUID (\d+) (\d+)\]/.exec(answer.text) ?? [];
  await player.arrived(answer, Number(validity), Number(uid), token, '');
}

/** REPLACE (RFC 8508): the old one is gone in the record in which the new one comes. */
export async function replace(player: Player): Promise<void> {
  const { tokens } = player.ground;
  const { mailbox, readOnly } = player.where();
  const uid = player.draw.pick(player.session.view.uids);
  if (uid === undefined || readOnly) return noop(player);
  const name = player.draw.chance(0.7) ? player.where().name : player.someName();
  const { token, message } = drawn(player);
  const command = `UID REPLACE ${uid} ${quoted(name)} (\\Seen) `;
  const answer = await player.session.run(command, { shows: 'newest', parts: [message] });
  tokens.end(token, answer.status === 'OK' ? 'acknowledged' : 'refused');
  if (answer.status !== 'OK') {
    player.refused(answer, command, {
      TRYCREATE: (state) => !mailboxNamed(state, name),
      EXPUNGEISSUED: (state) => player.lacks(state, mailbox, [uid]),
      NONEXISTENT: (state) => player.lacks(state, mailbox, [uid]),
    });
    return;
  }
  const said = answer.untagged.map(({ text }) => text).join('\n');
  const [, validity, fresh] = /\[APPENDUID (\d+) (\d+)\]/.exec(said) ?? [];
  await player.arrived(answer, Number(validity), Number(fresh), token, flagsOf('\\Seen'));
  player.happened(answer, command, (state) => rows(state, mailbox, [uid]).length === 0);
}
