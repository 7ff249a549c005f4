/**
 * Summaries as they are stored: in a record, in an object of their own, or many in a frame of a chunk. Where the account
 * has a data key they are sealed, for they hold header fields and a preview; alone they are compressed before, for the
 * record that carries them cannot compress what is sealed.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { AccountId, BlobId } from '../account/ids.ts';
import { type FrameCoder, UNSEALED } from '../account/summary-frame.ts';
import type { AccountKeys } from '../keys/account-keys.ts';
import { isSealed, openText, sealText } from '../keys/sealed-text.ts';

const NONCE_BYTES = 12;

export class SealedSummaries {
  readonly #keys: AccountKeys;
  readonly #randomHex: (bytes: number) => string;

  constructor(keys: AccountKeys, randomHex: (bytes: number) => string) {
    this.#keys = keys;
    this.#randomHex = randomHex;
  }

  /** As it is stored in a record, or under a name of its own. */
  async seal(account: AccountId, blob: BlobId, summary: Uint8Array): Promise<Uint8Array> {
    const key = await this.#keys.of(account);
    return key ? sealText(key, account, ofBlob(blob), zstdCompressSync(summary), this.#nonce()) : summary;
  }

  /** Inverse of `seal`. Rejects with `DamagedTextError`. */
  async open(account: AccountId, blob: BlobId, stored: Uint8Array): Promise<Uint8Array> {
    const text = openText(await this.#keys.of(account), account, ofBlob(blob), stored);
    return isSealed(stored) ? zstdDecompressSync(text) : text;
  }

  /** Seals frames of chunks, which are compressed already. Without a key they stay as they are. */
  async frameSealer(account: AccountId): Promise<FrameCoder> {
    const key = await this.#keys.of(account);
    if (!key) return UNSEALED;
    return (chunk, offset, frame) => sealText(key, account, ofFrame(chunk, offset), frame, this.#nonce());
  }

  /** Opens frames, for the inverse. What it gives throws `DamagedTextError`. */
  async frameOpener(account: AccountId): Promise<FrameCoder> {
    const key = await this.#keys.of(account);
    return (chunk, offset, stored) => openText(key, account, ofFrame(chunk, offset), stored);
  }

  #nonce(): Uint8Array {
    return Buffer.from(this.#randomHex(NONCE_BYTES), 'hex');
  }
}

const ofBlob = (blob: BlobId): string => `summary of message ${blob}`;
const ofFrame = (chunk: number, offset: number): string => `frame at byte ${offset} of chunk ${chunk}`;
