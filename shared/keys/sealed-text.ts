/**
 * Small texts under an account's data key: summaries of messages and frames of them, wherever they lie (in records, in
 * chunks, in objects of their own). A blob has a format of its own (`shared/blob/frames.ts`).
 *
 *     mark      1 byte, 0x53: no summary and no compressed frame begins with it
 *     nonce     12 bytes, random
 *     sealed    AES-256-GCM of the text, 16 bytes longer
 *
 * Authenticated with it: the account, and the place that the text was sealed for, so that one is not read in the place of
 * another. Nonces are random under one key: 2^32 texts of one account, far more than anybody gets, may meet with a
 * chance of 2^-33 (NIST SP 800-38D §8.3).
 *
 * An account that has had its key from its beginning takes nothing unsealed. One that was given a key later still has
 * texts from before.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { DataKey } from './data-key.ts';

const MARK = 0x53;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TEXT_AT = 1 + NONCE_BYTES;

/** A text is not what was sealed for its place. */
export class DamagedTextError extends Error {
  constructor(place: string, what: string, options?: ErrorOptions) {
    super(`${place} is damaged: ${what}`, options);
    this.name = 'DamagedTextError';
  }
}

export function isSealed(text: Uint8Array): boolean {
  return text[0] === MARK;
}

/** `place` says what the text is of: `summary of <blob>`. `nonce`: 12 random bytes. */
export function sealText(
  key: DataKey,
  account: string,
  place: string,
  text: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key.textKey, nonce);
  cipher.setAAD(bound(account, place));
  return Buffer.concat([
    Uint8Array.of(MARK),
    nonce,
    cipher.update(text),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** Inverse of `sealText`; of an unsealed text, the text, if there may be one. Throws `DamagedTextError`. */
export function openText(
  key: DataKey | null,
  account: string,
  place: string,
  stored: Uint8Array,
): Uint8Array {
  if (!isSealed(stored)) {
    if (key?.fromBeginning !== true) return stored;
    throw new DamagedTextError(place, 'its account seals everything, and it is not sealed');
  }
  if (!key) throw new DamagedTextError(place, 'it is sealed, and its account has no data key');
  if (stored.length < TEXT_AT + TAG_BYTES) throw new DamagedTextError(place, 'it is cut off');
  const end = stored.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key.textKey, stored.subarray(1, TEXT_AT), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(bound(account, place));
  decipher.setAuthTag(stored.subarray(end));
  const text = decipher.update(stored.subarray(TEXT_AT, end));
  try {
    return Buffer.concat([text, decipher.final()]);
  } catch (error) {
    throw new DamagedTextError(place, 'it is not what was sealed', { cause: error });
  }
}

function bound(account: string, place: string): Buffer {
  return Buffer.from(`quire text 1\0${account}\0${place}`);
}
