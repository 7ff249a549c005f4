/** Runs a session's commands: finds each in the registry, checks its phase, answers it. */
import { actingFor } from '../../../shared/metrics/activity.ts';
import type { Metrics } from '../../../shared/metrics/metrics.ts';
import type { Activity } from '../../../shared/metrics/catalogue.ts';
import type { Command, Ending, Pause } from '../commands/command.ts';
import { LITERAL_MINUS_BYTES, hasLiteralPlus } from '../extensions.ts';
import type { ConnectionHandler } from '../server/connection-handler.ts';
import type { Connection } from '../server/connection.ts';
import type { LiteralAnnouncement, LiteralDecision, RawCommand, Refusal } from '../wire/command.ts';
import { openCommand, type OpenedCommand } from '../wire/open-command.ts';
import { ConnectionLostError } from '../wire/response-writer.ts';
import { ImapSyntaxError } from '../wire/syntax-error.ts';
import { answerTo } from './faults.ts';
import { NO_NOTIFIER } from './notifier.ts';
import { Progress } from './progress.ts';
import { Bad } from './refusals.ts';
import { Session, type SessionServices } from './session.ts';

/** A command that waits for its client. */
interface Paused {
  readonly command: Command;
  readonly tag: string;
  readonly pause: Pause;
}

export class SessionHandler implements ConnectionHandler {
  /** Another one after UNAUTHENTICATE: nothing of the one before can be left over. */
  #session: Session;
  readonly #commands: ReadonlyMap<string, Command>;
  #paused: Paused | null = null;

  constructor(connection: Connection, services: SessionServices, commands: ReadonlyMap<string, Command>) {
    this.#session = new Session(connection, services);
    this.#commands = commands;
  }

  greet(): void {
    const capabilities = this.#session.capabilities();
    this.#session.writer.status('*', 'OK', 'Quire is ready', { code: 'CAPABILITY', capabilities });
  }

  async handle(raw: RawCommand): Promise<void> {
    const session = this.#session;
    const { metrics } = session.services;
    session.busy();
    const began = metrics.clock();
    try {
      const name = await this.#answer(raw);
      if (!this.#paused) tell(metrics, name, began);
    } finally {
      session.quiet();
    }
  }

  get paused(): boolean {
    return this.#paused !== null;
  }

  async resume(): Promise<void> {
    const session = this.#session;
    const { metrics } = session.services;
    const paused = this.#paused;
    if (!paused) throw new Error('no command has paused');
    this.#paused = null;
    session.busy();
    const began = metrics.clock();
    try {
      await this.#resumed(paused);
      // The pause was the client's time.
      tell(metrics, paused.command.name, began);
    } finally {
      session.quiet();
    }
  }

  async news(): Promise<void> {
    const paused = this.#paused;
    if (paused) await actingFor(activityOf(paused.command), () => paused.pause.news());
    else await actingFor('idle', () => this.#push());
  }

  /** What cannot be told ends in the overflow that RFC 5465 §5.8 has for it: the client looks for itself. */
  async #push(): Promise<void> {
    const session = this.#session;
    try {
      await session.pushNews();
    } catch (error) {
      if (answerTo(error).kind === 'lost') throw error;
      session.services.log.warn({ err: error, connection: session.connection.id }, 'NOTIFY failed');
      session.notify(NO_NOTIFIER);
      session.writer.status('*', 'OK', 'nothing is told any more', 'NOTIFICATIONOVERFLOW');
    }
  }

  async literalPolicy(announcement: LiteralAnnouncement): Promise<LiteralDecision> {
    const session = this.#session;
    const response = announcement.sync ? undefined : unaskedRefusal(session, announcement.size);
    if (response) return { kind: 'refuse', response };
    const opened = openCommand(announcement, session.grammar);
    const command = this.#commands.get(opened.name);
    // What is no command of this moment is refused before the client sends megabytes for it.
    if (!command?.phases.includes(session.phase))
      return { kind: 'refuse', response: this.#outOfPlace(opened.name, command) };
    if (!command.literal) return { kind: 'buffer' };
    try {
      this.#requireUids(opened.name);
      return await command.literal(session, announcement, opened.cursor);
    } catch (error) {
      if (error instanceof ImapSyntaxError) throw error;
      return { kind: 'refuse', response: this.#refusalFor(error, opened.name) };
    }
  }

  closed(): void {
    this.#session.release();
  }

  /** What command was answered; `other` if there is none of that name. */
  async #answer(raw: RawCommand): Promise<string> {
    const session = this.#session;
    let opened: OpenedCommand | undefined;
    let command: Command | undefined;
    try {
      opened = openCommand(raw, session.grammar);
      command = this.#commands.get(opened.name);
      if (!command?.phases.includes(session.phase))
        throw new Bad(this.#outOfPlace(opened.name, command).text);
      this.#requireUids(opened.name);
      if (session.phase === 'selected' && !command.phases.includes('authenticated'))
        await session.selected.refresh();
      const ending = await run(command, session, opened, raw.tag);
      await this.#end(raw.tag, command, ending);
    } catch (error) {
      await this.#refuse(error, raw.tag, opened?.name ?? '', command);
    }
    // By UID or by number: a client's way to say the same.
    return command?.name.replace(/^UID /, '') ?? 'other';
  }

  /** UIDONLY takes no message numbers (RFC 9586 §3.2, §3.8): what has a form with UIDs must be given in it. */
  #requireUids(name: string): void {
    // EXPUNGE has no arguments.
    if (!this.#session.dialect.uidOnly || name === 'EXPUNGE' || !this.#commands.has(`UID ${name}`)) return;
    throw new Bad('message numbers are not allowed once UIDONLY is enabled', 'UIDREQUIRED');
  }

  async #resumed({ command, tag, pause }: Paused): Promise<void> {
    try {
      await this.#end(tag, command, await actingFor(activityOf(command), () => pause.resume()));
    } catch (error) {
      await this.#refuse(error, tag, command.name, command);
    }
  }

  async #end(tag: string, command: Command, ending: Ending): Promise<void> {
    if (ending === 'answered') return;
    const session = this.#session;
    if (ending === 'signed out') {
      this.#session = session.signedOut();
      this.#session.writer.status(tag, 'OK', 'signed out');
      // RFC 8437 §4.1: behind the OK.
      if (!(await this.#session.connection.decompress()))
        this.#session.connection.bye('it cannot be told where compression ends');
      return;
    }
    if ('resume' in ending) {
      this.#paused = { command, tag, pause: ending };
      return;
    }
    if (command.updates !== 'nothing')
      await session.announce(
        command.updates === 'everything' && !ending.numbersStay,
        ending.telling,
        ending.answersFlags,
      );
    session.writer.status(tag, 'OK', ending.text, ending.code, session.text);
  }

  async #refuse(error: unknown, tag: string, name: string, command: Command | undefined): Promise<void> {
    const session = this.#session;
    const response = this.#refusalFor(error, name);
    if (command && command.updates !== 'nothing') await this.#announceAfterFailure(command);
    session.writer.status(tag, response.status, response.text, response.code, session.text);
  }

  /** A refused command may have been refused for what the client does not know yet. */
  async #announceAfterFailure(command: Command): Promise<void> {
    try {
      await this.#session.announce(command.updates === 'everything');
    } catch (error) {
      if (answerTo(error).kind === 'lost') throw error;
      this.#session.services.log.warn(
        { err: error },
        'the mailbox could not be looked at after a failed command',
      );
    }
  }

