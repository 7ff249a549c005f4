/**
 * One IMAP session of the swarm. After each answer it asks whether there was a moment, not before the last one that it
 * has seen, at which the account was as the session was told: never torn, never back in time, and, where the command
 * promises it, not older than the command.
 */
import type { MailboxId } from '../../../shared/account/ids.ts';
import { type AccountState, INBOX_ID } from '../../../shared/account/state.ts';
import { type Completed, ConnectionEnded, ImapConnection, type Response } from '../imap-connection.ts';
import { Transcript } from '../transcript.ts';
import { Violation, ensure } from '../violation.ts';
import { ClientView, type Snapshot, mismatch } from './client-view.ts';
import type { ClientContext, FrozenContext } from './client-context.ts';
import type { Replayed } from './guest-view.ts';
import type { Kind } from './kinds.ts';

export interface Selected {
  readonly mailbox: MailboxId;
  readonly name: string;
  readonly readOnly: boolean;
  readonly uidValidity: number;
}

export interface CommandOptions {
  /**
   * What the client knows after it: everything as of the command's begin or later; everything as of some moment; the same
   * but for what is gone; nothing (SELECT and the like).
   */
  readonly shows: 'newest' | 'all' | 'no expunge' | 'nothing';
  readonly literal?: Buffer;
  /** In place of `literal`: what follows the command, literals among it. */
  readonly parts?: readonly (string | Buffer)[];
  readonly synchronising?: boolean;
  readonly onContinue?: () => void;
  readonly onUntagged?: (response: Response) => void;
  /** Called as soon as the answer is there, before the view is looked at: what the client concludes by itself. */
  readonly conclude?: (completed: Completed) => void;
}

export interface SessionOptions {
  readonly port: number;
  readonly name: string;
  /** Address and password. */
  readonly login: string;
  readonly kind: Kind;
  readonly replay: Replayed;
}

/** An answer, and the moments between which the command took effect. */
export interface Answer extends Completed {
  /** The newest record when it was sent. */
  readonly begin: number;
  /** The newest record after its answer had come. */
  readonly end: number;
}

export class Session {
  readonly transcript: Transcript;
  readonly kind: Kind;
  /** Of its gateway. */
  readonly port: number;
  readonly view: ClientView;
  #selected: Selected | null = null;
  /** What a command that is under way leaves: until it is answered, the connection may end because of it. */
  #leaving: Selected | null = null;
  /** The last HIGHESTMODSEQ that was told: everything up to there is in the view (RFC 7162 §3.2.1). */
  highestModSeq = 0;
  /** The newest record that this session has seen the effect of. */
  last: number;
  /** The same of what told it everything: messages that were gone by then are not in its view any more. */
  lastWhole: number;
  /** The command that took longest. */
  slowest = { milliseconds: 0, command: '' };
  /** NOTIFY is set: with SELECTED, message numbers may move whenever no command is under way. */
  watching: 'SELECTED' | 'SELECTED-DELAYED' | null = null;
  /** A search of the selected mailbox that is kept up to date. */
  context: ClientContext | null = null;
  #news: (() => void) | undefined;
  readonly #replay: Replayed;
  readonly #imap: ImapConnection;
  readonly #login: string;
  #checks: Promise<unknown> = Promise.resolve();

  private constructor(
    imap: ImapConnection,
    transcript: Transcript,
    { replay, kind, login, port }: SessionOptions,
  ) {
    this.last = this.lastWhole = replay.number;
    this.#login = login;
    this.port = port;
    this.#imap = imap;
    this.transcript = transcript;
    this.#replay = replay;
    this.kind = kind;
    this.view = new ClientView(kind);
    imap.onUnasked = ({ text }) => {
      if (text.startsWith('* BYE')) return;
      // RFC 9051 §7.5.1: no EXPUNGE while no command is under way, unless NOTIFY asks for it (RFC 5465 §5.3).
      this.transcript.add('#', `unasked: ${text}`);
      ensure(this.watching !== null, () => `${text} came unasked`);
      this.#heard(text, this.watching === 'SELECTED');
    };
  }

