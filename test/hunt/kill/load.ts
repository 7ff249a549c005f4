/** The load: senders and readers, who write down every answer in the ledger before they go on. */
import { Draw } from '../draw.ts';
import { ConnectionEnded, type Completed, ImapConnection } from '../imap-connection.ts';
import { messageOf } from '../message.ts';
import { numbersOf } from '../numbers.ts';
import { SmtpConnection } from '../smtp-connection.ts';
import { Transcript } from '../transcript.ts';
import { Violation } from '../violation.ts';
import { flagsOf } from '../journal-replay.ts';
import type { Ledger, Place, Tracked } from './ledger.ts';

export const ACCOUNTS = ['alice@example.test', 'bob@example.test'] as const;
export const PASSWORD = 'quire-demo';
export const MAILBOXES = ['INBOX', 'Archive', 'Drafts', 'Trash'] as const;
const FLAGS = ['\\Seen', '\\Flagged', '\\Answered', '$Hunted', '$Later'] as const;
/** Of STORE: add, remove, replace. */
const MODES = ['+', '-', ''] as const;
const READERS_PER_ACCOUNT = 2;
const SENDERS = 2;
/** Enough for sets and moves, and few enough that a look at all of them is quick. */
const MESSAGES_PER_READER = 60;

export interface Ports {
  readonly imap: number;
  readonly smtp: number;
}

export class Load {
  readonly #ledger: Ledger;
  readonly #draw: Draw;
  readonly #workers: Promise<void>[] = [];
  readonly #connections = new Set<{ destroy(): void }>();
  readonly transcripts: Transcript[] = [];
  /** SES message ids that were told with a 250, and who waits for one. */
  readonly #accepted = new Set<string>();
  readonly #awaited = new Map<string, () => void>();
  #running = false;
  #serial = 0;

  constructor(ledger: Ledger, draw: Draw) {
    this.#ledger = ledger;
    this.#draw = draw;
  }

  /** Everybody connects and works until `stop`, or until the connections break. */
  start(ports: Ports): void {
    this.#running = true;
    this.transcripts.length = 0;
    this.#accepted.clear();
    for (let index = 0; index < SENDERS; index++)
      this.#work(`sender ${index}`, async (transcript) => this.#send(ports, transcript, this.#draw.fork()));
    for (const account of ACCOUNTS)
      for (let index = 0; index < READERS_PER_ACCOUNT; index++)
        this.#work(`reader ${index} of ${account}`, async (transcript) =>
          new Reader(this.#ledger, account, index, this.#draw.fork(), () => this.#token()).work(
            await this.#kept(ImapConnection.open(ports.imap, transcript)),
            () => this.#running,
          ),
        );
  }

  /** Lets everybody finish what they have begun; rejects with what was broken meanwhile. */
  async stop(): Promise<void> {
    this.#running = false;
    const outcomes = await Promise.allSettled(this.#workers.splice(0));
    for (const connection of this.#connections) connection.destroy();
    this.#connections.clear();
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Resolves when the sender of this message has been told 250. */
  async accepted(messageId: string): Promise<void> {
    if (this.#accepted.has(messageId)) return;
    await new Promise<void>((resolve) => this.#awaited.set(messageId, resolve));
  }

  #work(name: string, work: (transcript: Transcript) => Promise<void>): void {
    const transcript = new Transcript(name);
    this.transcripts.push(transcript);
    const worker = work(transcript).catch((error: unknown) => {
      // That is what a kill looks like from here.
      if (!(error instanceof ConnectionEnded)) throw error;
    });
    // Looked at in `stop`.
    worker.catch(() => undefined);
    this.#workers.push(worker);
  }

  async #kept<T extends { destroy(): void }>(opening: Promise<T>): Promise<T> {
    const connection = await opening;
    this.#connections.add(connection);
    return connection;
  }

  #token(): string {
    return `m${(++this.#serial).toString(36)}-${this.#draw.below(2 ** 30).toString(36)}`;
  }

  async #send({ smtp }: Ports, transcript: Transcript, draw: Draw): Promise<void> {
    const connection = await this.#kept(SmtpConnection.open(smtp, transcript));
    while (this.#running) {
      const recipients = draw.chance(0.3) ? [...ACCOUNTS] : [draw.pick(ACCOUNTS)];
      const token = this.#token();
      const message = messageOf(token, draw);
      const arrive = (): Place => ({ mailbox: 'INBOX', uid: null, flags: '$hasnoattachment' });
      const changes = recipients.map((account) => ({
        tracked: this.#ledger.announce(account, token, 'smtp', message),
        to: arrive,
      }));
      const attempt = this.#ledger.begin('SMTP', changes);
      try {
        const { code, text } = await connection.send(recipients, message);
        // What was refused with 4xx may have been stored all the same: nobody was told 250.
        if (code !== 250) attempt.unknown();
        else {
          attempt.acknowledged();
          this.#accept(text.replace(/^OK /, ''));
        }
      } catch (error) {
        attempt.unknown();
        throw error;
      }
    }
  }

  #accept(messageId: string): void {
    this.#accepted.add(messageId);
    this.#awaited.get(messageId)?.();
    this.#awaited.delete(messageId);
  }
}

