/** Folds in memory, on the accounts of a `MemoryJournalStore`. */
import type {
  BundleChange,
  FoldStore,
  FoldSummaries,
  FoldedItems,
  FoldedTableItem,
  SwapOutcome,
} from '../../shared/account/fold-store.ts';
import type { AccountId, BlobId, MailboxId, RecordNumber } from '../../shared/account/ids.ts';
import type { StoredCheckpoint } from '../../shared/account/journal-store.ts';
import { itemName } from '../../shared/account/named.ts';
import { type EmptiedRecord, isEmptied } from '../../shared/account/record.ts';
import { type FrameCoder, UNSEALED } from '../../shared/account/summary-frame.ts';
import { BlobMissingError } from '../../shared/blob/blob-store.ts';
import { type MemoryJournalStore, segmentName } from './memory-journal-store.ts';

export class MemoryFoldStore implements FoldStore, FoldedItems {
  readonly #journal: MemoryJournalStore;
  readonly graveyards = new Map<string, Uint8Array>();
  /** When the keys of emptied records may go, seconds since the epoch. */
  readonly expiries = new Map<RecordNumber, number>();

  constructor(journal: MemoryJournalStore) {
    this.#journal = journal;
  }

  /** What was put, when, by `itemName`. */
  readonly #times = new Map<string, { readonly item: FoldedTableItem; readonly time: number }>();

  async put(account: AccountId, item: FoldedTableItem, data: Uint8Array, time: number): Promise<void> {
    this.#times.set(itemName(item), { item, time });
    const { map, name } = this.#place(account, item);
    if (map.has(name)) throw new Error(`there is another ${item.kind} under the key ${name} already`);
    map.set(name, data);
  }

  async *items(account: AccountId, mailboxes: Iterable<MailboxId>) {
    const listed = new Set(mailboxes);
    for (const { item, time } of this.#times.values()) {
      const { map, name } = this.#place(account, item);
      if (map.has(name) && (item.kind !== 'segment' || listed.has(item.mailbox))) yield { item, time };
    }
  }

  async graveyard(account: AccountId, part: number, fold: string): Promise<Uint8Array | null> {
    const { map, name } = this.#place(account, { kind: 'graveyard', part, fold });
    return map.get(name) ?? null;
  }

  async current(account: AccountId): Promise<string | null> {
    return this.#journal.account(account).checkpoint?.fold ?? null;
  }

  async swap(
    id: AccountId,
    from: string | null,
    next: StoredCheckpoint & { readonly time: number },
    bundle: BundleChange,
  ): Promise<SwapOutcome> {
    const account = this.#journal.account(id);
    if ((account.checkpoint?.fold ?? null) !== from) return 'lost';
    account.checkpoint = { number: next.number, fold: next.fold, root: next.root };
    if (bundle.kind === 'put') account.bundle = { fold: next.fold, data: bundle.data };
    if (bundle.kind === 'delete') account.bundle = null;
    return 'swapped';
  }

  async empty(id: AccountId, number: RecordNumber, expiresAt: number): Promise<number> {
    const { entries } = this.#journal.account(id);
    const entry = entries.get(number);
    if (!entry || isEmptied(entry)) return 1;
    const { usage, journalBytes } = entry;
    entries.set(number, { number, usage, journalBytes, emptied: true });
    this.expiries.set(number, expiresAt);
    return 1;
  }

  async occupy(id: AccountId, entry: EmptiedRecord, expiresAt: number): Promise<void> {
    const { entries } = this.#journal.account(id);
    if (entries.has(entry.number)) return;
    entries.set(entry.number, entry);
    this.expiries.set(entry.number, expiresAt);
  }

  async delete(account: AccountId, item: FoldedTableItem): Promise<number> {
    const { map, name } = this.#place(account, item);
    map.delete(name);
    return 1;
  }

  #place(id: AccountId, item: FoldedTableItem): { map: Map<string, Uint8Array>; name: string } {
    const account = this.#journal.account(id);
    switch (item.kind) {
      case 'segment':
        return { map: account.segments, name: segmentName(item) };
      case 'part':
        return { map: account.parts, name: `${item.name}@${item.fold}` };
      case 'graveyard':
        return { map: this.graveyards, name: `${id}/${item.part}@${item.fold}` };
    }
  }
}

/** What a source of summaries does about seals where there are none. */
export const NOT_SEALED = {
  ready: (): Promise<void> => Promise.resolve(),
  inline: (_account: AccountId, _blob: BlobId, stored: Uint8Array): Promise<Uint8Array> =>
    Promise.resolve(stored),
  frameOpener: (): Promise<FrameCoder> => Promise.resolve(UNSEALED),
};

export class MemorySummaries implements FoldSummaries {
  readonly chunks = new Map<string, Uint8Array>();
  readonly objects = new Map<BlobId, Uint8Array>();
  /** Blobs of messages that were deleted. */
  readonly deleted = new Set<BlobId>();

  /** Nothing is sealed here. */
  async inline(_account: AccountId, _blob: BlobId, stored: Uint8Array): Promise<Uint8Array> {
    return stored;
  }

  async frameSealer(): Promise<FrameCoder> {
    return UNSEALED;
  }

  async frameOpener(): Promise<FrameCoder> {
    return UNSEALED;
  }

  async putChunk(_: AccountId, fold: string, chunk: Uint8Array): Promise<void> {
    if (this.chunks.has(fold)) throw new Error(`there is a chunk of fold ${fold} already`);
    this.chunks.set(fold, chunk);
  }

  async chunk(_: AccountId, fold: string, range: { start: number; end: number }): Promise<Uint8Array> {
    const chunk = this.chunks.get(fold);
    if (!chunk) throw new BlobMissingError(fold);
    return chunk.subarray(range.start, range.end);
  }

  async overflow(_: AccountId, object: BlobId): Promise<Uint8Array> {
    const summary = this.objects.get(object);
    if (!summary) throw new BlobMissingError(object);
    return summary;
  }

  /** Messages are not kept here. */
  recompute(_: AccountId, { blob }: { readonly blob: BlobId }): Promise<Uint8Array> {
    return Promise.reject(new BlobMissingError(blob));
  }

  async deleteSummaries(_: AccountId, chunks: readonly string[], overflow: readonly BlobId[]): Promise<void> {
    for (const fold of chunks) this.chunks.delete(fold);
    for (const object of overflow) this.objects.delete(object);
  }

  async deleteMessages(_: AccountId, purged: readonly BlobId[]): Promise<void> {
    for (const blob of purged) this.deleted.add(blob);
  }
}
