/** One account in memory with everything that a fold needs, and a copy of its journal that no fold empties. */
import { type FoldDeps, type FoldResult, foldAccount } from '../../functions/compact/fold-account.ts';
import { type Divergence, apply } from '../../shared/account/apply.ts';
import type { Checkpoint } from '../../shared/account/checkpoint.ts';
import type { AccountId, BlobId, RecordNumber } from '../../shared/account/ids.ts';
import { FOLD_LIMITS, type FoldLimits } from '../../shared/account/fold.ts';
import type { DeliveryMarker, PutOutcome } from '../../shared/account/journal-store.ts';
import { itemName, itemsOf } from '../../shared/account/named.ts';
import { openAccount } from '../../shared/account/opening.ts';
import type { Op } from '../../shared/account/ops.ts';
import type { JournalRecord } from '../../shared/account/record.ts';
import { Replica } from '../../shared/account/replica.ts';
import { type AccountState, EMPTY_STATE } from '../../shared/account/state.ts';
import { SummaryReader } from '../../shared/account/summary-reader.ts';
import { PackStore } from '../../shared/blob/pack-store.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';
import { MemoryFoldStore, MemorySummaries, NOT_SEALED } from './memory-fold-store.ts';
import { MemoryJournalStore } from './memory-journal-store.ts';
import { createInbox, randomOp } from './random-ops.ts';
import { TestRim } from './rim.ts';
import { seededRandom } from './seeded-random.ts';

export const ACCOUNT = 'a0'.repeat(10) as AccountId;

/** Remembers what was put, whatever becomes of it. */
class RememberingJournal extends MemoryJournalStore {
  readonly history = new Map<number, JournalRecord>();

  override async put(
    id: AccountId,
    records: readonly JournalRecord[],
    markers: readonly DeliveryMarker[] = [],
  ): Promise<PutOutcome> {
    const outcome = await super.put(id, records, markers);
    if (outcome.kind === 'written')
      for (const record of records) {
        // A number that is given out a second time is the loss that I4 prevents.
        const first = this.history.get(record.number);
        if (first && first.commit !== record.commit) throw new Error(`record ${record.number} was put twice`);
        this.history.set(record.number, record);
      }
    return outcome;
  }
}

