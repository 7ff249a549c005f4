/** The owner shares mailboxes with others, and takes their rights away again (RFC 4314). */
import { mailboxNamed } from '../../../shared/account/state.ts';
import { type Player, quoted } from './player.ts';

/** All but administration; without \Deleted and EXPUNGE; reading with \Seen of one's own; reading; none. */
const RIGHTS = ['lrswite', 'lrswite', 'lrswi', 'lrs', 'lr', ''] as const;

export async function share(player: Player): Promise<void> {
  const name = player.draw.chance(0.3) ? 'INBOX' : player.someName();
  const guest = player.draw.pick(player.ground.guests) ?? '';
  const rights = player.draw.pick(RIGHTS);
  const command =
    rights === '' ? `DELETEACL ${quoted(name)} ${guest}` : `SETACL ${quoted(name)} ${guest} ${rights}`;
  const answer = await player.session.run(command, { shows: 'newest' });
  if (answer.status !== 'OK') {
    player.refused(answer, command, { NONEXISTENT: (state) => !mailboxNamed(state, name) });
    return;
  }
  player.happened(answer, command, (state) => {
    const mailbox = mailboxNamed(state, name);
    return mailbox !== undefined && (mailbox.acl.get(guest)?.rights ?? '') === rights;
  });
}
