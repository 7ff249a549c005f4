/**
 * One client's connection: its socket, its reader and writer, its time limits. It does one thing at a time: it runs
 * commands strictly in order, each after the answer to the one before, or tells news. It knows nothing of what they mean:
 * that is the handler's.
 *
 * When there is nothing to do it rests: no call waits for the client, only the socket's listeners do. Most of a gateway's
 * connections rest at any moment, and thousands of suspended calls would be most of its memory.
 */
import type { Socket } from 'node:net';
import { actingFor } from '../../../shared/metrics/activity.ts';
import { CommandReader, InputFloodError, type ByteSource, type ReadHooks } from '../wire/command-reader.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import {
  ConnectionLostError,
  ResponseWriter,
  type ByteSink,
  type Chunk,
  bytesIn,
} from '../wire/response-writer.ts';
import { type Admitted, isLoopback, type Place } from './admission.ts';
import type { Peer } from './arrivals.ts';
import type { ConnectionHandler } from './connection-handler.ts';
import { Channel, type Refused } from './channel.ts';
import { Turns } from './fairness.ts';
import type { ImapLimits } from './limits.ts';
import { type Limit, Patience, TOO_LONG } from './patience.ts';
import type { ConnectionSurroundings } from './surroundings.ts';
import { TlsHandshakeError } from './tls.ts';
import type { TransportOwner } from './transport.ts';

/** Commands that one client may have run, out of what has already come in, before others have a turn. */
const COMMANDS_PER_TURN = 32;

export class Connection implements ByteSource, ByteSink, TransportOwner {
  /** Random-free name of the connection in logs: a number that rises within the process. */
  readonly id: number;
  readonly peer: Peer;
  readonly writer: ResponseWriter;

  readonly #around: ConnectionSurroundings;
  readonly #handler: ConnectionHandler;
  readonly #reader: CommandReader;
  readonly #patience: Patience;
  readonly #place: Place;
  readonly #channel: Channel;
  #abort: AbortController | undefined;
  #accountPlace: Place | undefined;
  /** What to say when what runs is done. */
  #farewell: { readonly text: string; readonly code: ResponseCode | undefined } | undefined;
  /** Something runs; else the connection rests. */
  #working = false;
  /** There is news that the handler was not told of. */
  #stirred = false;
  #reading = false;
  #closing = false;
  #gone = false;
  #over = false;

  /**
   * `socket` is connected, and secured already on a TLS listener; `peer` is who it is from. `place` is given back at its
   * end. Call `begin` next.
   */
  constructor(id: number, socket: Socket, peer: Peer, place: Place, around: ConnectionSurroundings) {
    this.id = id;
    this.peer = peer;
    this.#around = around;
    this.#place = place;
    this.#channel = new Channel(socket, this, around.admission);
    this.#patience = new Patience(around.limits, around.timers, (limit) => this.#expire(limit));
    this.#reader = new CommandReader(this, around.limits);
    this.writer = new ResponseWriter(this, around.writing);
    this.#handler = around.createHandler(this);
  }

  // --- for the handler ------------------------------------------------------------------------------------------

  /** Under TLS. */
  get tls(): boolean {
    return this.#channel.tls;
  }

  /** Nobody can listen in: TLS, here or before us, or a peer on this machine. Passwords may be sent. */
  get secure(): boolean {
    return this.tls || this.peer.behindTls || isLoopback(this.peer.address);
  }

