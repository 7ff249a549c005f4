/**
 * Password hashes: scrypt (RFC 7914) from `node:crypto`, kept as a PHC string that says how it was made, so that the
 * parameters can rise without asking anyone for a new password:
 *
 *     $scrypt$ln=15,r=8,p=3$<salt, base64 without padding>$<hash, likewise>
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { preparePassword } from './opaque-string.ts';

export interface ScryptParameters {
  /** log2 of N. Memory is 128 × r × N octets, time is proportional to N × r × p. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/**
 * One of the equally strong settings of the OWASP Password Storage Cheat Sheet: the one with the least memory (32 MiB a
 * hash) that it lists beside longer runs, since a gateway hashes for many users at once. About 160 ms of one core.
 */
export const SCRYPT_DEFAULT: ScryptParameters = { ln: 15, r: 8, p: 3 };

const SALT_OCTETS = 16;
const HASH_OCTETS = 32;
/** What a stored string may make us allocate or compute; far above any setting that one would choose. */
const MAX_MEMORY = 256 * 1024 * 1024;
const MAX_P = 16;

/** A password that cannot be used; the message is for its owner and does not repeat it. */
export class PasswordError extends Error {
  constructor(problem: string) {
    super(`the password ${problem}`);
    this.name = 'PasswordError';
  }
}

/** A stored hash that cannot be read. The message does not repeat it. */
export class PasswordHashError extends Error {
  constructor(problem: string) {
    super(`the stored password hash cannot be used: ${problem}`);
    this.name = 'PasswordHashError';
  }
}

interface ParsedHash {
  readonly parameters: ScryptParameters;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** A hash of `password` with a fresh salt; rejects with `PasswordError` if it cannot be a password. */
export async function hashPassword(
  password: string,
  parameters: ScryptParameters = SCRYPT_DEFAULT,
  random: (octets: number) => Buffer = randomBytes,
): Promise<string> {
  const prepared = preparePassword(password);
  if (prepared.kind === 'refused') throw new PasswordError(prepared.problem);
  checkParameters(parameters);
  const salt = random(SALT_OCTETS);
  const hash = await derive(prepared.password, salt, HASH_OCTETS, parameters);
  return format({ parameters, salt, hash });
}

/** A hash that no password matches, as costly to check as one made with `parameters`. */
export function unmatchableHash(
  parameters: ScryptParameters = SCRYPT_DEFAULT,
  random: (octets: number) => Buffer = randomBytes,
): string {
  return format({ parameters, salt: random(SALT_OCTETS), hash: random(HASH_OCTETS) });
}

/**
 * Whether `prepared` (a password from `preparePassword`) made `stored`; compared in constant time. Rejects with
 * `PasswordHashError`. Costs memory and time: go through `PasswordVerifier`, which bounds both.
 */
export async function matchesHash(stored: string, prepared: string): Promise<boolean> {
  const { parameters, salt, hash } = parsePasswordHash(stored);
  return timingSafeEqual(await derive(prepared, salt, hash.length, parameters), hash);
}

/** Whether `stored` was made with less or other work than `parameters`: hash again when the password is next seen. */
export function needsRehash(stored: string, parameters: ScryptParameters = SCRYPT_DEFAULT): boolean {
  const { parameters: used, salt, hash } = parsePasswordHash(stored);
  return (
    used.ln !== parameters.ln ||
    used.r !== parameters.r ||
    used.p !== parameters.p ||
    salt.length < SALT_OCTETS ||
    hash.length < HASH_OCTETS
  );
}

/** Throws `PasswordHashError` unless `stored` is a hash that this release can check. */
export function parsePasswordHash(stored: string): ParsedHash {
  const [empty, algorithm, settings = '', salt = '', hash = '', ...rest] = stored.split('$');
  if (empty !== '' || algorithm === undefined) throw new PasswordHashError('it is not a PHC string');
  if (algorithm !== 'scrypt') throw new PasswordHashError('its algorithm is not scrypt');
  const numbers = /^ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})$/.exec(settings);
  if (numbers === null || rest.length > 0) throw new PasswordHashError('its parameters are malformed');
  const parameters = { ln: Number(numbers[1]), r: Number(numbers[2]), p: Number(numbers[3]) };
  checkParameters(parameters);
  return { parameters, salt: decode(salt, 8, 'salt'), hash: decode(hash, 16, 'hash') };
}

function checkParameters({ ln, r, p }: ScryptParameters): void {
  const whole = [ln, r, p].every((each) => Number.isInteger(each) && each > 0);
  if (!whole || p > MAX_P || memory({ ln, r, p }) > MAX_MEMORY) {
    throw new PasswordHashError('its parameters are out of bounds');
  }
}

function memory({ ln, r }: ScryptParameters): number {
  return 128 * r * 2 ** ln;
}

function decode(text: string, least: number, what: string): Buffer {
  const octets = Buffer.from(text, 'base64');
  if (unpadded(octets) !== text || octets.length < least || octets.length > 64) {
    throw new PasswordHashError(`its ${what} is malformed`);
  }
  return octets;
}

function unpadded(octets: Buffer): string {
  return octets.toString('base64').replace(/=+$/, '');
}

function format({ parameters: { ln, r, p }, salt, hash }: ParsedHash): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Runs in the thread pool, not on the event loop. */
function derive(password: string, salt: Buffer, octets: number, used: ScryptParameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // OpenSSL counts its p blocks and some scratch beside the table; Node's default bound is 32 MiB.
    const options = { N: 2 ** used.ln, r: used.r, p: used.p, maxmem: memory(used) * 2 + 1024 * 1024 };
    scrypt(password, salt, octets, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
