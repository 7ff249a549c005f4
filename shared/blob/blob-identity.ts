/**
 * What a stored message is, as its id tells: raw RFC 822, framed, or framed and sealed by its account's data key.
 *
 * An id is 16 bytes: 10 random ones, and 6 that say how the object was written. They are random too for a raw object,
 * a hash of account and random bytes for a framed one, and a MAC of the same by the data key for a sealed one. Records name
 * ids, so whoever can change the bucket but not the journal cannot put a raw or an unsealed object in the place of a sealed
 * one: the id says what has to lie there. No list is kept, and no date: messages that came before the account had a
 * key have other ids. A raw id passes for a framed one once in 2^48, and writers draw again then.
 *
 * 80 random bits keep ids apart within an account (I2: random for each attempt, and never made from content).
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { DataKey } from '../keys/data-key.ts';

const RANDOM_DIGITS = 20;
const MARK_BYTES = 6;

/** Which message of which account is read or written: what everything that is stored is bound to. */
export interface BlobIdentity {
  readonly account: string;
  readonly blob: string;
  /** The account's data key, if it has one. */
  readonly key: DataKey | null;
}

export type BlobKindNamed = 'raw' | 'framed' | 'sealed';

/** What has to lie under the id. */
export function kindOf({ account, blob, key }: BlobIdentity): BlobKindNamed {
  const random = blob.slice(0, RANDOM_DIGITS);
  const mark = Buffer.from(blob.slice(RANDOM_DIGITS), 'hex');
  if (mark.length !== MARK_BYTES) return 'raw';
  if (key && timingSafeEqual(mark, sealedMark(key, account, random))) return 'sealed';
  return mark.equals(framedMark(account, random)) ? 'framed' : 'raw';
}

/** A new id for an object of a kind; `randomHex` gives as many random bytes as it is asked for, in hexadecimal digits. */
export function newBlobId(
  kind: BlobKindNamed,
  account: string,
  key: DataKey | null,
  randomHex: (bytes: number) => string,
): string {
  for (;;) {
    const blob = randomHex(RANDOM_DIGITS / 2 + MARK_BYTES);
    const random = blob.slice(0, RANDOM_DIGITS);
    if (kind === 'framed') return random + framedMark(account, random).toString('hex');
    if (kind === 'sealed') {
      if (!key) throw new Error(`account ${account} has no data key to seal with`);
      return random + sealedMark(key, account, random).toString('hex');
    }
    if (kindOf({ account, blob, key }) === 'raw') return blob;
  }
}

function framedMark(account: string, random: string): Buffer {
  return createHash('sha256')
    .update(`quire framed blob\0${account}\0${random}`)
    .digest()
    .subarray(0, MARK_BYTES);
}

function sealedMark(key: DataKey, account: string, random: string): Buffer {
  return createHmac('sha256', key.markKey).update(`${account}\0${random}`).digest().subarray(0, MARK_BYTES);
}
