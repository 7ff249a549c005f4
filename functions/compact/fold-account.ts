/**
 * Folds the tail of one account's journal into its checkpoint, by compare-and-swap: the new one replaces exactly the
 * one that it was folded from.
 *
 * The order is what makes a death between any two calls harmless:
 * 1. what the current checkpoint no longer needs is deleted and emptied, while that checkpoint still lists it. A fold
 *    that dies here leaves the list as it was, and the next one does the same again, to the same end. So do the objects
 *    of purges which nobody has said to be done: after the fold, no record that is read names them;
 * 2. chunk, graveyards, segments and parts are put, under keys that nothing has named yet;
 * 3. root and bundle are swapped: from here on a reader finds the new ones, which are all there;
 * 4. the next fold does step 1 by the new list.
 * Records are emptied, and items deleted, only a day after a checkpoint that does without them, so that whoever reads
 * by an older one has time to finish; who has not (a replica idle for days) finds them gone and opens again (I4).
 */
import type { Divergence } from '../../shared/account/apply.ts';
import type { Calendar } from '../../shared/account/calendar.ts';
import { type FoldedItem, type GraveyardInfo, encodeCheckpoint } from '../../shared/account/checkpoint.ts';
import { GRACE_SECONDS, nextDueDay } from '../../shared/account/due.ts';
import {
  FOLD_LIMITS,
  type FoldLimits,
  type Layout,
  type Replay,
  type Stored,
  layOut,
  neededForBundle,
  nextCheckpoint,
  replayTail,
  storedAs,
  withPieces,
} from '../../shared/account/fold.ts';
import type { FoldedTableItem } from '../../shared/account/fold-store.ts';
import { type BuriedRow, decodeGraveyard, encodeGraveyard } from '../../shared/account/graveyard.ts';
import type { AccountId, MailboxId, RecordNumber } from '../../shared/account/ids.ts';
import type { JournalStore } from '../../shared/account/journal-store.ts';
import { type Opening, columnsAtCheckpoint, openAccount } from '../../shared/account/opening.ts';
import {
  type ChunkPlan,
  type Relocate,
  type WrittenChunk,
  planChunk,
} from '../../shared/account/summary-chunk.ts';
import { packingDue } from '../../shared/account/pack-plan.ts';
import { touchedBy } from '../../shared/account/touched.ts';
import { UNSEALED } from '../../shared/account/summary-frame.ts';
import { forgottenByAll } from '../../shared/account/purges.ts';
import { bury } from './bury.ts';
import { arrivedSummaries, openChunk } from './fold-summaries.ts';
import { type ChunkMerge, planMerge } from './merge-chunks.ts';
import { Pace } from './pace.ts';
import type { Room } from './room.ts';
import { type RetireDeps, type Retired, deleteItem, hasOld, retire } from './retire.ts';

/** Bytes of keys and attribute names beside an item's data, about. */
const ITEM_OVERHEAD_BYTES = 200;
/** Another fold's deletions may meet this one's reads; folds of one account are minutes apart. */
const LOAD_ATTEMPTS = 3;
const FOLD_ID_BYTES = 12;

export interface FoldDeps extends RetireDeps {
  readonly journal: JournalStore;
  /** The columns say otherwise than a record does: an alarm. */
  readonly report?: (account: AccountId, divergence: Divergence) => void;
  readonly limits?: FoldLimits;
  /** Is asked for the day on which time makes something of the account due; a test may do without. */
  readonly calendar?: Calendar;
  /** How long what was expunged can be brought back, seconds. */
  readonly graceSeconds?: number;
  /** Shared by folds that run side by side; absent: there are no others. */
  readonly room?: Room;
}

export type FoldResult =
  /** The checkpoint contains the newest record. */
  | { readonly kind: 'nothing' }
  /** Another fold came first. */
  | { readonly kind: 'lost' }
  | {
      readonly kind: 'folded';
      /** The last record that the checkpoint contains now, and how many of them are new to it. */
      readonly number: RecordNumber;
      readonly records: number;
      readonly bundled: boolean;
      /** Items put beside root and bundle, and their bytes. */
      readonly items: number;
      readonly bytes: number;
      readonly emptied: number;
      readonly deleted: number;
      /** Whether it is time to look for what may be packed. */
      readonly packing: boolean;
    };

