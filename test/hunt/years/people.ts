/**
 * What people do to their mail: the decisions that the commands of IMAP come to, committed on the replica of a gateway.
 * Each is told what it was answered, and what it was answered must be so.
 */
import { decideAnnotate } from '../../../shared/account/annotations.ts';
import {
  decideCreate,
  decideDelete,
  decideRename,
  decideSubscribe,
  decideUnsubscribe,
} from '../../../shared/account/decide-mailboxes.ts';
import {
  MessageRefusal,
  UNLIMITED,
  decideAppend,
  decideCopy,
  decideExpunge,
  decideMove,
  decideRemoval,
  decideReplace,
  decideStore,
} from '../../../shared/account/decide-messages.ts';
import type { AccountId, MailboxId, Uid } from '../../../shared/account/ids.ts';
import { MailboxRefusal } from '../../../shared/account/mailbox-names.ts';
import { AccountClosedError } from '../../../shared/account/record-builder.ts';
import { seenOp } from '../../../shared/account/readers.ts';
import type { Decision } from '../../../shared/account/commit-request.ts';
import type { Replica } from '../../../shared/account/replica.ts';
import { type AccountState, INBOX_ID, type Mailbox } from '../../../shared/account/state.ts';
import type { Draw } from '../draw.ts';
import { carry } from './carrying.ts';
import { grant } from './granting.ts';
import type { SimulatedGateway } from './gateway.ts';
import { messageOf } from './messages.ts';
import type { Witness } from './witness.ts';

const QUOTA = { quotaBytes: UNLIMITED, quotaMessages: UNLIMITED };
const NAMES = ['Work', 'Work/2026', 'Work/2026/Q1', 'Lists', 'Lists/äöü', 'Trips', 'Archive/Old'];
const KEYWORDS = ['$Forwarded', 'work', 'Work', 'ToDo', '$Junk'];
const MODES = ['add', 'remove', 'replace'] as const;
const READERS = ['b', 'c'].map((digit) => digit.repeat(20) as AccountId);
/** Beyond so many messages in a mailbox a person clears it: the histories shall be long, not the mailboxes. */
const CROWDED = 40;
/** Of a client that sends several messages in one APPEND. */
const SLOW_MS = 3_900_000;

/** Somebody at a gateway. */
export interface Person {
  readonly gateway: SimulatedGateway;
  readonly account: AccountId;
  /** Accounts of others, who may share mailboxes. */
  readonly others: readonly AccountId[];
  readonly witness: Witness;
  readonly draw: Draw;
  /** A word that nobody has used before. */
  readonly word: () => string;
}

type Command = (person: Person, replica: Replica) => Promise<string>;

const COMMANDS = {
  append,
  store,
  expunge,
  copy,
  move,
  replace,
  tidy,
  create,
  remove,
  rename,
  subscribe,
  share,
  carry,
  annotate,
  glance,
  watch,
};

const WEIGHTS: Readonly<Record<keyof typeof COMMANDS, number>> = {
  ...{ append: 6, store: 9, expunge: 4, copy: 3, move: 5, replace: 1, tidy: 3 },
  ...{ create: 2, remove: 1, rename: 1, subscribe: 1, share: 3, carry: 4, annotate: 1, glance: 5, watch: 1 },
};

/** One command; resolves with what was done, in words. A refusal is an answer; whatever else is thrown is the caller's. */
export async function act(person: Person): Promise<string> {
  const name = person.draw.weighted(WEIGHTS);
  const replica = person.gateway.replica(person.account);
  const command: Command = COMMANDS[name];
  try {
    return `${name}: ${await command(person, replica)}`;
  } catch (error) {
    if (error instanceof MessageRefusal || error instanceof MailboxRefusal)
      return `${name}: NO ${error.message}`;
    throw error;
  }
}

/** A mailbox with messages, and some of their UIDs; null if there is none. */
async function selection(
  { draw }: Person,
  replica: Replica,
): Promise<{ readonly id: MailboxId; readonly uids: Uint32Array; readonly state: AccountState } | null> {
  const known = replica.current ?? (await replica.sync());
  const filled = [...known.mailboxes.values()].filter(({ messages }) => messages > 0);
  const mailbox = draw.pick(filled);
  if (!mailbox) return null;
  const state = await replica.load([mailbox.id]);
  const columns = state.mailboxes.get(mailbox.id)?.columns;
  if (!columns) return null;
  const all = [...columns.uids.subarray(0, columns.count)];
  const chosen = draw.chance(0.3) ? all : draw.some(all, 1 + draw.below(6));
  return { id: mailbox.id, uids: Uint32Array.from(chosen), state };
}