  #outOfPlace(name: string, command: Command | undefined): Refusal {
    if (!command) return { status: 'BAD', text: `there is no command ${name.slice(0, 40)}` };
    const { phase } = this.#session;
    if (phase === 'not authenticated') return { status: 'BAD', text: `sign in before ${name}` };
    if (phase === 'authenticated' && command.phases.includes('selected'))
      return { status: 'BAD', text: `select a mailbox before ${name}` };
    return { status: 'BAD', text: `${name} is not possible in the ${phase} state` };
  }

  /** What to answer to `error`; rethrows what ends the connection. */
  #refusalFor(error: unknown, name: string): Refusal {
    const { connection, services } = this.#session;
    const answer = answerTo(error);
    // Reads are aborted when the client goes: what they throw is nobody's fault.
    if (answer.kind === 'fault' && connection.signal.aborted) throw new ConnectionLostError();
    switch (answer.kind) {
      case 'refuse':
        return answer.response;
      case 'lost':
        throw answer.error;
      case 'silence':
        services.metrics.add('CommandFaults', 1);
        services.log.error({ err: error, command: name, connection: connection.id }, 'outcome unknown');
        connection.destroy();
        throw new ConnectionLostError('nothing could be said of a write whose outcome is unknown');
      case 'fault': {
        services.metrics.add('CommandFaults', 1);
        const id = services.rim.randomHex(6);
        services.log.error({ err: error, command: name, connection: connection.id, id }, 'a command failed');
        return answer.response(id);
      }
    }
  }
}

/** What it asks the stores is counted for what it does; a client that has signed in is told that it goes on. */
async function run(
  command: Command,
  session: Session,
  { cursor }: OpenedCommand,
  tag: string,
): Promise<Ending> {
  if (command.phases.includes('not authenticated'))
    return actingFor(activityOf(command), () => command.run(session, cursor, tag));
  const progress = new Progress(session, tag);
  session.progress = progress;
  try {
    return await actingFor(activityOf(command), () => command.run(session, cursor, tag));
  } finally {
    progress.end();
    session.progress = null;
  }
}

function activityOf({ activity = 'read' }: Command): Activity {
  return activity;
}

/** Why a literal may not come without having been asked for; undefined if it may (RFC 7888 §5). */
function unaskedRefusal(session: Session, size: number): Refusal | undefined {
  const { limits } = session.connection;
  const extension = hasLiteralPlus(limits) ? 'LITERAL+' : 'LITERAL-';
  if (!session.offers(extension))
    return { status: 'BAD', text: `a literal with "+" needs ${extension}, which is not on offer` };
  const most = extension === 'LITERAL+' ? limits.unaskedLiteralBytes : LITERAL_MINUS_BYTES;
  if (size <= most) return undefined;
  const text = `a literal of more than ${most} bytes must wait for the answer to its announcement`;
  return { status: 'BAD', code: 'TOOBIG', text };
}

function tell(metrics: Metrics, command: string, began: number): void {
  metrics.add('Commands', 1, command);
  metrics.record('CommandLatency', metrics.clock() - began, command);
}