/**
 * Folds one account. `until` (milliseconds since the epoch): deletions and emptyings that are not done by then are left
 * to the next fold. `idle`: also if there is no tail, as long as there is something to delete or to empty. `merge`: all of
 * the account is read, and old chunks of summaries are written anew if it is worth it. Rejects, with nothing lost, if a
 * store fails.
 */
export async function foldAccount(
  deps: FoldDeps,
  account: AccountId,
  until = Infinity,
  { idle = false, merge = false }: { readonly idle?: boolean; readonly merge?: boolean } = {},
): Promise<FoldResult> {
  for (let attempt = 1; attempt <= LOAD_ATTEMPTS; attempt++) {
    const opening = await openAccount(deps.journal, account);
    const hasTail = opening.tail.length > 0;
    const worth = hasTail || (idle && hasOld(deps, opening.base));
    if (!worth && !merge) return { kind: 'nothing' };
    const { state } = opening.base;
    const touched = merge ? [...state.mailboxes.keys()] : touchedBy(state, opening.tail);
    const rows = touched.reduce((sum, id) => sum + (state.mailboxes.get(id)?.messages ?? 0), 0);
    const fold = (): Promise<FoldResult | null> =>
      foldOpened(deps, account, opening, touched, { worth, merge, until });
    const result = await (deps.room ? deps.room.holding(rows, fold) : fold());
    if (result) return result;
  }
  return { kind: 'lost' };
}

/** Null: the checkpoint that was opened has gone with a younger fold. */
async function foldOpened(
  deps: FoldDeps,
  account: AccountId,
  opening: Opening,
  touched: readonly MailboxId[],
  { worth, merge, until }: { readonly worth: boolean; readonly merge: boolean; readonly until: number },
): Promise<FoldResult | null> {
  const columns = await columnsAtCheckpoint(deps.journal, account, opening, touched);
  if (!columns) return null;
  const replay = replayTail(opening, columns, (divergence) => deps.report?.(account, divergence));
  const limits = deps.limits ?? FOLD_LIMITS;
  const merged = merge ? await planMerge(deps, account, opening, replay, limits) : null;
  if (!worth && !merged) return { kind: 'nothing' };
  return new Fold(deps, account, opening, replay, merged).run(until);
}

class Fold {
  readonly #deps: FoldDeps;
  readonly #account: AccountId;
  readonly #opening: Opening;
  readonly #replay: Replay;
  readonly #merge: ChunkMerge | null;
  readonly #fold: string;
  readonly #limits: FoldLimits;
  readonly #pace: Pace;
  /** What was put, to be taken back if another fold comes first. */
  readonly #put: FoldedItem[] = [];
  #bytes = 0;
  /** How many graveyards this fold has put. */
  #graveyards = 0;

  constructor(
    deps: FoldDeps,
    account: AccountId,
    opening: Opening,
    replay: Replay,
    merge: ChunkMerge | null,
  ) {
    this.#deps = deps;
    this.#account = account;
    this.#opening = opening;
    this.#replay = replay;
    this.#merge = merge;
    this.#fold = deps.rim.randomHex(FOLD_ID_BYTES);
    this.#limits = deps.limits ?? FOLD_LIMITS;
    this.#pace = new Pace(deps.rim);
  }

