/**
 * A client that sends any bytes without losing its place: it sees where a line announces a literal, waits where the server
 * must be asked, and gives the literal its bytes. So nothing is left to time.
 */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { Violation } from '../violation.ts';

/** What came back to an input. */
export interface Answer {
  readonly lines: readonly string[];
  /** The connection has ended. */
  readonly ended: boolean;
  /** It was this client that has ended it. */
  readonly left: boolean;
}

/** The server's own rule for the end of a line (RFC 9051 §4.3, RFC 7888 §3). */
const ANNOUNCEMENT = /~?\{([0-9]{1,32})(\+?)\}$/;
/** More than this is not sent, however much was announced. */
const MOST_LITERAL = 300_000;

export class Wire {
  readonly #socket: Socket;
  #received = '';
  #ended = false;
  #left = false;
  #wake: () => void = () => undefined;
  #marks = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.#received += bytes.toString('latin1');
      this.#wake();
    });
    const ended = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', ended).on('close', ended).on('error', ended);
  }

  static async connect(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    const wire = new Wire(socket);
    await wire.#line();
    return wire;
  }

  /** Sends `input` as a command with its line end, and then a mark; resolves to all that comes before the mark's answer. */
  async exchange(input: string): Promise<Answer> {
    const lines: string[] = [];
    const ended = await this.#send(`${input}\r\n`, lines);
    if (ended) return { lines: [...lines, ...this.#lastLines()], ended, left: this.#left };
    const mark = `mark${++this.#marks}`;
    this.#write(`${mark} NOOP\r\n`);
    for (;;) {
      const line = await this.#line();
      if (line === null) return { lines, ended: true, left: false };
      if (line.startsWith(`${mark} `)) return { lines, ended: false, left: false };
      lines.push(line);
      // IDLE, or a challenge, has taken the mark for its line, or will: both end with this, and the mark is sent again.
      if (line.startsWith('+ ') || line === '+') this.#write(`DONE\r\n${mark} NOOP\r\n`);
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Sends line by line; true if the connection has ended. */
  async #send(input: string, lines: string[]): Promise<boolean> {
    let rest = input;
    while (rest !== '') {
      const lf = rest.indexOf('\n');
      const line = lf < 0 ? `${rest}\r\n` : rest.slice(0, lf + 1);
      rest = lf < 0 ? '' : rest.slice(lf + 1);
      this.#write(line);
      const announced = ANNOUNCEMENT.exec(line.replace(/\r?\n$/, '').slice(-40));
      if (!announced) continue;
      const size = Number(announced[1]);
      if (announced[2] === '' && !(await this.#asked(lines))) continue;
      if (this.#ended) return true;
      if (size > MOST_LITERAL) {
        // Nobody waits for so much: the server gives up, or is given up.
        this.#left = true;
        this.destroy();
        return true;
      }
      this.#write(rest.slice(0, size).padEnd(size, 'x'));
      rest = rest.slice(size);
      if (rest === '') rest = '\r\n';
    }
    return this.#ended;
  }

  /** Whether the server wants the literal that it was told of: `+`, or the command's answer. */
  async #asked(lines: string[]): Promise<boolean> {
    for (;;) {
      const line = await this.#line();
      if (line === null) return false;
      lines.push(line);
      if (line.startsWith('+')) return true;
      if (/^\S+ (OK|NO|BAD) /.test(line) && !line.startsWith('* OK ')) return false;
    }
  }

  #write(bytes: string): void {
    if (!this.#ended) this.#socket.write(bytes, 'latin1');
  }

  /** What came before the end, such as BYE, and was not read yet. */
  #lastLines(): readonly string[] {
    const last = this.#received.split('\r\n').slice(0, -1);
    this.#received = '';
    return last;
  }

  /** The next line; the bytes of literals in it are left out. Null at the end. */
  async #line(): Promise<string | null> {
    let line = '';
    for (;;) {
      const end = await this.#until(() => this.#received.indexOf('\r\n'));
      if (end < 0) return null;
      line += this.#received.slice(0, end);
      this.#received = this.#received.slice(end + 2);
      const size = Number(/\{([0-9]+)\}$/.exec(line)?.[1] ?? -1);
      if (size < 0) return line;
      if ((await this.#until(() => (this.#received.length >= size ? 0 : -1))) < 0) return null;
      this.#received = this.#received.slice(size);
    }
  }

  async #until(find: () => number): Promise<number> {
    for (;;) {
      const found = find();
      if (found >= 0) return found;
      if (this.#ended) return -1;
      if (this.#received.length > 64 * 1024 * 1024) throw new Violation('an answer without end');
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
