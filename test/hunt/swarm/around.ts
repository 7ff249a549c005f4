/** Operations beside the messages: what lists, quotas, annotations and subscriptions tell, and the ways out of a mailbox. */
import { type AccountState, type Mailbox, mailboxNamed } from '../../../shared/account/state.ts';
import { numbersOf } from '../numbers.ts';
import { ensure } from '../violation.ts';
import { NAMES, type Player, quoted, rows } from './player.ts';
import { remember } from './resync.ts';

export async function list(player: Player): Promise<void> {
  const form = player.draw.pick([
    '"" *',
    '"" %',
    '(SUBSCRIBED) "" *',
    '"" * RETURN (CHILDREN STATUS (MESSAGES))',
  ]);
  const answer = await player.session.must(`LIST ${form}`, { shows: 'all' });
  const told = answer.untagged.map(({ text }) => text);
  const named = told.filter((text) => text.startsWith('* LIST') && !/\\(NonExistent|Noselect)/i.test(text));
  const names = named.map((text) => nameAtEnd(text)).sort();
  player.happened(
    answer,
    `LIST ${form} of ${names.join()}`,
    (state) => namesFor(state, form).sort().join() === names.join(),
  );
  for (const text of told) {
    const [, name = '', messages = ''] = /^\* STATUS (\S+) \(MESSAGES (\d+)\)$/.exec(text) ?? [];
    if (name !== '')
      player.happened(
        answer,
        text,
        (state) => mailboxNamed(state, unquoted(name))?.messages === Number(messages),
      );
  }
}

/** Subscriptions, whether there is such a mailbox or not (RFC 3501 §6.3.9). */
export async function lsub(player: Player): Promise<void> {
  const answer = await player.session.must('LSUB "" *', { shows: 'all' });
  const told = answer.untagged.map(({ text }) => text).filter((text) => text.startsWith('* LSUB'));
  const names = told.map(nameAtEnd).sort().join();
  player.happened(
    answer,
    `LSUB of ${names}`,
    ({ subscriptions }) => [...subscriptions].sort().join() === names,
  );
}

/** What tells of the server, or of nothing that changes. */
export async function ask(player: Player): Promise<void> {
  const command = player.draw.pick(['CAPABILITY', 'NAMESPACE', 'ID NIL', 'LANGUAGE', 'XLIST "" *']);
  await player.session.must(command, { shows: 'all' });
}

/** Somebody signs out and in again on the connection (RFC 8437), with nothing of before. */
export async function signInAgain(player: Player): Promise<void> {
  remember(player);
  player.session.selected = null;
  await player.session.signInAgain();
}

const unquoted = (name: string): string => name.replaceAll('"', '');

function nameAtEnd(text: string): string {
  return / "?([^" ]+)"?$/.exec(text)?.[1] ?? text;
}

/** What LIST must tell as mailboxes that are there. */
function namesFor({ mailboxes, subscriptions }: AccountState, form: string): string[] {
  const names = [...mailboxes.values()].map(({ name }) => name);
  if (form.startsWith('(')) return names.filter((name) => subscriptions.has(name));
  return form === '"" %' ? names.filter((name) => !name.includes('/')) : names;
}

export async function subscribe(player: Player): Promise<void> {
  const name = player.draw.pick(NAMES);
  const wanted = player.draw.chance(0.6);
  const command = `${wanted ? 'SUBSCRIBE' : 'UNSUBSCRIBE'} ${quoted(name)}`;
  const answer = await player.session.must(command, { shows: 'newest' });
  player.happened(answer, command, ({ subscriptions }) => subscriptions.has(name) === wanted);
}

export async function quota(player: Player): Promise<void> {
  const command = player.draw.pick(['GETQUOTAROOT INBOX', `GETQUOTA "#user/${player.ground.owner}"`]);
  const answer = await player.session.must(command, { shows: 'all' });
  const told = answer.untagged.map(({ text }) => text).join('\n');
  const [, storage, messages] = /^\* QUOTA .*\(STORAGE (\d+) \d+ MESSAGE (\d+) \d+\)$/m.exec(told) ?? [];
  player.happened(
    answer,
    `${told} of ${command}`,
    ({ usage }) => usage.messages === Number(messages) && Math.ceil(usage.bytes / 1024) === Number(storage),
  );
}

/** A value is set, and read again: as somebody set it. */
export async function metadata(player: Player): Promise<void> {
  const name = player.someName();
  const value = `v${player.draw.below(1000)}`;
  const text = ({ annotations }: Mailbox): string | undefined => {
    const found = [...annotations.values()].find(
      ({ name: its, scope }) => its === '/comment' && scope === 'shared',
    );
    return found && Buffer.from(found.value).toString();
  };
  const nonexistent = (state: AccountState): boolean => !mailboxNamed(state, name);
  const set = `SETMETADATA ${quoted(name)} (/shared/comment "${value}")`;
  const answer = await player.session.run(set, { shows: 'newest' });
  if (answer.status !== 'OK') {
    player.refused(answer, set, { NONEXISTENT: nonexistent });
    return;
  }
  const has = (state: AccountState, wanted: string | undefined): boolean => {
    const mailbox = mailboxNamed(state, name);
    return mailbox !== undefined && text(mailbox) === wanted;
  };
  player.happened(answer, set, (state) => has(state, value));
  const get = `GETMETADATA ${quoted(name)} /shared/comment`;
  const read = await player.session.run(get, { shows: 'all' });
  if (read.status !== 'OK') {
    player.refused(read, get, { NONEXISTENT: nonexistent });
    return;
  }
  const response = read.untagged.find(({ text: its }) => its.startsWith('* METADATA'));
  const told =
    response?.literals[0]?.toString() ?? /\/shared\/comment "([^"]*)"/.exec(response?.text ?? '')?.[1];
  player.happened(read, `${get} of ${told ?? 'nothing'}`, (state) => has(state, told));
}

/** CLOSE expunges in silence, UNSELECT nothing. */
export async function leave(player: Player): Promise<void> {
  const { mailbox, readOnly } = player.where();
  const known = player.session.view.uids;
  remember(player);
  // A guest's CLOSE expunges only with the right to.
  const command = player.ground.guest ? 'UNSELECT' : player.draw.pick(['CLOSE', 'UNSELECT']);
  player.session.selected = null;
  const answer = await player.session.must(command, { shows: 'nothing' });
  if (command === 'CLOSE' && !readOnly)
    player.happened(answer, command, (state) =>
      rows(state, mailbox, known).every(({ has }) => !has.includes('\\deleted')),
    );
}

/** Ranges that adjoin, from the newest message down to UID 1 (RFC 10022 §3.1). */
export async function batches(player: Player): Promise<void> {
  const { view } = player.session;
  const before = view.uids;
  let told = '';
  const answer = await player.session.run('UIDBATCHES 500', {
    shows: 'all',
    onUntagged: ({ text }) => (told = text.startsWith('* UIDBATCHES') ? text : told),
  });
  // Who asks again and again while hardly anything changes may be refused.
  if (answer.status !== 'OK') {
    player.refused(answer, 'UIDBATCHES', { LIMIT: () => true });
    return;
  }
  const ranges = told.replace(/^.*"\)/, '').trim();
  const named = new Set(numbersOf(ranges));
  ensure(
    ranges === '' ? named.size === 0 : ranges.endsWith(':1') || ranges === '1',
    () => `${told} does not end at 1`,
  );
  const left = before.filter((uid) => view.entryOf(uid) && !named.has(uid));
  ensure(left.length === 0, () => `${told} is without UIDs ${left.join()}`);
}
