/** A relay between a client and a gateway that keeps the commands it passes on, and counts how far the client runs ahead. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Listener } from '../../../infra/local/instance.ts';

/** Cuts what one side says into lines; a literal belongs to the line that announces it and is left out. */
class LinesWithoutLiterals {
  #line = '';
  #literal = 0;
  readonly #onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Buffer): void {
    let rest = bytes.toString('latin1');
    while (rest !== '') {
      const inLiteral = Math.min(this.#literal, rest.length);
      this.#literal -= inLiteral;
      rest = rest.slice(inLiteral);
      const end = rest.indexOf('\n');
      this.#line += end === -1 ? rest : rest.slice(0, end + 1);
      rest = end === -1 ? '' : rest.slice(end + 1);
      if (end !== -1) this.#endOfLine();
    }
  }

  #endOfLine(): void {
    const literal = /\{(\d+)\+?\}\r\n$/.exec(this.#line);
    if (literal !== null) {
      this.#literal = Number(literal[1]);
      return;
    }
    this.#onLine(this.#line.trimEnd());
    this.#line = '';
  }
}

export class WireTap {
  /** Every command since the last `clear`, without its tag; `UID FETCH`, `STORE` and so on come first. */
  commands: string[] = [];
  /** The most commands that the client has had under way at once, since the last `clear`. */
  depth = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before(gateway: Listener): Promise<WireTap> {
    const server = createServer();
    const tap = new WireTap(server);
    server.on('connection', (client) => tap.#relay(client, gateway));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return tap;
  }

  get listener(): Listener {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  clear(): void {
    this.commands = [];
    this.depth = 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #relay(client: Socket, gateway: Listener): void {
    const server = connect(gateway);
    const underWay = new Set<string>();
    const said = new LinesWithoutLiterals((line) => {
      const [tag = '', ...words] = line.split(' ');
      this.commands.push(words.join(' '));
      underWay.add(tag);
      this.depth = Math.max(this.depth, underWay.size);
    });
    const answered = new LinesWithoutLiterals((line) => underWay.delete(line.split(' ')[0] ?? ''));
    client.on('data', (bytes: Buffer) => said.push(bytes));
    server.on('data', (bytes: Buffer) => answered.push(bytes));
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      // An end that goes away takes the other with it.
      from.on('error', () => to.destroy()).on('close', () => this.#sockets.delete(from));
      from.pipe(to);
    }
  }
}
