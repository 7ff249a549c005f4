/**
 * Puts a checkpoint in the place of the one that an examination was made of, by compare-and-swap, as a fold does:
 * everything new lies under keys that nothing has named yet before the root is swapped, and readers find either the
 * old root with all that is left of it, or the new one with all that is new. What the old one named and the new one does
 * not is listed as superseded and goes a day later. A death before the swap leaves garbage; after it, nothing is left to do.
 *
 * What is written beyond a fold: mailboxes whose segments are damaged are written whole; summaries that are lost are
 * worked out from their messages into chunks of their own; graveyards that cannot be read leave the list.
 */
import {
  type Checkpoint,
  type ChunkInfo,
  type FoldedItem,
  type GraveyardInfo,
  encodeCheckpoint,
} from '../../shared/account/checkpoint.ts';
import { Columns, type SummaryRef } from '../../shared/account/columns.ts';
import type { Examination } from '../../shared/account/examine.ts';
import { FOLD_LIMITS, type FoldLimits, layOut, nextCheckpoint, storedAs } from '../../shared/account/fold.ts';
import type { FoldStore, FoldSummaries, FoldedTableItem } from '../../shared/account/fold-store.ts';
import { type BuriedRow, encodeGraveyard } from '../../shared/account/graveyard.ts';
import type { AccountId, BlobId, MailboxId, RecordNumber } from '../../shared/account/ids.ts';
import { EMPTY_CHECKPOINT } from '../../shared/account/opening.ts';
import type { Rim } from '../../shared/account/rim.ts';
import type { AccountState } from '../../shared/account/state.ts';
import { type ArrivedSummary, planChunk } from '../../shared/account/summary-chunk.ts';
import type { Survey } from '../../shared/account/survey.ts';
import { Pace } from '../compact/pace.ts';
import type { gravesAfter } from './placed-rows.ts';

export interface InstallDeps {
  readonly folds: FoldStore;
  readonly summaries: FoldSummaries;
  readonly rim: Rim;
  readonly limits?: FoldLimits;
}

export interface Installing {
  readonly survey: Survey;
  readonly known: Pick<Examination, 'base' | 'replay' | 'rewrite'> & {
    readonly journal: Pick<Examination['journal'], 'tail'>;
  };
  /** Rows of messages that are in no mailbox; the tail's are added. */
  readonly graveyards: ReturnType<typeof gravesAfter>;
  readonly buried?: readonly BuriedRow[];
  /** Summaries that lie in no chunk, by message. */
  readonly summaries: ReadonlyMap<BlobId, Uint8Array>;
  readonly overflow: readonly FoldedItem[];
  /** Chunks that go on being named. */
  readonly chunks: readonly ChunkInfo[];
  /** What the checkpoint says otherwise than a fold would: of an epoch. */
  readonly over?: Partial<Pick<Checkpoint, 'emptiedTo' | 'covered' | 'packs'>>;
}

export type Installed = 'installed' | 'lost';

const FOLD_ID_BYTES = 12;
const ITEM_OVERHEAD_BYTES = 200;
const GRAVEYARD_BYTES = 390_000;

export async function installCheckpoint(
  deps: InstallDeps,
  account: AccountId,
  plan: Installing,
): Promise<Installed> {
  return new Installation(deps, account, plan).run();
}

class Installation {
  readonly #deps: InstallDeps;
  readonly #account: AccountId;
  readonly #plan: Installing;
  readonly #fold: string;
  readonly #limits: FoldLimits;
  readonly #pace: Pace;
  readonly #put: FoldedItem[] = [];

  constructor(deps: InstallDeps, account: AccountId, plan: Installing) {
    this.#deps = deps;
    this.#account = account;
    this.#plan = plan;
    this.#fold = deps.rim.randomHex(FOLD_ID_BYTES);
    this.#limits = deps.limits ?? FOLD_LIMITS;
    this.#pace = new Pace(deps.rim);
  }

