/**
 * Branded identifiers of the mail engine. A brand costs nothing at run time and stops a UID from being passed where a
 * sequence number is meant.
 */
declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** An account: 20 lower-case hexadecimal digits, random, never reused, never shown to other accounts. */
export type AccountId = Brand<string, 'AccountId'>;
/** A mailbox within its account: 1, 2, 3 … in order of creation, kept by RENAME, never reused. */
export type MailboxId = Brand<number, 'MailboxId'>;
/** A message blob: 32 lower-case hexadecimal digits, random per attempt (I2), never derived from content. */
export type BlobId = Brand<string, 'BlobId'>;
/** A pack of blobs: 32 lower-case hexadecimal digits, random per attempt. */
export type PackId = Brand<string, 'PackId'>;
/** A unique identifier of a message in its mailbox, 1 … 2^32-1 (RFC 9051 §2.3.1.1). */
export type Uid = Brand<number, 'Uid'>;
/** A message sequence number in one session's view, from 1 (RFC 9051 §2.3.1.2). */
export type SeqNum = Brand<number, 'SeqNum'>;
/** A mod-sequence: record number × 1,024 + the op's index in its record (RFC 7162 §3.1). */
export type ModSeq = Brand<number, 'ModSeq'>;
/** The number of a journal record, from 1, without gaps (I1). */
export type RecordNumber = Brand<number, 'RecordNumber'>;
/** A gateway process: random per start. */
export type GatewayId = Brand<string, 'GatewayId'>;

/** Ops of one record are numbered below this, so that a mod-sequence names one op. */
export const OPS_PER_RECORD = 1024;

/** The mod-sequence of op `index` of record `number`. */
export function modSeqOf(number: RecordNumber, index: number): ModSeq {
  return (number * OPS_PER_RECORD + index) as ModSeq;
}

/** The record that a mod-sequence was given out by. */
export function recordOf(modSeq: ModSeq): RecordNumber {
  return Math.floor(modSeq / OPS_PER_RECORD) as RecordNumber;
}
