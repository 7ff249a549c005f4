/**
 * A replica: one account's state in this process, kept up by reading what came after.
 *
 * Invariants:
 * - The state only ever moves forward, by records in order (I1); all that moves it runs one at a time (`#exclusive`).
 * - A commit is answered only when its record is known to be in the journal (I3).
 * - A state that was handed out never changes: a command reads from the one it began with.
 */
import { type Divergence, apply } from './apply.ts';
import type { Checkpoint } from './checkpoint.ts';
import { BusyError, type CommitRequest } from './commit-request.ts';
import type { AccountId, MailboxId } from './ids.ts';
import type { JournalStore, StoredBundle } from './journal-store.ts';
import { keepingColumns, sourceOfLoaded, tiedTo, unloaded } from './loaded.ts';
import { JournalDamagedError, type Opening, columnsAtCheckpoint, openAccount } from './opening.ts';
import { type JournalRecord, isEmptied } from './record.ts';
import { RecordBuilder } from './record-builder.ts';
import { type RemovedRange, removedSince } from './removals.ts';
import type { Rim } from './rim.ts';
import { type AccountState, columnBytes, withAllColumns, withColumns } from './state.ts';

export interface Change {
  readonly state: AccountState;
  /** What led from the previous state here; null after a reload, when only a comparison of states tells. */
  readonly records: readonly JournalRecord[] | null;
}

/** Hears of each change of the state. An object rather than a function: thousands of sessions listen. */
export interface ChangeListener {
  changed(change: Change): void;
}

interface Waiting {
  readonly request: CommitRequest<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  /** Whether the state has been synced since this commit was asked for. */
  synced: boolean;
}

/** A decision of the group that is being put. */
type Decided = { readonly waiting: Waiting } & ({ readonly value: unknown } | { readonly refusal: unknown });

/** What columns are made from. */
interface Base {
  readonly checkpoint: Checkpoint;
  readonly bundle: StoredBundle | null;
  readonly tail: JournalRecord[];
}

/** Who is told of what happens to replicas: one for all of a process. */
export interface ReplicaOptions {
  readonly onDivergence?: (account: AccountId, divergence: Divergence) => void;
  /** After each commit by this process, once its waiters have been answered: wake-ups and work items. */
  readonly onCommit?: (
    account: AccountId,
    records: readonly JournalRecord[],
    journalBytesBefore: number,
  ) => void;
  /** Done beside each opening, which fails if it does: an account may have become unreadable. */
  readonly beside?: (account: AccountId) => Promise<void>;
  /** After anything that may have changed `bytes`. */
  readonly onUse?: (account: AccountId) => void;
}

/** After that many conflicts of one commit the account is busier than it can be served. */
const MAX_CONFLICTS = 100;
/** Full-jitter backoff between conflicts: a write takes some milliseconds, so the first waits are of that order. */
const BACKOFF_BASE_MS = 4;
const BACKOFF_CAP_MS = 500;
/** Folds are minutes apart: a load that meets more than a few is not overtaken by folds. */
const LOAD_ATTEMPTS = 5;
/** A tail in memory beyond this is cut back to a younger checkpoint, if there is one. */
const TAIL_RECORDS = 512;

export class Replica {
  readonly account: AccountId;
  readonly #store: JournalStore;
  readonly #rim: Rim;
  readonly #options: ReplicaOptions;
  #listeners: readonly ChangeListener[] = [];
  #state: AccountState | null = null;
  #journalBytes = 0;
  /** Checkpoint and records above it, from which columns are made; null when dropped under memory pressure. */
  #base: Base | null = null;
  #queue: Waiting[] = [];
  #committing = false;
  #turn: Promise<unknown> = Promise.resolve();
  #nextSync: Promise<AccountState> | null = null;
  #rebaseAbove = TAIL_RECORDS;

  constructor(account: AccountId, store: JournalStore, rim: Rim, options: ReplicaOptions = {}) {
    this.account = account;
    this.#store = store;
    this.#rim = rim;
    this.#options = options;
  }

  /** The newest state that this process knows, or null before the first `sync`. */
  get current(): AccountState | null {
    return this.#state;
  }

  /** Records above the checkpoint that are held in memory. */
  get tail(): readonly JournalRecord[] {
    return this.#base?.tail ?? [];
  }

  get checkpoint(): Checkpoint | null {
    return this.#base?.checkpoint ?? null;
  }

  /** Bytes of memory that `shed` would free, about. */
  get bytes(): number {
    if (!this.#base || !this.#state) return 0;
    const { bundle, tail } = this.#base;
    const summaries = tail.length * 2048;
    return columnBytes(this.#state) + (bundle?.data.length ?? 0) + summaries;
  }

  /** Tells `listener` of each change of the state, until `unlisten`. */
  listen(listener: ChangeListener): void {
    this.#listeners = [...this.#listeners, listener];
  }

  unlisten(listener: ChangeListener): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener);
  }

