/**
 * An IMAP client that hides nothing: every response is handed over in the order in which it came, commands may be
 * pipelined, and a connection that breaks leaves the commands under way without an answer.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type DeflateRaw, type InflateRaw, constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import type { Transcript } from './transcript.ts';

/** One response: its text without CRLF, each literal in its place as `{size}`, and the literals. */
export interface Response {
  readonly text: string;
  readonly literals: readonly Buffer[];
}

export interface Completed {
  readonly status: 'OK' | 'NO' | 'BAD';
  /** Behind the status: response code and text. */
  readonly text: string;
  /** Untagged responses that came while it was the oldest command without an answer. */
  readonly untagged: readonly Response[];
}

/** The connection ended before the answer: nothing is known of the command. */
export class ConnectionEnded extends Error {
  constructor(why: string) {
    super(`the connection ended: ${why}`);
    this.name = 'ConnectionEnded';
  }
}

interface Pending {
  readonly tag: string;
  readonly untagged: Response[];
  readonly resolve: (completed: Completed) => void;
  readonly reject: (error: Error) => void;
  readonly onContinue: (() => void) | undefined;
  readonly options: RunOptions;
}

export interface RunOptions {
  /** Called with each untagged response as soon as it has come, before what follows it is looked at. */
  readonly onUntagged?: (response: Response) => void;
  /** Called likewise when the command has its answer. */
  readonly onCompleted?: (completed: Completed) => void;
  /** Called at `+`. */
  readonly onContinue?: () => void;
  /** Wait for `+` before the literal is sent. */
  readonly synchronising?: boolean;
}

const LITERAL = /\{(\d+)\}$/;

export class ImapConnection {
  /** Called with an untagged response that comes while no command is under way. */
  onUnasked: ((response: Response) => void) | undefined;
  readonly #socket: Socket;
  readonly #transcript: Transcript;
  readonly #pending: Pending[] = [];
  #received: Buffer = Buffer.alloc(0);
  #text = '';
  #literals: Buffer[] = [];
  #tags = 0;
  #ended: Error | undefined;
  #greeted: (() => void) | undefined;
  #inflate: InflateRaw | undefined;
  #deflate: DeflateRaw | undefined;

