/** Operations that look: what they are told was so at one moment, and not before the last that the session has seen. */
import { setTimeout as delay } from 'node:timers/promises';
import type { MailboxId } from '../../../shared/account/ids.ts';
import { INBOX_ID, type Mailbox, mailboxNamed } from '../../../shared/account/state.ts';
import type { Response } from '../imap-connection.ts';
import { selectLines } from '../imap-comparison.ts';
import { beginningOf, tokenOf } from '../message.ts';
import { Violation, ensure } from '../violation.ts';
import { deliver } from './changes.ts';
import { type Player, type SeenRow, quoted, rows } from './player.ts';
import { remember } from './resync.ts';

/**
 * A message is told within a second of its delivery where the machine has nothing else to do. However busy it is, this is
 * long before a gateway that no wake-up reaches would look by itself (`POLL_MS`).
 */
const PUSH_MS = 60_000;
/** A delivery that failed is tried again when its message is visible again. */
const DELIVERY_MS = 180_000;
const LOOK_MS = 20;

/** A client that hears of new messages looks at them before anything else. */
export async function learn(player: Player): Promise<void> {
  const { selected, view } = player.session;
  while (selected && view.hasUnknown) await player.session.must('UID FETCH 1:* (FLAGS)', { shows: 'all' });
}

export async function select(player: Player): Promise<void> {
  const name = player.draw.chance(0.4) ? player.inbox : player.someName();
  await selectMailbox(player, name, player.draw.chance(0.15));
}

export async function selectMailbox(player: Player, name: string, readOnly: boolean): Promise<void> {
  const session = player.session;
  const told: string[] = [];
  remember(player);
  session.selected = null;
  const answer = await session.run(`${readOnly ? 'EXAMINE' : 'SELECT'} ${quoted(name)}`, {
    shows: 'nothing',
    onUntagged: ({ text }) => {
      // What comes before is of the mailbox before.
      if (text.includes('[CLOSED]')) told.length = 0;
      told.push(text);
    },
    // At once: NOTIFY may have news of it in the same breath.
    conclude: () => session.view.begin(existsIn(told)),
  });
  if (answer.status !== 'OK') {
    player.refused(answer, 'SELECT', { NONEXISTENT: (state) => !mailboxNamed(state, name) });
    return;
  }
  const text = told.join('\n');
  const moment = session.during(answer.begin, answer.end, (state) => {
    const mailbox = mailboxNamed(state, name);
    return mailbox !== undefined && selectLines(mailbox).every((line) => text.includes(line));
  });
  ensure(
    moment !== undefined,
    () =>
      `SELECT ${name} tells of no record from ${answer.begin} to ${answer.end}:\n${text}\ninstead of ${player.session.described(answer, (state) => selectLines(mailboxNamed(state, name)))}`,
  );
  const mailbox = mailboxNamed(player.ground.replay.stateAt(moment), name) as Mailbox;
  session.begin(moment, { mailbox: mailbox.id, name, readOnly, uidValidity: mailbox.uidValidity });
  await learn(player);
}

/** EXISTS among the responses to SELECT. */
export const existsIn = (told: readonly string[]): number =>
  Number(/^\* (\d+) EXISTS$/m.exec(told.join('\n'))?.[1] ?? 0);

export async function search(player: Player): Promise<void> {
  const { mailbox } = player.where();
  const known = player.session.view.uids;
  const byUid = player.byUid(0.7);
  const flag = player.draw.pick(['SEEN', 'FLAGGED', 'DELETED', 'KEYWORD $Hunted', 'KEYWORD Work']);
  const token = player.draw.pick(player.ground.tokens.known()) ?? 's1';
  const key = player.draw.pick([
    'ALL',
    flag,
    `NOT ${flag}`,
    `HEADER X-Hunt ${token}`,
    `SUBJECT "message ${token}"`,
  ]);
  const since = player.session.last;
  let found: number[] = [];
  const numbers = player.session.view.entries.map(({ uid }) => uid ?? 0);
  const form = player.draw.pick([
    'SEARCH',
    'SEARCH RETURN (ALL)',
    'SORT (SIZE DATE) UTF-8',
    'SORT RETURN (ALL) (REVERSE ARRIVAL) UTF-8',
    'THREAD REFS UTF-8',
    'THREAD REFERENCES UTF-8',
    'THREAD ORDEREDSUBJECT UTF-8',
  ]);
  const command = `${byUid ? 'UID ' : ''}${form} ${key}`;
  const answer = await player.session.run(command, {
    shows: byUid ? 'all' : 'no expunge',
    onUntagged: ({ text }) => {
      // Not what is told of another search, which is kept up to date.
      if (/^\* (?:E?SEARCH|SORT|THREAD)/.test(text) && !/ (?:ADDTO|REMOVEFROM) /.test(text))
        found = numbersIn(text);
    },
  });
  if (answer.status !== 'OK') {
    player.refused(answer, command, { NONEXISTENT: (state) => !state.mailboxes.has(mailbox) });
    return;
  }
  // NOTIFY may have told of more before the search was made: of that, what was found must match, if its UID was told.
  const { watching } = player.session;
  const byNumber = found.map((number) => numbers[number - 1] ?? 0);
  const uids = byUid ? found : byNumber.filter((uid) => watching === null || uid > 0);
  const more = watching === null ? [] : uids.filter((uid) => !known.includes(uid));
  const asked = [...known, ...more].sort((a, b) => a - b);
  const wanted = await searcher(player, key, mailbox, asked);
  player.happened({ ...answer, begin: since }, `${command} finding ${uids.join(',')}`, (state) => {
    const right = rows(state, mailbox, asked).filter((row) => wanted(row));
    return right.map(({ uid }) => uid).join() === uids.join();
  });
}

