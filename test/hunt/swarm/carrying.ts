/** Guests take messages out of the shared mailboxes into their own account. */
import { numbersOf } from '../numbers.ts';
import { ensure } from '../violation.ts';
import { noop } from './looks.ts';
import { type Player, rows } from './player.ts';

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
        return !mailbox || !/t.*e/.test(guest.rightsOn(mailbox));
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
