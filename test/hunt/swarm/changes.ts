/**
 * Operations that change the account: what was acknowledged is in a record between begin and end, what was refused was
 * wrong at some moment.
 */
import type { MailboxId } from '../../../shared/account/ids.ts';
import { type AccountState, mailboxNamed } from '../../../shared/account/state.ts';
import { flagsOf } from '../journal-replay.ts';
import { messageOf } from '../message.ts';
import { numbersOf } from '../numbers.ts';
import { ensure } from '../violation.ts';
import { noop } from './looks.ts';
import { NAMES, type Player, quoted, rows } from './player.ts';
import type { CommandOptions } from './session.ts';

const FLAGS = ['\\Seen', '\\Flagged', '\\Answered', '\\Deleted', '$Hunted', '$Later', 'Work'] as const;
const MODES = ['+', '-', ''] as const;

export async function append(player: Player): Promise<void> {
  const { tokens } = player.ground;
  const name = player.draw.chance(0.5) ? player.inbox : player.someName();
  const flags = player.draw.some(FLAGS, 2).join(' ');
  const token = tokens.next();
  const message = messageOf(token, player.draw);
  tokens.send(token, 'append', message);
  const answer = await player.session.run(`APPEND ${quoted(name)} (${flags}) `, {
    shows: 'newest',
    literal: message,
    synchronising: player.draw.chance(0.3),
  });
  if (answer.status !== 'OK') {
    player.refused(answer, 'APPEND', { TRYCREATE: (state) => !mailboxNamed(state, name) });
    tokens.end(token, 'refused');
    return;
  }
  tokens.end(token, 'acknowledged');
  const [, validity, uid] = /^\[APPENDUID (\d+) (\d+)\]/.exec(answer.text) ?? [];
  await player.arrived(
    answer,
    Number(validity),
    Number(uid),
    token,
    player.ground.guest ? null : flagsOf(flags),
  );
}

export async function deliver(player: Player): Promise<void> {
  const { tokens } = player.ground;
  const token = tokens.next();
  const message = messageOf(token, player.draw);
  tokens.send(token, 'delivery', message);
  await player.ground.deliver(token, message, player.draw);
  tokens.end(token, 'acknowledged');
}

export async function store(player: Player): Promise<void> {
  const { selected, kind } = player.session;
  const uids = player.someUids();
  if (uids.length === 0 || selected?.readOnly === true) return noop(player);
  const byUid = player.byUid(0.6);
  const since = kind.condstore && player.draw.chance(0.2) ? player.someModSeq() : null;
  await storeOn(player, uids, byUid, since, player.draw.chance(0.3) && !player.ground.guest);
}

async function storeOn(
  player: Player,
  uids: readonly number[],
  byUid: boolean,
  since: number | null,
  silent: boolean,
): Promise<void> {
  const session = player.session;
  const mode = player.draw.pick(MODES);
  const flags = player.draw.some(FLAGS, 2).join(' ');
  const set = byUid ? uids.join(',') : player.numbers(uids).join(',');
  const unchanged = since === null ? '' : `(UNCHANGEDSINCE ${since}) `;
  const command = `${byUid ? 'UID ' : ''}STORE ${set} ${unchanged}${mode}FLAGS${silent ? '.SILENT' : ''} (${flags})`;
  const modified = (text: string): ReadonlySet<number> => {
    const numbers = numbersOf(/\[MODIFIED ([\d:,]+)\]/.exec(text)?.[1] ?? '');
    return new Set(byUid ? numbers : numbers.map((number) => session.view.entries[number - 1]?.uid ?? 0));
  };
  const answer = await session.run(command, {
    shows: byUid ? 'newest' : 'no expunge',
    conclude: ({ status, text }) => {
      // A client that asked for silence works out the flags by itself.
      if (silent && status === 'OK') conclude(player, uids, modified(text), mode, flags);
    },
  });
  const { mailbox } = player.where();
  if (answer.status !== 'OK') {
    player.refused(answer, command, {
      EXPUNGEISSUED: (state) => player.lacks(state, mailbox, uids),
      NONEXISTENT: (state) => !state.mailboxes.has(mailbox),
      MODIFIED: (state) => player.lacks(state, mailbox, uids),
    });
    return;
  }
  const left = modified(answer.text);
  const wanted = flagsOf(flags).split(' ').filter(Boolean);
  player.happened(answer, command, (state) =>
    rows(state, mailbox, uids).every(
      ({ uid, has }) => left.has(uid) || stored(has, mode, wanted, flagsAllowed(player, state, mailbox)),
    ),
  );
}