  /** STARTTLS can be offered; not inside of TLS that ends before us. */
  get canStartTls(): boolean {
    return !this.tls && !this.peer.behindTls && this.#around.tls !== undefined;
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
  signIn(account: string, most = Infinity): { readonly ok: true } | Exclude<Admitted, Place> {
    const admitted = this.#around.admission.admitToAccount(account, most);
    if (!admitted.ok) return admitted;
    this.#accountPlace?.release();
    this.#accountPlace = admitted;
    if (this.#gone) admitted.release();
    this.#patience.signedIn();
    return { ok: true };
  }

  /** Which the client has signed in to; undefined if none. */
  get account(): string | undefined {
    return this.#accountPlace?.name;
  }

  /** The client has signed out: it counts towards no account, and has to sign in again in time. */
  signOut(): void {
    this.#accountPlace?.release();
    this.#accountPlace = undefined;
    if (!this.#gone) this.#patience.untilSignIn();
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
    this.#channel.detach();
    this.#reader.discard();
    this.writer.status(tag, 'OK', 'begin TLS now');
    await this.writer.flush();
    const { timers, limits } = this.#around;
    await this.#channel.secure(settings, timers, limits.unauthenticatedMs);
  }

  /** Bytes go compressed (RFC 4978). */
  get compressed(): boolean {
    return this.#channel.compressed;
  }

  /** COMPRESS, for a connection that is not `compressed`: answers OK, and compresses from there on, or is refused. */
  async compress(tag: string): Promise<{ readonly ok: true } | Refused> {
    const admitted = this.#channel.admitCompression(this.#hasInput());
    if (!admitted.ok) return admitted;
    if (this.#gone) this.#channel.release();
    this.writer.status(tag, 'OK', 'compressed from here on');
    await this.writer.flush();
    this.#channel.beginCompression();
    return admitted;
  }

  /** Bytes go as they are again, from both sides; false if it cannot be told where the client's begin (RFC 8437 §4.1). */
  async decompress(): Promise<boolean> {
    if (!this.compressed) return true;
    await this.writer.flush();
    return this.#reader.buffered === 0 && this.#channel.endCompression();
  }

  /** There is news: `handler.news` is called as soon as nothing else runs. */
  stir(): void {
    this.#stirred = true;
    this.#work();
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
    this.#patience.signedIn();
    this.#patience.forEnd();
    this.writer.flush().then(
      () => this.#channel.end(),
      () => this.destroy(),
    );
    this.#settle();
  }

  /** Ends the connection at once, without a word: when it is better that the client learns nothing (I3). */
  destroy(reason = new ConnectionLostError()): void {
    this.#closing = true;
    this.writer.close(reason);
    this.#channel.destroy();
  }

  // --- for the server -------------------------------------------------------------------------------------------

  /** Nothing runs, and no call waits for the client. */
  get resting(): boolean {
    return !this.#working;
  }

  /** Greets the client, and serves it to the end. */
  begin(): void {
    this.#patience.untilSignIn();
    this.#work(() => this.#handler.greet());
  }

  /** Says BYE as soon as no command runs: at once if we wait for the client, else after the answer. */
  drain(text: string, code?: ResponseCode): void {
    this.#farewell = { text, code };
    const waiting = this.#reader.phase === 'between' || this.#reader.phase === 'line';
    if (!this.#working || (this.#reading && waiting)) this.bye(text, code);
  }

  // --- one thing at a time --------------------------------------------------------------------------------------

  /** Does `first`, and then whatever there is to do, unless something runs already, which will come to it. */
  #work(first?: () => void | Promise<void>): void {
    if (this.#working || !this.#isOpen()) return;
    this.#working = true;
    void actingFor('read', () => this.#run(first));
  }

  /** Never rejects. */
  async #run(first: (() => void | Promise<void>) | undefined): Promise<void> {
    let served = first !== undefined;
    try {
      await first?.();
      if (await this.#serve()) served = true;
    } catch (error) {
      this.#fail(error);
    }
    // What was only told does not make the client's silence shorter.
    if (served && this.#isOpen()) this.#patience.forCommand();
    if (this.#abort?.signal.aborted === false) this.#abort = undefined;
    this.#working = false;
    this.#settle();
    // What has come since the last look found somebody at work.
    if (this.#stirred || this.#hasInput()) this.#work();
  }

  /** Until there is nothing to do; true if it was the client who asked. */
  async #serve(): Promise<boolean> {
    let asked = false;
    const turns = new Turns(COMMANDS_PER_TURN, this.#around.nextTurn);
    for (;;) {
      if (this.#isOpen()) await this.writer.flush();
      // Pipelined commands that are answered from memory would otherwise run one after another without a pause.
      if (turns.spend(1)) await turns.next();
      if (!this.#isOpen()) return asked;
      if (this.#farewell !== undefined) {
        this.bye(this.#farewell.text, this.#farewell.code);
      } else if (this.#hasInput()) {
        // Before news, of which there may be no end in a busy account.
        asked = true;
        await (this.#handler.paused ? this.#handler.resume() : this.#next());
      } else if (this.#stirred) {
        this.#stirred = false;
        await this.#handler.news();
      } else {
        return asked;
      }
    }
  }

  #hasInput(): boolean {
    return this.#reader.buffered > 0 || this.#channel.ready;
  }

  /** The client's next command, or its end. */
  async #next(): Promise<void> {
    const read = await this.#reader.next(this.#hooks());
    if (read.kind === 'end') {
      this.close();
      return;
    }
    this.#patience.forAnswer();
    if (read.kind === 'command') await this.#handler.handle(read.command);
    else this.writer.status(read.tag ?? '*', read.response.status, read.response.text, read.response.code);
  }

  #hooks(): ReadHooks {
    return {
      literalPolicy: (announcement) => this.#handler.literalPolicy(announcement),
      continuation: async () => {
        this.writer.continuation();
        await this.writer.flush();
      },
    };
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

  /** Tells whoever has to know, once each: the handler that it is over, the server that the socket is gone as well. */
  #settle(): void {
    if (this.#working || this.#isOpen()) return;
    if (!this.#over) this.#handler.closed();
    this.#over = true;
    if (this.#gone) this.#around.left(this);
  }

  // --- bytes and time: for the reader, the writer and the transport -----------------------------------------------

  /** From the channel, under the time limit for what is being waited for. */
  async read(): Promise<Uint8Array | null> {
    if (this.#isOpen()) this.#patience.forBytes(this.#reader.phase);
    this.#reading = true;
    try {
      const bytes = await this.#channel.read();
      this.#around.metrics.add('BytesIn', bytes?.length ?? 0);
      return bytes;
    } finally {
      this.#reading = false;
      // The time for a command runs from its first byte to its last; everything else is done with the bytes.
      if (this.#patience.limit !== 'command' && this.#isOpen()) this.#patience.forAnswer();
    }
  }

  /** To the channel, with the time limit for a client that does not read. */
  write(chunks: readonly Chunk[]): Promise<void> | undefined {
    if (this.#patience.limit === 'answer') this.#patience.forAnswer();
    this.#around.metrics.add('BytesOut', bytesIn(chunks));
    const blocked = this.#channel.write(chunks);
    if (blocked === undefined) return undefined;
    this.#patience.whileUnread();
    return blocked.finally(() => this.#patience.read());
  }

  wake(): void {
    this.#work();
  }

  failed(error: Error): void {
    const fields = { connection: this.id, peer: this.peer.address, reason: error.message };
    this.#around.log.debug(fields, 'socket error');
  }

  gone(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#closing = true;
    this.#patience.end();
    this.#accountPlace?.release();
    this.#channel.release();
    this.#place.release();
    this.writer.close(new ConnectionLostError());
    this.#abort?.abort();
    this.#settle();
  }

  #expire(limit: Limit): void {
    const text = TOO_LONG[limit];
    if (text !== undefined) this.bye(text);
    else {
      const fields = { connection: this.id, peer: this.peer.address, limit };
      if (limit !== 'linger') this.#around.log.warn(fields, 'connection given up');
      this.destroy();
    }
  }
}
