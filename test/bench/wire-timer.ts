/** A client that does as little as it can with an answer: it counts bytes, and looks for the tag at the end. */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import type { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { constants, createInflateRaw, deflateRawSync } from 'node:zlib';
import { PASSWORD } from './bench-stores.ts';

/** Longer than any tagged line here. */
const TAIL_BYTES = 2_048;

export class WireTimer {
  readonly #socket: Socket;
  /** Where bytes come from, and how they are sent: changed by `compress`. */
  #in: Readable;
  #packed = (text: string): string | Buffer => text;
  #tags = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#in = socket;
  }

  /** `secured`: by TLS, to a port where it begins with the first byte. */
  static async connect(port: number, secured = false): Promise<WireTimer> {
    const at = { port, host: '127.0.0.1' };
    const socket = secured ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
    await once(socket, secured ? 'secureConnect' : 'connect');
    const timer = new WireTimer(socket);
    await timer.#until((tail) => tail.endsWith('\r\n'));
    return timer;
  }

  static async signIn(port: number, address: string, secured = false): Promise<WireTimer> {
    const timer = await WireTimer.connect(port, secured);
    await timer.run(`LOGIN ${address} "${PASSWORD}"`);
    return timer;
  }

  /** Milliseconds from the command's first byte to its answer's last, and the bytes of the answer. */
  async run(command: string): Promise<{ ms: number; bytes: number }> {
    const tag = `t${++this.#tags}`;
    const start = performance.now();
    this.#socket.write(this.#packed(`${tag} ${command}\r\n`));
    const { bytes, tail } = await this.#until(
      (text) => text.endsWith('\r\n') && lastLine(text).startsWith(`${tag} `),
    );
    const ms = performance.now() - start;
    if (!lastLine(tail).startsWith(`${tag} OK`))
      throw new Error(`${command.slice(0, 80)}: ${lastLine(tail)}`);
    return { ms, bytes };
  }

  /** COMPRESS=DEFLATE (RFC 4978). */
  async compress(): Promise<void> {
    await this.run('COMPRESS DEFLATE');
    const finishFlush = constants.Z_SYNC_FLUSH;
    this.#in = this.#socket.pipe(createInflateRaw({ finishFlush }));
    this.#packed = (text) => deflateRawSync(text, { finishFlush });
  }

  /** Begins to idle; returns when the server says that it does. */
  async idle(): Promise<void> {
    this.#socket.write(this.#packed('i IDLE\r\n'));
    await this.#until((tail) => tail.endsWith('idling\r\n'));
  }

  close(): void {
    this.#socket.destroy();
  }

  async #until(done: (tail: string) => boolean): Promise<{ bytes: number; tail: string }> {
    let bytes = 0;
    let tail = '';
    for (;;) {
      const [chunk] = (await once(this.#in, 'data')) as [Buffer];
      bytes += chunk.length;
      tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - TAIL_BYTES))).slice(-TAIL_BYTES);
      if (done(tail)) return { bytes, tail };
    }
  }
}

function lastLine(tail: string): string {
  const before = tail.lastIndexOf('\r\n', tail.length - 3);
  return tail.slice(before < 0 ? 0 : before + 2, -2);
}

/** Milliseconds to be sent so many bytes by the same process, by nothing but a loop of writes. */
export async function baseline(port: number, bytes: number): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  const start = performance.now();
  socket.write(String(bytes));
  for (let left = bytes; left > 0;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    left -= chunk.length;
  }
  const ms = performance.now() - start;
  socket.destroy();
  return ms;
}
