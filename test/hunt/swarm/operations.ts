/**
 * What a session of the swarm does. Each operation draws its arguments from what the session knows, and holds the answer
 * to the records between its begin and its end: an acknowledged change is there, a refusal has a reason.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { MailboxId } from '../../../shared/account/ids.ts';
import { type AccountState, type Mailbox, mailboxNamed } from '../../../shared/account/state.ts';
import type { Draw } from '../draw.ts';
import { flagsAt, flagsOf } from '../journal-replay.ts';
import type { JournalReplay } from '../journal-replay.ts';
import { selectLines } from '../imap-comparison.ts';
import { messageOf, tokenOf } from '../message.ts';
import { Violation, ensure } from '../violation.ts';
import { numbersOf } from '../numbers.ts';
import type { Answer, CommandOptions, Session } from './session.ts';
import type { Tokens } from './tokens.ts';

/** What the operations work on. */
export interface Ground {
  readonly replay: JournalReplay;
  readonly tokens: Tokens;
  /** Sends a message to the account by way of the delivery functions. */
  deliver(token: string, message: Buffer, draw: Draw): Promise<void>;
}

export const NAMES = ['Work', 'Work/a', 'Work/b', 'Lists', 'Lists/x/y', 'Old'] as const;
const FLAGS = ['\\Seen', '\\Flagged', '\\Answered', '\\Deleted', '$Hunted', '$Later', 'Work'] as const;
const MODES = ['+', '-', ''] as const;
const IDLE_MS = 15_000;
/** In a mailbox with more messages less is put in and more taken out. */
const MANY = 40;

const WEIGHTS = {
  append: 12,
  deliver: 10,
  store: 16,
  copy: 6,
  move: 6,
  expunge: 6,
  tree: 6,
  search: 7,
  fetch: 10,
  read: 4,
  noop: 8,
  select: 6,
  status: 4,
  idle: 3,
  burst: 6,
};
export type Operation = keyof typeof WEIGHTS;

export class Operations {
  readonly #session: Session;
  readonly #ground: Ground;
  readonly #draw: Draw;

  constructor(session: Session, ground: Ground, draw: Draw) {
    this.#session = session;
    this.#ground = ground;
    this.#draw = draw;
  }

  /** One operation of chance; says which. */
  async one(): Promise<Operation> {
    const { selected, view } = this.#session;
    const many = view.entries.length > MANY;
    const operation = this.#draw.weighted(many ? { ...WEIGHTS, append: 2, copy: 1, expunge: 20 } : WEIGHTS);
    const anywhere = ['append', 'deliver', 'tree', 'status', 'select'].includes(operation);
    if (!selected && !anywhere) {
      await this.select();
      return 'select';
    }
    await this[operation]();
    await this.#learn();
    return operation;
  }

