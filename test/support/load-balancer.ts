/** A network load balancer of AWS, played: it passes on bytes, and withholds its PROXY header until the client has spoken. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, isIPv6, type Server, type Socket } from 'node:net';

/** `more`: what may follow the addresses. */
export function proxyHeader(address: string, port: number, more = Buffer.alloc(0)): Buffer {
  const v6 = isIPv6(address);
  const bytes = v6
    ? Buffer.from(
        address
          .split(':')
          .map((group) => group.padStart(4, '0'))
          .join(''),
        'hex',
      )
    : Buffer.from(address.split('.').map(Number));
  const body = Buffer.concat([bytes, Buffer.alloc(bytes.length), Buffer.alloc(4), more]);
  body.writeUInt16BE(port, 2 * bytes.length);
  body.writeUInt16BE(993, 2 * bytes.length + 2);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([
    Buffer.from('0d0a0d0a000d0a515549540a21', 'hex'),
    Buffer.of(v6 ? 0x21 : 0x11),
    length,
    body,
  ]);
}

export class WithholdingLoadBalancer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number, header: Buffer) {
    this.#server = createServer((client) => {
      const upstream = connect({ port: target, host: '127.0.0.1' });
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
      }
      let spoken = false;
      client.on('data', (bytes: Buffer) => {
        upstream.write(spoken ? bytes : Buffer.concat([header, bytes]));
        spoken = true;
      });
      upstream.on('data', (bytes) => client.write(bytes));
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
    });
  }

  static async start(target: number, header: Buffer = Buffer.alloc(0)): Promise<WithholdingLoadBalancer> {
    const made = new WithholdingLoadBalancer(target, header);
    made.#server.listen(0, '127.0.0.1');
    await once(made.#server, 'listening');
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}
