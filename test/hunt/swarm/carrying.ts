/** Guests take messages out of the shared mailboxes into their own account, and put copies back. */
import { mailboxNamed } from '../../../shared/account/state.ts';
import { ImapConnection } from '../imap-connection.ts';
import { numbersOf } from '../numbers.ts';
import { ensure } from '../violation.ts';
import { noop } from './looks.ts';
import { type Player, quoted, rows } from './player.ts';
import { drawn } from './putting.ts';

export async function carry(player: Player): Promise<void> {
  const { guest, replay, tokens } = player.ground;
  const uids = player.someUids();
  const { mailbox: from, readOnly } = player.where();
  if (!guest || uids.length === 0) return noop(player);
  const kind = readOnly || player.draw.chance(0.5) ? 'COPY' : 'MOVE';
  await guest.own.replay.catchUp();
  const begin = guest.own.replay.number;
  const command = `UID ${kind} ${uids.join(',')} INBOX`;
  const running = player.session.run(command, { shows: 'newest' });
  running.catch(() => guest.own.lostTrack());
  const answer = await running;
  if (answer.status !== 'OK') {
    player.refused(answer, command, {
      EXPUNGEISSUED: (state) => player.lacks(state, from, uids),
      NONEXISTENT: (state) => !state.mailboxes.has(from),
      NOPERM: (state) => {
        const mailbox = state.mailboxes.get(from);
        return mailbox !== undefined && !/t.*e/.test(guest.rightsOn(mailbox));
      },
    });
    return;
  }
  const said = [answer.text, ...answer.untagged.map(({ text }) => text)].join('\n');
  const [, validity, taken = '', came = ''] = /\[COPYUID (\d+) (\S+) (\S+)\]/.exec(said) ?? [];
  const [source, destination] = [numbersOf(taken), numbersOf(came)];
  ensure(
    source.length === destination.length && source.every((uid) => uids.includes(uid)),
    () => `${command} was answered ${said}`,
  );
  const carried: string[] = [];
  for (const uid of source) {
    const blob = replay.arrived(from, uid)?.blob;
    ensure(blob !== undefined, () => `COPYUID names UID ${uid}, which never was`);
    carried.push(await tokens.of(blob));
  }
  if (source.length > 0)
    await guest.own.arrived({ begin, uidValidity: Number(validity), tokens: carried, uids: destination });
  // What was gone already is passed over.
  const gone = kind === 'MOVE' ? uids : uids.filter((uid) => !source.includes(uid));
  player.happened(answer, `${command}: ${said}`, (state) => rows(state, from, gone).length === 0);
}

/** REPLACE (RFC 8508) by a message in the guest's own account: the new one is there, the old one is gone here. */
export async function exchange(player: Player): Promise<void> {
  const { guest, tokens } = player.ground;
  const { mailbox: from, readOnly } = player.where();
  const uid = player.draw.pick(player.session.view.uids);
  if (!guest || uid === undefined || readOnly) return noop(player);
  await guest.own.replay.catchUp();
  const begin = guest.own.replay.number;
  const { token, message } = drawn(player);
  tokens.end(token, 'elsewhere');
  const command = `UID REPLACE ${uid} INBOX (\\Seen) `;
  const running = player.session.run(command, { shows: 'newest', parts: [message] });
  running.catch(() => guest.own.lostTrack());
  const answer = await running;
  if (answer.status !== 'OK') {
    player.refused(answer, command, {
      EXPUNGEISSUED: (state) => player.lacks(state, from, [uid]),
      NONEXISTENT: (state) => player.lacks(state, from, [uid]),
      NOPERM: (state) => {
        const mailbox = state.mailboxes.get(from);
        return mailbox !== undefined && !/t.*e/.test(guest.rightsOn(mailbox));
      },
    });
    return;
  }
  const said = answer.untagged.map(({ text }) => text).join('\n');
  const [, validity, fresh] = /\[APPENDUID (\d+) (\d+)\]/.exec(said) ?? [];
  await guest.own.arrived({
    ...{ begin, uidValidity: Number(validity) },
    ...{ tokens: [token], uids: [Number(fresh)] },
  });
  player.happened(answer, command, (state) => rows(state, from, [uid]).length === 0);
}

/** Out of the guest's own account: by a connection of its own, whose view is not followed. */
export async function bring(player: Player): Promise<void> {
  const { guest, replay, tokens } = player.ground;
  const own = guest?.own.somePromised(player.draw, 3) ?? [];
  if (!guest || own.length === 0) return noop(player);
  const name = player.someName();
  const imap = await ImapConnection.open(player.session.port, player.session.transcript);
  try {
    for (const command of [`LOGIN ${guest.login}`, 'EXAMINE INBOX']) {
      const { status, text } = await imap.run(command);
      ensure(status === 'OK', () => `${command} was answered ${status} ${text}`);
    }
    await replay.catchUp();
    const begin = replay.number;
    const command = `UID COPY ${own.map(({ uid }) => uid).join(',')} ${quoted(name)}`;
    const completed = await imap.run(command);
    await replay.catchUp();
    const answer = { ...completed, begin, end: replay.number };
    if (answer.status !== 'OK') {
      player.refused(answer, command, { TRYCREATE: (state) => !mailboxNamed(state, name) });
      return;
    }
    const [, validity, taken = '', came = ''] = /\[COPYUID (\d+) (\S+) (\S+)\]/.exec(answer.text) ?? [];
    const uids = numbersOf(came);
    ensure(
      numbersOf(taken).join() === own.map(({ uid }) => uid).join() && uids.length === own.length,
      () => `${command} was answered ${answer.text}`,
    );
    for (const [index, { token }] of own.entries()) {
      tokens.copied(token);
      await player.arrived(answer, Number(validity), uids[index] ?? 0, token, null);
    }
  } finally {
    imap.destroy();
  }
}
