/** One account in memory with real messages: what checks, repairs and restores work on. */
import { checkAccount } from '../../functions/check/check-account.ts';
import { mendAccount } from '../../functions/check/mend-account.ts';
import { subjectOf } from '../../functions/check/subject.ts';
import { foldAccount } from '../../functions/compact/fold-account.ts';
import type { FindingKind } from '../../shared/account/finding.ts';
import type { Checkpoint } from '../../shared/account/checkpoint.ts';
import { openAccount } from '../../shared/account/opening.ts';
import { FOLD_LIMITS } from '../../shared/account/fold.ts';
import type { DeliveryMarkers } from '../../shared/account/journal-store.ts';
import type { AccountId, BlobId } from '../../shared/account/ids.ts';
import { beginAccount } from '../../shared/account/new-account.ts';
import type { AppendOp, Op, Target } from '../../shared/account/ops.ts';
import { Replica } from '../../shared/account/replica.ts';
import { SummaryReader } from '../../shared/account/summary-reader.ts';
import type { AccountState } from '../../shared/account/state.ts';
import { blobKeys } from '../../shared/aws/keys.ts';
import type { Arrival } from '../../shared/blob/arrival.ts';
import { DATA_KEY_BYTES, DataKey } from '../../shared/keys/data-key.ts';
import { MessageStore } from '../../shared/blob/message-store.ts';
import { drained } from './blob-store-contract.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';
import { MemoryFoldStore } from './memory-fold-store.ts';
import { MemoryJournalStore } from './memory-journal-store.ts';
import { TestRim } from './rim.ts';

/** How messages are stored; sealed ones of an account with a data key. */
type StoredKind = 'raw' | 'framed' | 'sealed';

export class KeptAccount {
  readonly journal: MemoryJournalStore;
  readonly folds: MemoryFoldStore;
  readonly rim: TestRim;
  readonly blobs: MemoryBlobStore;
  readonly messages: MessageStore;
  readonly id: AccountId;
  keepMs = 86_400_000;
  limits = FOLD_LIMITS;

  private constructor(rim: TestRim, journal: MemoryJournalStore, id: AccountId, kind: StoredKind) {
    this.rim = rim;
    this.journal = journal;
    this.folds = new MemoryFoldStore(journal);
    this.blobs = new MemoryBlobStore(() => rim.now());
    const format = kind === 'raw' ? 'raw' : 'framed';
    const key = kind === 'sealed' ? new DataKey(Buffer.alloc(DATA_KEY_BYTES, 'a key')) : null;
    this.messages = new MessageStore(this.blobs, rim, { format, keys: { of: async () => key } });
    this.id = id;
  }

  static async begun(seed = 1, kind: StoredKind = 'framed'): Promise<KeptAccount> {
    const rim = new TestRim(seed);
    const journal = new MemoryJournalStore();
    return new KeptAccount(rim, journal, await beginAccount(journal, rim), kind);
  }

  get deps() {
    const { journal, folds, messages, rim, limits } = this;
    return { journal, folds, messages, rim, limits };
  }

  replica(): Replica {
    return new Replica(this.id, this.journal, this.rim);
  }

  commit(ops: (state: AccountState) => readonly Op[], replica = this.replica()): Promise<null> {
    return replica.commit({
      needs: (state) => [...state.mailboxes.keys()],
      decide: (state) => ({ ops: ops(state), value: null }),
    });
  }

  /** Stores a message and appends it. */
  async receive(
    subject: string,
    to: Target = { inbox: true },
    over: Partial<AppendOp> = {},
    replica = this.replica(),
    arrived: Partial<Arrival> = {},
  ): Promise<BlobId> {
    const text = `From: jane@example.com\r\nSubject: ${subject}\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\n\r\n${subject}.\r\n`;
    const bytes = Buffer.from(text);
    const date = Math.floor(this.rim.now() / 1000);
    const arrival: Arrival = {
      date,
      zone: 0,
      system: over.system ?? 0,
      keywords: over.keywords ?? [],
      mailbox: null,
      use: 'use' in to ? to.use : null,
      time: this.rim.now(),
      ...arrived,
    };
    const { blob, size, summary } = await this.messages.put(this.id, bytes, bytes.length, { arrival });
    const op = { op: 'append', to, blob, size, system: 0, keywords: [], date, zone: 0, summary } as const;
    await this.commit(() => [{ ...op, ...over }], replica);
    this.rim.time += 1000;
    return blob;
  }

