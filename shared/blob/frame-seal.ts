/**
 * Seals of the pieces of a framed blob: what tells that a piece is whole, of this blob, and in its place.
 *
 * With a data key a seal is AES-256-GCM, else a checksum (16 bytes of SHA-256) over the same: account, blob, which piece it
 * is, whether it is the last frame, and how many bytes it holds. So no piece can be read in the place of another, of
 * another blob, or of another account's; a checksum keeps accidents off, a key also keeps forgers off.
 *
 * Nonces: each blob is sealed with a key of its own, derived from the data key, the blob's identity and a random salt of
 * 16 bytes. Under that key a frame's nonce is its number and the footer's is one that no frame has, so that none is used
 * twice. Were a blob written twice under one id, the salts would differ.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { BlobIdentity } from './blob-identity.ts';
import { DamagedBlobError } from './damaged-blob.ts';

/** Bytes that a seal adds to a piece. */
export const SEAL_BYTES = 16;
/** Bytes of the salt that stands in the trailer. */
export const SALT_BYTES = 16;

/** Kinds of seals on disk. */
export const CHECKSUM = 0;
export const AES_256_GCM = 1;
export type SealKind = typeof CHECKSUM | typeof AES_256_GCM;

export interface Piece {
  /** Number of the frame; null is the footer. */
  readonly frame: number | null;
  /** Whether it is the last frame. */
  readonly last: boolean;
  /** Bytes before compression; of the footer as it is. */
  readonly bytes: number;
}

export interface FrameSeal {
  readonly kind: SealKind;
  readonly salt: Uint8Array;
  seal(piece: Piece, content: Uint8Array): Uint8Array;
  /** Inverse of `seal`. Throws `DamagedBlobError` unless the content is what was sealed as this piece. */
  open(piece: Piece, sealed: Uint8Array): Uint8Array;
}

/** The seal of one blob. Throws `DamagedBlobError` if it takes a key that is not there. */
export function frameSeal(identity: BlobIdentity, kind: SealKind, salt: Uint8Array): FrameSeal {
  if (kind === CHECKSUM) return new ChecksumSeal(identity, salt);
  const { account, blob, key } = identity;
  if (!key) throw new DamagedBlobError(blob, 'it is sealed, and its account has no data key');
  return new AesSeal(identity, key.blobKey(account, blob, salt), salt);
}

function describePiece({ account, blob }: BlobIdentity, kind: SealKind, piece: Piece): Buffer {
  const part = piece.frame === null ? 'footer' : `frame ${piece.frame}${piece.last ? ' last' : ''}`;
  return Buffer.from(`quire blob 1\0${account}\0${blob}\0${kind}\0${part}\0${piece.bytes}`);
}

function broken({ blob }: BlobIdentity, piece: Piece, cause?: unknown): DamagedBlobError {
  const part = piece.frame === null ? 'its index' : `frame ${piece.frame}`;
  return new DamagedBlobError(blob, `${part} is not what was written`, { cause });
}

class ChecksumSeal implements FrameSeal {
  readonly kind = CHECKSUM;
  readonly salt: Uint8Array;
  readonly #identity: BlobIdentity;

  constructor(identity: BlobIdentity, salt: Uint8Array) {
    this.#identity = identity;
    this.salt = salt;
  }

  seal(piece: Piece, content: Uint8Array): Uint8Array {
    return Buffer.concat([content, this.#sum(piece, content)]);
  }

  open(piece: Piece, sealed: Uint8Array): Uint8Array {
    const end = Math.max(0, sealed.length - SEAL_BYTES);
    const content = sealed.subarray(0, end);
    if (!this.#sum(piece, content).equals(sealed.subarray(end))) throw broken(this.#identity, piece);
    return content;
  }

  #sum(piece: Piece, content: Uint8Array): Buffer {
    return createHash('sha256')
      .update(describePiece(this.#identity, this.kind, piece))
      .update(this.salt)
      .update(content)
      .digest()
      .subarray(0, SEAL_BYTES);
  }
}

const NONCE_BYTES = 12;

class AesSeal implements FrameSeal {
  readonly kind = AES_256_GCM;
  readonly salt: Uint8Array;
  readonly #identity: BlobIdentity;
  readonly #key: Uint8Array;

  constructor(identity: BlobIdentity, key: Uint8Array, salt: Uint8Array) {
    this.#identity = identity;
    this.#key = key;
    this.salt = salt;
  }

  seal(piece: Piece, content: Uint8Array): Uint8Array {
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(piece));
    cipher.setAAD(describePiece(this.#identity, this.kind, piece));
    return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  }

  open(piece: Piece, sealed: Uint8Array): Uint8Array {
    if (sealed.length < SEAL_BYTES) throw broken(this.#identity, piece);
    const end = sealed.length - SEAL_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonceOf(piece), {
      authTagLength: SEAL_BYTES,
    });
    decipher.setAAD(describePiece(this.#identity, this.kind, piece));
    decipher.setAuthTag(sealed.subarray(end));
    const content = decipher.update(sealed.subarray(0, end));
    try {
      return Buffer.concat([content, decipher.final()]);
    } catch (error) {
      throw broken(this.#identity, piece, error);
    }
  }
}

/** Unique under the key of one blob: a frame's number, or a first byte that no frame's nonce has. */
function nonceOf({ frame }: Piece): Uint8Array {
  const nonce = Buffer.alloc(NONCE_BYTES);
  if (frame === null) nonce[0] = 1;
  else nonce.writeUInt32BE(frame, NONCE_BYTES - 4);
  return nonce;
}
