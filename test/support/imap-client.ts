/** A client for transcripts: it sends lines, and holds what comes to what must come. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from '@jest/globals';

export class ImapClient {
  #socket: Socket;
  #received = '';
  #ended = false;
  #wake: (() => void) | undefined;
  #tags = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async connect(port: number): Promise<ImapClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new ImapClient(socket);
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

  async startTls(): Promise<void> {
    this.#socket.removeAllListeners('data');
    const secured = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await once(secured, 'secureConnect');
    this.#socket = secured;
    this.#listen();
  }

  /** Sends a byte string as it is. */
  send(bytes: string): void {
    this.#socket.write(bytes, 'latin1');
  }

  /** The next line without its CRLF; `(end)` once the server has closed. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end !== -1) {
        const line = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 2);
        return line;
      }
      if (this.#ended) return '(end)';
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Runs one command; resolves to all lines up to the tagged response, with `tag` in the place of the tag. */
  async run(command: string): Promise<string[]> {
    const tag = `t${++this.#tags}`;
    this.send(`${tag} ${command}\r\n`);
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === '(end)') throw new Error(`the server closed after ${JSON.stringify(lines)}`);
      lines.push(line.startsWith(`${tag} `) ? `tag ${line.slice(tag.length + 1)}` : line);
      if (line.startsWith(`${tag} `)) return lines;
    }
  }

  /** Appends with LITERAL+; resolves to the tagged response. */
  async append(mailbox: string, message: string, options = ''): Promise<string> {
    const lines = await this.run(
      `APPEND ${mailbox} ${options}${options && ' '}{${message.length}+}\r\n${message}`,
    );
    return lines.at(-1) ?? '';
  }

  /**
   * Plays a transcript. `C: ` is sent with CRLF; `S: ` is the line that must come, in which `…` stands for anything;
   * `S: (end)` is the end of the connection. Neighbouring C lines go out in one packet.
   */
  async play(transcript: string): Promise<void> {
    let sending = '';
    const flush = (): void => {
      if (sending !== '') this.send(sending);
      sending = '';
    };
    for (const raw of transcript.split('\n')) {
      const line = raw.trimStart();
      if (line.startsWith('C: ') || line === 'C:') sending += `${line.slice(3)}\r\n`;
      else if (line.startsWith('S: ') || line === 'S:') {
        flush();
        expectLine(await this.line(), line.slice(3));
      } else if (line !== '') throw new Error(`not a line of a transcript: ${line}`);
    }
    flush();
  }

  /** Ends our side; what the server still sends is read. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function expectLine(line: string, wanted: string): void {
  if (!wanted.includes('…')) {
    expect(`S: ${line}`).toBe(`S: ${wanted}`);
    return;
  }
  const pattern = wanted.split('…').map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  expect(`S: ${line}`).toMatch(new RegExp(`^S: ${pattern.join('.*')}$`));
}