  fold() {
    return foldAccount(
      { ...this.deps, summaries: this.messages, packs: this.messages.packs, keepMs: this.keepMs },
      this.id,
    );
  }

  async check() {
    return (await checkAccount({ ...this.deps, digests: 'all' }, this.id)).report;
  }

  async kinds(): Promise<FindingKind[]> {
    return (await this.check()).findings.map(({ kind }) => kind);
  }

  mend() {
    return mendAccount({ ...this.deps, digests: 'all' }, this.id);
  }

  /** What a process that has just started reads: names of mailboxes, and the UIDs and subjects in each. */
  async contents(): Promise<Record<string, string[]>> {
    const state = await this.reopened();
    const found: Record<string, string[]> = {};
    for (const { name, columns } of state.mailboxes.values()) {
      if (!columns || columns.count === 0) continue;
      const rows = Array.from({ length: columns.count }, (_, row) => columns.row(row));
      found[name] = await Promise.all(
        rows.map(async ({ uid, blob }) => `${uid} ${await this.subject(blob)}`),
      );
    }
    return found;
  }

  async reopened(): Promise<AccountState> {
    const replica = this.replica();
    return replica.load([...(await replica.sync()).mailboxes.keys()]);
  }

  async subject(blob: BlobId): Promise<string> {
    const place = { blob, pack: null };
    const chunks = await this.messages.get(this.id, place).catch(() => null);
    const message = chunks ? (await drained(chunks)).toString() : '';
    return /^Subject: (.*)\r$/m.exec(message)?.[1] ?? 'gone';
  }

  /** The table as it is now, to be put back with `restore`. */
  backUp(): () => void {
    const { entries, markers, segments, parts, checkpoint, bundle } = this.stored;
    const copies = [entries, markers, segments, parts, this.folds.graveyards].map(
      (map) => new Map<unknown, unknown>(map),
    );
    return () => {
      const { stored } = this;
      stored.checkpoint = checkpoint;
      stored.bundle = bundle;
      [stored.entries, stored.markers, stored.segments, stored.parts, this.folds.graveyards].forEach(
        (map, index) => {
          map.clear();
          for (const [key, value] of copies[index] ?? []) (map as Map<unknown, unknown>).set(key, value);
        },
      );
    };
  }

  get markers(): DeliveryMarkers {
    const { accounts } = this.journal;
    return {
      async *expiringFrom(expiresAt) {
        for (const [account, { markers }] of accounts)
          for (const marker of [...markers.values()])
            if (marker.expiresAt >= expiresAt) yield { ...marker, account };
      },
      drop: async ({ account, messageId }) => void accounts.get(account)?.markers.delete(messageId),
    };
  }

  async checkpoint(): Promise<Checkpoint> {
    return (await openAccount(this.journal, this.id)).base;
  }

  /** Subjects of messages whose summary tells another. */
  async wrongSummaries(): Promise<string[]> {
    const replica = this.replica();
    const state = await replica.load([...(await replica.sync()).mailboxes.keys()]);
    const reader = new SummaryReader(this.journal, this.messages, 1_000_000);
    const wrong: string[] = [];
    for (const { id, columns } of state.mailboxes.values()) {
      if (!columns) continue;
      const rows = Array.from({ length: columns.count }, (_, row) => row);
      const summaries = await reader.read(replica, id, columns, rows);
      for (const row of rows) {
        const subject = await this.subject(columns.blobAt(row));
        if (subjectOf(summaries[row] ?? new Uint8Array(0)) !== subject) wrong.push(subject);
      }
    }
    return wrong;
  }

  get stored() {
    return this.journal.account(this.id);
  }

  /** Where a message's object lies. */
  keyOf(blob: BlobId): string {
    return blobKeys.message(this.id, blob);
  }
}
