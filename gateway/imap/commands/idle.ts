/**
 * IDLE (RFC 2177): the client is told of changes as the replica hears of them, whoever made them. Between them the session
 * holds a promise and its packed view, nothing else.
 */
import { answerTo } from '../session/faults.ts';
import { Bad } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { parseNothing } from '../wire/session-grammar.ts';
import { ConnectionLostError } from '../wire/response-writer.ts';
import { type CommandFamily, type Completion, SIGNED_IN } from './command.ts';

export const idle: CommandFamily = {
  commands: [
    { name: 'IDLE', extension: 'IDLE', phases: SIGNED_IN, updates: 'everything', activity: 'idle', run },
  ],
};

async function run(session: Session, cursor: CommandCursor): Promise<Completion> {
  parseNothing(cursor);
  // From here on nothing is missed: what comes before the first look is in it, what comes after is news.
  const news = new News();
  session.onNews(() => news.ring());
  try {
    const home = session.selectedOrNull?.home;
    if (home) {
      await session.watch(home);
      await home.sync();
    }
    session.writer.continuation('idling');
    const line = await pushUntilDone(session, news);
    if (line.toUpperCase() !== 'DONE') throw new Bad('IDLE ends with DONE');
    return { text: 'no longer idle' };
  } finally {
    session.onNews(null);
  }
}

/** Resolves to the line that ended it. */
async function pushUntilDone(session: Session, news: News): Promise<string> {
  const { connection } = session;
  let ended: { readonly text: string | null } | undefined;
  const line = connection.readLine().then((text) => (ended = { text }));
  // A failure of the reader is met in the race below, or in the wait after it.
  line.catch(() => undefined);
  try {
    while (!ended) {
      await session.announce(true);
      await session.writer.flush();
      session.quiet();
      await Promise.race([news.next(), line]);
    }
  } catch (error) {
    if (answerTo(error).kind === 'refuse') throw error;
    // The client is still in IDLE and would take a tagged response for the answer to what it sends next.
    connection.bye('the mailbox cannot be watched any longer, please connect again', 'UNAVAILABLE');
    session.services.log.warn({ err: error, connection: connection.id }, 'IDLE failed');
    await line.catch(() => undefined);
    throw new ConnectionLostError('IDLE failed');
  }
  const { text } = ended;
  if (text === null) throw new ConnectionLostError('the client went away in IDLE');
  return text;
}

/** Rings as often as it likes while nobody listens: it is heard once. */
class News {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async next(): Promise<void> {
    if (!this.#rung) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#rung = false;
  }
}