  /**
   * The state with every record that was in the journal when this was called. Calls that wait for the same turn share
   * one read.
   */
  sync(): Promise<AccountState> {
    if (!this.#nextSync) {
      this.#nextSync = this.#exclusive(async () => {
        this.#nextSync = null;
        return this.#catchUp();
      });
    }
    return this.#nextSync;
  }

  /** The newest known state with the messages of `mailboxes` loaded; those that do not exist are left out. */
  load(mailboxes: readonly MailboxId[]): Promise<AccountState> {
    const state = this.#state;
    if (state && unloaded(state, mailboxes).length === 0) return Promise.resolve(state);
    return this.#exclusive(async () => this.#load(mailboxes));
  }

  /** As `load`, but reads the messages of `mailbox` anew: what was known of their places is out of date. */
  reload(mailbox: MailboxId): Promise<AccountState> {
    return this.#exclusive(async () => {
      await this.#open();
      if (this.#state) this.#state = withColumns(this.#state, mailbox, undefined);
      return this.#load([mailbox]);
    });
  }

  /** What left `mailbox` above `modSeq`, or null if it cannot be told: see `removals.ts`. */
  removedSince(mailbox: MailboxId, modSeq: number): Promise<readonly RemovedRange[] | null> {
    return removedSince(this.#store, this.account, this.#base, mailbox, modSeq);
  }

  /** Appends what `request.decide` wants to the journal; resolves when it is there. See `CommitRequest`. */
  commit<T>(request: CommitRequest<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ request, resolve: resolve as (value: unknown) => void, reject, synced: false });
      if (this.#committing) return;
      this.#committing = true;
      void this.#commitQueued();
    });
  }

  /** Drops what can be read again: an idle account keeps its head and its tree. */
  shed(): void {
    if (!this.#state) return;
    this.#base = null;
    const mailboxes = new Map(
      [...this.#state.mailboxes].map(([id, mailbox]) => [id, { ...mailbox, columns: undefined }]),
    );
    this.#state = { ...this.#state, mailboxes };
  }

  /** Runs `task` when everything before it has ended; its failure is its caller's alone. */
  #exclusive<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(task);
    this.#turn = run.then(
      () => this.#options.onUse?.(this.account),
      () => undefined,
    );
    return run;
  }

  async #opened(): Promise<AccountState> {
    return this.#state ?? (await this.#open());
  }

  async #open(): Promise<AccountState> {
    const before = this.#state;
    const [opening] = await Promise.all([
      openAccount(this.#store, this.account),
      this.#options.beside?.(this.account),
    ]);
    let state = opening.base.state;
    for (const record of opening.tail) state = this.#applied(state, record);
    if (before && state.number < before.number) throw new Error(`account ${this.account} went back in time`);
    if (before) state = keepingColumns(state, before);
    this.#base = { checkpoint: opening.base, bundle: opening.bundle, tail: [...opening.tail] };
    this.#journalBytes = opening.tail.at(-1)?.journalBytes ?? opening.base.journalBytes;
    this.#state = state;
    if (before && before.number !== state.number) this.#announce({ state, records: null });
    return state;
  }

  async #catchUp(): Promise<AccountState> {
    const state = this.#state;
    if (!state) return this.#open();
    const entries = await this.#store.after(this.account, state.number, 'strong');
    const records: JournalRecord[] = [];
    for (const entry of entries) {
      // A fold has overtaken this replica, or a record is not where it must be: only the checkpoint tells (I4).
      if (isEmptied(entry) || entry.number !== state.number + records.length + 1) return this.#open();
      records.push(entry);
    }
    return this.#advance(records);
  }

  async #advance(records: readonly JournalRecord[]): Promise<AccountState> {
    let state = this.#state;
    const last = records.at(-1);
    if (!state) throw new Error('a replica cannot advance before it is open');
    if (!last) return state;
    const held = state;
    const tied = records.flatMap((record) => record.ops.flatMap((op) => sourceOfLoaded(held, op)));
    if (tied.length > 0) state = await this.#load(tied);
    // To load may mean to open anew, which reads and announces these records too.
    const { number } = state;
    const fresh = records.filter((record) => record.number > number);
    for (const record of fresh) state = this.#applied(state, record);
    if (fresh.length > 0) this.#accept(state, fresh);
    return state;
  }

  #accept(state: AccountState, records: readonly JournalRecord[]): void {
    this.#state = state;
    this.#journalBytes = records.at(-1)?.journalBytes ?? this.#journalBytes;
    if (this.#base) this.#base.tail.push(...records);
    this.#announce({ state, records });
    if (this.#base && this.#base.tail.length > this.#rebaseAbove) void this.#exclusive(() => this.#rebase());
  }

  #applied(state: AccountState, record: JournalRecord): AccountState {
    return apply(state, record, (divergence) => this.#options.onDivergence?.(this.account, divergence));
  }

  #announce(change: Change): void {
    for (const listener of this.#listeners) listener.changed(change);
  }

  /** Columns of `mailboxes` as of now: those of the checkpoint, and the tail applied to them. */
  async #load(mailboxes: readonly MailboxId[]): Promise<AccountState> {
    for (let attempt = 0; attempt < LOAD_ATTEMPTS; attempt++) {
      const state = await this.#opened();
      const wanted = unloaded(state, mailboxes);
      if (wanted.length === 0) return state;
      const loaded = this.#base && (await this.#columns(this.#base, state, wanted));
      if (loaded) return (this.#state = loaded);
      // Shed, or the segments went with a younger fold.
      await this.#open();
    }
    throw new JournalDamagedError(this.account, 'segments that its checkpoint names are gone');
  }

  async #columns(
    base: Base,
    state: AccountState,
    wanted: readonly MailboxId[],
  ): Promise<AccountState | null> {
    const { checkpoint, bundle, tail } = base;
    const opening: Pick<Opening, 'base' | 'bundle'> = { base: checkpoint, bundle };
    const needed = tiedTo(wanted, tail);
    const present = [...needed].filter((id) => checkpoint.state.mailboxes.has(id));
    const columns = await columnsAtCheckpoint(this.#store, this.account, opening, present);
    if (!columns) return null;
    let replayed = withAllColumns(checkpoint.state, columns);
    for (const record of tail) replayed = this.#applied(replayed, record);
    return withAllColumns(
      state,
      wanted.map((id) => [id, replayed.mailboxes.get(id)?.columns]),
    );
  }

  /** Cuts the tail back to a younger checkpoint, if there is one. The state stays: it contains the same records. */
  async #rebase(): Promise<void> {
    const base = this.#base;
    const state = this.#state;
    if (!base || !state || base.tail.length <= this.#rebaseAbove) return;
    const opening = await openAccount(this.#store, this.account).catch(() => null);
    const folded = opening?.base.state.number ?? 0;
    let { tail } = base;
    if (opening && folded > base.checkpoint.state.number && folded <= state.number) {
      tail = opening.tail.filter((record) => record.number <= state.number);
      this.#base = { checkpoint: opening.base, bundle: opening.bundle, tail };
    }
    this.#rebaseAbove = Math.max(TAIL_RECORDS, tail.length + TAIL_RECORDS / 2);
  }

  /**
   * A turn for each group, and pauses between turns: those who only read must not wait until nobody writes. What came
   * first is read after the pause, not before it: else the next attempt would be decided on a state that is as old as the
   * pause was long, and meet the next conflict.
   */
  async #commitQueued(): Promise<void> {
    let conflicts = 0;
    while (this.#queue.length > 0) {
      try {
        const outcome = await this.#exclusive(() => this.#commitGroup(conflicts > 0));
        conflicts = outcome === 'conflict' ? conflicts + 1 : 0;
        if (conflicts > MAX_CONFLICTS) throw new BusyError(this.account);
        if (conflicts > 0) await this.#rim.sleep(this.#backoff(conflicts));
      } catch (error) {
        // What cannot be learned for one is unknown for all that wait behind it.
        for (const waiting of this.#queue.splice(0)) waiting.reject(error);
      }
    }
    this.#committing = false;
  }

  #backoff(conflicts: number): number {
    return this.#rim.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** conflicts);
  }

  /** Decides and puts as many waiting commits as fit one group. `behind`: the state is known to be old. */
  async #commitGroup(behind: boolean): Promise<'done' | 'conflict'> {
    if (behind) await this.#syncForCommits();
    let state = await this.#opened();
    const needs = this.#queue[0]?.request.needs?.(state) ?? [];
    state = await this.#load(needs);
    const time = this.#rim.now();
    const builder = new RecordBuilder(state, time);
    const decided = this.#decideGroup(builder);
    if (builder.isEmpty) {
      // Without a put nothing proves that the state is the newest: a refusal must not rest on an old one.
      if (decided.some(({ waiting }) => !waiting.synced)) await this.#syncForCommits();
      else this.#settle(decided);
      return 'done';
    }
    const before = this.#journalBytes;
    const { records, state: after } = builder.finish(this.#rim.randomHex(12), time, before);
    const outcome = await this.#store.put(this.account, records);
    if (outcome.kind !== 'written') return 'conflict';
    this.#accept(after, records);
    this.#settle(decided);
    this.#options.onCommit?.(this.account, records, before);
    return 'done';
  }

  async #syncForCommits(): Promise<void> {
    const waiting = [...this.#queue];
    await this.#catchUp();
    for (const entry of waiting) entry.synced = true;
  }

  /** Each decides on the state after the one before it. Nobody is answered yet: the group may meet a conflict. */
  #decideGroup(builder: RecordBuilder): Decided[] {
    const decided: Decided[] = [];
    for (const waiting of this.#queue) {
      const { decide, needs } = waiting.request;
      if (builder.isFull) break;
      if (decided.length > 0 && unloaded(builder.trial, needs?.(builder.trial) ?? []).length > 0) break;
      try {
        const decision = decide(builder.trial);
        if (!builder.fits(decision.ops)) break;
        builder.add(decision.ops);
        decided.push({ waiting, value: decision.value });
      } catch (refusal) {
        decided.push({ waiting, refusal });
      }
    }
    return decided;
  }

  #settle(decided: readonly Decided[]): void {
    this.#queue.splice(0, decided.length);
    for (const entry of decided) {
      if ('refusal' in entry) entry.waiting.reject(entry.refusal);
      else entry.waiting.resolve(entry.value);
    }
  }
}
