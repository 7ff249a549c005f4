/**
 * One client's connection: its socket, its reader and writer, its time limits. It runs commands strictly in order, each
 * after the answer to the one before, and knows nothing of what they mean: that is the handler's.
 *
 * What a handler may rely on:
 * - `handle` is called for one command at a time, and everything it wrote is flushed before the next one is read;
 * - nothing is read while it runs unless it asks with `readLine`;
 * - once the peer is gone, `readLine` returns null, `flush` and `pace` reject with `ConnectionLostError`, which the
 *   handler lets through, and `signal` aborts; `closed` is called once, after `handle` has returned.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Metrics } from '../../../shared/metrics/metrics.ts';
import { CommandReader, InputFloodError, type ByteSource } from '../wire/command-reader.ts';
import type { LiteralAnnouncement, LiteralDecision, RawCommand } from '../wire/command.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { ConnectionLostError, ResponseWriter, type ByteSink, type Chunk } from '../wire/response-writer.ts';
import { isLoopback, type Admission } from './admission.ts';
import { Deadline } from './deadline.ts';
import { Turns } from './fairness.ts';
import type { ImapLimits } from './limits.ts';
import { secureSocket, TlsHandshakeError, type TlsSettings } from './tls.ts';
import type { Timers } from './timers.ts';
import { SocketTransport, type Transport } from './transport.ts';

/** What the server does for a client: one handler a connection. */
export interface ConnectionHandler {
  /** Writes the greeting. */
  greet(): void | Promise<void>;
  /** Runs one command and writes its answer, tagged response included. Whatever it throws ends the connection. */
  handle(command: RawCommand): Promise<void>;
  /** Decides about a literal before it is read; see `LiteralPolicy`. */
  literalPolicy(announcement: LiteralAnnouncement): LiteralDecision | Promise<LiteralDecision>;
  /** The connection is over and no command runs: let go of what belongs to it. Must not throw. */
  closed(): void;
}

export type HandlerFactory = (connection: Connection) => ConnectionHandler;

/** Structured log; pino's loggers are one. Never given a command's text. */
export interface ServerLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a connection takes from its server. */
export interface ConnectionSurroundings {
  readonly limits: ImapLimits;
  readonly timers: Timers;
  readonly nextTurn: () => Promise<void>;
  readonly metrics: Metrics;
  readonly log: ServerLog;
  readonly admission: Admission;
  /** For STARTTLS; undefined if there is no certificate. */
  readonly tls: TlsSettings | undefined;
  readonly createHandler: HandlerFactory;
}

/** Commands that one client may have run, out of what has already come in, before others have a turn. */
const COMMANDS_PER_TURN = 32;

type Limit = 'idle' | 'command' | 'message' | 'answer' | 'linger';

const TOO_LONG = {
  idle: 'you were idle for too long',
  command: 'the command took too long to arrive',
  message: 'the message took too long to arrive',
};

export class Connection {
  /** Random-free name of the connection in logs: a number that rises within the process. */
  readonly id: number;
  readonly peer: { readonly address: string; readonly port: number };
  readonly writer: ResponseWriter;

  readonly #around: ConnectionSurroundings;
  readonly #handler: ConnectionHandler;
  readonly #reader: CommandReader;
  readonly #deadline: Deadline<Limit>;
  readonly #writeDeadline: Deadline<'write'>;
  readonly #signInDeadline: Deadline<'sign-in'>;
  #socket: Socket;
  #transport: Transport;
  #abort: AbortController | undefined;
  #releaseAccount: (() => void) | undefined;
  /** What to say when the command that runs is done. */
  #farewell: { readonly text: string; readonly code: ResponseCode | undefined } | undefined;
  #afterwards: (() => void) | undefined;
  #reading = false;
  #closing = false;
  #gone = false;