/** One connection of one account. It touches only messages that are its own, so that it knows what must be there. */
class Reader {
  readonly #ledger: Ledger;
  readonly #account: string;
  readonly #index: number;
  readonly #draw: Draw;
  readonly #token: () => string;
  #selected = '';

  constructor(ledger: Ledger, account: string, index: number, draw: Draw, token: () => string) {
    this.#ledger = ledger;
    this.#account = account;
    this.#index = index;
    this.#draw = draw;
    this.#token = token;
  }

  async work(imap: ImapConnection, running: () => boolean): Promise<void> {
    await this.#must(imap, `LOGIN ${this.#account} ${PASSWORD}`);
    while (running()) {
      const own = this.#own();
      const weights = { append: own.length < MESSAGES_PER_READER ? 4 : 1, flags: 4, move: 3, expunge: 1 };
      const what = own.length === 0 ? 'append' : this.#draw.weighted(weights);
      if (what === 'append') await this.#append(imap);
      else await this.#change(imap, what, own);
    }
  }

  /** Messages of this reader whose place is certain. */
  #own(): (Tracked & { readonly place: Place & { readonly uid: number } })[] {
    return this.#ledger.all(this.#account).flatMap((tracked) => {
      const [place, ...others] = tracked.possible;
      if (!place || others.length > 0 || place.uid === null || !this.#owns(tracked)) return [];
      return [Object.assign(tracked, { place: { ...place, uid: place.uid } })];
    });
  }

  #owns({ token }: Tracked): boolean {
    return token.charCodeAt(token.length - 1) % READERS_PER_ACCOUNT === this.#index;
  }

  /** A command that changes nothing, and can only fail by a fault. */
  async #must(imap: ImapConnection, command: string): Promise<Completed> {
    const completed = await imap.run(command);
    if (completed.status === 'OK' || isPassing(completed)) return completed;
    throw new Violation(
      `${command.split(' ').slice(0, 2).join(' ')} was answered ${completed.status} ${completed.text}`,
    );
  }

  async #append(imap: ImapConnection): Promise<void> {
    let token = this.#token();
    while (!this.#owns({ token } as Tracked)) token = this.#token();
    const mailbox = this.#draw.pick(MAILBOXES);
    const flags = this.#draw.some(FLAGS, 2).join(' ');
    const message = messageOf(token, this.#draw);
    const tracked = this.#ledger.announce(this.#account, token, 'append', message);
    const place = (): Place => ({ mailbox, uid: null, flags: flagsOf(flags) });
    const attempt = this.#ledger.begin(`APPEND ${mailbox} (${flags})`, [{ tracked, to: place }]);
    const synchronising = this.#draw.chance(0.3);
    const completed = await this.#settled(attempt, () =>
      imap.run([`APPEND ${mailbox} (${flags}) `, message], { synchronising }),
    );
    if (completed.status !== 'OK') {
      attempt.refused(`${completed.status} ${completed.text}`);
      return;
    }
    const uid = /^\[APPENDUID \d+ (\d+)\]/.exec(completed.text)?.[1];
    if (uid === undefined) throw new Violation(`APPEND was answered without APPENDUID: ${completed.text}`);
    attempt.acknowledged([Number(uid)]);
  }

  async #change(
    imap: ImapConnection,
    what: 'flags' | 'move' | 'expunge',
    own: readonly (Tracked & { readonly place: Place & { readonly uid: number } })[],
  ): Promise<void> {
    const mailbox = (this.#draw.pick(own) as (typeof own)[number]).place.mailbox;
    const here = own.filter(({ place }) => place.mailbox === mailbox);
    const chosen = this.#draw.some(here, 1 + this.#draw.below(4)).sort((a, b) => a.place.uid - b.place.uid);
    if (this.#selected !== mailbox) {
      const { status } = await this.#must(imap, `SELECT ${mailbox}`);
      if (status !== 'OK') return;
      this.#selected = mailbox;
    }
    const set = chosen.map(({ place }) => place.uid).join(',');
    if (what === 'move') await this.#move(imap, chosen, set, mailbox);
    else {
      const expunge = what === 'expunge';
      const mode = expunge ? '+' : this.#draw.pick(MODES);
      const flags = expunge ? '\\Deleted' : this.#draw.some(FLAGS, 2).join(' ');
      const silent = this.#draw.chance(0.3) ? '.SILENT' : '';
      const to = (place: Place | null) => place && { ...place, flags: combined(place.flags, mode, flags) };
      const done = await this.#simple(imap, `UID STORE ${set} ${mode}FLAGS${silent} (${flags})`, chosen, to);
      if (done && expunge) await this.#simple(imap, `UID EXPUNGE ${set}`, chosen, () => null);
    }
  }

  async #simple(
    imap: ImapConnection,
    command: string,
    chosen: readonly Tracked[],
    to: (place: Place | null) => Place | null,
  ): Promise<boolean> {
    const attempt = this.#ledger.begin(
      command,
      chosen.map((tracked) => ({ tracked, to })),
    );
    const { status, text } = await this.#settled(attempt, () => imap.run(command));
    if (status === 'OK') attempt.acknowledged();
    else attempt.refused(`${status} ${text}`);
    return status === 'OK';
  }

  async #move(imap: ImapConnection, chosen: readonly Tracked[], set: string, from: string): Promise<void> {
    const targets = MAILBOXES.filter((mailbox) => mailbox !== from);
    const mailbox = this.#draw.pick(targets) ?? 'INBOX';
    const to = (place: Place | null) => place && { ...place, mailbox, uid: null };
    const command = `UID MOVE ${set} ${mailbox}`;
    const attempt = this.#ledger.begin(
      command,
      chosen.map((tracked) => ({ tracked, to })),
    );
    const { status, text, untagged } = await this.#settled(attempt, () => imap.run(command));
    if (status !== 'OK') {
      attempt.refused(`${status} ${text}`);
      return;
    }
    const told = untagged.map((response) => /^\* OK \[COPYUID \d+ \S+ (\S+)\]/.exec(response.text)?.[1]);
    const uids = numbersOf(told.find((each) => each !== undefined) ?? '');
    if (uids.length !== chosen.length) throw new Violation(`UID MOVE ${set} told UIDs ${uids.join(',')}`);
    attempt.acknowledged(uids);
  }

  async #settled(attempt: { unknown(): void }, run: () => Promise<Completed>): Promise<Completed> {
    try {
      return await run();
    } catch (error) {
      attempt.unknown();
      throw error;
    }
  }
}

/** The store was killed: refused for the moment, with nothing done. */
function isPassing({ status, text }: Completed): boolean {
  return status === 'NO' && /^\[(UNAVAILABLE|SERVERBUG)\]/.test(text);
}

function combined(before: string, mode: '+' | '-' | '', change: string): string {
  const changed = flagsOf(change).split(' ');
  if (mode === '') return flagsOf(change);
  if (mode === '+') return flagsOf([before, ...changed].join(' '));
  return flagsOf(
    before
      .split(' ')
      .filter((flag) => !changed.includes(flag))
      .join(' '),
  );
}
