/**
 * The port that the load balancer asks whether this gateway takes connections. Its checks come with a PROXY header where
 * clients' connections do, and without a client's address in it; both are answered.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { parseProxyHeader } from '../imap/server/proxy-protocol.ts';

export interface HealthPort {
  readonly port: number;
  /** From now on the answer is 503: send nobody here any more. */
  drain(): void;
  stop(): Promise<void>;
}

/** A request is one line and a few header fields. */
const MOST_BYTES = 8_192;
/** Whoever asks does so at once. */
const PATIENCE_MS = 5_000;

export async function startHealthPort(port: number, host = '0.0.0.0'): Promise<HealthPort> {
  let draining = false;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    answerOnce(socket, () => !draining);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    drain: () => (draining = true),
    stop: () => stop(server, sockets),
  };
}

function answerOnce(socket: Socket, isHealthy: () => boolean): void {
  let seen = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    seen = Buffer.concat([seen, bytes]);
    const header = parseProxyHeader(seen);
    const request = header.kind === 'header' ? seen.subarray(header.length) : seen;
    if (header.kind === 'incomplete') return;
    if (request.includes('\r\n\r\n')) {
      const [status, text] = isHealthy() ? ['200 OK', 'healthy'] : ['503 Service Unavailable', 'draining'];
      socket.end(
        `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
      );
    } else if (seen.length > MOST_BYTES) socket.destroy();
  });
}

async function stop(server: Server, sockets: Set<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