  /** `socket` is connected, and secured already on a TLS listener. Call `run` next. */
  constructor(id: number, socket: Socket, around: ConnectionSurroundings) {
    this.id = id;
    this.peer = { address: socket.remoteAddress ?? 'unknown', port: socket.remotePort ?? 0 };
    this.#around = around;
    this.#socket = socket;
    this.#transport = new SocketTransport(socket);
    this.#deadline = new Deadline(around.timers, (limit) => this.#expire(limit));
    this.#writeDeadline = new Deadline(around.timers, (limit) => this.#giveUp(limit));
    this.#signInDeadline = new Deadline(around.timers, () => this.bye('you did not sign in in time'));
    this.#reader = new CommandReader(this.#source(), around.limits);
    const { batchBytes, turnBytes } = around.limits;
    this.writer = new ResponseWriter(this.#sink(), { batchBytes, turnBytes, nextTurn: around.nextTurn });
    this.#watch(socket);
    this.#handler = around.createHandler(this);
  }

  // --- for the handler ------------------------------------------------------------------------------------------

  /** Under TLS. */
  get tls(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  /** Nobody can listen in: TLS, or a peer on this machine. Passwords may be sent. */
  get secure(): boolean {
    return this.tls || isLoopback(this.peer.address);
  }

  /** STARTTLS can be offered. */
  get canStartTls(): boolean {
    return !this.tls && this.#around.tls !== undefined;
  }

  get limits(): ImapLimits {
    return this.#around.limits;
  }

  /** Aborts when the socket closes, while a command may still run. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#gone) this.#abort.abort();
    return this.#abort.signal;
  }

  /**
   * One line that is no command, as a byte string: the answer to a challenge, IDLE's DONE. Null once the peer has closed
   * its side. Throws `ImapSyntaxError` for a line that is too long; it is read to its end.
   */
  async readLine(): Promise<string | null> {
    await this.writer.flush();
    return this.#reader.line();
  }

  /**
   * The client has signed in to `account` (a key of the caller's): it counts towards the account's connections, of which
   * there may be `most`, and the time limit for signing in is lifted. If there are too many, answer NO [LIMIT] with the reason and change nothing.
   */
  signIn(
    account: string,
    most = Infinity,
  ): { readonly ok: true } | { readonly ok: false; readonly reason: string } {
    const admitted = this.#around.admission.admitToAccount(account, most);
    if (!admitted.ok) return admitted;
    this.#releaseAccount?.();
    this.#releaseAccount = admitted.release;
    if (this.#gone) admitted.release();
    this.#signInDeadline.clear();
    return { ok: true };
  }

  /** The client has signed out: it counts towards no account, and has to sign in again in time. */
  signOut(): void {
    this.#releaseAccount?.();
    this.#releaseAccount = undefined;
    if (!this.#gone) this.#signInDeadline.set('sign-in', this.#around.limits.unauthenticatedMs);
  }

  /**
   * STARTTLS, for a connection that `canStartTls`: throws away what was pipelined behind the command, answers OK, and
   * does the handshake. The handler then forgets what it learnt in the clear. Rejects if the handshake fails.
   */
  async startTls(tag: string): Promise<void> {
    const settings = this.#around.tls;
    if (settings === undefined || this.tls) throw new Error('STARTTLS is not on offer');
    // First of all, or a byte that is here by now could be taken for one that came encrypted. What comes in from now on
    // goes into the handshake, and breaks it if it is plain text.
    this.#transport.detach();
    this.#reader.discard();
    this.writer.status(tag, 'OK', 'begin TLS now');
    await this.writer.flush();
    const { timers, limits } = this.#around;
    const secured = await secureSocket(this.#socket, settings, timers, limits.unauthenticatedMs);
    this.#socket = secured;
    this.#transport = new SocketTransport(secured);
    this.#watch(secured);
  }

  /**
   * Says `* BYE`, and closes after it has reached the client. LOGOUT writes its own BYE and OK and calls `close`.
   */
  bye(text: string, code?: ResponseCode): void {
    if (this.#closing) return;
    if (this.writer.inLiteral) {
      this.destroy(new ConnectionLostError(text));
      return;
    }
    this.writer.status('*', 'BYE', text, code);
    this.close();
  }

  /** Sends what was written and closes. Commands that were pipelined behind this one are not run. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#signInDeadline.clear();
    this.#deadline.set('linger', this.#around.limits.lingerMs);
    this.writer.flush().then(
      () => this.#transport.end(),
      () => this.destroy(),
    );
  }

  /** Ends the connection at once, without a word: when it is better that the client learns nothing (I3). */
  destroy(reason = new ConnectionLostError()): void {
    this.#closing = true;
    this.writer.close(reason);
    this.#socket.destroy();
  }

  // --- for the server -------------------------------------------------------------------------------------------

  /** Says BYE as soon as no command runs: at once if we wait for the client, else after the answer. */
  drain(text: string, code?: ResponseCode): void {
    this.#farewell = { text, code };
    const waiting = this.#reader.phase === 'between' || this.#reader.phase === 'line';
    if (this.#reading && waiting) this.bye(text, code);
  }

  /** Calls `run` when the socket is closed, at once if it is already. */
  whenGone(run: () => void): void {
    if (this.#gone) run();
    else this.#afterwards = run;
  }

  /** Serves the client to the end. Never rejects. */
  async run(): Promise<void> {
    this.#signInDeadline.set('sign-in', this.#around.limits.unauthenticatedMs);
    try {
      await this.#handler.greet();
      await this.writer.flush();
      await this.#serve();
      this.close();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#handler.closed();
    }
  }

  async #serve(): Promise<void> {
    const hooks = {
      literalPolicy: (announcement: LiteralAnnouncement) => this.#handler.literalPolicy(announcement),
      continuation: async () => {
        this.writer.continuation();
        await this.writer.flush();
      },
    };
    const turns = new Turns(COMMANDS_PER_TURN, this.#around.nextTurn);
    while (this.#isOpen()) {
      if (this.#farewell !== undefined) {
        this.bye(this.#farewell.text, this.#farewell.code);
        return;
      }
      const read = await this.#reader.next(hooks);
      if (read.kind === 'end') return;
      this.#deadline.set('answer', this.#around.limits.answerMs);
      if (read.kind === 'command') await this.#handler.handle(read.command);
      else this.writer.status(read.tag ?? '*', read.response.status, read.response.text, read.response.code);
      if (this.#isOpen()) await this.writer.flush();
      // Pipelined commands that are answered from memory would otherwise run one after another without a pause.
      if (turns.spend(1)) await turns.next();
    }
  }

  #isOpen(): boolean {
    return !this.#closing;
  }

  #fail(error: unknown): void {
    const fields = { connection: this.id, peer: this.peer.address };
    if (error instanceof ConnectionLostError || error instanceof TlsHandshakeError) {
      this.#around.log.debug({ ...fields, reason: error.message }, 'connection lost');
      // If we are closing already, our last words are still on their way.
      if (this.#isOpen()) this.destroy();
    } else if (error instanceof InputFloodError) {
      this.#around.log.warn({ ...fields, reason: error.message }, 'connection given up');
      this.bye(error.message, 'TOOBIG');
    } else {
      this.#around.log.error({ ...fields, err: error }, 'a command failed in a way that it should not');
      this.bye('internal error, please connect again', 'SERVERBUG');
    }
  }

  // --- bytes and time -------------------------------------------------------------------------------------------

  /** The reader's source: the transport of the moment, under the time limit for what is being waited for. */
  #source(): ByteSource {
    return {
      read: async () => {
        this.#limitRead();
        this.#reading = true;
        try {
          const bytes = await this.#transport.read();
          this.#around.metrics.add('BytesIn', bytes?.length ?? 0);
          return bytes;
        } finally {
          this.#reading = false;
          // The time for a command runs from its first byte to its last; everything else is done with the bytes.
          if (this.#deadline.reason !== 'command' && !this.#closing) {
            this.#deadline.set('answer', this.#around.limits.answerMs);
          }
        }
      },
    };
  }

  #limitRead(): void {
    if (this.#closing) return;
    const { limits } = this.#around;
    const { phase } = this.#reader;
    if (phase === 'message') this.#deadline.set('message', limits.messageStallMs);
    else if (phase !== 'command') this.#deadline.set('idle', limits.idleMs);
    else if (this.#deadline.reason !== 'command') this.#deadline.set('command', limits.commandMs);
  }

  /** The writer's sink: the transport of the moment, with the time limit for a client that does not read. */
  #sink(): ByteSink {
    return {
      write: (chunks) => {
        if (this.#deadline.reason === 'answer') this.#deadline.set('answer', this.#around.limits.answerMs);
        this.#around.metrics.add('BytesOut', bytesOf(chunks));
        const blocked = this.#transport.write(chunks);
        if (blocked === undefined) return undefined;
        this.#writeDeadline.set('write', this.#around.limits.writeStallMs);
        return blocked.finally(() => this.#writeDeadline.clear());
      },
      destroy: () => this.destroy(),
    };
  }

  #expire(limit: Limit): void {
    if (limit === 'answer' || limit === 'linger') this.#giveUp(limit);
    else this.bye(TOO_LONG[limit]);
  }

  #giveUp(limit: Limit | 'write'): void {
    if (limit !== 'linger') {
      this.#around.log.warn({ connection: this.id, peer: this.peer.address, limit }, 'connection given up');
    }
    this.destroy();
  }

  /** A reset at any time is the peer's business: it must end this connection and nothing else. */
  #watch(socket: Socket): void {
    socket.on('error', this.#onSocketError);
    socket.once('close', this.#onSocketClose);
  }

  readonly #onSocketError = (error: Error): void => {
    this.#around.log.debug(
      { connection: this.id, peer: this.peer.address, reason: error.message },
      'socket error',
    );
  };

  readonly #onSocketClose = (): void => {
    if (this.#gone) return;
    this.#gone = true;
    this.#closing = true;
    this.#deadline.clear();
    this.#writeDeadline.clear();
    this.#signInDeadline.clear();
    this.#releaseAccount?.();
    this.writer.close(new ConnectionLostError());
    this.#abort?.abort();
    this.#afterwards?.();
  };
}

function bytesOf(chunks: readonly Chunk[]): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
  return bytes;
}
