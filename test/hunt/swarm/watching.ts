/** What is told without being asked for (NOTIFY), and results that are kept (SAVE, UPDATE) or cut out (PARTIAL). */
import { mailboxNamed } from '../../../shared/account/state.ts';
import { numbersOf } from '../numbers.ts';
import { ensure } from '../violation.ts';
import { ClientContext } from './client-context.ts';
import { noop, untilTold } from './looks.ts';
import { type Player, quoted, rows } from './player.ts';

/** NOTIFY (RFC 5465): the news of the selected mailbox come by themselves from here on. */
export async function watch(player: Player): Promise<void> {
  const { session } = player;
  const how = player.draw.pick(['SELECTED', 'SELECTED-DELAYED'] as const);
  await session.must(`NOTIFY SET (${how} (MessageNew MessageExpunge FlagChange))`, {
    shows: 'newest',
    conclude: ({ status }) => {
      if (status === 'OK') session.watching = how;
    },
  });
  if (player.where().name === 'INBOX') await untilTold(player, session.news());
}

/** A result that is saved is what was found, but for what is gone (RFC 5182 §2.1). */
export async function saved(player: Player): Promise<void> {
  const { session } = player;
  const { mailbox } = player.where();
  const known = session.view.uids;
  const key = player.draw.pick(['ALL', 'SEEN', 'UNFLAGGED']);
  const gone = { NONEXISTENT: (state: Parameters<typeof rows>[0]) => !state.mailboxes.has(mailbox) };
  const first = await session.run(`UID SEARCH RETURN (SAVE ALL) ${key}`, { shows: 'all' });
  if (first.status !== 'OK') {
    player.refused(first, 'SEARCH', gone);
    return;
  }
  const second = await session.run('UID SEARCH RETURN (ALL) UID $', { shows: 'all' });
  if (second.status !== 'OK') {
    player.refused(second, 'SEARCH', gone);
    return;
  }
  const [found, again] = [first, second].map(({ untagged }) =>
    numbersOf(untagged.map(({ text }) => /^\* ESEARCH .* ALL ([\d:,]+)/.exec(text)?.[1]).find(Boolean) ?? ''),
  );
  const invented = (again ?? []).filter((uid) => !found?.includes(uid));
  const lost = (found ?? []).filter((uid) => !again?.includes(uid));
  ensure(invented.length === 0, () => `$ has UIDs ${invented.join()}, which were not found`);
  // NOTIFY may have told of more before the search was made.
  ensure(
    session.watching !== null || (found ?? []).every((uid) => known.includes(uid)),
    () => `UIDs ${(found ?? []).join()} of ${known.join()}`,
  );
  player.happened(second, `$ without ${lost.join()}`, (state) => rows(state, mailbox, lost).length === 0);
}

/** The first or the last results (RFC 9394). */
export async function partial(player: Player): Promise<void> {
  const { session } = player;
  const { mailbox } = player.where();
  const [known, since] = [session.view.uids, session.last];
  const last = player.draw.chance(0.5);
  const range = last ? '-1:-3' : '1:3';
  const command = `UID SEARCH RETURN (PARTIAL ${range} COUNT) ALL`;
  const answer = await session.run(command, { shows: 'all' });
  if (answer.status !== 'OK') {
    player.refused(answer, command, { NONEXISTENT: (state) => !state.mailboxes.has(mailbox) });
    return;
  }
  if (session.watching !== null) return;
  const text = answer.untagged.map((each) => each.text).find((each) => each.includes(' PARTIAL ')) ?? '';
  const [, told = ''] = /PARTIAL \(\S+ ([\d:,]+|NIL)\)/.exec(text) ?? [];
  const uids = told === 'NIL' ? [] : numbersOf(told).sort((a, b) => a - b);
  const count = Number(/ COUNT (\d+)/.exec(text)?.[1]);
  player.happened({ ...answer, begin: since }, text, (state) => {
    const there = rows(state, mailbox, known).map(({ uid }) => uid);
    return there.length === count && (last ? there.slice(-3) : there.slice(0, 3)).join() === uids.join();
  });
}

/** ESORT (RFC 5267 §3): the order is told as well. */
export async function sorted(player: Player): Promise<void> {
  const { session } = player;
  const { mailbox } = player.where();
  const [known, since] = [session.view.uids, session.last];
  const command = 'UID SORT RETURN (ALL) (SIZE) UTF-8 ALL';
  let told = '';
  const answer = await session.run(command, {
    shows: 'all',
    onUntagged: ({ text }) => (told = /^\* ESEARCH .* UID(?: ALL ([\d:,]+))?$/.exec(text)?.[1] ?? told),
  });
  if (answer.status !== 'OK') {
    player.refused(answer, command, { NONEXISTENT: (state) => !state.mailboxes.has(mailbox) });
    return;
  }
  // NOTIFY may have told of more before the search was made.
  if (session.watching !== null) return;
  player.happened({ ...answer, begin: since }, `${command} told as ${told}`, (state) => {
    const columns = state.mailboxes.get(mailbox)?.columns;
    const sizeOf = (uid: number): number => columns?.sizes[columns.rowOf(uid)] ?? 0;
    const there = rows(state, mailbox, known).map(({ uid }) => uid);
    return there.sort((a, b) => sizeOf(a) - sizeOf(b) || a - b).join() === numbersOf(told).join();
  });
}

/** A context is begun, or ended if there is one (RFC 5267 §4.3). */
export async function context(player: Player): Promise<void> {
  const { session } = player;
  const { mailbox } = player.where();
  if (session.context) {
    const { tag } = session.context;
    session.context = null;
    await session.must(`CANCELUPDATE "${tag}"`, { shows: 'all' });
    return;
  }
  const flag = player.draw.pick(['seen', 'flagged', 'deleted']);
  const order = player.draw.pick(['size', 'mailbox'] as const);
  const begun = new ClientContext(`\\${flag}`, order);
  const form = order === 'size' ? 'SORT RETURN (UPDATE ALL) (SIZE) UTF-8' : 'SEARCH RETURN (UPDATE ALL)';
  const command = `UID ${form} ${flag.toUpperCase()}`;
  session.context = begun;
  const answer = await session.run(command, { shows: 'all' });
  if (answer.status === 'OK') return;
  session.context = null;
  player.refused(answer, command, { NONEXISTENT: (state) => !state.mailboxes.has(mailbox) });
}

/** ESEARCH (RFC 7377) of a mailbox that is not selected. */
export async function elsewhere(player: Player): Promise<void> {
  const name = player.someName();
  if (name === player.session.selected?.name) return noop(player);
  const command = `ESEARCH IN (mailboxes ${quoted(name)}) RETURN (COUNT ALL) SEEN`;
  const answer = await player.session.must(command, { shows: 'all' });
  const text = answer.untagged.map((each) => each.text).find((each) => each.includes(' MAILBOX ')) ?? '';
  const count = Number(/ COUNT (\d+)/.exec(text)?.[1] ?? 0);
  player.happened(answer, `${command}: ${text}`, (state) => {
    const mailbox = mailboxNamed(state, name);
    return (mailbox ? mailbox.messages - mailbox.unseen : 0) === count;
  });
}