  /** A client that hears of new messages looks at them before anything else. */
  async #learn(): Promise<void> {
    const { selected, view } = this.#session;
    while (selected && view.hasUnknown)
      await this.#session.must('UID FETCH 1:* (FLAGS)', { shows: 'all' });
  }

  async select(): Promise<void> {
    const session = this.#session;
    const name = this.#draw.chance(0.4) ? 'INBOX' : this.#someName();
    const readOnly = this.#draw.chance(0.15);
    const told: string[] = [];
    session.selected = null;
    const answer = await session.run(`${readOnly ? 'EXAMINE' : 'SELECT'} ${quoted(name)}`, {
      shows: 'nothing',
      onUntagged: ({ text }) => told.push(text),
    });
    if (answer.status !== 'OK') {
      this.#refused(answer, 'SELECT', { NONEXISTENT: (state) => !mailboxNamed(state, name) });
      return;
    }
    const count = /^\* (\d+) EXISTS$/m.exec(told.join('\n'))?.[1];
    const text = told.join('\n');
    const moment = session.during(answer.begin, answer.end, (state) => {
      const mailbox = mailboxNamed(state, name);
      return mailbox !== undefined && selectLines(mailbox).every((line) => text.includes(line));
    });
    ensure(moment !== undefined, () => `SELECT ${name} tells of no moment since it was given:\n${text}`);
    session.last = moment;
    const mailbox = mailboxNamed(this.#ground.replay.stateAt(moment), name) as Mailbox;
    session.selected = { mailbox: mailbox.id, name, readOnly };
    session.view.entries = Array.from({ length: Number(count) }, () => ({
      uid: null,
      flags: null,
      modSeq: null,
    }));
    await this.#learn();
  }

  async append(): Promise<void> {
    const { tokens } = this.#ground;
    const name = this.#draw.chance(0.5) ? 'INBOX' : this.#someName();
    const flags = this.#draw.some(FLAGS, 2).join(' ');
    const token = tokens.next();
    const message = messageOf(token, this.#draw);
    tokens.send(token, 'append', message);
    const answer = await this.#session.run(`APPEND ${quoted(name)} (${flags}) `, {
      shows: 'newest',
      literal: message,
      synchronising: this.#draw.chance(0.3),
    });
    if (answer.status !== 'OK') {
      this.#refused(answer, 'APPEND', { TRYCREATE: (state) => !mailboxNamed(state, name) });
      tokens.end(token, 'refused');
      return;
    }
    tokens.end(token, 'acknowledged');
    const [, validity, uid] = /^\[APPENDUID (\d+) (\d+)\]/.exec(answer.text) ?? [];
    await this.#arrived(answer, Number(validity), Number(uid), token, flagsOf(flags));
  }

  async deliver(): Promise<void> {
    const { tokens } = this.#ground;
    const token = tokens.next();
    const message = messageOf(token, this.#draw);
    tokens.send(token, 'delivery', message);
    await this.#ground.deliver(token, message, this.#draw);
    tokens.end(token, 'acknowledged');
  }

  async store(): Promise<void> {
    const { selected, condstore } = this.#session;
    const uids = this.#someUids();
    if (uids.length === 0 || selected?.readOnly === true) return this.noop();
    const byUid = this.#draw.chance(0.6);
    const since = condstore && this.#draw.chance(0.2) ? this.#someModSeq() : null;
    await this.#store(uids, byUid, since, this.#draw.chance(0.3));
  }

  async #store(
    uids: readonly number[],
    byUid: boolean,
    since: number | null,
    silent: boolean,
  ): Promise<void> {
    const session = this.#session;
    const mode = this.#draw.pick(MODES);
    const flags = this.#draw.some(FLAGS, 2).join(' ');
    const set = byUid ? uids.join(',') : this.#numbers(uids).join(',');
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
        if (silent && status === 'OK') this.#conclude(uids, modified(text), mode, flags);
      },
    });
    const { mailbox } = this.#where();
    if (answer.status !== 'OK') {
      this.#refused(answer, command, {
        EXPUNGEISSUED: (state) => this.#lacks(state, mailbox, uids),
        NONEXISTENT: (state) => !state.mailboxes.has(mailbox),
        MODIFIED: (state) => this.#lacks(state, mailbox, uids),
      });
      return;
    }
    const left = modified(answer.text);
    const wanted = flagsOf(flags).split(' ').filter(Boolean);
    this.#happened(answer, command, (state) =>
      rows(state, mailbox, uids).every(({ uid, has }) => left.has(uid) || stored(has, mode, wanted)),
    );
  }

  #conclude(uids: readonly number[], modified: ReadonlySet<number>, mode: string, flags: string): void {
    const { view } = this.#session;
    const change = flagsOf(flags).split(' ').filter(Boolean);
    for (const uid of uids) {
      const entry = view.entryOf(uid);
      if (!entry || entry.flags === null || modified.has(uid) || view.wasTold(entry)) continue;
      const before = entry.flags.split(' ').filter(Boolean);
      const kept = mode === '' ? [] : before.filter((flag) => mode === '+' || !change.includes(flag));
      entry.flags = flagsOf([...kept, ...(mode === '-' ? [] : change)].join(' '));
      // Told by MODSEQ alone if it has changed; else it is what it was.
    }
  }

  async copy(): Promise<void> {
    await this.#transfer('COPY');
  }

  async move(): Promise<void> {
    await this.#transfer('MOVE');
  }

  async #transfer(kind: 'COPY' | 'MOVE'): Promise<void> {
    const uids = this.#someUids();
    if (uids.length === 0 || (kind === 'MOVE' && this.#where().readOnly)) return this.noop();
    const byUid = this.#draw.chance(0.7);
    const name = this.#someName();
    const { mailbox: from } = this.#where();
    const set = byUid ? uids.join(',') : this.#numbers(uids).join(',');
    const command = `${byUid ? 'UID ' : ''}${kind} ${set} ${quoted(name)}`;
    const answer = await this.#session.run(command, { shows: 'newest' });
    if (answer.status !== 'OK') {
      this.#refused(answer, command, {
        TRYCREATE: (state) => !mailboxNamed(state, name),
        CANNOT: (state) => mailboxNamed(state, name)?.id === from,
        EXPUNGEISSUED: (state) => this.#lacks(state, from, uids),
        NONEXISTENT: (state) => !state.mailboxes.has(from),
      });
      return;
    }
    const code = [answer.text, ...answer.untagged.map(({ text }) => text)]
      .map((text) => /\[COPYUID (\d+) (\S+) (\S+)\]/.exec(text))
      .find((match) => match !== null);
    if (!code) {
      this.#happened(answer, `${command} of nothing`, (state) => rows(state, from, uids).length === 0);
      return;
    }
    const [source, destination] = [numbersOf(code[2] ?? ''), numbersOf(code[3] ?? '')];
    ensure(
      source.length === destination.length && source.every((uid) => uids.includes(uid)),
      () => `${command} was answered ${code[0]}`,
    );
    for (const [index, uid] of source.entries()) {
      const blob = this.#ground.replay.arrived(from, uid)?.blob;
      ensure(blob !== undefined, () => `${code[0]} names UID ${uid}, which never was`);
      const token = await this.#ground.tokens.of(blob);
      await this.#arrived(answer, Number(code[1]), destination[index] ?? 0, token, null);
    }
    if (kind === 'MOVE') this.#happened(answer, command, (state) => rows(state, from, source).length === 0);
  }

  async expunge(): Promise<void> {
    const { mailbox, readOnly } = this.#where();
    if (readOnly) return this.noop();
    const known = this.#session.view.uids;
    const uids = this.#draw.chance(0.5) ? known : this.#someUids();
    if (uids.length === 0) return this.noop();
    if (this.#draw.chance(0.5))
      await this.#session.run(`UID STORE ${this.#someUids().join(',')} +FLAGS (\\Deleted)`, {
        shows: 'newest',
      });
    const command = uids === known ? 'EXPUNGE' : `UID EXPUNGE ${uids.join(',')}`;
    const answer = await this.#session.run(command, { shows: 'newest' });
    if (answer.status !== 'OK')
      this.#refused(answer, command, { NONEXISTENT: (state) => !state.mailboxes.has(mailbox) });
    else
      this.#happened(answer, command, (state) =>
        rows(state, mailbox, uids).every(({ has }) => !has.includes('\\deleted')),
      );
  }

  async tree(): Promise<void> {
    const what = this.#draw.weighted({ CREATE: 4, RENAME: 2, DELETE: 2 });
    const name = this.#draw.pick(NAMES);
    const other = this.#draw.pick(NAMES);
    const command = `${what} ${quoted(name)}${what === 'RENAME' ? ` ${quoted(other)}` : ''}`;
    const answer = await this.#session.run(command, { shows: 'newest' });
    const there = (state: AccountState) => mailboxNamed(state, name) !== undefined;
    if (answer.status !== 'OK') {
      const taken = what === 'RENAME' ? other : name;
      this.#refused(answer, command, {
        ALREADYEXISTS: (state) => [...state.mailboxes.values()].some((each) => isAtOrBelow(each.name, taken)),
        NONEXISTENT: (state) => !there(state),
        CANNOT: (state) => what === 'RENAME' && (isAtOrBelow(other, name) || !there(state)),
      });
      return;
    }
    this.#happened(answer, command, (state) =>
      what === 'CREATE'
        ? there(state)
        : what === 'DELETE'
          ? !there(state)
          : mailboxNamed(state, other) !== undefined,
    );
  }

  async search(): Promise<void> {
    const { mailbox } = this.#where();
    const known = this.#session.view.uids;
    const byUid = this.#draw.chance(0.7);
    const flag = this.#draw.pick(['SEEN', 'FLAGGED', 'DELETED', 'KEYWORD $Hunted', 'KEYWORD Work']);
    const token = this.#draw.pick(this.#ground.tokens.known()) ?? 's1';
    const key = this.#draw.pick([
      'ALL',
      flag,
      `NOT ${flag}`,
      `HEADER X-Hunt ${token}`,
      `SUBJECT "message ${token}"`,
    ]);
    let found: number[] = [];
    const numbers = this.#session.view.entries.map(({ uid }) => uid ?? 0);
    const command = `${byUid ? 'UID ' : ''}SEARCH ${key}`;
    const answer = await this.#session.run(command, {
      shows: byUid ? 'all' : 'no expunge',
      onUntagged: ({ text }) => {
        const words = /^\* SEARCH ?([\d ]*)$/.exec(text)?.[1];
        if (words !== undefined) found = words.split(' ').filter(Boolean).map(Number);
      },
    });
    if (answer.status !== 'OK') {
      this.#refused(answer, command, { NONEXISTENT: (state) => !state.mailboxes.has(mailbox) });
      return;
    }
    const uids = byUid ? found : found.map((number) => numbers[number - 1] ?? 0);
    const wanted = await this.#searcher(key, mailbox);
    this.#happened({ ...answer, begin: 0 }, `${command} finding ${uids.join(',')}`, (state) => {
      const right = rows(state, mailbox, known).filter((row) => wanted(row));
      return right.map(({ uid }) => uid).join() === uids.join();
    });
  }

  /** Whether a row matches; by the header of its blob, or by its flags. */
  async #searcher(key: string, mailbox: MailboxId): Promise<(row: SeenRow) => boolean> {
    if (key === 'ALL') return () => true;
    const token = /(?:X-Hunt|"message) (s\d+)/.exec(key)?.[1];
    if (token === undefined) {
      const flag = (/(?:KEYWORD (\S+)|([A-Z]+))$/.exec(key) ?? []).slice(1).join('');
      const wanted = key.includes('KEYWORD') ? flag.toLowerCase() : `\\${flag.toLowerCase()}`;
      return ({ has }) => has.includes(wanted) !== key.startsWith('NOT');
    }
    const matching = new Set<number>();
    for (const uid of this.#session.view.uids) {
      const blob = this.#ground.replay.arrived(mailbox, uid)?.blob;
      // A search is for a part of the field.
      if (blob !== undefined && (await this.#ground.tokens.of(blob)).includes(token)) matching.add(uid);
    }
    return ({ uid }) => matching.has(uid);
  }

  async fetch(): Promise<void> {
    const items = this.#draw.pick([
      'FLAGS',
      'FLAGS UID',
      'UID FLAGS MODSEQ',
      'FLAGS RFC822.SIZE INTERNALDATE',
    ]);
    if (items.includes('MODSEQ') && !this.#session.condstore) return this.noop();
    const count = this.#session.view.entries.length;
    if (count === 0) return this.noop();
    const byUid = this.#draw.chance(0.5);
    await this.#reading(`${byUid ? 'UID ' : ''}FETCH 1:* (${items})`, byUid);
  }

  /** Header from the blob, subject from the summary: each message is the one that its UID has always been. */
  async read(): Promise<void> {
    const { mailbox, readOnly } = this.#where();
    const uids = this.#someUids();
    if (uids.length === 0) return this.noop();
    const peek = readOnly || this.#draw.chance(0.7) ? '.PEEK' : '';
    const items = `(ENVELOPE BODY${peek}[HEADER.FIELDS (X-HUNT)])`;
    const answers = await this.#reading(`UID FETCH ${uids.join(',')} ${items}`, true);
    for (const { text, literals } of answers) {
      const uid = Number(/UID (\d+)/.exec(text)?.[1]);
      const subject = /"message (s\d+)"/.exec(text)?.[1];
      if (literals.length === 0 && subject === undefined) continue;
      const blob = this.#ground.replay.arrived(mailbox, uid)?.blob;
      const token = blob === undefined ? undefined : await this.#ground.tokens.of(blob);
      const header = tokenOf(literals[0] ?? Buffer.alloc(0));
      ensure(
        token === subject && token === header,
        () =>
          `UID ${uid} is ${token ?? 'nothing'}, shown with subject ${subject ?? '-'} and header ${header ?? '-'}`,
      );
    }
  }

  async #reading(command: string, byUid: boolean) {
    const { mailbox } = this.#where();
    const known = this.#session.view.uids;
    const answer = await this.#session.run(command, { shows: byUid ? 'all' : 'no expunge' });
    if (answer.status !== 'OK')
      this.#refused(answer, command, {
        EXPUNGEISSUED: (state) => this.#lacks(state, mailbox, known),
        NONEXISTENT: (state) => !state.mailboxes.has(mailbox),
      });
    return answer.untagged.filter(({ text }) => / FETCH \(/.test(text));
  }

  async noop(): Promise<void> {
    await this.#session.must(this.#draw.pick(['NOOP', 'NOOP', 'CHECK']), { shows: 'newest' });
  }

  async status(): Promise<void> {
    const name = this.#someName();
    let told = '';
    const { condstore } = this.#session;
    const answer = await this.#session.run(
      `STATUS ${quoted(name)} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE${condstore ? ' HIGHESTMODSEQ' : ''})`,
      { shows: 'all', onUntagged: ({ text }) => (told = text.startsWith('* STATUS') ? text : told) },
    );
    if (answer.status !== 'OK') {
      this.#refused(answer, 'STATUS', { NONEXISTENT: (state) => !mailboxNamed(state, name) });
      return;
    }
    const values = new Map(
      [...told.matchAll(/([A-Z]+) (\d+)/g)].map(([, key, value]) => [key, Number(value)]),
    );
    this.#happened(answer, `${told} of STATUS`, (state) => {
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
  async idle(): Promise<void> {
    const session = this.#session;
    const { name } = this.#where();
    const before = session.view.entries.length;
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
      this.#refused(refused, 'IDLE', {});
      return;
    }
    if (name === 'INBOX') {
      await this.deliver();
      const late = delay(IDLE_MS, 'late' as const, { ref: false });
      const outcome = await Promise.race([told, done, late]);
      if (outcome === 'late' && !session.ended)
        throw new Violation(
          `${session.transcript.name} idles on ${before} messages and is not told of a new one`,
        );
    }
    session.line('DONE');
    await done;
  }

  /** Several commands in one go, by UID, as RFC 9051 §5.5 allows. */
  async burst(): Promise<void> {
    const session = this.#session;
    const uids = this.#someUids();
    const { readOnly, mailbox } = this.#where();
    if (uids.length === 0 || readOnly) return this.noop();
    const set = uids.join(',');
    await this.#ground.replay.catchUp();
    const begin = this.#ground.replay.number;
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
        this.#refused(answer, 'a command of a burst', {
          NONEXISTENT: (state) => !state.mailboxes.has(mailbox),
        });
  }

  // --- what was promised --------------------------------------------------------------------------------------------

  /** The message has come into the mailbox of that UIDVALIDITY, under that UID, by this command. */
  async #arrived(
    answer: Answer,
    validity: number,
    uid: number,
    token: string,
    flags: string | null,
  ): Promise<void> {
    const { replay, tokens } = this.#ground;
    const moment = this.#session.during(answer.begin, answer.end, (state) =>
      [...state.mailboxes.values()].some(
        ({ uidValidity, uidNext }) => uidValidity === validity && uidNext > uid,
      ),
    );
    const state = replay.stateAt(moment ?? answer.end);
    const mailbox = [...state.mailboxes.values()].find(({ uidValidity }) => uidValidity === validity);
    const arrived = mailbox && replay.arrived(mailbox.id, uid);
    const told = `UID ${uid} of ${validity}`;
    ensure(
      mailbox !== undefined &&
        arrived !== undefined &&
        arrived.record > answer.begin &&
        arrived.record <= answer.end,
      () =>
        `${token} was acknowledged as ${told}, which is in no record from ${answer.begin + 1} to ${answer.end}`,
    );
    const found = await tokens.of(arrived.blob);
    ensure(found === token, () => `${told} was promised to ${token} and is ${found}`);
    const columns = replay.stateAt(arrived.record).mailboxes.get(mailbox.id)?.columns;
    const row = columns?.rowOf(uid) ?? -1;
    if (columns && row >= 0 && flags !== null)
      ensure(flagsAt(columns, row) === flags, () => `${token} came with other flags than "${flags}"`);
  }

  #happened({ begin, end }: Answer, what: string, holds: (state: AccountState) => boolean): void {
    const moment = this.#session.during(begin, end, holds);
    ensure(
      moment !== undefined,
      () => `${what}: acknowledged, but true at no record from ${begin} to ${end}`,
    );
  }

  /** A refusal must have been right at some moment while the command ran. */
  #refused(
    { text, begin, end }: Answer,
    command: string,
    reasons: Readonly<Record<string, (state: AccountState) => boolean>>,
  ): void {
    const code = /^\[([A-Z]+)/.exec(text)?.[1] ?? '';
    const reason = reasons[code];
    ensure(reason !== undefined, () => `${command} was refused: ${text}`);
    ensure(
      this.#session.during(Math.min(begin, this.#session.last), end, reason) !== undefined,
      () => `${command} was refused with ${text}, which was true at no record from ${begin} to ${end}`,
    );
  }

  #lacks(state: AccountState, mailbox: MailboxId, uids: readonly number[]): boolean {
    return rows(state, mailbox, uids).length < uids.length;
  }

  // --- what to do it with -------------------------------------------------------------------------------------------

  #where() {
    const { selected } = this.#session;
    if (!selected) throw new Error('no mailbox is selected');
    return selected;
  }

  #someUids(): number[] {
    const { uids } = this.#session.view;
    return this.#draw.chance(0.1) ? uids : this.#draw.some(uids, 1 + this.#draw.below(5));
  }

  #someModSeq(): number {
    const known = this.#session.view.entries.flatMap(({ modSeq }) => (modSeq === null ? [] : [modSeq]));
    return this.#draw.pick(known) ?? 1;
  }

  #numbers(uids: readonly number[]): number[] {
    return uids.map((uid) => this.#session.view.entries.findIndex((entry) => entry.uid === uid) + 1);
  }

  /** Mostly one that is there. */
  #someName(): string {
    const there = [...this.#ground.replay.state.mailboxes.values()].map(({ name }) => name);
    return this.#draw.chance(0.1) ? this.#draw.pick(NAMES) : (this.#draw.pick(there) ?? 'INBOX');
  }
}

interface SeenRow {
  readonly uid: number;
  readonly has: readonly string[];
}

/** Those of `uids` that are there, with their flags. */
function rows(state: AccountState, mailbox: MailboxId, uids: readonly number[]): SeenRow[] {
  const columns = state.mailboxes.get(mailbox)?.columns;
  return uids.flatMap((uid) => {
    const row = columns?.rowOf(uid) ?? -1;
    return columns && row >= 0 ? [{ uid, has: flagsAt(columns, row).split(' ').filter(Boolean) }] : [];
  });
}

function stored(has: readonly string[], mode: string, wanted: readonly string[]): boolean {
  if (mode === '-') return wanted.every((flag) => !has.includes(flag));
  return wanted.every((flag) => has.includes(flag)) && (mode === '+' || has.length === wanted.length);
}

const quoted = (name: string): string => `"${name}"`;
const isAtOrBelow = (name: string, above: string): boolean => name === above || name.startsWith(`${above}/`);