async function anyMailbox({ draw }: Person, replica: Replica): Promise<Mailbox | undefined> {
  const state = replica.current ?? (await replica.sync());
  return draw.pick([...state.mailboxes.values()]);
}

function commit<T>(
  replica: Replica,
  needs: readonly MailboxId[],
  decide: (state: AccountState) => Decision<T>,
): Promise<T> {
  return replica.commit({ needs: () => needs, decide });
}

/** The message, stored: what an APPEND brings to its decision. */
async function toAppend(person: Person) {
  const { gateway, account, draw, word } = person;
  const text = messageOf(word(), draw);
  const now = gateway.process.rim.now();
  const flags = { system: draw.below(32), keywords: draw.chance(0.2) ? [draw.pick(KEYWORDS) ?? ''] : [] };
  const when = { date: Math.floor(now / 1000), zone: 15 * (draw.below(48) - 24) };
  const arrival = { ...flags, ...when, mailbox: null, use: null, time: now };
  const stored = await gateway.messages.put(account, text, text.length, { arrival });
  return { ...stored, flags, ...when };
}

async function append(person: Person, replica: Replica): Promise<string> {
  const { gateway, draw } = person;
  const target = draw.chance(0.6) ? INBOX_ID : ((await anyMailbox(person, replica))?.id ?? INBOX_ID);
  const messages = [await toAppend(person)];
  if (draw.chance(0.1)) messages.push(await toAppend(person));
  const now = (): number => gateway.process.rim.now();
  // The client takes its time with the rest, in vain beyond the hour within which a record names its blobs (I2).
  if (draw.chance(0.1)) await gateway.process.rim.sleep(draw.below(SLOW_MS));
  try {
    const { uids } = await commit(replica, [], (state) =>
      decideAppend(state, target, messages, QUOTA, now()),
    );
    return `${messages.map(({ blob }) => blob.slice(0, 8)).join(' ')} into ${target} as ${uids.join(' ')}`;
  } catch (error) {
    // As APPEND does it: a refusal proves that no record names them.
    if (error instanceof MessageRefusal || error instanceof AccountClosedError)
      await gateway.messages.discard(
        person.account,
        messages.map(({ blob }) => blob),
      );
    throw error;
  }
}

async function store(person: Person, replica: Replica): Promise<string> {
  const { draw } = person;
  const chosen = await selection(person, replica);
  if (!chosen) return 'nothing there';
  const mode = draw.pick(MODES);
  const flags = { system: draw.below(32), keywords: draw.chance(0.3) ? draw.some(KEYWORDS, 2) : [] };
  const { id, uids } = chosen;
  const { changed } = await commit(replica, [id], (state) => decideStore(state, id, uids, mode, flags));
  return `${mode} ${flags.system} ${flags.keywords.join(' ')} on ${changed.join(' ')} of ${id}`;
}

async function expunge(person: Person, replica: Replica): Promise<string> {
  const chosen = await selection(person, replica);
  if (!chosen) return 'nothing there';
  const { id, uids } = chosen;
  const some = person.draw.chance(0.5) ? uids : null;
  const gone = await commit(replica, [id], (state) => decideExpunge(state, id, some));
  return `${gone.join(' ')} of ${id}`;
}

async function transfer(person: Person, replica: Replica, decide: typeof decideCopy): Promise<string> {
  const chosen = await selection(person, replica);
  const to = await anyMailbox(person, replica);
  if (!chosen || !to) return 'nothing there';
  const { id: from, uids } = chosen;
  const request = { from, to: to.id, uids, all: false, quota: QUOTA };
  const { source, destination } = await commit(replica, [from, to.id], (state) => decide(state, request));
  return `${source.join(' ')} of ${from} as ${destination.join(' ')} in ${to.id}`;
}

function copy(person: Person, replica: Replica): Promise<string> {
  return transfer(person, replica, decideCopy);
}

function move(person: Person, replica: Replica): Promise<string> {
  return transfer(person, replica, decideMove);
}

