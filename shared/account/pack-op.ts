/** What records keep of `pack` ops: the fields behind the code, as CBOR holds them. */
import type { BlobId, MailboxId, PackId } from './ids.ts';
import type { PackOp } from './ops.ts';
import { packNumbers, unpackNumbers } from './packed-numbers.ts';

export const BLOB_BYTES = 16;

const idBytes = (id: string): Uint8Array => Buffer.from(id, 'hex');
const packIdOf = (bytes: unknown): PackId => Buffer.from(bytes as Uint8Array).toString('hex') as PackId;

export function packFields(op: PackOp): unknown[] {
  return [
    op.pack === null ? null : idBytes(op.pack),
    op.blobs,
    packNumbers(op.lengths),
    op.mailboxes,
    op.buried,
    op.replaced.map(idBytes),
  ];
}

/** Inverse of `packFields`. */
export function packOpOf(fields: readonly unknown[]): PackOp {
  const [pack, blobs, lengths, mailboxes, buried, replaced] = fields;
  return {
    op: 'pack',
    pack: pack === null ? null : packIdOf(pack),
    blobs: blobs as Uint8Array,
    lengths: unpackNumbers(lengths as Uint8Array),
    mailboxes: mailboxes as MailboxId[],
    buried: buried as boolean,
    replaced: (replaced as Uint8Array[]).map(packIdOf),
  };
}

/** The ids that `blobs` of an op are made of. */
export function blobIdsOf(blobs: Uint8Array): BlobId[] {
  const { buffer, byteOffset, length } = blobs;
  return Array.from(
    { length: Math.floor(length / BLOB_BYTES) },
    (_, index) => Buffer.from(buffer, byteOffset + index * BLOB_BYTES, BLOB_BYTES).toString('hex') as BlobId,
  );
}

/** Inverse of `blobIdsOf`. */
export function blobBytesOf(ids: readonly BlobId[]): Uint8Array {
  return Buffer.concat(ids.map(idBytes));
}