/** Flags that the user may not change stay as they are, and that is no failure (RFC 4314 §4, STORE). */
function flagsAllowed(player: Player, state: AccountState, mailbox: MailboxId): (flag: string) => boolean {
  const its = state.mailboxes.get(mailbox);
  const { guest } = player.ground;
  if (!guest || !its) return () => true;
  const rights = guest.rightsOn(its);
  return (flag) => rights.includes(flag === '\\seen' ? 's' : flag === '\\deleted' ? 't' : 'w');
}

function conclude(
  player: Player,
  uids: readonly number[],
  modified: ReadonlySet<number>,
  mode: string,
  flags: string,
): void {
  const { view, watching, kind } = player.session;
  const change = flagsOf(flags).split(' ').filter(Boolean);
  for (const uid of uids) {
    const entry = view.entryOf(uid);
    if (entry?.flags == null || modified.has(uid)) continue;
    if (view.wasTold(entry)) {
      // What NOTIFY told while the command was on its way may be of before it, and nothing tells which (RFC 5465 §3.1).
      if (watching !== null && !kind.condstore) entry.flags = null;
      continue;
    }
    const before = entry.flags.split(' ').filter(Boolean);
    const kept = mode === '' ? [] : before.filter((flag) => mode === '+' || !change.includes(flag));
    entry.flags = flagsOf([...kept, ...(mode === '-' ? [] : change)].join(' '));
    // Told by MODSEQ alone if it has changed; else it is what it was.
  }
}

export async function copy(player: Player): Promise<void> {
  await transfer(player, 'COPY');
}

export async function move(player: Player): Promise<void> {
  await transfer(player, 'MOVE');
}

async function transfer(player: Player, kind: 'COPY' | 'MOVE'): Promise<void> {
  const uids = player.someUids();
  if (uids.length === 0 || (kind === 'MOVE' && player.where().readOnly)) return noop(player);
  const byUid = player.byUid(0.7);
  const name = player.someName();
  const { mailbox: from } = player.where();
  const set = byUid ? uids.join(',') : player.numbers(uids).join(',');
  const command = `${byUid ? 'UID ' : ''}${kind} ${set} ${quoted(name)}`;
  const answer = await player.session.run(command, { shows: 'newest' });
  if (answer.status !== 'OK') {
    player.refused(answer, command, {
      TRYCREATE: (state) => !mailboxNamed(state, name),
      CANNOT: (state) => mailboxNamed(state, name)?.id === from,
      EXPUNGEISSUED: (state) => player.lacks(state, from, uids),
      NONEXISTENT: (state) => !state.mailboxes.has(from),
    });
    return;
  }
  const code = [answer.text, ...answer.untagged.map(({ text }) => text)]
    .map((text) => /\[COPYUID (\d+) (\S+) (\S+)\]/.exec(text))
    .find((match) => match !== null);
  if (!code) {
    player.happened(answer, `${command} of nothing`, (state) => rows(state, from, uids).length === 0);
    return;
  }
  const [source, destination] = [numbersOf(code[2] ?? ''), numbersOf(code[3] ?? '')];
  ensure(
    source.length === destination.length && source.every((uid) => uids.includes(uid)),
    () => `${command} was answered ${code[0]}`,
  );
  for (const [index, uid] of source.entries()) {
    const blob = player.ground.replay.arrived(from, uid)?.blob;
    ensure(blob !== undefined, () => `${code[0]} names UID ${uid}, which never was`);
    const token = await player.ground.tokens.of(blob);
    await player.arrived(answer, Number(code[1]), destination[index] ?? 0, token, null);
  }
  if (kind === 'MOVE') player.happened(answer, command, (state) => rows(state, from, source).length === 0);
}

