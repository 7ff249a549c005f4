/** What the records of one account have said so far, in sets that are asked when an effect is held against the invariants. */
import type { AccountId, BlobId } from '../../../shared/account/ids.ts';
import type { AppendOp, Op, PackOp } from '../../../shared/account/ops.ts';
import { BLOB_BYTES } from '../../../shared/account/pack-op.ts';
import type { JournalRecord } from '../../../shared/account/record.ts';
import { PlainAccount } from './plain-account.ts';

/** A message that somebody has put into the store of messages. */
export interface StoredText {
  readonly account: AccountId;
  readonly blob: BlobId;
  /** What the message says of itself: no other has it, but for those that were carried into another account. */
  readonly subject: string;
  readonly text: Uint8Array;
  /** It was read in one account, and stored anew in another. */
  readonly carried: boolean;
}

/** Where an append has put its message. */
export interface Arrived {
  readonly op: AppendOp;
  readonly mailbox: number;
  readonly uid: number;
}

/** A record, the moment of the table at which it was put, and the time. */
interface Put {
  readonly record: JournalRecord;
  readonly moment: number;
  readonly at: number;
}

/** A new beginning after a restore. */
export interface Epoch {
  /** The last record that the restored table has. */
  readonly last: number;
  /** Of the epoch's record; null until it stands. */
  readonly number: number | null;
  readonly lost: readonly JournalRecord[];
  /** When that record was written, milliseconds since the epoch of clocks; null as long as there is none. */
  readonly begun: number | null;
  /** What the account was before its table was put back. */
  readonly before: PlainAccount;
}

export class Witnessed {
  readonly plain: PlainAccount;
  /** Every record, as it was put. */
  readonly records: Put[] = [];
  /** Blobs that a record has named, ever. */
  readonly named = new Set<BlobId>();
  /** Blobs that a record has purged. */
  readonly purged = new Set<BlobId>();
  /** Where the last record that packed a blob put it, and by which record it was packed first. */
  readonly packed = new Map<BlobId, { readonly pack: string; readonly first: number }>();
  readonly packs = new Set<string>();
  /** By which record nobody needed a pack any more. */
  readonly replaced = new Map<string, number>();
  /** Messages that came back. */
  restored = 0;
  /** When each checkpoint came to stand, and up to which record it reaches. */
  readonly checkpoints: { readonly number: number; readonly at: number; readonly moment: number }[] = [];
  readonly arrivals = new Map<BlobId, Arrived>();
  /** Subjects of messages that a delivery or a client has brought, by the record that did: each may come once. */
  readonly arrived = new Map<string, number>();
  /** What a restore of the table has lost, until an epoch has begun; and after. */
  epoch: Epoch | null = null;
  /** The highest number that was ever given out, lost ones too (I4). */
  highest = 0;
  readonly #texts: ReadonlyMap<BlobId, StoredText>;

  constructor(texts: ReadonlyMap<BlobId, StoredText>, plain = new PlainAccount()) {
    this.#texts = texts;
    this.plain = plain;
  }

  /**
   * The account as it was at `moment`, after its table was put back, without some of its newest records; of what came since, nothing is given out again.
   */
  restoredTo(moment: number, missing: ReadonlySet<number>): Witnessed {
    const past = new Witnessed(this.#texts, new PlainAccount(this.plain.pictures));
    const gap = Math.min(...missing);
    const kept = ({ record, ...put }: Put): boolean => put.moment <= moment && record.number < gap;
    for (const put of this.records) if (kept(put)) past.take(put.record, put);
    past.checkpoints.push(...this.checkpoints.filter((each) => each.moment <= moment));
    past.highest = this.highest;
    const lost = this.records.filter((put) => !kept(put)).map(({ record }) => record);
    past.epoch = { last: past.plain.number, number: null, begun: null, lost, before: this.plain };
    return past;
  }

  /** The next record. */
  take(record: JournalRecord, { moment, at }: Omit<Put, 'record'>): void {
    this.records.push({ record, moment, at });
    this.highest = Math.max(this.highest, record.number);
    for (const op of record.ops) this.#note(op, record.number);
    this.plain.take(record);
    for (const op of record.ops) if (op.op === 'append') this.#place(op);
  }

  /** Whether a message of that subject came, with its record or without. */
  has(subject: string): boolean {
    return (
      this.arrived.has(subject) || [...this.named].some((blob) => this.#texts.get(blob)?.subject === subject)
    );
  }

  /** The append that gave a message its UID. */
  arrivalAt(mailbox: number, uid: number): Arrived | undefined {
    return [...this.arrivals.values()].find((each) => each.mailbox === mailbox && each.uid === uid);
  }

  #note(op: Op, number: number): void {
    if (op.op === 'append') {
      this.named.add(op.blob);
      const text = this.#texts.get(op.blob);
      if (text && !text.carried) this.arrived.set(text.subject, number);
    }
    if (op.op === 'purge') for (const blob of op.blobs) this.purged.add(blob);
    if (op.op === 'restore')
      for (const { blob, pack } of op.rows) {
        this.restored++;
        this.named.add(blob);
        if (pack === null || this.packed.has(blob)) continue;
        this.packs.add(pack);
        this.packed.set(blob, { pack, first: number });
      }
    if (op.op === 'pack') this.#pack(op, number);
  }

  #pack({ pack, blobs, replaced }: PackOp, number: number): void {
    for (const each of replaced) this.replaced.set(each, number);
    if (pack === null) return;
    this.packs.add(pack);
    for (const blob of blobsOf(blobs))
      this.packed.set(blob, { pack, first: this.packed.get(blob)?.first ?? number });
  }

  #place(op: AppendOp): void {
    for (const { id, messages } of this.plain.mailboxes.values()) {
      const message = messages.findLast(({ blob }) => blob === op.blob);
      if (message) this.arrivals.set(op.blob, { op, mailbox: id, uid: message.uid });
    }
  }
}

/** The blobs that a record packs. */
export function blobsOf(packed: Uint8Array): BlobId[] {
  return Array.from(
    { length: packed.length / BLOB_BYTES },
    (_, at) => Buffer.from(packed.subarray(at * BLOB_BYTES, (at + 1) * BLOB_BYTES)).toString('hex') as BlobId,
  );
}
