/** An SMTP client that says what it was told, and nothing more than it was told. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ConnectionEnded } from './imap-connection.ts';
import type { Transcript } from './transcript.ts';

export interface Reply {
  readonly code: number;
  readonly text: string;
}

export class SmtpConnection {
  readonly #socket: Socket;
  readonly #transcript: Transcript;
  #received = '';
  #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;
  #ended: ConnectionEnded | undefined;

  private constructor(socket: Socket, transcript: Transcript) {
    this.#socket = socket;
    this.#transcript = transcript;
    socket.on('data', (bytes: Buffer) => {
      this.#received += bytes.toString('latin1');
      this.#answer();
    });
    socket.on('error', (error) => this.#end(error.message));
    socket.on('close', () => this.#end('closed'));
  }

  static async open(port: number, transcript: Transcript): Promise<SmtpConnection> {
    const socket = connect({ port, host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
    } catch (error) {
      throw new ConnectionEnded(error instanceof Error ? error.message : String(error));
    }
    const connection = new SmtpConnection(socket, transcript);
    await connection.#reply();
    await connection.#say('EHLO hunter.example.com');
    return connection;
  }

  /** One message; the reply to its end, or to whatever was refused before. Rejects if the connection ended. */
  async send(recipients: readonly string[], message: Buffer): Promise<Reply> {
    const begun = await this.#say('MAIL FROM:<hunter@example.com>');
    if (begun.code !== 250) return begun;
    for (const recipient of recipients) {
      const reply = await this.#say(`RCPT TO:<${recipient}>`);
      if (reply.code !== 250) {
        await this.#say('RSET');
        return reply;
      }
    }
    const go = await this.#say('DATA');
    if (go.code !== 354) return go;
    // No line of ours begins with a dot, and the last ends with CRLF.
    this.#transcript.add('C', `{${message.length} bytes}`);
    this.#socket.write(message);
    return this.#say('.');
  }

  destroy(): void {
    this.#socket.destroy();
    this.#end('by us');
  }

  #say(line: string): Promise<Reply> {
    this.#transcript.add('C', line);
    if (!this.#ended) this.#socket.write(`${line}\r\n`);
    return this.#reply();
  }

  #reply(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#ended) reject(this.#ended);
      else this.#answer();
    });
  }

  #answer(): void {
    const found = /^(?:\d{3}-.*\r\n)*(\d{3}) (.*)\r\n/.exec(this.#received);
    if (!found || !this.#waiting) return;
    this.#received = this.#received.slice(found[0].length);
    const reply = { code: Number(found[1]), text: found[2] ?? '' };
    this.#transcript.add('S', `${reply.code} ${reply.text}`);
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(reply);
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = new ConnectionEnded(why);
    this.#transcript.add('#', why);
    this.#waiting?.reject(this.#ended);
    this.#waiting = undefined;
  }
}
