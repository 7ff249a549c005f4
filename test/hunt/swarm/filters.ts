/** Searches that are stored by name (RFC 5466): whoever stores one, and on whichever gateway, it is the newest that counts. */
import type { AccountState } from '../../../shared/account/state.ts';
import { ensure } from '../violation.ts';
import { numbersIn, searcher } from './looks.ts';
import { type Player, rows } from './player.ts';

const NAMES = ['one', 'two'] as const;
const KEYS = ['ALL', 'SEEN', 'NOT SEEN', 'FLAGGED', 'NOT DELETED', 'KEYWORD $Hunted'] as const;

export async function filtered(player: Player): Promise<void> {
  const name = player.draw.pick(NAMES);
  await (player.draw.chance(0.4) ? store(player, name) : searchBy(player, name));
}

/** As the account has it, for its owner is alone here; undefined if there is none of that name. */
function valueOf({ annotations }: AccountState, name: string): string | undefined {
  const found = [...annotations.values()].find((entry) => entry.name === `/filters/values/${name}`);
  return found && Buffer.from(found.value).toString();
}

async function store(player: Player, name: string): Promise<void> {
  const key = player.draw.chance(0.2) ? undefined : player.draw.pick(KEYS);
  const value = key === undefined ? 'NIL' : `"${key}"`;
  const command = `SETMETADATA "" (/private/filters/values/${name} ${value})`;
  const answer = await player.session.must(command, { shows: 'newest' });
  player.happened(answer, command, (state) => valueOf(state, name) === key);
}

async function searchBy(player: Player, name: string): Promise<void> {
  const { session } = player;
  const { mailbox } = player.where();
  const known = session.view.uids;
  const since = session.last;
  let found: number[] = [];
  const command = `UID SEARCH RETURN (ALL) FILTER ${name}`;
  const answer = await session.run(command, {
    shows: 'all',
    onUntagged: ({ text }) => {
      if (text.startsWith('* ESEARCH') && !/ (?:ADDTO|REMOVEFROM) /.test(text)) found = numbersIn(text);
    },
  });
  // What an earlier command has stored, on whichever gateway, is known.
  const moments = [...player.ground.replay.moments(answer.begin, answer.end)];
  const isOnce = (key: string | undefined): boolean => moments.some((state) => valueOf(state, name) === key);
  if (answer.status !== 'OK') {
    if (answer.text.startsWith('[UNDEFINED-FILTER'))
      ensure(isOnce(undefined), () => `${command} was refused with ${answer.text}, though there is one`);
    else player.refused(answer, command, { NONEXISTENT: (state) => !state.mailboxes.has(mailbox) });
    return;
  }
  // NOTIFY may have told of more before the search was made.
  const more = session.watching === null ? [] : found.filter((uid) => !known.includes(uid));
  const asked = [...known, ...more].sort((a, b) => a - b);
  const keys = KEYS.filter(isOnce);
  const wanted = await Promise.all(keys.map(async (key) => searcher(player, key, mailbox, asked)));
  player.happened(
    { ...answer, begin: since },
    `${command} as ${keys.join()} finding ${found.join()}`,
    (state) => {
      const there = rows(state, mailbox, asked);
      return wanted.some(
        (matches) =>
          there
            .filter(matches)
            .map(({ uid }) => uid)
            .join() === found.join(),
      );
    },
  );
}