  private constructor(socket: Socket, transcript: Transcript) {
    this.#socket = socket;
    this.#transcript = transcript;
    socket.on('data', (bytes: Buffer) => {
      if (this.#inflate) this.#inflate.write(bytes);
      else this.#hear(bytes);
    });
    socket.on('error', (error) => this.#end(error.message));
    socket.on('close', () => this.#end('closed'));
  }

  /** `secure`: under TLS from the beginning, whoever's the certificate is. */
  static async open(port: number, transcript: Transcript, { secure = false } = {}): Promise<ImapConnection> {
    const at = { port, host: '127.0.0.1' };
    const socket = secure ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
    try {
      await once(socket, secure ? 'secureConnect' : 'connect');
    } catch (error) {
      throw new ConnectionEnded(error instanceof Error ? error.message : String(error));
    }
    const connection = new ImapConnection(socket, transcript);
    await new Promise<void>((resolve) => {
      connection.#greeted = resolve;
      if (connection.#ended) resolve();
    });
    if (connection.#ended) throw connection.#ended;
    return connection;
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Sends a command; a `Buffer` among its parts goes as a literal. */
  run(parts: string | readonly (string | Buffer)[], options: RunOptions = {}): Promise<Completed> {
    if (this.#ended) return Promise.reject(this.#ended);
    const tag = `h${++this.#tags}`;
    const list = typeof parts === 'string' ? [parts] : parts;
    this.#transcript.add('C', `${tag} ${list.map(shown).join('')}`);
    const { first, rest } = spell(tag, list, options.synchronising === true);
    return new Promise<Completed>((resolve, reject) => {
      const onContinue = rest === undefined ? options.onContinue : () => this.#write(rest);
      this.#pending.push({ tag, untagged: [], resolve, reject, onContinue, options });
      this.#write(first);
    });
  }

  /** COMPRESS DEFLATE (RFC 4978), while nothing else is under way. */
  async compress(): Promise<Completed> {
    return this.run('COMPRESS DEFLATE', {
      onCompleted: ({ status }) => {
        if (status !== 'OK') return;
        const failed = (error: Error): void => this.#end(error.message);
        this.#inflate = createInflateRaw().on('error', failed);
        this.#inflate.on('data', (bytes: Buffer) => this.#hear(bytes));
        this.#deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH }).on('error', failed);
        this.#deflate.on('data', (bytes: Buffer) => this.#socket.write(bytes));
        // What came in one piece with the answer is compressed already.
        const rest = this.#received;
        this.#received = Buffer.alloc(0);
        if (rest.length > 0) this.#inflate.write(rest);
      },
    });
  }

  /** UNAUTHENTICATE (RFC 8437), which ends COMPRESS both ways; nothing is sent before it is answered. */
  async unauthenticate(): Promise<Completed> {
    return this.run('UNAUTHENTICATE', {
      onCompleted: ({ status }) => {
        if (status !== 'OK') return;
        this.#inflate?.close();
        this.#deflate?.close();
        this.#inflate = this.#deflate = undefined;
      },
    });
  }

  /** Sends a line that is no command: DONE. */
  line(text: string): void {
    this.#transcript.add('C', text);
    this.#write(Buffer.from(`${text}\r\n`));
  }

  destroy(): void {
    this.#socket.destroy();
    this.#end('by us');
  }

  #write(bytes: Buffer): void {
    if (this.#deflate) this.#deflate.write(bytes);
    else this.#socket.write(bytes);
  }

  #hear(bytes: Buffer): void {
    try {
      this.#take(bytes);
    } catch (error) {
      // Whoever listens has heard what must not be: that is the outcome of all that is under way.
      this.#end('broken', error instanceof Error ? error : new Error(String(error)));
      this.#socket.destroy();
    }
  }

  #take(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#received.toString('latin1', 0, end);
      const size = LITERAL.exec(line)?.[1];
      const after = end + 2 + Number(size ?? 0);
      if (this.#received.length < after) return;
      this.#text += line;
      if (size !== undefined) this.#literals.push(Buffer.from(this.#received.subarray(end + 2, after)));
      this.#received = this.#received.subarray(after);
      if (size !== undefined) continue;
      const response = { text: this.#text, literals: this.#literals };
      this.#text = '';
      this.#literals = [];
      this.#dispatch(response);
    }
  }

  #dispatch(response: Response): void {
    const { text } = response;
    this.#transcript.add('S', text);
    if (this.#greeted) {
      this.#greeted();
      this.#greeted = undefined;
      return;
    }
    const [oldest] = this.#pending;
    if (text.startsWith('+')) {
      oldest?.onContinue?.();
      return;
    }
    if (text.startsWith('* ')) {
      oldest?.untagged.push(response);
      if (oldest) oldest.options.onUntagged?.(response);
      else this.onUnasked?.(response);
      return;
    }
    const [tag = '', status = '', ...words] = text.split(' ');
    if (oldest?.tag !== tag || !/^(OK|NO|BAD)$/.test(status)) {
      this.#end(`an answer out of turn: ${text}`);
      this.#socket.destroy();
      return;
    }
    this.#pending.shift();
    const completed = {
      status: status as Completed['status'],
      text: words.join(' '),
      untagged: oldest.untagged,
    };
    oldest.options.onCompleted?.(completed);
    oldest.resolve(completed);
  }

  #end(why: string, error: Error = new ConnectionEnded(why)): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#transcript.add('#', why);
    this.#inflate?.close();
    this.#deflate?.close();
    this.#greeted?.();
    for (const { reject } of this.#pending.splice(0)) reject(this.#ended);
  }
}

const shown = (part: string | Buffer): string => (typeof part === 'string' ? part : `{${part.length} bytes}`);

/** What is sent at once, and what waits for `+`. */
function spell(
  tag: string,
  parts: readonly (string | Buffer)[],
  synchronising: boolean,
): { first: Buffer; rest: Buffer | undefined } {
  const before: Buffer[] = [Buffer.from(`${tag} `)];
  const after: Buffer[] = [];
  let now = before;
  for (const part of parts) {
    if (typeof part === 'string') now.push(Buffer.from(part));
    else {
      now.push(Buffer.from(`{${part.length}${synchronising ? '' : '+'}}\r\n`));
      if (synchronising) now = after;
      now.push(part);
    }
  }
  now.push(Buffer.from('\r\n'));
  return { first: Buffer.concat(before), rest: after.length > 0 ? Buffer.concat(after) : undefined };
}
