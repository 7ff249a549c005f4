/** The owner shares mailboxes with others, who may share them further, and takes their rights away again (RFC 4314). */
import { ALL_RIGHTS } from '../../../shared/account/acl.ts';
import { type Mailbox, mailboxNamed } from '../../../shared/account/state.ts';
import { type Player, quoted } from './player.ts';

/** Administration too; all but that; without \Deleted and EXPUNGE; reading with \Seen of one's own; reading; none. */
const RIGHTS = ['lrswitea', 'lrswite', 'lrswite', 'lrswi', 'lrs', 'lr', ''] as const;

export async function share(player: Player): Promise<void> {
  const { guests, guest } = player.ground;
  const name = player.draw.chance(0.3) ? player.inbox : player.someName();
  const whom = player.draw.pick(guests) ?? '';
  const rights = player.draw.pick(RIGHTS);
  const command =
    rights === '' ? `DELETEACL ${quoted(name)} ${whom}` : `SETACL ${quoted(name)} ${whom} ${rights}`;
  const answer = await player.session.run(command, { shows: 'newest' });
  if (answer.status !== 'OK') {
    player.refused(answer, command, {
      NONEXISTENT: (state) => !mailboxNamed(state, name),
      NOPERM: (state) => isOnlySeen(player, mailboxNamed(state, name)),
    });
    return;
  }
  // Who has taken the mailbox from himself does not see it any more.
  const hides = whom === guest?.address && rights === '';
  player.happened(answer, command, (state) => {
    const mailbox = mailboxNamed(state, name);
    return mailbox ? rightsOf(mailbox, whom) === rights : hides;
  });
}

/** What one may do oneself, and who else may do what. */
export async function rights(player: Player): Promise<void> {
  const { guests, guest } = player.ground;
  const name = player.someName();
  const command = `${player.draw.pick(['MYRIGHTS', 'GETACL'])} ${quoted(name)}`;
  const answer = await player.session.run(command, { shows: 'all' });
  if (answer.status !== 'OK') {
    player.refused(answer, command, {
      NONEXISTENT: (state) => !mailboxNamed(state, name),
      NOPERM: (state) => isOnlySeen(player, mailboxNamed(state, name)),
    });
    return;
  }
  const told =
    answer.untagged.map(({ text }) => text).find((text) => /^\* (?:ACL|MYRIGHTS) /.test(text)) ?? '';
  player.happened(answer, `${told} of ${command}`, (state) => {
    const mailbox = mailboxNamed(state, name);
    if (!mailbox) return false;
    const words = told.split(' ');
    if (command.startsWith('MYRIGHTS'))
      return asTold(guest ? guest.rightsOn(mailbox) : ALL_RIGHTS) === lettersOf(words.at(-1) ?? '');
    return guests.every((address) => {
      const place = words.indexOf(address);
      const granted = rightsOf(mailbox, address);
      return place < 0 ? granted === '' : asTold(granted) === lettersOf(words[place + 1] ?? '');
    });
  });
}

const rightsOf = (mailbox: Mailbox, address: string): string => mailbox.acl.get(address)?.rights ?? '';

const lettersOf = (letters: string): string => letters.split('').sort().join('');

/** With the rights of RFC 2086 that stand for several (RFC 4314 §2.1.1). */
function asTold(rights: string): string {
  return lettersOf(`${rights}${/[kx]/.test(rights) ? 'c' : ''}${/[te]/.test(rights) ? 'd' : ''}`);
}

/** It is there, and somebody else's to administer. Of what may not be looked up nobody is told that it is there (RFC 4314 §6). */
function isOnlySeen({ ground: { guest } }: Player, mailbox: Mailbox | undefined): boolean {
  return guest !== null && mailbox !== undefined && !guest.rightsOn(mailbox).includes('a');
}
