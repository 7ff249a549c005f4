/** When a connection's bytes begin to be compressed, and when they end to be (RFC 4978, RFC 8437 §4.1). */
import type { Admission, Place } from './admission.ts';
import { DeflateTransport } from './deflate-transport.ts';
import type { SocketTransport, TransportOwner } from './transport.ts';

/** `full`: too many connections compress already; else the client is at fault. */
export interface Refused {
  readonly ok: false;
  readonly reason: string;
  readonly full: boolean;
}

export class Compression {
  readonly #admission: Admission;
  #place: Place | undefined;

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  /** Takes a place among those that compress. `hasInput`: the client has sent something behind its command. */
  admit(hasInput: boolean): { readonly ok: true } | Refused {
    // RFC 4978 §3: it MUST NOT before it has seen the answer. It cannot be told what that would be.
    if (hasInput) return { ok: false, reason: 'nothing may follow before the answer', full: false };
    const place = this.#admission.admitToCompression();
    if (!place.ok) return { ...place, full: true };
    this.#place = place;
    return { ok: true };
  }

  begin(plain: SocketTransport, owner: TransportOwner): DeflateTransport {
    return new DeflateTransport(plain, owner);
  }

  /** What is below; undefined if it cannot be told where the client's plain bytes begin. */
  end(transport: DeflateTransport): SocketTransport | undefined {
    const plain = transport.undo();
    if (plain) this.release();
    return plain;
  }

  /** The connection is gone, or compresses no more. */
  release(): void {
    this.#place?.release();
    this.#place = undefined;
  }
}
