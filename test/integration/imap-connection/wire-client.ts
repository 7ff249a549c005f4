import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { expect } from '@jest/globals';

/** A client that knows no IMAP: it sends bytes and reads lines. */
export class WireClient {
  #socket: Socket;
  #received = '';
  #ended = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // Or Nagle's algorithm holds back a second small packet until the first is acknowledged.
    socket.setNoDelay(true);
    this.#listen();
  }

  static async plain(port: number): Promise<WireClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new WireClient(socket);
  }

  static async tls(port: number): Promise<WireClient> {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    return new WireClient(socket);
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => {
      this.#received += bytes.toString('latin1');
      this.#wake?.();
    });
    const ended = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    this.#socket.on('end', ended).on('close', ended).on('error', ended);
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** What came and was not read yet. */
  get received(): string {
    return this.#received;
  }

  async startTls(): Promise<void> {
    this.#socket.removeAllListeners('data');
    const secured: TLSSocket = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await once(secured, 'secureConnect');
    this.#socket = secured;
    this.#listen();
  }

  send(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** The next line without its CRLF; '(end)' when the server has closed. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end !== -1) {
        const line = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 2);
        return line;
      }
      if (this.#ended)
        return this.#received === '' ? '(end)' : `(end after ${JSON.stringify(this.#received)})`;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Exactly so many characters. */
  async take(length: number): Promise<string> {
    while (this.#received.length < length && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const taken = this.#received.slice(0, length);
    this.#received = this.#received.slice(length);
    return taken;
  }

  /**
   * Plays a transcript: `C: ` is sent with CRLF, `C+ ` without it, `S: ` is the line that must come, `S: (end)` the end of
   * the connection. A run of C lines goes out in one packet.
   */
  async play(transcript: string): Promise<void> {
    let sending = '';
    const flush = (): void => {
      if (sending !== '') this.send(sending);
      sending = '';
    };
    for (const line of transcript.split('\n').map((text) => text.trim())) {
      if (line.startsWith('C: ') || line === 'C:') sending += `${line.slice(3)}\r\n`;
      else if (line.startsWith('C+ ')) sending += line.slice(3);
      else if (line.startsWith('S: ')) {
        flush();
        expect(`S: ${await this.line()}`).toBe(line);
      } else if (line !== '') throw new Error(`not a line of a transcript: ${line}`);
    }
    flush();
  }

  /** Ends our side. */
  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
