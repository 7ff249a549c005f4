/**
 * IDLE (RFC 2177): the client is told of changes as the replica hears of them, whoever made them. Between them the
 * command has paused, and holds nothing but the session.
 */
import { answerTo } from '../session/faults.ts';
import { Bad } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { parseNothing } from '../wire/session-grammar.ts';
import { ConnectionLostError } from '../wire/response-writer.ts';
import { type CommandFamily, type Completion, type Pause, SIGNED_IN } from './command.ts';

export const idle: CommandFamily = {
  commands: [
    { name: 'IDLE', extension: 'IDLE', phases: SIGNED_IN, updates: 'everything', activity: 'idle', run },
  ],
};

async function run(session: Session, cursor: CommandCursor): Promise<Pause> {
  parseNothing(cursor);
  // From here on nothing is missed: what comes before the first look is in it, what comes after is news.
  session.pushing = true;
  try {
    const home = session.selectedOrNull?.home;
    if (home) {
      await session.watch(home);
      await home.sync();
    }
    session.writer.continuation('idling');
    await tell(session);
  } catch (error) {
    session.pushing = false;
    throw error;
  }
  return new Idling(session);
}

class Idling implements Pause {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  news(): Promise<void> {
    return tell(this.#session);
  }

  async resume(): Promise<Completion> {
    this.#session.pushing = false;
    const line = await this.#session.connection.readLine();
    if (line === null) throw new ConnectionLostError('the client went away in IDLE');
    if (line.toUpperCase() !== 'DONE') throw new Bad('IDLE ends with DONE');
    return { text: 'no longer idle' };
  }
}

async function tell(session: Session): Promise<void> {
  const { connection, services } = session;
  try {
    await session.announce(true);
    session.quiet();
  } catch (error) {
    if (answerTo(error).kind === 'lost') throw error;
    // The client is still in IDLE and would take a tagged response for the answer to what it sends next.
    connection.bye('the mailbox cannot be watched any longer, please connect again', 'UNAVAILABLE');
    services.log.warn({ err: error, connection: connection.id }, 'IDLE failed');
    throw new ConnectionLostError('IDLE failed');
  }
}
