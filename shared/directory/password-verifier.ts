/**
 * Checks passwords for a server that many clients log in to, again and again:
 *
 * - a bound on hashes that run at one time (each takes 32 MiB) and on those that wait, so that a storm of logins takes
 *   neither all memory nor the thread pool that file access shares;
 * - a cache of what was verified, since a phone logs in every few minutes and a desktop with five connections at once;
 * - the same work for a user that does not exist, so that the time of an answer does not tell who does.
 *
 * Neither passwords nor hashes are kept: the cache's keys are HMACs of both, with a key that dies with the process. A
 * new password is a new hash, so it never meets an old entry; whether an account is disabled is not cached at all.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { preparePassword } from './opaque-string.ts';
import { SCRYPT_DEFAULT, matchesHash, needsRehash, unmatchableHash } from './password.ts';
import type { ScryptParameters } from './password.ts';

export interface PasswordVerifierOptions {
  /** Milliseconds, from any origin, never backwards. */
  readonly now: () => number;
  /** What new hashes are made with: decides `needsRehash` and the work done for unknown users. */
  readonly parameters?: ScryptParameters;
  /** Hashes at one time. Two leave half of libuv's default thread pool to everything else. */
  readonly maxRunning?: number;
  /** Checks that wait for their turn; beyond, `PasswordVerifierBusyError`. 512 are about 40 s on two cores. */
  readonly maxWaiting?: number;
  readonly cacheEntries?: number;
  /** How long a verified password is believed, from its verification. */
  readonly cacheMs?: number;
  /** How hashes are compared; a test counts and holds them up here. */
  readonly matches?: (stored: string, prepared: string) => Promise<boolean>;
}

export type PasswordVerdict =
  | { readonly kind: 'wrong' }
  /** `rehash`: the stored hash was made with other parameters than new ones. */
  | { readonly kind: 'right'; readonly rehash: boolean };

/** Too many logins at once. Nothing was learned about the password: answer "try again", not "wrong". */
export class PasswordVerifierBusyError extends Error {
  constructor() {
    super('too many logins are waiting to be checked; try again in a while');
    this.name = 'PasswordVerifierBusyError';
  }
}

const WRONG: PasswordVerdict = { kind: 'wrong' };

export class PasswordVerifier {
  readonly #options: Required<PasswordVerifierOptions>;
  readonly #cacheKey = randomBytes(32);
  readonly #nobody: string;
  /** HMAC → when it expires. In order of expiry, since every entry lives as long as the others. */
  readonly #verified = new Map<string, number>();
  /** The same password for the same user, asked for while the first is being hashed. */
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #waiting: (() => void)[] = [];
  #hashing = 0;

  constructor(options: PasswordVerifierOptions) {
    this.#options = {
      parameters: SCRYPT_DEFAULT,
      maxRunning: 2,
      maxWaiting: 512,
      cacheEntries: 10_000,
      cacheMs: 10 * 60_000,
      matches: matchesHash,
      ...options,
    };
    this.#nobody = unmatchableHash(this.#options.parameters);
  }

  /**
   * Checks the password of the user `name` against `stored`; undefined for a user who does not exist, which takes as
   * long as a wrong password (`name` keeps even logins that run at once alike for both). Rejects with `PasswordVerifierBusyError` or `PasswordHashError`.
   */
  async verify(name: string, stored: string | undefined, password: string): Promise<PasswordVerdict> {
    const prepared = preparePassword(password);
    if (prepared.kind === 'refused') return WRONG;
    const hash = stored ?? this.#nobody;
    const key = createHmac('sha256', this.#cacheKey)
      .update(JSON.stringify([name, hash, prepared.password]))
      .digest('base64');
    const right = this.#isCached(key) || (await this.#hashOnce(key, hash, prepared.password));
    if (!right || stored === undefined) return WRONG;
    return { kind: 'right', rehash: needsRehash(stored, this.#options.parameters) };
  }

  #isCached(key: string): boolean {
    const expires = this.#verified.get(key);
    return expires !== undefined && this.#options.now() < expires;
  }

  #hashOnce(key: string, stored: string, prepared: string): Promise<boolean> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const check = this.#hash(key, stored, prepared).finally(() => this.#running.delete(key));
    this.#running.set(key, check);
    return check;
  }

  async #hash(key: string, stored: string, prepared: string): Promise<boolean> {
    await this.#turn();
    try {
      const right = await this.#options.matches(stored, prepared);
      if (right) this.#remember(key);
      return right;
    } finally {
      // The place is handed on rather than freed, so that a newcomer cannot slip in before those that wait.
      const next = this.#waiting.shift();
      if (next === undefined) this.#hashing--;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#hashing < this.#options.maxRunning) {
      this.#hashing++;
      return;
    }
    if (this.#waiting.length >= this.#options.maxWaiting) throw new PasswordVerifierBusyError();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #remember(key: string): void {
    const now = this.#options.now();
    this.#verified.delete(key);
    this.#verified.set(key, now + this.#options.cacheMs);
    for (const [oldest, expires] of this.#verified) {
      if (expires > now && this.#verified.size <= this.#options.cacheEntries) break;
      this.#verified.delete(oldest);
    }
  }
}
