/**
 * Summaries of messages, from where the last fold left them: in records of the tail, or in frames of chunks. What was
 * read is kept under a budget of bytes, so that a warm FETCH of envelopes asks nobody.
 *
 * A summary is derived data. One that cannot be found is looked for again by the newest checkpoint (a fold has moved
 * it), and else worked out anew from the message.
 */
import type { BlobPlace, Columns, SummaryRef } from './columns.ts';
import type { AccountId, BlobId, MailboxId, RecordNumber } from './ids.ts';
import type { JournalStore } from './journal-store.ts';
import type { AppendOp } from './ops.ts';
import { type JournalRecord, isEmptied } from './record.ts';
import type { Replica } from './replica.ts';
import { type FrameCoder, decodeFrame, frameOf } from './summary-frame.ts';

/** Where the bytes are kept. */
export interface SummarySource {
  /** Rejects if the account's mail may not be read any more. */
  ready(account: AccountId): Promise<void>;
  /** The summary that a record carries as `stored`; rejects if it is not of `blob`. */
  inline(account: AccountId, blob: BlobId, stored: Uint8Array): Promise<Uint8Array>;
  /** Opens frames of chunks; what it gives throws on one that is not of its place. */
  frameOpener(account: AccountId): Promise<FrameCoder>;
  /** A range of a chunk, as it is stored; rejects if the chunk is gone. */
  chunk(account: AccountId, fold: string, range: { start: number; end: number }): Promise<Uint8Array>;
  /** A summary that was too large for its record; rejects if it is gone. */
  overflow(account: AccountId, object: BlobId, blob: BlobId): Promise<Uint8Array>;
  /** The summary worked out anew from the message; rejects if that is gone too. */
  recompute(account: AccountId, place: BlobPlace): Promise<Uint8Array>;
}

/** The summary that an append brought, from where its record says that it is. Rejects as its source does. */
export function summaryAt(
  source: Pick<SummarySource, 'inline' | 'overflow'>,
  account: AccountId,
  { blob, summary: place }: Pick<AppendOp, 'blob' | 'summary'>,
): Promise<Uint8Array> {
  return 'inline' in place
    ? source.inline(account, blob, place.inline)
    : source.overflow(account, place.object, blob);
}

/** Frames that lie closer than this in a chunk are read by one request: a request costs more than the bytes between. */
const JOIN_GAP_BYTES = 65_536;
/** And no request is larger than this. */
const JOIN_MAX_BYTES = 4 * 1024 * 1024;
const PARALLEL_READS = 8;

type Group = readonly (Uint8Array | undefined)[];
/** By `keyOf`. */
type Fetched = Map<string, Group>;

export class SummaryReader {
  readonly #journal: JournalStore;
  readonly #source: SummarySource;
  readonly #budget: number;
  /** Least recently used first. */
  readonly #groups = new Map<string, { readonly group: Group; readonly bytes: number }>();
  #bytes = 0;

  constructor(journal: JournalStore, source: SummarySource, budgetBytes: number) {
    this.#journal = journal;
    this.#source = source;
    this.#budget = budgetBytes;
  }

  /** Bytes of summaries held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The summaries of `rows` of a mailbox, in their order. Rejects if a message itself cannot be read. */
  async read(
    replica: Replica,
    mailbox: MailboxId,
    columns: Columns,
    rows: readonly number[],
  ): Promise<Uint8Array[]> {
    await this.#source.ready(replica.account);
    const refs = rows.map((row) => columns.summaryAt(row));
    const known = this.#knownOf(replica, refs);
    if (known.every((summary) => summary !== undefined)) return known;
    const missing = refs.filter((_, index) => !known[index]);
    const fetched = await this.#fetch(replica, missing);
    const found = refs.map(
      (ref, index) => known[index] ?? summaryIn(fetched.get(keyOf(replica.account, ref)), ref),
    );
    if (found.every((summary) => summary !== undefined)) return found;
    const moved = await this.#elsewhere(replica, mailbox, columns, rows, found);
    return found.map((summary, index) => summary ?? (moved.get(index) as Uint8Array));
  }

