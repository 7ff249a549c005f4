/** TLS on a connection that is there already: from its first byte, or after STARTTLS. One way for both. */
import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { Timers } from './timers.ts';

export interface TlsSettings {
  /** Asked for at every handshake, so that a renewed certificate serves the next one. */
  readonly context: () => SecureContext;
}

/** The handshake failed, or took too long; the socket is destroyed. */
export class TlsHandshakeError extends Error {
  constructor(reason: string) {
    super(`TLS handshake failed: ${reason}`);
    this.name = 'TlsHandshakeError';
  }
}

/** Does the server's side of a handshake on `socket`; rejects with `TlsHandshakeError` within `ms` milliseconds. */
export function secureSocket(
  socket: Socket,
  settings: TlsSettings,
  timers: Timers,
  ms: number,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = new TLSSocket(socket, { isServer: true, secureContext: settings.context() });
    const fail = (reason: string): void => {
      timer.cancel();
      secured.destroy();
      socket.destroy();
      reject(new TlsHandshakeError(reason));
    };
    const failed = (error: Error): void => fail(error.message);
    const closed = (): void => fail('the peer closed the connection');
    const timer = timers.after(ms, () => fail('it took too long'));
    // Before the handshake is done Node reports errors under this name, after it as 'error'.
    secured.on('_tlsError', failed);
    // A reset at any time is the peer's business: 'close' follows.
    secured.on('error', failed);
    secured.on('close', closed);
    secured.once('secure', () => {
      timer.cancel();
      // Nothing of the handshake stays with the connection, which may rest for hours.
      secured.on('error', ignore);
      secured.off('_tlsError', failed).off('error', failed).off('close', closed);
      resolve(secured);
    });
  });
}

function ignore(): void {
  // Whoever reads and writes hears of it.
}