export class FoldingAccount {
  readonly journal = new RememberingJournal();
  readonly folds = new MemoryFoldStore(this.journal);
  readonly summaries = new MemorySummaries();
  readonly blobs: MemoryBlobStore;
  readonly packs: PackStore;
  readonly rim: TestRim;
  readonly random: () => number;
  readonly divergences: Divergence[] = [];
  readonly summaryOf = new Map<BlobId, Uint8Array>();
  /** Of folds. */
  keepMs = 86_400_000;
  limits: FoldLimits = FOLD_LIMITS;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
    this.rim = new TestRim(seed + 1);
    this.blobs = new MemoryBlobStore(() => this.rim.time);
    this.packs = new PackStore(this.blobs);
  }

  static async begun(seed?: number, limits = FOLD_LIMITS): Promise<FoldingAccount> {
    const account = new FoldingAccount(seed);
    await account.begin(limits);
    return account;
  }

  async begin(limits: FoldLimits): Promise<void> {
    this.limits = limits;
    const usage = { messages: 0, bytes: 0 };
    const first = { number: 1 as RecordNumber, commit: 'first', time: 0, ops: [createInbox()], usage };
    await this.journal.put(ACCOUNT, [{ ...first, journalBytes: 20 }]);
  }

  get deps(): FoldDeps {
    const { journal, folds, summaries, packs, rim, keepMs, limits } = this;
    return {
      journal,
      folds,
      summaries,
      packs,
      rim,
      keepMs,
      limits,
      report: (_, found) => this.divergences.push(found),
    };
  }

  fold(deps: Partial<FoldDeps> = {}, until?: number): Promise<FoldResult> {
    return foldAccount({ ...this.deps, ...deps }, ACCOUNT, until);
  }

  /** As the compaction does now and then: old chunks of summaries are written anew. */
  mergeFold(deps: Partial<FoldDeps> = {}): Promise<FoldResult> {
    return foldAccount({ ...this.deps, ...deps }, ACCOUNT, Infinity, { merge: true });
  }

  /** As for an account that nobody writes to. */
  idleFold(): Promise<FoldResult> {
    return foldAccount(this.deps, ACCOUNT, Infinity, { idle: true });
  }

  replica(): Replica {
    const rim = new TestRim(Math.floor(this.random() * 2 ** 32));
    return new Replica(ACCOUNT, this.journal, rim, {
      onDivergence: (_, found) => this.divergences.push(found),
    });
  }

  /** One op that fits the state; every tenth summary is too large for its record. */
  randomOp(state: AccountState): Op {
    const op = randomOp(this.random, state);
    if (op.op !== 'append' || !('inline' in op.summary)) return op;
    this.summaryOf.set(op.blob, op.summary.inline);
    if (this.random() >= 0.1) return op;
    const object = this.rim.randomHex(16) as BlobId;
    this.summaries.objects.set(object, op.summary.inline);
    return { ...op, summary: { object } };
  }

  /** Commits `count` random ops, each on the state after the one before. */
  async act(replica: Replica, count: number): Promise<void> {
    for (let done = 0; done < count; done++)
      await replica.commit({
        needs: (state) => [...state.mailboxes.keys()],
        decide: (state) => ({ ops: [this.randomOp(state)], value: null }),
      });
  }

  /** What replaying the whole journal gives. */
  replayed(): AccountState {
    const records = [...this.journal.history.values()].sort((a, b) => a.number - b.number);
    return records.reduce((state, record) => apply(state, record), EMPTY_STATE);
  }

  /** What a process that has just started reads. */
  async reopened(replica = this.replica()): Promise<AccountState> {
    const state = await replica.sync();
    return replica.load([...state.mailboxes.keys()]);
  }

  async checkpoint(): Promise<Checkpoint> {
    return (await openAccount(this.journal, ACCOUNT)).base;
  }

  /** Names of what lies in the stores and in no list of the checkpoint. */
  async garbage(): Promise<string[]> {
    const { segments, parts } = this.journal.account(ACCOUNT);
    const base = await this.checkpoint();
    const listed = itemsOf(base).map(itemName);
    const stored = [
      ...[...segments.keys()].map((key) => `segment ${key}`),
      ...[...parts.keys()].map((key) => `part ${key}`),
      ...[...this.folds.graveyards.keys()].map((key) => `graveyard ${key.slice(ACCOUNT.length + 1)}`),
      ...[...this.blobs.objects.keys()]
        .filter((key) => key.startsWith('packs/'))
        .map((key) => key.replace(`packs/${ACCOUNT}/`, 'pack ')),
      ...[...this.summaries.chunks.keys()].map((key) => `chunk ${key}`),
    ];
    return stored.filter((name) => !listed.includes(name));
  }

  /** Reads every message's summary, and says for which it is not the right one. */
  async lostSummaries(replica = this.replica()): Promise<BlobId[]> {
    const source = {
      ...NOT_SEALED,
      chunk: this.summaries.chunk.bind(this.summaries),
      overflow: this.summaries.overflow.bind(this.summaries),
      recompute: async () => Buffer.from('worked out anew'),
    };
    const reader = new SummaryReader(this.journal, source, 1_000_000);
    const lost: BlobId[] = [];
    const state = await this.reopened(replica);
    for (const { id, columns } of state.mailboxes.values()) {
      if (!columns) throw new Error('a mailbox is not loaded');
      const rows = Array.from({ length: columns.count }, (_, row) => row);
      const found = await reader.read(replica, id, columns, rows);
      for (const row of rows) {
        const blob = columns.blobAt(row);
        const right = this.summaryOf.get(blob);
        if (right && Buffer.compare(right, found[row] ?? Buffer.alloc(0)) !== 0) lost.push(blob);
      }
    }
    return lost;
  }
}

/** Limits at which a few messages make what thousands make at the real ones. */
export const SMALL_LIMITS: FoldLimits = {
  bundleBytes: 1500,
  messagesPerSegment: 8,
  rowsPerGraveyard: 12,
  chunkBytes: 1000,
  mergedBytes: 4000,
};

/** Everything that a reader of the state can tell, but for where summaries lie. */
export function seen(state: AccountState): unknown {
  const mailboxes = [...state.mailboxes.values()].map(({ columns, ...mailbox }) => ({
    ...mailbox,
    rows:
      columns &&
      Array.from({ length: columns.count }, (_, row) => ({ ...columns.row(row), summary: undefined })),
  }));
  return { ...state, subscriptions: [...state.subscriptions], mailboxes };
}

/** The process is dead: nothing that it does has any effect. */
export class KilledError extends Error {}

/** Kills a process at one of its calls of stores: before the call has its effect, or after. */
export class Killer {
  calls: string[] = [];
  #dead = false;
  readonly #at: number;
  readonly #when: 'before' | 'after';

  /** `at`: the call, from 0; one that is never reached kills nobody. */
  constructor(at: number, when: 'before' | 'after') {
    this.#at = at;
    this.#when = when;
  }

  /** `store` as the process sees it. */
  watch<T extends object>(store: T): T {
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          const here = this.calls.push(String(name)) - 1 === this.#at;
          if (here && this.#when === 'before') this.#dead = true;
          if (this.#dead) throw new KilledError('killed');
          const result: unknown = await (member.apply(target, args) as Promise<unknown>);
          if (here) this.#dead = true;
          if (this.#dead) throw new KilledError('killed');
          return result;
        };
      },
    });
  }
}