/** The messages that a response names, in whatever order and form: numbers, sets, threads. */
export function numbersIn(response: string): number[] {
  const told = response.replace(/^\* \w+/, '').replace(/ \(TAG "\w+"\)(?: UID)?(?: ALL)?/, '');
  const numbers = [...told.matchAll(/(\d+)(?::(\d+))?/g)].flatMap(([, low, high = low]) =>
    Array.from({ length: Number(high) - Number(low) + 1 }, (_, index) => Number(low) + index),
  );
  return numbers.sort((a, b) => a - b);
}

/** Whether a row matches; by the header of its blob, or by its flags. */
export async function searcher(
  player: Player,
  key: string,
  mailbox: MailboxId,
  known: readonly number[],
): Promise<(row: SeenRow) => boolean> {
  if (key === 'ALL') return () => true;
  const token = /(?:X-Hunt|"message) (s\d+)/.exec(key)?.[1];
  if (token === undefined) {
    const flag = (/(?:KEYWORD (\S+)|([A-Z]+))$/.exec(key) ?? []).slice(1).join('');
    const wanted = key.includes('KEYWORD') ? flag.toLowerCase() : `\\${flag.toLowerCase()}`;
    return ({ has }) => has.includes(wanted) !== key.startsWith('NOT');
  }
  const matching = new Set<number>();
  for (const uid of known) {
    const blob = player.ground.replay.arrived(mailbox, uid)?.blob;
    // A search is for a part of the field.
    if (blob !== undefined && (await player.ground.tokens.of(blob)).includes(token)) matching.add(uid);
  }
  return ({ uid }) => matching.has(uid);
}

export async function fetch(player: Player): Promise<void> {
  const items = player.draw.pick([
    'FLAGS',
    'FLAGS UID',
    'UID FLAGS MODSEQ',
    'FLAGS RFC822.SIZE INTERNALDATE',
  ]);
  if (items.includes('MODSEQ') && !player.session.kind.condstore) return noop(player);
  const count = player.session.view.entries.length;
  if (count === 0) return noop(player);
  const byUid = player.byUid(0.5);
  await reading(player, `${byUid ? 'UID ' : ''}FETCH 1:* (${items})`, byUid);
}

/** Header from the blob, subject from the summary: each message is the one that its UID has always been. */
export async function read(player: Player): Promise<void> {
  const { mailbox, readOnly } = player.where();
  const uids = player.someUids();
  if (uids.length === 0) return noop(player);
  const peek = readOnly || player.draw.chance(0.7) ? '.PEEK' : '';
  const items = `(ENVELOPE BODY${peek}[HEADER.FIELDS (X-HUNT)])`;
  const { fetched } = await reading(player, `UID FETCH ${uids.join(',')} ${items}`, true);
  for (const { uid, text, literals } of fetched) {
    const subject = /"message (s\d+)"/.exec(text)?.[1];
    if (literals.length === 0 && subject === undefined) continue;
    const blob = player.ground.replay.arrived(mailbox, uid)?.blob;
    const token = blob === undefined ? undefined : await player.ground.tokens.of(blob);
    const header = tokenOf(literals[0] ?? Buffer.alloc(0));
    ensure(
      token === subject && token === header,
      () =>
        `UID ${uid} is ${token ?? 'nothing'}, shown with subject ${subject ?? '-'} and header ${header ?? '-'}`,
    );
  }
}

/** What is worked out of a message: its text decoded (RFC 3516), and how it begins (RFC 8970). */
export async function decoded(player: Player): Promise<void> {
  const { mailbox } = player.where();
  const uids = player.someUids();
  if (uids.length === 0) return noop(player);
  const items = player.draw.pick(['(BINARY.SIZE[1] BINARY.PEEK[1])', '(PREVIEW)', '(PREVIEW (LAZY))']);
  const { fetched } = await reading(player, `UID FETCH ${uids.join(',')} ${items}`, true);
  for (const { uid, text, literals } of fetched) {
    const shown = literals[0]?.toString() ?? / PREVIEW "([^"]*)"/.exec(text)?.[1];
    const blob = player.ground.replay.arrived(mailbox, uid)?.blob;
    if (shown === undefined || blob === undefined) continue;
    const token = await player.ground.tokens.of(blob);
    const size = / BINARY\.SIZE\[1\] (\d+)/.exec(text)?.[1];
    const isWhole =
      size === undefined || (Number(size) === literals[0]?.length && shown.endsWith(`End of ${token}.\r\n`));
    ensure(
      shown.startsWith(beginningOf(token)) && isWhole,
      () => `UID ${uid} is ${token}, told as ${text.slice(0, 200)}: ${shown.slice(0, 100)}`,
    );
  }
}