  async run(until: number): Promise<FoldResult> {
    const { base } = this.#opening;
    const retired = await retire(this.#deps, this.#account, this.#opening, this.#pace, until);
    if (!retired) return { kind: 'lost' };
    await this.#deletePurged();
    const written = await this.#discardOnFailure(() => this.#write(retired));
    if (!written) return { kind: 'lost' };
    await this.#askForNextDay();
    const outcome = await this.#swap(written);
    if (outcome === 'lost') await this.#discard();
    if (outcome !== 'swapped') return { kind: 'lost' };
    return {
      kind: 'folded',
      number: this.#replay.state.number,
      records: this.#opening.tail.length,
      bundled: written.stored.bundle !== null,
      items: this.#put.length,
      bytes: this.#bytes,
      emptied: retired.emptiedTo - base.emptiedTo,
      deleted: retired.items.length,
      packing: packingDue(this.#account, base, this.#replay.state, written.time),
    };
  }

  /** Before the swap: what the tail made due must not be forgotten with it. */
  async #askForNextDay(): Promise<void> {
    const { calendar, rim, graceSeconds: grace = GRACE_SECONDS } = this.#deps;
    const { state, buried } = this.#replay;
    const looked = { state, buried, now: rim.now() / 1000, grace };
    await calendar?.leave(this.#account, nextDueDay(this.#account, looked));
  }

  async #deletePurged(): Promise<void> {
    for (const { blobs } of this.#replay.purges.open)
      await this.#deps.summaries.deleteMessages(this.#account, blobs);
  }

  /** Step 2. Null: segments that were to go into the bundle went with a younger fold. */
  async #write(retired: Retired): Promise<Written | null> {
    const { base } = this.#opening;
    const { chunk, relocate, overflow } = await this.#chunk();
    const moved = this.#moved();
    const planned = layOut(this.#opening, this.#replay, this.#fold, { relocate, moved }, this.#limits);
    const layout = await this.#withBundlePieces(planned);
    if (!layout) return null;
    const stored = storedAs(layout, base, this.#fold, this.#limits);
    if (chunk) await this.#putChunk(chunk);
    const graveyards = await this.#bury(relocate);
    for (const { item, data } of stored.written) await this.#putItem(item, data);
    const checkpoint = nextCheckpoint({
      fold: this.#fold,
      now: this.#deps.rim.now(),
      opening: this.#opening,
      replay: this.#replay,
      stored,
      chunk,
      merge: this.#merge,
      graveyards,
      retired,
      overflow,
    });
    const { root, parts } = encodeCheckpoint(checkpoint, base.pages);
    for (const { name, data } of parts) await this.#putItem({ kind: 'part', name, fold: this.#fold }, data);
    return { stored, root, time: checkpoint.time };
  }

  /** Chunks that are merged into another one. */
  #moved(): ReadonlySet<number> {
    return new Set(this.#merge?.merged.map(({ number }) => number));
  }

  /** Step 3. */
  async #swap({ stored, root, time }: Written) {
    const { base } = this.#opening;
    const { bundle } = stored;
    const units = writeUnits(root.length) + (bundle ? writeUnits(bundle.length) : 0);
    // Transactions cost double.
    await this.#pace.take(bundle || base.bundled ? 2 * units : units);
    return this.#deps.folds.swap(
      this.#account,
      base.fold === '' ? null : base.fold,
      { number: this.#replay.state.number, fold: this.#fold, root, time },
      bundle ? { kind: 'put', data: bundle } : base.bundled ? { kind: 'delete' } : { kind: 'none' },
    );
  }

  /** The chunk that takes the summaries which came in the tail, and those of old chunks that are merged. */
  async #chunk(): Promise<ChunkPlan & { readonly overflow: readonly FoldedItem[] }> {
    const { arrivals } = this.#replay;
    const { base } = this.#opening;
    const { summaries } = this.#deps;
    const arrived = await arrivedSummaries(summaries, this.#account, base, this.#replay);
    arrived.push(...(this.#merge?.summaries ?? []));
    // What is merged begins a chunk of its own.
    const grows = arrived.length > 0 && !this.#merge?.merged.length;
    const open = grows ? await openChunk(summaries, this.#account, base, this.#limits.chunkBytes) : null;
    const seal = arrived.length > 0 ? await summaries.frameSealer(this.#account) : UNSEALED;
    const plan = planChunk(arrived, open, base.nextChunk, this.#fold, seal);
    const overflow = arrivals.flatMap(({ place, record, slot }): FoldedItem[] => {
      const moved = plan.relocate({ chunk: 0, at: record, slot }).chunk !== 0;
      return 'object' in place && moved ? [{ kind: 'overflow', object: place.object }] : [];
    });
    return { ...plan, overflow };
  }

  async #withBundlePieces(layout: Layout): Promise<Layout | null> {
    const keys = neededForBundle(layout, this.#limits);
    if (keys.length === 0) return layout;
    const pieces = await this.#deps.journal.segments(this.#account, keys);
    const present = pieces.filter((piece) => piece !== null);
    return present.length === pieces.length ? withPieces(layout, keys, present) : null;
  }

  #bury(relocate: Relocate): Promise<readonly GraveyardInfo[]> {
    const { graveyards: before } = this.#opening.base;
    const { purges, packing } = this.#replay;
    const buried = this.#replay.buried.map((one) => ({
      ...one,
      row: { ...one.row, summary: relocate(one.row.summary) },
    }));
    const forgets = forgottenByAll(purges);
    const moved = this.#moved();
    const changes = purges.ops.length > 0 || packing.movesBuried || moved.size > 0;
    const reburied = (one: BuriedRow): BuriedRow =>
      moved.has(one.row.summary.chunk)
        ? { ...one, row: { ...one.row, summary: relocate(one.row.summary) } }
        : one;
    const { rowsPerGraveyard } = this.#limits;
    return bury(
      {
        before,
        buried,
        rebury: changes ? (row) => (forgets(row) ? null : reburied(packing.moved(row))) : null,
        rowsPerGraveyard,
      },
      {
        read: async ({ part, fold }) => {
          const held = await this.#deps.folds.graveyard(this.#account, part, fold);
          return held && decodeGraveyard(held);
        },
        put: (rows) => this.#putGraveyards(rows),
      },
    );
  }

  async #putGraveyards(rows: readonly BuriedRow[]): Promise<readonly GraveyardInfo[]> {
    const data = encodeGraveyard(rows);
    if (data.length > GRAVEYARD_BYTES && rows.length > 1) {
      const middle = rows.length >> 1;
      const first = await this.#putGraveyards(rows.slice(0, middle));
      return [...first, ...(await this.#putGraveyards(rows.slice(middle)))];
    }
    const info = { fold: this.#fold, part: this.#graveyards++, count: rows.length };
    await this.#putItem({ kind: 'graveyard', part: info.part, fold: this.#fold }, data);
    return [info];
  }

  async #putItem(item: FoldedTableItem, data: Uint8Array): Promise<void> {
    await this.#pace.take(writeUnits(data.length));
    this.#put.push(item);
    await this.#deps.folds.put(this.#account, item, data, this.#deps.rim.now());
    this.#bytes += data.length;
  }

  async #putChunk({ data }: WrittenChunk): Promise<void> {
    this.#put.push({ kind: 'chunk', fold: this.#fold });
    await this.#deps.summaries.putChunk(this.#account, this.#fold, data);
    this.#bytes += data.length;
  }

  /** Takes back what no checkpoint has named; what cannot be taken back is garbage (see `FoldStore`). */
  async #discard(): Promise<void> {
    for (const item of this.#put)
      await deleteItem(this.#deps, this.#account, item, this.#pace).catch(() => undefined);
  }

  async #discardOnFailure<T>(write: () => Promise<T | null>): Promise<T | null> {
    try {
      const written = await write();
      if (written === null) await this.#discard();
      return written;
    } catch (error) {
      await this.#discard();
      throw error;
    }
  }
}

/** A graveyard is an item of DynamoDB: at most 400 KB, keys and attribute names included. */
const GRAVEYARD_BYTES = 390_000;

interface Written {
  readonly stored: Stored;
  readonly root: Uint8Array;
  readonly time: number;
}

/** Of an item with so many bytes of data. */
function writeUnits(bytes: number): number {
  return Math.ceil((bytes + ITEM_OVERHEAD_BYTES) / 1024);
}
