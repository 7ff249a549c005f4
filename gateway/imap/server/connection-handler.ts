/**
 * What a connection asks of the one who understands its commands.
 *
 * What a handler may rely on:
 * - `handle`, `resume` and `news` are called one at a time, and everything they wrote is flushed before the next;
 * - nothing is read while they run unless they ask with `readLine`;
 * - once the peer is gone, `readLine` returns null, `flush` and `pace` reject with `ConnectionLostError`, which the
 *   handler lets through, and `signal` aborts; `closed` is called once, when none of them runs any more.
 */
import type { LiteralAnnouncement, LiteralDecision, RawCommand } from '../wire/command.ts';
import type { Connection } from './connection.ts';

/** What the server does for a client: one handler a connection. */
export interface ConnectionHandler {
  /** Writes the greeting. */
  greet(): void | Promise<void>;
  /** Runs one command and writes its answer, tagged response included. Whatever it throws ends the connection. */
  handle(command: RawCommand): Promise<void>;
  /** A command has paused until the client speaks (IDLE): its next line is not a command. */
  readonly paused: boolean;
  /** The client speaks: goes on with the command that has paused, and reads what it is told with `readLine`. */
  resume(): Promise<void>;
  /** After `connection.stir`: tells the client what is new, if it may be told now. */
  news(): Promise<void>;
  /** Decides about a literal before it is read; see `LiteralPolicy`. */
  literalPolicy(announcement: LiteralAnnouncement): LiteralDecision | Promise<LiteralDecision>;
  /** The connection is over and nothing runs: let go of what belongs to it. Must not throw. */
  closed(): void;
}

export type HandlerFactory = (connection: Connection) => ConnectionHandler;

/** Structured log; pino's loggers are one. Never given a command's text. */
export interface ServerLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