async function replace(person: Person, replica: Replica): Promise<string> {
  const chosen = await selection(person, replica);
  if (!chosen) return 'nothing there';
  const { id, uids } = chosen;
  const uid = uids[0] as Uid;
  const message = await toAppend(person);
  const now = person.gateway.process.rim.now();
  const { uids: made } = await commit(replica, [id], (state) =>
    decideReplace(state, id, uid, (without) => decideAppend(without, id, [message], QUOTA, now)),
  );
  return `${uid} of ${id} by ${made.join(' ')}`;
}

/** A mailbox that is crowded is cleared, into the trash or for good. */
async function tidy(person: Person, replica: Replica): Promise<string> {
  const state = replica.current ?? (await replica.sync());
  const crowded = [...state.mailboxes.values()].filter(({ messages }) => messages > CROWDED);
  const mailbox = person.draw.pick(crowded);
  if (!mailbox) return 'all is tidy';
  const { id } = mailbox;
  const gone = await commit(replica, [id], (now) => {
    const columns = now.mailboxes.get(id)?.columns;
    if (!columns) return { ops: [], value: [] };
    const gone = Math.max(0, columns.count - CROWDED / 4);
    return decideRemoval(now, id, [...columns.uids.subarray(0, gone)]);
  });
  return `${gone.length} of ${id}`;
}

async function create({ draw, gateway }: Person, replica: Replica): Promise<string> {
  const name = draw.pick(NAMES) ?? '';
  const now = gateway.process.rim.now();
  const { id } = await commit(replica, [], (state) => decideCreate(state, name, now));
  return `${name} as ${id}`;
}

async function remove(person: Person, replica: Replica): Promise<string> {
  const mailbox = await anyMailbox(person, replica);
  // The mailboxes that every account begins with stay: the rest of the simulation uses them.
  if (!mailbox || mailbox.id <= 6) return 'nothing';
  await commit(replica, [], (state) => decideDelete(state, mailbox.name));
  return mailbox.name;
}

async function rename(person: Person, replica: Replica): Promise<string> {
  const { draw, gateway } = person;
  const [from = '', to = ''] = draw.shuffled([...NAMES, 'INBOX']);
  const now = gateway.process.rim.now();
  await commit(replica, [], (state) => decideRename(state, from, to, now));
  return `${from} to ${to}`;
}

async function subscribe({ draw }: Person, replica: Replica): Promise<string> {
  const name = draw.pick(NAMES) ?? '';
  const decide = draw.chance(0.5) ? decideSubscribe : decideUnsubscribe;
  return commit(replica, [], (state) => decide(state, name));
}

/** An entry of an access control list, or what one who reads by it has seen. */
async function share(person: Person, replica: Replica): Promise<string> {
  const { draw } = person;
  const chosen = await selection(person, replica);
  if (!chosen) return 'nothing there';
  const { id, uids } = chosen;
  const reader = draw.pick([...READERS, ...person.others]) ?? person.account;
  if (draw.chance(0.5)) {
    const seen = draw.chance(0.7);
    await commit(replica, [id], (state) => {
      const columns = state.mailboxes.get(id)?.columns;
      const left = columns ? [...uids].filter((uid) => columns.rowOf(uid) >= 0) : [];
      return {
        ops: columns && left.length > 0 ? [seenOp(columns, id, reader, left, seen)] : [],
        value: null,
      };
    });
    return `${reader.slice(0, 4)} has ${seen ? '' : 'not '}seen ${uids.join(' ')} of ${id}`;
  }
  const rights = await grant(person, replica, id, reader);
  return `${reader.slice(0, 4)} may ${rights} in ${id}`;
}

async function annotate(person: Person, replica: Replica): Promise<string> {
  const { draw } = person;
  const mailbox = draw.chance(0.3) ? undefined : await anyMailbox(person, replica);
  const value = draw.chance(0.3) ? null : Uint8Array.of(draw.below(256), draw.below(256));
  const change = { scope: 'shared' as const, name: draw.pick(['/comment', '/vendor/a/b'] as const), value };
  await commit(replica, [], (state) => {
    const id = mailbox && state.mailboxes.has(mailbox.id) ? mailbox.id : null;
    return decideAnnotate(state, id, [change]);
  });
  return change.name;
}

/** SELECT: what is new, and the messages of a mailbox. */
async function glance(person: Person, replica: Replica): Promise<string> {
  await replica.sync();
  const chosen = await selection(person, replica);
  return chosen ? `${chosen.id} at record ${chosen.state.number}` : 'nothing there';
}

async function watch({ gateway, account }: Person): Promise<string> {
  await gateway.watch(account);
  return 'for news';
}