  static async open(options: SessionOptions): Promise<Session> {
    const transcript = new Transcript(`${options.name}, ${options.kind.name}`);
    const imap = await ImapConnection.open(options.port, transcript);
    const session = new Session(imap, transcript, options);
    await session.#signIn(`LOGIN ${session.#login}`);
    return session;
  }

  async #signIn(command: string): Promise<void> {
    await this.must(command, { shows: 'nothing' });
    const { enables } = this.kind;
    if (enables.length > 0) await this.must(`ENABLE ${enables.join(' ')}`, { shows: 'nothing' });
    if (this.kind.compressed) await this.#imap.compress();
  }

  /** Ends what LOGIN and later commands have begun (RFC 8437), and begins anew. */
  async signInAgain(): Promise<void> {
    this.selected = null;
    const { status, text } = await this.#imap.unauthenticate();
    ensure(status === 'OK', () => `UNAUTHENTICATE was answered ${status} ${text}`);
    this.#leaving = this.watching = null;
    const [user = '', password = ''] = this.#login.split(' ');
    const initial = Buffer.from(`\0${user}\0${password}`).toString('base64');
    await this.#signIn(`AUTHENTICATE PLAIN ${initial}`);
  }

  get selected(): Selected | null {
    return this.#selected;
  }

  /** With a mailbox goes what is kept of it. */
  set selected(selected: Selected | null) {
    if (selected === null) this.#leaving = this.#selected ?? this.#leaving;
    this.#selected = selected;
    this.context = null;
  }

  /** A mailbox is selected, as it is after record `moment`. */
  begin(moment: number, selected: Selected): void {
    this.selected = selected;
    this.last = this.lastWhole = moment;
  }

  get ended(): boolean {
    return this.#imap.ended;
  }

  close(): void {
    this.#imap.destroy();
  }

  line(text: string): void {
    this.#imap.line(text);
  }

  /** Runs a command; throws a `Violation` if what was told fits no moment. */
  async run(command: string, options: CommandOptions): Promise<Answer> {
    await this.#replay.catchUp();
    return this.runFrom(this.#replay.number, command, options);
  }

  /** As `run`, at once: `begin` is the newest record of a moment ago. For commands that are sent in one go. */
  async runFrom(begin: number, command: string, options: CommandOptions): Promise<Answer> {
    const { shows, literal, parts = literal ? [literal] : [], onContinue, conclude, synchronising } = options;
    const numbersMayMove = shows !== 'no expunge';
    let snapshot: Snapshot | undefined;
    let selected: Selected | null = null;
    const found: { context: FrozenContext | null } = { context: null };
    this.view.forgetTold();
    const sent = performance.now();
    const completed = await this.#imap.run([command, ...parts], {
      ...(onContinue && { onContinue }),
      ...(synchronising !== undefined && { synchronising }),
      onUntagged: (response) => {
        // What SELECT tells of the new mailbox is its own operation's to look at.
        if (this.selected && shows !== 'nothing') this.#heard(response.text, numbersMayMove);
        this.#noteModSeq(response.text);
        options.onUntagged?.(response);
      },
      onCompleted: (done) => {
        this.#noteModSeq(done.text);
        conclude?.(done);
        this.#leaving = null;
        if (shows !== 'nothing' && shows !== 'no expunge' && done.status === 'OK')
          found.context = this.context?.frozen(this.view.entries) ?? null;
        if (shows !== 'nothing') [snapshot, selected] = [this.view.snapshot(), this.selected];
        this.view.forgetTold();
      },
    });
    const milliseconds = performance.now() - sent;
    if (milliseconds > this.slowest.milliseconds) this.slowest = { milliseconds, command };
    ensure(completed.status !== 'BAD', () => `${command} was answered BAD ${completed.text}`);
    await this.#replay.catchUp();
    const end = this.#replay.number;
    const check = this.#checks.then(() => {
      // A refusal says nothing of when it looked; an APPEND that is refused before its literal tells no news.
      const answered = completed.status === 'OK';
      const from = shows === 'newest' && answered ? begin : 0;
      const whole = shows !== 'no expunge' && answered;
      if (!snapshot || !selected) return;
      this.#check(command, snapshot, selected, [from, end], whole);
      if (found.context) this.#checkContext(command, found.context, selected, end);
    });
    this.#checks = check.catch(() => undefined);
    await check;
    return { ...completed, begin, end };
  }

  /** Resolves when a new message is told of. */
  async news(): Promise<void> {
    return new Promise((resolve) => (this.#news = resolve));
  }

  #heard(text: string, numbersMayMove: boolean): void {
    this.view.take(text, numbersMayMove);
    this.context?.take(text);
    if (/^\* \d+ EXISTS$/.test(text)) this.#news?.();
  }

  /** A command that only a fault can refuse. */
  async must(command: string, options: CommandOptions): Promise<Answer> {
    const answer = await this.run(command, options);
    ensure(answer.status === 'OK', () => `${command} was answered ${answer.status} ${answer.text}`);
    return answer;
  }

  /** The first state from record `from` to record `to` of which `holds` is true. */
  during(from: number, to: number, holds: (state: AccountState) => boolean): number | undefined {
    for (let number = from; number <= to; number++) if (holds(this.#replay.stateAt(number))) return number;
    return undefined;
  }

  /** What was there at each record between begin and end, for who looks for the cause. */
  described({ begin, end }: Answer, words: (state: AccountState) => readonly string[]): string {
    const lines: string[] = [];
    for (let number = begin; number <= end; number++)
      lines.push(`${number}: ${words(this.#replay.stateAt(number)).join(' ')}`);
    return lines.join('\n');
  }

  /** Whether the connection ended as it must: its mailbox was deleted, or may not be read any more. */
  async explainEnd(error: unknown): Promise<void> {
    if (!(error instanceof ConnectionEnded)) throw error;
    await this.#replay.catchUp();
    const selected = this.selected ?? this.#leaving;
    // It may have come back since: a right that was taken and granted again.
    const without = (state: AccountState): boolean => !state.mailboxes.has(selected?.mailbox ?? INBOX_ID);
    const gone = selected !== null && this.during(this.last, this.#replay.number, without) !== undefined;
    ensure(gone, () => `the connection ended, though its mailbox is there: ${error.message}`);
  }

  #checkContext(
    command: string,
    { fits, described }: FrozenContext,
    { mailbox }: Selected,
    end: number,
  ): void {
    const moment = this.during(this.last, end, (state) => {
      const columns = state.mailboxes.get(mailbox)?.columns;
      return columns !== undefined && fits(columns);
    });
    ensure(
      moment !== undefined,
      () =>
        `after "${command.slice(0, 120)}" the context has ${described}, at no record from ${this.last} to ${end}`,
    );
  }

  #noteModSeq(text: string): void {
    const told = /\[HIGHESTMODSEQ (\d+)\]/.exec(text)?.[1];
    if (told !== undefined) this.highestModSeq = Number(told);
  }

  #check(
    command: string,
    snapshot: Snapshot,
    { mailbox, name }: Selected,
    [begin, end]: readonly [number, number],
    whole: boolean,
  ): void {
    const from = Math.max(this.last, begin);
    const reasons: string[] = [];
    const moment = this.during(from, end, (state) => {
      const reason = mismatch(snapshot, state.mailboxes.get(mailbox), whole);
      if (reason !== null) reasons.push(reason);
      return reason === null;
    });
    if (moment === undefined)
      throw new Violation(
        `after "${command.slice(0, 120)}" ${this.transcript.name} is told of ${name} what fits no record from ${from} to ${end}: ${reasons.slice(-3).join('; ')}`,
      );
    this.last = moment;
    if (whole) this.lastWhole = moment;
  }
}