export async function expunge(player: Player): Promise<void> {
  const { mailbox, readOnly } = player.where();
  if (readOnly) return noop(player);
  const known = player.session.view.uids;
  const uids = player.draw.chance(0.5) ? known : player.someUids();
  if (uids.length === 0) return noop(player);
  if (player.draw.chance(0.5))
    await player.session.run(`UID STORE ${player.someUids().join(',')} +FLAGS (\\Deleted)`, {
      shows: 'newest',
    });
  const command = uids === known ? 'EXPUNGE' : `UID EXPUNGE ${uids.join(',')}`;
  const answer = await player.session.run(command, { shows: 'newest' });
  if (answer.status !== 'OK')
    player.refused(answer, command, { NONEXISTENT: (state) => !state.mailboxes.has(mailbox) });
  else
    player.happened(answer, command, (state) =>
      rows(state, mailbox, uids).every(({ has }) => !has.includes('\\deleted')),
    );
}

export async function tree(player: Player): Promise<void> {
  const what = player.draw.weighted({ CREATE: 4, RENAME: 2, DELETE: 2 });
  const name = player.draw.pick(NAMES);
  const other = player.draw.pick(NAMES);
  const command = `${what} ${quoted(name)}${what === 'RENAME' ? ` ${quoted(other)}` : ''}`;
  const answer = await player.session.run(command, {
    shows: 'newest',
    conclude: ({ text }) => {
      // Who deletes the mailbox that he has selected is told so, and stays.
      if (text.includes('no mailbox is selected')) player.session.selected = null;
    },
  });
  const there = (state: AccountState) => mailboxNamed(state, name) !== undefined;
  if (answer.status !== 'OK') {
    const taken = what === 'RENAME' ? other : name;
    player.refused(answer, command, {
      ALREADYEXISTS: (state) => [...state.mailboxes.values()].some((each) => isAtOrBelow(each.name, taken)),
      NONEXISTENT: (state) => !there(state),
      HASCHILDREN: (state) =>
        what === 'DELETE' &&
        !there(state) &&
        [...state.mailboxes.values()].some((each) => isAtOrBelow(each.name, name)),
      CANNOT: (state) => what === 'RENAME' && (isAtOrBelow(other, name) || !there(state)),
    });
    return;
  }
  player.happened(answer, command, (state) => {
    // What is only a level above others can be renamed too.
    const moved = [...state.mailboxes.values()].some((each) => isAtOrBelow(each.name, other));
    return what === 'CREATE' ? there(state) : what === 'DELETE' ? !there(state) : moved;
  });
}

/** Several commands in one go, by UID, as RFC 9051 §5.5 allows. */
export async function burst(player: Player): Promise<void> {
  const session = player.session;
  const uids = player.someUids();
  const { readOnly, mailbox } = player.where();
  if (uids.length === 0 || readOnly) return noop(player);
  const set = uids.join(',');
  await player.ground.replay.catchUp();
  const begin = player.ground.replay.number;
  const send = (command: string, shows: CommandOptions['shows']) =>
    session.runFrom(begin, command, { shows });
  const answers = await Promise.all([
    send(`UID STORE ${set} +FLAGS (\\Flagged)`, 'newest'),
    send('UID FETCH 1:* (FLAGS)', 'all'),
    send(`UID STORE ${set} -FLAGS (\\Flagged $Later)`, 'newest'),
    send('NOOP', 'newest'),
    send('UID SEARCH RETURN (COUNT) ALL', 'all'),
  ]);
  for (const answer of answers)
    if (answer.status !== 'OK')
      player.refused(answer, 'a command of a burst', {
        NONEXISTENT: (state) => !state.mailboxes.has(mailbox),
      });
}

function stored(
  has: readonly string[],
  mode: string,
  wanted: readonly string[],
  allowed: (flag: string) => boolean,
): boolean {
  const changed = wanted.filter(allowed);
  if (mode === '-') return changed.every((flag) => !has.includes(flag));
  const others = has.filter((flag) => allowed(flag) && !wanted.includes(flag));
  return changed.every((flag) => has.includes(flag)) && (mode === '+' || others.length === 0);
}

const isAtOrBelow = (name: string, above: string): boolean => name === above || name.startsWith(`${above}/`);
