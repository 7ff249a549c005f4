/**
 * The data key of an account: 32 random bytes, from which a key for each purpose is derived (HKDF with SHA-256,
 * RFC 5869), so that no two uses can meet. It is kept wrapped in table `keys`, and unwrapped in memory for minutes only.
 */
import { hkdfSync } from 'node:crypto';

export const DATA_KEY_BYTES = 32;

export class DataKey {
  /** The account has had it since its first message: nothing of it is unsealed. */
  readonly fromBeginning: boolean;
  readonly #bytes: Uint8Array;
  readonly #derived = new Map<string, Buffer>();

  constructor(bytes: Uint8Array, fromBeginning = true) {
    this.fromBeginning = fromBeginning;
    if (bytes.length !== DATA_KEY_BYTES) throw new RangeError(`a data key of ${bytes.length} bytes`);
    this.#bytes = Uint8Array.from(bytes);
  }

  /** For the marks of blob ids: whoever sees one learns nothing of any other key. */
  get markKey(): Buffer {
    return this.#for('blob id');
  }

  /** For summaries and what else is sealed by itself. */
  get textKey(): Buffer {
    return this.#for('text');
  }

  /** For one blob, as it was written with one salt. */
  blobKey(account: string, blob: string, salt: Uint8Array): Buffer {
    return derive(this.#bytes, `quire blob\0${account}\0${blob}`, salt);
  }

  #for(purpose: string): Buffer {
    const known = this.#derived.get(purpose) ?? derive(this.#bytes, `quire ${purpose}`, new Uint8Array(0));
    this.#derived.set(purpose, known);
    return known;
  }
}

function derive(key: Uint8Array, info: string, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, info, DATA_KEY_BYTES));
}
