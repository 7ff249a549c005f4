/** `quire undelete`: what was expunged comes back, or all that was there at a time. */
import { Command } from 'commander';
import { counted } from '../../shared/account/finding.ts';
import {
  type Lost,
  RESTORED,
  type UndeleteRequest,
  type Undeleted,
  decideUndelete,
  knowsMailbox,
} from '../../shared/account/decide-undelete.ts';
import { normalName } from '../../shared/account/mailbox-names.ts';
import { coveredRecords, undeleteAccount } from '../../functions/expunge/undelete-account.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addDirectoryOptions } from './administration.ts';
import { nameOf, openAccountState, say, withAccount } from './kept.ts';
import { parseMoment } from './time.ts';

const TIMES = '2026-11-28, 2026-11-28T09:30Z, or how long ago: 90m, 36h, 3d';

export function undeleteCommand(): Command {
  const command = new Command('undelete')
    .argument('<address-or-account>')
    .description(
      'bring back messages that were expunged and not deleted for good yet, with their mailboxes; they get new UIDs',
    )
    .option('--since <time>', `only what was expunged since then: ${TIMES}`)
    .option('--mailbox <name>', 'only of this mailbox, which may be deleted, and of those below it')
    .option('--as-of <time>', 'all that was in the account at that time, moved and expunged since or not')
    .option(
      '--into <name>',
      `below which mailbox, each message in one that is called as its old one (default: ${RESTORED})`,
    )
    .option('--in-place', 'into the mailboxes where they were; one that is gone is made again')
    .option('--dry-run', 'only say what would come back');
  return addDirectoryOptions(command).action(undelete);
}

async function undelete(address: string, flags: Flags): Promise<void> {
  const now = Date.now();
  const lost = lostOf(flags, Math.floor(now / 1000));
  if (typeof flags.into === 'string' && flags.inPlace === true)
    throw new SetupError('Give --into or --in-place, not both: nothing was changed.');
  const into = flags.inPlace === true ? null : typeof flags.into === 'string' ? flags.into : RESTORED;
  await withAccount(flags, address, async (user, { journal, keys }, deps) => {
    const { id } = user;
    // What was sealed with a key that is gone must not be said to be back.
    await keys?.of(id);
    const whole = await openAccountState(deps, id);
    const asked = 'mailbox' in lost ? lost.mailbox : null;
    if (asked !== null && !knowsMailbox(whole, asked))
      throw new SetupError(
        `There is no mailbox ${JSON.stringify(asked)}, nor was there one from which anything can be brought back: nothing was changed.`,
      );
    const covered = 'asOf' in lost ? await coveredRecords(journal, id, whole) : [];
    const request: UndeleteRequest = { lost, into, now, covered };
    const dry = flags.dryRun === true;
    // Message by message it is decided again as it is put: what was purged meanwhile does not come back.
    const done = dry
      ? decideUndelete(whole, { ...request, most: Infinity }).value
      : await undeleteAccount(deps, id, request, whole);
    say(told(nameOf(user), done, dry));
    if ('asOf' in lost && !done.exact) say(INEXACT);
  });
}

const INEXACT =
  'The journal does not reach back so far: mailboxes are those in which messages were last, flags as they were last. Where no record tells whether a message that was moved since was there, its date does.';

function told(address: string, { restored, bytes, present, mailboxes }: Undeleted, dry: boolean): string {
  const there = present > 0 ? `; ${counted(present, 'message')} there already` : '';
  if (restored === 0) return `${address}: nothing to bring back${there}.`;
  const come = dry ? 'would come back' : restored === 1 ? 'is back' : 'are back';
  const places = mailboxes.map((name) => JSON.stringify(name)).join(', ');
  return `${address}: ${counted(restored, 'message')} of ${counted(bytes, 'byte')} ${come}, in ${places}${there}.`;
}

function lostOf({ since, mailbox, asOf }: Flags, now: number): Lost {
  if (typeof asOf === 'string') {
    if (since !== undefined || mailbox !== undefined)
      throw new SetupError('--as-of is for the whole account: it does not go with --since or --mailbox.');
    return { asOf: parseMoment(asOf, '--as-of', now) };
  }
  return {
    since: typeof since === 'string' ? parseMoment(since, '--since', now) : 0,
    mailbox: typeof mailbox === 'string' ? normalName(mailbox) : null,
  };
}
