/** Who may come in: counts of connections, in all, by address and by account. */
import { isIPv4, isIPv6 } from 'node:net';
import type { ImapLimits } from './limits.ts';

type AdmissionLimits = Pick<
  ImapLimits,
  'connections' | 'connectionsPerAddress' | 'connectionsPerAccount' | 'compressedConnections'
>;

/** Why a connection was turned away, or where it was let in. */
export type Admitted = Place | { readonly ok: false; readonly reason: string };

/** A connection that is counted. Call `release` when it closes; more than once is once. */
export class Place {
  readonly ok = true;
  readonly #leave: (name: string) => void;
  /** The network of its address, or the account. */
  readonly name: string;
  #released = false;

  constructor(leave: (name: string) => void, name: string) {
    this.#leave = leave;
    this.name = name;
  }

  release(): void {
    if (!this.#released) this.#leave(this.name);
    this.#released = true;
  }
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #addresses = new Map<string, number>();
  readonly #accounts = new Map<string, number>();
  #total = 0;
  #compressed = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** A new connection from `address`. */
  admit(address: string): Admitted {
    if (this.#total >= this.#limits.connections)
      return { ok: false, reason: 'this server has too many connections' };
    const network = networkOf(address);
    if ((this.#addresses.get(network) ?? 0) >= this.#limits.connectionsPerAddress) {
      return { ok: false, reason: 'there are too many connections from your address' };
    }
    this.#total++;
    count(this.#addresses, network, 1);
    return new Place(this.#leaveAddress, network);
  }

  /** A connection signs in to `account`, which may have `most` at a time, and no more than any account. */
  admitToAccount(account: string, most: number): Admitted {
    const limit = Math.min(most, this.#limits.connectionsPerAccount);
    if ((this.#accounts.get(account) ?? 0) >= limit) {
      return { ok: false, reason: 'there are too many connections to this account' };
    }
    count(this.#accounts, account, 1);
    return new Place(this.#leaveAccount, account);
  }

  /** A connection begins to compress: each keeps an inflater. */
  admitToCompression(): Admitted {
    if (this.#compressed >= this.#limits.compressedConnections)
      return { ok: false, reason: 'this server compresses too many connections already' };
    this.#compressed++;
    return new Place(this.#leaveCompression, '');
  }

  readonly #leaveAddress = (network: string): void => {
    this.#total--;
    count(this.#addresses, network, -1);
  };

  readonly #leaveCompression = (): void => {
    this.#compressed--;
  };

  readonly #leaveAccount = (account: string): void => count(this.#accounts, account, -1);
}

function count(counts: Map<string, number>, key: string, change: number): void {
  const value = (counts.get(key) ?? 0) + change;
  if (value > 0) counts.set(key, value);
  else counts.delete(key);
}

/** The peer itself for IPv4, its /64 for IPv6: a single host may use any address of that. */
export function networkOf(address: string): string {
  const plain = withoutMapping(address);
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = (plain.split('%')[0] ?? '').split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array<string>(Math.max(gap, 0)).fill('0'), ...last];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** A peer on this machine: nobody can listen in between. */
export function isLoopback(address: string): boolean {
  const plain = withoutMapping(address);
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}

/** An IPv4 address as a socket for both families shows it, `::ffff:192.0.2.1`. */
function withoutMapping(address: string): string {
  return address.toLowerCase().startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
