/** A client for transcripts: it sends lines, and holds what comes to what must come. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type DeflateRaw, constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { expect } from '@jest/globals';
import {
  MODSEQ_WORDS,
  OBJECTID_WORDS,
  type Variant,
  commandInVariant,
  inVariant,
  lineOfVariant,
  withoutMailboxId,
  withoutModSeq,
  withoutSecondUid,
} from './variants.ts';

export class ImapClient {
  /** Below TLS, if there is any. */
  readonly #plain: Socket;
  #socket: Socket;
  #deflate: DeflateRaw | undefined;
  #received = '';
  #ended = false;
  #wake: (() => void) | undefined;
  #tags = 0;

  #variant: Variant;
  /** The client has spoken of mod-sequences itself: then they are part of the transcript. */
  #knowsModSeqs = false;
  #knowsObjectIds = false;

  private constructor(plain: Socket, socket: Socket, variant: Variant) {
    this.#plain = plain;
    this.#socket = socket;
    this.#variant = variant;
    this.#listen();
  }

  static async connect(port: number, variant: Variant = 'plain'): Promise<ImapClient> {
    const plain = connect({ port, host: '127.0.0.1', allowHalfOpen: variant !== 'tls' });
    await once(plain, 'connect');
    if (variant !== 'tls') return new ImapClient(plain, plain, variant);
    const secured = connectTls({ socket: plain, rejectUnauthorized: false });
    await once(secured, 'secureConnect');
    return new ImapClient(plain, secured, variant);
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#socket.on('end', this.#over).on('close', this.#over).on('error', this.#over);
  }

  readonly #over = (): void => {
    this.#ended = true;
    this.#wake?.();
  };

  #take(bytes: Buffer): void {
    this.#received += bytes.toString('latin1');
    this.#wake?.();
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
    if (MODSEQ_WORDS.test(bytes)) this.#knowsModSeqs = true;
    if (OBJECTID_WORDS.test(bytes)) this.#knowsObjectIds = true;
    if (!this.#deflate) this.#socket.write(bytes, 'latin1');
    else {
      this.#deflate.write(bytes, 'latin1');
      this.#deflate.flush(constants.Z_SYNC_FLUSH);
    }
  }

  /** The next line without its CRLF; `(end)` once the server has closed. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end !== -1) {
        const line = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 2);
        const told = this.#knowsModSeqs ? line : withoutModSeq(line);
        const shown = this.#knowsObjectIds || told === null ? told : withoutMailboxId(told);
        if (shown === null) continue;
        return this.#variant === 'uidonly' ? withoutSecondUid(shown) : shown;
      }
      if (this.#ended) return '(end)';
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Runs one command; resolves to all lines up to the tagged response, with `tag` in the place of the tag. */
  async run(command: string): Promise<string[]> {
    const tag = `t${++this.#tags}`;
    this.send(`${tag} ${commandInVariant(command, this.#variant)}\r\n`);
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === '(end)') throw new Error(`the server closed after ${JSON.stringify(lines)}`);
      lines.push(line.startsWith(`${tag} `) ? `tag ${line.slice(tag.length + 1)}` : line);
      if (line.startsWith(`${tag} `)) return lines;
    }
  }

  /** ENABLE for a transcript that knows nothing of it; a gateway that does not know the word switches nothing on. */
  async enable(word: string): Promise<void> {
    await this.run(`ENABLE ${word}`);
    this.#knowsModSeqs = false;
  }

  /** COMPRESS DEFLATE (RFC 4978), unless the gateway refuses it. */
  async compress(): Promise<void> {
    if (!(await this.run('COMPRESS DEFLATE')).at(-1)?.startsWith('tag OK')) return;
    const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
    const deflate = createDeflateRaw();
    this.#socket.removeAllListeners('data');
    // The last words are inflated after the socket has ended.
    this.#socket.off('end', this.#over).off('close', this.#over);
    this.#socket.on('close', () => inflate.end());
    inflate.on('end', this.#over);
    this.#socket.pipe(inflate);
    deflate.pipe(this.#socket);
    this.#deflate = deflate;
    inflate.on('data', (bytes: Buffer) => this.#take(bytes)).on('error', () => this.#socket.destroy());
    // What came behind the answer in one packet is compressed already.
    inflate.write(Buffer.from(this.#received, 'latin1'));
    this.#received = '';
  }

  /** UNAUTHENTICATE (RFC 8437): nothing of the variant is left, and bytes go as they are again. */
  async unauthenticate(): Promise<void> {
    expect(await this.run('UNAUTHENTICATE')).toEqual(['tag OK signed out']);
    this.#variant = 'plain';
    if (this.#deflate) this.decompress();
  }

  /** After UNAUTHENTICATE bytes go as they are again. */
  decompress(): void {
    this.#socket.unpipe().removeAllListeners('data').removeAllListeners('close');
    this.#deflate?.unpipe();
    this.#deflate = undefined;
    this.#listen();
    this.#socket.resume();
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
   * `S: (end)` is the end of the connection. Neighbouring C lines go out in one packet. `S[qresync uidonly]: ` is a line
   * of these variants only, `S[!uidonly]: ` of all but this one; the same goes for `C`.
   */
  async play(transcript: string): Promise<void> {
    let sending = '';
    const flush = (): void => {
      if (sending !== '') this.send(sending);
      sending = '';
    };
    for (const raw of transcript.split('\n')) {
      const line = lineOfVariant(raw.trimStart(), this.#variant);
      if (line.startsWith('C: ') || line === 'C:')
        sending += `${taggedInVariant(line.slice(3), this.#variant)}\r\n`;
      else if (line.startsWith('S: ') || line === 'S:') {
        flush();
        expectLine(await this.line(), inVariant(line.slice(3), this.#variant));
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

  /** The connection breaks: unlike a client that has only ended its side, nobody is left to be answered. */
  reset(): void {
    this.#plain.resetAndDestroy();
  }
}

function taggedInVariant(line: string, variant: Variant): string {
  const [, tag = '', command = line] = /^(\w+ )(.*)$/s.exec(line) ?? [];
  return tag + commandInVariant(command, variant);
}

function expectLine(line: string, wanted: string): void {
  if (!wanted.includes('…')) {
    expect(`S: ${line}`).toBe(`S: ${wanted}`);
    return;
  }
  const pattern = wanted.split('…').map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  expect(`S: ${line}`).toMatch(new RegExp(`^S: ${pattern.join('.*')}$`));
}
