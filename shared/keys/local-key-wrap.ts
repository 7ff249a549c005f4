/**
 * Data keys wrapped by a key in a file of this machine: AES-256-GCM with a random nonce, and the account authenticated with
 * it. The file is 32 random bytes in hexadecimal digits, readable by its owner alone; without it, what is sealed is lost.
 *
 *     version   1 byte: 1
 *     file      8 bytes: which file it takes, the first of the SHA-256 of its key
 *     nonce     12 bytes
 *     wrapped   32 bytes of key, 16 of tag
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { AccountId } from '../account/ids.ts';
import { DATA_KEY_BYTES } from './data-key.ts';
import type { KeyWrap } from './key-store.ts';

const VERSION = 1;
const FILE_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCE_AT = 1 + FILE_BYTES;
const KEY_AT = NONCE_AT + NONCE_BYTES;
const WRAPPED_BYTES = KEY_AT + DATA_KEY_BYTES + TAG_BYTES;

/** What is stored as the key of an account cannot be opened with this file. */
export class KeyWrapError extends Error {
  constructor(account: AccountId, what: string, options?: ErrorOptions) {
    super(`the data key of account ${account} ${what}`, options);
    this.name = 'KeyWrapError';
  }
}

export class LocalKeyWrap implements KeyWrap {
  readonly name = 'file';
  readonly #key: Uint8Array;
  readonly #file: Uint8Array;

  /** `key`: the 32 bytes of the file. */
  constructor(key: Uint8Array) {
    if (key.length !== DATA_KEY_BYTES) throw new RangeError(`a key file of ${key.length} bytes`);
    this.#key = Uint8Array.from(key);
    this.#file = createHash('sha256').update(key).digest().subarray(0, FILE_BYTES);
  }

  /** Whether a key was wrapped by this file, as far as it says so itself. */
  hasWrapped(wrapped: Uint8Array): boolean {
    return Buffer.compare(wrapped.subarray(1, NONCE_AT), this.#file) === 0;
  }

  generate(account: AccountId): Promise<{ key: Uint8Array; wrapped: Uint8Array }> {
    const key = randomBytes(DATA_KEY_BYTES);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    cipher.setAAD(bound(account));
    const wrapped = Buffer.concat([
      Uint8Array.of(VERSION),
      this.#file,
      nonce,
      cipher.update(key),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return Promise.resolve({ key, wrapped });
  }

  async unwrap(account: AccountId, wrapped: Uint8Array): Promise<Uint8Array> {
    if (wrapped[0] !== VERSION || wrapped.length !== WRAPPED_BYTES)
      throw new KeyWrapError(account, 'is not one that a key file has wrapped');
    if (!this.hasWrapped(wrapped))
      throw new KeyWrapError(account, 'was wrapped by another key file: put that one back');
    const end = wrapped.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, wrapped.subarray(NONCE_AT, KEY_AT), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(bound(account));
    decipher.setAuthTag(wrapped.subarray(end));
    const key = decipher.update(wrapped.subarray(KEY_AT, end));
    try {
      return Buffer.concat([key, decipher.final()]);
    } catch (error) {
      throw new KeyWrapError(account, "is damaged, or another account's", { cause: error });
    }
  }
}

function bound(account: AccountId): Buffer {
  return Buffer.from(`quire data key\0${account}`);
}