/** Of which message a FETCH or UIDFETCH response speaks. */
const uidIn = (text: string): number =>
  Number((/^\* (\d+) UIDFETCH/.exec(text) ?? /[( ]UID (\d+)/.exec(text))?.[1]);

export async function reading(
  player: Player,
  command: string,
  byUid: boolean,
  onUntagged: (response: Response) => void = () => undefined,
) {
  const { mailbox } = player.where();
  const known = player.session.view.uids;
  const answer = await player.session.run(command, { shows: byUid ? 'all' : 'no expunge', onUntagged });
  if (answer.status !== 'OK')
    player.refused(answer, command, {
      EXPUNGEISSUED: (state) => player.lacks(state, mailbox, known),
      NONEXISTENT: (state) => !state.mailboxes.has(mailbox),
    });
  const responses = answer.untagged.filter(({ text }) => /^\* \d+ (?:UID)?FETCH \(/.test(text));
  return { answer, fetched: responses.map((response) => ({ ...response, uid: uidIn(response.text) })) };
}

export async function noop(player: Player): Promise<void> {
  await player.session.must(player.draw.pick(['NOOP', 'NOOP', 'CHECK']), { shows: 'newest' });
}

export async function status(player: Player): Promise<void> {
  const name = player.someName();
  let told = '';
  const { condstore } = player.session.kind;
  const answer = await player.session.run(
    `STATUS ${quoted(name)} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE${condstore ? ' HIGHESTMODSEQ' : ''})`,
    { shows: 'all', onUntagged: ({ text }) => (told = text.startsWith('* STATUS') ? text : told) },
  );
  if (answer.status !== 'OK') {
    player.refused(answer, 'STATUS', { NONEXISTENT: (state) => !mailboxNamed(state, name) });
    return;
  }
  const values = new Map([...told.matchAll(/([A-Z]+) (\d+)/g)].map(([, key, value]) => [key, Number(value)]));
  player.happened(answer, `${told} of STATUS`, (state) => {
    const mailbox = mailboxNamed(state, name);
    return (
      mailbox !== undefined &&
      values.get('MESSAGES') === mailbox.messages &&
      values.get('UIDNEXT') === mailbox.uidNext &&
      values.get('UIDVALIDITY') === mailbox.uidValidity &&
      values.get('UNSEEN') === mailbox.unseen &&
      (!condstore || values.get('HIGHESTMODSEQ') === mailbox.highestModSeq) &&
      values.get('SIZE') === mailbox.bytes
    );
  });
}

/** Something happens while it idles: it must be told, without asking. */
export async function idle(player: Player): Promise<void> {
  const session = player.session;
  const { name } = player.where();
  let news: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (news = resolve));
  let begun: () => void = () => undefined;
  const idling = new Promise<void>((resolve) => (begun = resolve));
  const done = session.run('IDLE', {
    shows: 'newest',
    onContinue: () => begun(),
    onUntagged: ({ text }) => {
      if (/^\* \d+ EXISTS$/.test(text)) news();
    },
  });
  done.catch(() => undefined);
  const refused = await Promise.race([idling, done]);
  if (refused) {
    player.refused(refused, 'IDLE', {});
    return;
  }
  if (name === 'INBOX') await untilTold(player, Promise.race([told, done]));
  session.line('DONE');
  await done;
}

/** Delivers a message, and waits until the idling session has heard of it or of another. */
export async function untilTold(player: Player, told: Promise<unknown>): Promise<void> {
  const { replay } = player.ground;
  const arrivals = (): number => replay.state.mailboxes.get(INBOX_ID)?.uidNext ?? 0;
  const newestUid = (): number => {
    const columns = replay.state.mailboxes.get(INBOX_ID)?.columns;
    return columns && columns.count > 0 ? columns.uidAt(columns.count - 1) : 0;
  };
  await replay.catchUp();
  const before = arrivals();
  await deliver(player);
  const sent = performance.now();
  let arrived: number | undefined;
  const heard = told.then(() => 'told' as const);
  heard.catch(() => undefined);
  while ((await Promise.race([heard, delay(LOOK_MS, 'silent' as const, { ref: false })])) !== 'told') {
    await replay.catchUp();
    // It has come, and somebody has taken it away before it was told.
    if (arrivals() > before && newestUid() < before) return;
    const now = performance.now();
    if (arrived === undefined && arrivals() > before) arrived = now;
    if (now - (arrived ?? now) > PUSH_MS)
      throw new Violation(`${player.session.transcript.name} idles and is not told of what has come`);
    if (now - sent > DELIVERY_MS) throw new Violation(`a message was not delivered within ${DELIVERY_MS} ms`);
  }
}
