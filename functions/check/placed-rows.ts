/** Every row that an account's index has, expunged ones included, and where each row's summary is read from. */
import type { Checkpoint, ChunkInfo, GraveyardInfo } from '../../shared/account/checkpoint.ts';
import type { Row, SummaryRef } from '../../shared/account/columns.ts';
import type { Examination } from '../../shared/account/examine.ts';
import type { FoldSummaries } from '../../shared/account/fold-store.ts';
import type { BuriedRow } from '../../shared/account/graveyard.ts';
import { forgottenByAll } from '../../shared/account/purges.ts';
import type { AccountId, MailboxId } from '../../shared/account/ids.ts';
import type { SummaryPlace } from '../../shared/account/ops.ts';
import { type JournalEntry, isEmptied } from '../../shared/account/record.ts';
import { BlobMissingError } from '../../shared/blob/blob-store.ts';
import { DamagedBlobError } from '../../shared/blob/damaged-blob.ts';
import { DamagedPackError } from '../../shared/blob/pack-format.ts';
import { UNSEALED, decodeFrame, frameOf } from '../../shared/account/summary-frame.ts';
import { summaryAt } from '../../shared/account/summary-reader.ts';
import { DamagedTextError } from '../../shared/keys/sealed-text.ts';
import type { Survey } from '../../shared/account/survey.ts';

/** A row and the mailbox that it is in, or was in. */
export interface PlacedRow {
  readonly mailbox: MailboxId;
  readonly name: string;
  readonly expunged: boolean;
  readonly row: Row;
}

export function placedRows(survey: Survey, known: Examination): PlacedRow[] {
  const { replay } = known;
  const rows: PlacedRow[] = [];
  for (const { id, name, columns } of replay.state.mailboxes.values())
    for (let row = 0; columns && row < columns.count; row++)
      rows.push({ mailbox: id, name, expunged: false, row: columns.row(row) });
  const graves = gravesAfter(survey, known).flatMap((graveyard) => graveyard.rows);
  for (const { mailbox, name, row } of [...graves, ...replay.buried])
    rows.push({ mailbox, name, expunged: true, row });
  return rows;
}

/** The rows of graveyards as the tail has left them: without what it purged, and where it has packed the others. */
export function gravesAfter(
  survey: Survey,
  { replay, anew }: Pick<Examination, 'replay' | 'anew'>,
): { readonly info: GraveyardInfo; readonly rows: readonly BuriedRow[]; readonly changed: boolean }[] {
  const forgets = forgottenByAll(replay.purges);
  return (anew ? [] : survey.graveyards).flatMap(({ info, rows }) => {
    if (!rows) return [];
    const after = rows.filter((row) => !forgets(row)).map((row) => replay.packing.moved(row));
    const changed = after.length !== rows.length || after.some((row, index) => row !== rows[index]);
    return [{ info, rows: after, changed }];
  });
}

export interface SummariesRead {
  /** Chunks that are gone, or shorter than the checkpoint says. */
  readonly damaged: readonly ChunkInfo[];
}

/** Shows `see` each row with the bytes of its summary; null where they cannot be found. A chunk is read once. */
export async function readSummaries(
  summaries: Pick<FoldSummaries, 'chunk' | 'overflow' | 'inline' | 'frameOpener'>,
  account: AccountId,
  { base, entries }: { readonly base: Checkpoint; readonly entries: readonly JournalEntry[] },
  rows: readonly PlacedRow[],
  see: (placed: PlacedRow, summary: Uint8Array | null) => void,
): Promise<SummariesRead> {
  const places = placesIn(entries);
  const byChunk = Map.groupBy(rows, ({ row }) => row.summary.chunk);
  for (const placed of byChunk.get(0) ?? []) {
    const { at, slot } = placed.row.summary;
    const place = places.get(`${at}/${slot}`);
    const brought = place && { blob: placed.row.blob, summary: place };
    see(placed, brought ? await orNull(summaryAt(summaries, account, brought)) : null);
  }
  byChunk.delete(0);
  const damaged: ChunkInfo[] = [];
  const open = base.chunks.length > 0 ? await summaries.frameOpener(account) : UNSEALED;
  for (const info of base.chunks) {
    const bytes = await orNull(summaries.chunk(account, info.fold, { start: 0, end: info.bytes }));
    if (bytes?.length !== info.bytes) damaged.push(info);
    const frames = new FrameCache(bytes ?? new Uint8Array(0), (frame, offset) =>
      open(info.number, offset, frame),
    );
    for (const placed of byChunk.get(info.number) ?? []) see(placed, frames.summary(placed.row.summary));
    byChunk.delete(info.number);
  }
  for (const placed of [...byChunk.values()].flat()) see(placed, null);
  return { damaged };
}

function placesIn(entries: readonly JournalEntry[]): ReadonlyMap<string, SummaryPlace> {
  const places = new Map<string, SummaryPlace>();
  for (const entry of entries)
    if (!isEmptied(entry))
      entry.ops.forEach((op, slot) => {
        if (op.op === 'append') places.set(`${entry.number}/${slot}`, op.summary);
      });
  return places;
}

/** The frame that was read last: rows of one frame come together. */
class FrameCache {
  readonly #chunk: Uint8Array;
  #offset = -1;
  #frame: readonly Uint8Array[] = [];
  readonly #open: (frame: Uint8Array, offset: number) => Uint8Array;

  constructor(chunk: Uint8Array, open: (frame: Uint8Array, offset: number) => Uint8Array) {
    this.#chunk = chunk;
    this.#open = open;
  }

  summary(ref: SummaryRef): Uint8Array | null {
    const { offset, length, slot } = frameOf(ref);
    if (offset !== this.#offset) {
      this.#offset = offset;
      this.#frame = decoded(() => this.#open(this.#chunk.subarray(offset, offset + length), offset));
    }
    return this.#frame[slot] ?? null;
  }
}

function decoded(frame: () => Uint8Array): readonly Uint8Array[] {
  try {
    return decodeFrame(frame());
  } catch {
    return [];
  }
}

/** Whether an object is gone, or not what was stored: for good, unlike a store that fails at the moment. */
export function isLost(error: unknown): boolean {
  return (
    error instanceof BlobMissingError ||
    error instanceof DamagedBlobError ||
    error instanceof DamagedPackError
  );
}

/** Null: it is gone. That a store fails is another matter. */
export async function orNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof BlobMissingError || error instanceof DamagedTextError) return null;
    throw error;
  }
}
