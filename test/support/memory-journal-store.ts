/** The journal in memory, by the same contract as the one on DynamoDB, for tests that run a year in a second. */
import type { AccountId, RecordNumber } from '../../shared/account/ids.ts';
import type {
  DeliveryMarker,
  JournalStore,
  OpenedAccount,
  PutOutcome,
  SegmentKey,
  StoredBundle,
  StoredCheckpoint,
  StoredMarker,
} from '../../shared/account/journal-store.ts';
import {
  type JournalEntry,
  type JournalRecord,
  UnknownVersionError,
  decodeOps,
  encodeOps,
  isEmptied,
} from '../../shared/account/record.ts';

/** Everything of one account. */
export interface MemoryAccount {
  readonly entries: Map<number, JournalEntry>;
  /** Numbers of records that a newer release wrote: nobody here can read them. */
  readonly newer: Set<number>;
  readonly markers: Map<string, DeliveryMarker & Pick<StoredMarker, 'record'>>;
  checkpoint: StoredCheckpoint | null;
  bundle: StoredBundle | null;
  readonly segments: Map<string, Uint8Array>;
  readonly parts: Map<string, Uint8Array>;
}

export function segmentName(key: SegmentKey): string {
  return `${key.mailbox}/${key.firstUid}@${key.fold}`;
}

export class MemoryJournalStore implements JournalStore {
  readonly accounts = new Map<AccountId, MemoryAccount>();

  account(id: AccountId): MemoryAccount {
    let account = this.accounts.get(id);
    if (!account) {
      account = {
        entries: new Map(),
        newer: new Set(),
        markers: new Map(),
        checkpoint: null,
        bundle: null,
        segments: new Map(),
        parts: new Map(),
      };
      this.accounts.set(id, account);
    }
    return account;
  }

  async open(id: AccountId): Promise<OpenedAccount> {
    const { checkpoint, bundle } = this.account(id);
    return { checkpoint, bundle, entries: this.#above(id, checkpoint?.number ?? (0 as RecordNumber)) };
  }

  async after(id: AccountId, number: RecordNumber): Promise<readonly JournalEntry[]> {
    return this.#above(id, number);
  }

  async newest(id: AccountId): Promise<JournalEntry | null> {
    const { entries, newer } = this.account(id);
    const number = Math.max(0, ...entries.keys(), ...newer);
    return this.#at(id, number as RecordNumber) ?? null;
  }

  async entry(id: AccountId, number: RecordNumber): Promise<JournalEntry | null> {
    return this.#at(id, number) ?? null;
  }

  async put(
    id: AccountId,
    records: readonly JournalRecord[],
    markers: readonly DeliveryMarker[] = [],
  ): Promise<PutOutcome> {
    if (records.length === 0) throw new Error('a put needs a record');
    const account = this.account(id);
    for (const record of records) {
      const first = this.#at(id, record.number);
      if (first) {
        const mine = !isEmptied(first) && first.commit === record.commit;
        return mine ? { kind: 'written' } : { kind: 'conflict', first };
      }
    }
    const delivered = markers.flatMap(({ messageId }, index) =>
      account.markers.has(messageId) ? [index] : [],
    );
    if (delivered.length > 0) return { kind: 'delivered', markers: delivered };
    // Through the codec, so that what a test sees is what a reader of the table would see.
    for (const record of records)
      account.entries.set(record.number, { ...record, ops: decodeOps(encodeOps(record.ops)) });
    for (const marker of markers)
      account.markers.set(marker.messageId, { ...marker, record: records[0]?.number ?? null });
    return { kind: 'written' };
  }

  async delivered(messageId: string, accounts: readonly AccountId[]): Promise<ReadonlySet<AccountId>> {
    return new Set(accounts.filter((account) => this.account(account).markers.has(messageId)));
  }

  async segments(id: AccountId, keys: readonly SegmentKey[]): Promise<readonly (Uint8Array | null)[]> {
    const { segments } = this.account(id);
    return keys.map((key) => segments.get(segmentName(key)) ?? null);
  }

  async part(id: AccountId, name: string, fold: string): Promise<Uint8Array | null> {
    return this.account(id).parts.get(`${name}@${fold}`) ?? null;
  }

  #at(id: AccountId, number: RecordNumber): JournalEntry | undefined {
    const { entries, newer } = this.account(id);
    if (newer.has(number)) throw new UnknownVersionError(`record ${number}`);
    return entries.get(number);
  }

  #above(id: AccountId, number: RecordNumber): JournalEntry[] {
    const { entries, newer } = this.account(id);
    const numbers = [...entries.keys(), ...newer].filter((each) => each > number).sort((a, b) => a - b);
    return numbers.flatMap((each) => this.#at(id, each as RecordNumber) ?? []);
  }
}