  /** What a fold has moved, by the newest checkpoint; what is lost, from the messages. By index into `rows`. */
  async #elsewhere(
    replica: Replica,
    mailbox: MailboxId,
    columns: Columns,
    rows: readonly number[],
    found: Group,
  ): Promise<Map<number, Uint8Array>> {
    const fresh = (await replica.reload(mailbox)).mailboxes.get(mailbox)?.columns;
    const refs = new Map<number, SummaryRef>();
    const places = new Map<number, BlobPlace>();
    rows.forEach((row, index) => {
      const at = found[index] ? -1 : (fresh?.rowOf(columns.uidAt(row)) ?? -1);
      if (!fresh || at < 0) return;
      refs.set(index, fresh.summaryAt(at));
      places.set(index, fresh.placeAt(at));
    });
    const fetched = await this.#fetch(replica, [...refs.values()]);
    const moved = new Map<number, Uint8Array>();
    const jobs = rows.map((row, index) => async () => {
      const ref = refs.get(index);
      const known = ref && summaryIn(fetched.get(keyOf(replica.account, ref)), ref);
      const place = places.get(index) ?? columns.placeAt(row);
      if (!found[index]) moved.set(index, known ?? (await this.#source.recompute(replica.account, place)));
    });
    await inTurns(jobs);
    return moved;
  }

  /** What is held. Neighbours lie in one group, which is looked up and marked as used once for all of them. */
  #knownOf(replica: Replica, refs: readonly SummaryRef[]): (Uint8Array | undefined)[] {
    let last: SummaryRef | undefined;
    let group: Group | undefined;
    return refs.map((ref) => {
      if (last?.chunk !== ref.chunk || last.at !== ref.at) group = this.#held(replica, ref);
      last = ref;
      return summaryIn(group, ref);
    });
  }

  #held(replica: Replica, ref: SummaryRef): Group | undefined {
    const key = keyOf(replica.account, ref);
    const held = this.#groups.get(key);
    if (!held) return undefined;
    this.#groups.delete(key);
    this.#groups.set(key, held);
    return held.group;
  }

  /** The groups of `refs`, as far as they can be had: records one by one, frames by joined ranges. They are held too. */
  async #fetch(replica: Replica, refs: readonly SummaryRef[]): Promise<Fetched> {
    const groups = new Map(refs.map((ref) => [keyOf(replica.account, ref), ref]));
    const wanted = [...groups.values()];
    const records = wanted.filter((ref) => ref.chunk === 0);
    // Of their own: what is held may be dropped again before it is used.
    const fetched: Fetched = new Map();
    const jobs = [
      ...records.map((ref) => () => this.#fetchRecord(replica, ref.at as RecordNumber, fetched)),
      ...joined(wanted.filter((ref) => ref.chunk !== 0)).map(
        (run) => () => this.#fetchRun(replica, run, fetched),
      ),
    ];
    await inTurns(jobs).catch(() => undefined);
    return fetched;
  }

  async #fetchRecord(replica: Replica, number: RecordNumber, fetched: Fetched): Promise<void> {
    const entry = inTail(replica, number) ?? (await this.#journal.entry(replica.account, number));
    if (!entry || isEmptied(entry)) return;
    const group = await Promise.all(
      entry.ops.map(async (op) => (op.op === 'append' ? this.#placed(replica.account, op) : undefined)),
    );
    this.#hold(keyOf(replica.account, { chunk: 0, at: number, slot: 0 }), group, fetched);
  }

  /** Undefined if it is gone, or not what was stored: it can be worked out anew. */
  #placed(account: AccountId, op: AppendOp): Promise<Uint8Array | undefined> {
    return summaryAt(this.#source, account, op).catch(() => undefined);
  }

  async #fetchRun(replica: Replica, run: readonly SummaryRef[], fetched: Fetched): Promise<void> {
    const [first] = run;
    const last = run.at(-1);
    const chunk = replica.checkpoint?.chunks.find(({ number }) => number === first?.chunk);
    if (!first || !last || !chunk) return;
    const end = last.at + frameOf(last).length;
    const [opened, bytes] = await Promise.all([
      this.#source.frameOpener(replica.account),
      this.#source.chunk(replica.account, chunk.fold, { start: first.at, end }),
    ]);
    for (const ref of run) {
      const start = ref.at - first.at;
      const stored = bytes.subarray(start, start + frameOf(ref).length);
      const group = decodeFrame(opened(ref.chunk, ref.at, stored));
      this.#hold(keyOf(replica.account, ref), group, fetched);
    }
  }

  #hold(key: string, group: Group, fetched: Fetched): void {
    fetched.set(key, group);
    const bytes = group.reduce((sum, summary) => sum + (summary?.length ?? 0) + 64, 256);
    this.#bytes += bytes - (this.#groups.get(key)?.bytes ?? 0);
    this.#groups.delete(key);
    this.#groups.set(key, { group, bytes });
    for (const [oldest, held] of this.#groups) {
      if (this.#bytes <= this.#budget || oldest === key) return;
      this.#groups.delete(oldest);
      this.#bytes -= held.bytes;
    }
  }
}

function summaryIn(group: Group | undefined, ref: SummaryRef): Uint8Array | undefined {
  return group?.[slotOf(ref)];
}

/** Runs all, `PARALLEL_READS` at a time. */
async function inTurns(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = jobs.values();
  const worker = async (): Promise<void> => {
    for (const job of queue) await job();
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_READS, jobs.length) }, worker));
}

function keyOf(account: AccountId, ref: SummaryRef): string {
  return `${account}/${ref.chunk}/${ref.at}`;
}

function slotOf(ref: SummaryRef): number {
  return ref.chunk === 0 ? ref.slot : frameOf(ref).slot;
}

/** A record that is in memory. Tails run without gaps. */
function inTail({ tail }: Replica, number: RecordNumber): JournalRecord | undefined {
  return tail[number - (tail[0]?.number ?? 0)];
}

/** References to frames, ascending, in runs that one range read may serve. */
function joined(refs: readonly SummaryRef[]): SummaryRef[][] {
  const sorted = refs.toSorted((a, b) => a.chunk - b.chunk || a.at - b.at);
  const runs: SummaryRef[][] = [];
  for (const ref of sorted) {
    const run = runs.at(-1);
    const first = run?.[0];
    const last = run?.at(-1);
    const joins =
      first?.chunk === ref.chunk &&
      last !== undefined &&
      ref.at - (last.at + frameOf(last).length) <= JOIN_GAP_BYTES &&
      ref.at + frameOf(ref).length - first.at <= JOIN_MAX_BYTES;
    if (run && joins) run.push(ref);
    else runs.push([ref]);
  }
  return runs;
}