  async run(): Promise<Installed> {
    const { folds } = this.#deps;
    let swapping = false;
    try {
      const { number, root, time, bundle } = await this.#write();
      await this.#pace.take(2 * units(root.length + (bundle?.length ?? 0)));
      swapping = true;
      const outcome = await folds.swap(
        this.#account,
        this.#plan.survey.stored?.fold ?? null,
        { number, fold: this.#fold, root, time },
        // One that nobody names may lie there, of a root that could not be read.
        bundle ? { kind: 'put', data: bundle } : { kind: 'delete' },
      );
      if (outcome === 'swapped') return 'installed';
      // One whose outcome is not known may be built on: nothing of it is taken back.
      if (outcome === 'lost') await this.#discard();
      return 'lost';
    } catch (error) {
      // Of a swap nothing tells whether it was done: what was put for it is garbage, or the checkpoint's.
      if (!swapping) await this.#discard();
      throw error;
    }
  }

  async #write(): Promise<{
    number: RecordNumber;
    root: Uint8Array;
    time: number;
    bundle: Uint8Array | null;
  }> {
    const { known, survey, over } = this.#plan;
    // As a fold does: after this nothing that is read names them.
    for (const { blobs } of known.replay.purges.open)
      await this.#deps.summaries.deleteMessages(this.#account, blobs);
    const chunks: ChunkInfo[] = [...this.#plan.chunks];
    const moved = await this.#putSummaries(chunks);
    const rewrite = new Set(known.rewrite);
    const state = relocated(known.replay.state, moved, rewrite);
    const kept = { ...known.base, segments: without(known.base.segments, rewrite) };
    const { bundle } = survey;
    const unmoved = { relocate: (ref: SummaryRef): SummaryRef => ref, moved: new Set<number>() };
    const layout = layOut(
      { base: kept, bundle },
      { ...known.replay, state },
      this.#fold,
      unmoved,
      this.#limits,
    );
    const stored = storedAs(layout, kept, this.#fold, this.#limits);
    for (const { item, data } of stored.written) await this.#putItem(item, data);
    const graveyards = await this.#bury(moved);
    const time = this.#deps.rim.now();
    const next = nextCheckpoint({
      fold: this.#fold,
      now: time,
      opening: { base: survey.base ?? EMPTY_CHECKPOINT, bundle, tail: known.journal.tail },
      replay: { ...known.replay, state },
      stored,
      chunk: null,
      merge: null,
      graveyards,
      retired: { items: [], emptiedTo: known.base.emptiedTo },
      overflow: this.#plan.overflow,
    });
    const dropped = known.base.chunks.filter((chunk) => !chunks.includes(chunk));
    const checkpoint = {
      ...next,
      chunks,
      nextChunk: Math.max(next.nextChunk, ...chunks.map(({ number }) => number + 1)),
      superseded: [
        ...next.superseded,
        ...dropped.map(({ fold }) => ({ since: time, item: { kind: 'chunk' as const, fold } })),
      ],
      ...over,
    };
    const { root, parts } = encodeCheckpoint(checkpoint, survey.base?.pages);
    for (const { name, data } of parts) await this.#putItem({ kind: 'part', name, fold: this.#fold }, data);
    return { number: checkpoint.state.number, root, time, bundle: stored.bundle };
  }

  /** Chunks of the summaries that lie in none; adds them to `chunks`, and resolves to where each summary is. */
  async #putSummaries(chunks: ChunkInfo[]): Promise<ReadonlyMap<BlobId, SummaryRef>> {
    const moved = new Map<BlobId, SummaryRef>();
    if (this.#plan.summaries.size === 0) return moved;
    const seal = await this.#deps.summaries.frameSealer(this.#account);
    let number = Math.max(this.#plan.known.base.nextChunk, ...chunks.map((chunk) => chunk.number + 1));
    for (const group of groupsOf(this.#plan.summaries, this.#limits.chunkBytes)) {
      const arrived = group.map(([, summary], index): ArrivedSummary => {
        return { from: { chunk: 0, at: index, slot: 0 }, mailbox: 0 as MailboxId, summary };
      });
      const fold = this.#deps.rim.randomHex(FOLD_ID_BYTES);
      const { chunk, relocate } = planChunk(arrived, null, number++, fold, seal);
      if (!chunk) continue;
      this.#put.push({ kind: 'chunk', fold });
      await this.#deps.summaries.putChunk(this.#account, fold, chunk.data);
      chunks.push(chunk.info);
      group.forEach(([blob], index) => {
        const ref = relocate({ chunk: 0, at: index, slot: 0 });
        if (ref.chunk !== 0) moved.set(blob, ref);
      });
    }
    return moved;
  }

  async #bury(moved: ReadonlyMap<BlobId, SummaryRef>): Promise<readonly GraveyardInfo[]> {
    const { graveyards, known, buried = [] } = this.#plan;
    const kept: GraveyardInfo[] = [];
    const fresh: BuriedRow[] = [];
    for (const { info, rows, changed } of graveyards)
      if (changed || rows.some(({ row }) => moved.has(row.blob))) fresh.push(...rows);
      else kept.push(info);
    const rows = [...fresh, ...known.replay.buried, ...buried].map((one) => ({
      ...one,
      row: { ...one.row, summary: moved.get(one.row.blob) ?? one.row.summary },
    }));
    const added: GraveyardInfo[] = [];
    for (let at = 0; at < rows.length; at += this.#limits.rowsPerGraveyard)
      await this.#putGraveyards(rows.slice(at, at + this.#limits.rowsPerGraveyard), added);
    return [...kept, ...added];
  }

  async #putGraveyards(rows: readonly BuriedRow[], added: GraveyardInfo[]): Promise<void> {
    const data = encodeGraveyard(rows);
    if (data.length > GRAVEYARD_BYTES && rows.length > 1) {
      const middle = rows.length >> 1;
      await this.#putGraveyards(rows.slice(0, middle), added);
      await this.#putGraveyards(rows.slice(middle), added);
      return;
    }
    const info = { fold: this.#fold, part: added.length, count: rows.length };
    await this.#putItem({ kind: 'graveyard', part: info.part, fold: this.#fold }, data);
    added.push(info);
  }

  async #putItem(item: FoldedTableItem, data: Uint8Array): Promise<void> {
    await this.#pace.take(units(data.length));
    this.#put.push(item);
    await this.#deps.folds.put(this.#account, item, data, this.#deps.rim.now());
  }

  async #discard(): Promise<void> {
    const { folds, summaries } = this.#deps;
    for (const item of this.#put) {
      const gone =
        item.kind === 'chunk'
          ? summaries.deleteSummaries(this.#account, [item.fold], [])
          : folds.delete(this.#account, item as FoldedTableItem);
      await Promise.resolve(gone).catch(() => undefined);
    }
  }
}

/** `state` with its summaries where they are now; mailboxes with a row that moved are added to `rewrite`. */
function relocated(
  state: AccountState,
  moved: ReadonlyMap<BlobId, SummaryRef>,
  rewrite: Set<MailboxId>,
): AccountState {
  if (moved.size === 0) return state;
  const mailboxes = new Map(state.mailboxes);
  for (const mailbox of state.mailboxes.values()) {
    const { columns } = mailbox;
    if (!columns) continue;
    const rows = Array.from({ length: columns.count }, (_, row) => columns.row(row));
    if (!rows.some(({ blob }) => moved.has(blob))) continue;
    rewrite.add(mailbox.id);
    const next = rows.map((row) => ({ ...row, summary: moved.get(row.blob) ?? row.summary }));
    mailboxes.set(mailbox.id, { ...mailbox, columns: Columns.of(next, next.length) });
  }
  return { ...state, mailboxes };
}

function without<V>(map: ReadonlyMap<MailboxId, V>, keys: ReadonlySet<MailboxId>): ReadonlyMap<MailboxId, V> {
  return new Map([...map].filter(([key]) => !keys.has(key)));
}

/** Summaries in groups of about a chunk. */
function groupsOf(
  summaries: ReadonlyMap<BlobId, Uint8Array>,
  chunkBytes: number,
): (readonly [BlobId, Uint8Array])[][] {
  const groups: (readonly [BlobId, Uint8Array])[][] = [];
  let bytes = 0;
  for (const entry of summaries) {
    const group = groups.at(-1);
    if (group && bytes < chunkBytes) group.push(entry);
    else groups.push([entry]);
    bytes = (group && bytes < chunkBytes ? bytes : 0) + entry[1].length;
  }
  return groups;
}

/** Write units of an item with so many bytes of data. */
function units(bytes: number): number {
  return Math.ceil((bytes + ITEM_OVERHEAD_BYTES) / 1024);
}
