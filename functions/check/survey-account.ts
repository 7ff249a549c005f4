/**
 * Reads everything that the index of one account consists of. The reads are not one moment: a fold may come between them,
 * and take away what its predecessor named. So what is read counts only if the same root still stands at the end; what
 * the standing root names is there until a day after another has replaced it.
 */
import { decodeBundle } from '../../shared/account/bundle.ts';
import { type Checkpoint, type SegmentInfo, decodeCheckpoint } from '../../shared/account/checkpoint.ts';
import { Columns } from '../../shared/account/columns.ts';
import type { FoldStore } from '../../shared/account/fold-store.ts';
import { decodeGraveyard } from '../../shared/account/graveyard.ts';
import type { AccountId, MailboxId, RecordNumber } from '../../shared/account/ids.ts';
import type { JournalStore, OpenedAccount, StoredBundle } from '../../shared/account/journal-store.ts';
import { EMPTY_CHECKPOINT } from '../../shared/account/opening.ts';
import { UnknownVersionError } from '../../shared/account/record.ts';
import { type SegmentColumns, decodeColumns } from '../../shared/account/segment.ts';
import type { FoundGraveyard, FoundSegment, Survey } from '../../shared/account/survey.ts';

export interface SurveyDeps {
  readonly journal: JournalStore;
  readonly folds: FoldStore;
}

/** Folds are minutes apart. */
const ATTEMPTS = 5;

/** Rejects with `UnknownVersionError` if a newer release has written any of it, and if the stores fail. */
export async function surveyAccount(deps: SurveyDeps, account: AccountId): Promise<Survey> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const opened = await deps.journal.open(account);
    const survey = await read(deps, account, opened);
    if ((await deps.folds.current(account)) === (opened.checkpoint?.fold ?? null)) return survey;
  }
  throw new Error(`account ${account} is folded again and again while it is being read; try again`);
}

async function read(deps: SurveyDeps, account: AccountId, opened: OpenedAccount): Promise<Survey> {
  const { checkpoint: stored, bundle } = opened;
  const { base, fault } = await rootOf(deps, account, opened);
  const known = base ?? EMPTY_CHECKPOINT;
  const bundleLost = known.bundled && bundle?.fold !== known.fold;
  const segments = await segmentsOf(deps, account, known, bundleLost ? null : bundle);
  return {
    stored,
    base,
    fault,
    bundle: known.bundled && !bundleLost ? bundle : null,
    bundleLost,
    segments,
    superseded: await supersededSegments(deps, account, known, segments),
    graveyards: await graveyardsOf(deps, account, known),
    entries: await deps.journal.after(account, 0 as RecordNumber, 'strong'),
  };
}

async function rootOf(
  { journal }: SurveyDeps,
  account: AccountId,
  { checkpoint }: OpenedAccount,
): Promise<{ base: Checkpoint | null; fault: string | null }> {
  if (!checkpoint) return { base: null, fault: null };
  try {
    const base = await decodeCheckpoint(checkpoint, async (name, fold) => {
      const part = await journal.part(account, name, fold);
      if (!part) throw new Error(`its part ${name} is gone`);
      return part;
    });
    return { base, fault: null };
  } catch (error) {
    // A newer release must do it: nothing is damaged (I8).
    if (error instanceof UnknownVersionError) throw error;
    return { base: null, fault: error instanceof Error ? error.message : String(error) };
  }
}

async function segmentsOf(
  { journal }: SurveyDeps,
  account: AccountId,
  base: Checkpoint,
  bundle: StoredBundle | null,
): Promise<ReadonlyMap<MailboxId, readonly FoundSegment[]>> {
  const bundled = base.bundled ? bundlePieces(bundle) : null;
  const found = new Map<MailboxId, readonly FoundSegment[]>();
  for (const [mailbox, list] of base.segments) {
    const pieces = bundled
      ? list.map(({ firstUid }) => bundled.get(mailbox)?.get(firstUid) ?? null)
      : await journal.segments(
          account,
          list.map(({ firstUid, fold }) => ({ mailbox, firstUid, fold })),
        );
    found.set(
      mailbox,
      list.map((info, index) => foundSegment(info, pieces[index] ?? null)),
    );
  }
  return found;
}

/** Columns of different lengths, or of something else than numbers, throw here. */
function usable(columns: SegmentColumns): SegmentColumns {
  Columns.ofSegments([columns]);
  return columns;
}

/** A day's worth of older segments: what lost ones may be put together of. */
async function supersededSegments(
  { journal }: SurveyDeps,
  account: AccountId,
  base: Checkpoint,
  segments: Survey['segments'],
): Promise<Survey['superseded']> {
  if ([...segments.values()].flat().every(({ columns }) => columns !== null)) return [];
  const items = base.superseded.flatMap(({ item }) => (item.kind === 'segment' ? [item] : []));
  const pieces = await journal.segments(account, items);
  return items.flatMap(({ mailbox }, index) => {
    const bytes = pieces[index] ?? null;
    const columns = bytes && unlessDamaged(() => usable(decodeColumns(bytes)));
    return columns ? [{ mailbox, columns }] : [];
  });
}

function bundlePieces(bundle: StoredBundle | null): ReturnType<typeof decodeBundle> {
  return (bundle && unlessDamaged(() => decodeBundle(bundle.data))) ?? new Map();
}

function foundSegment(info: SegmentInfo, bytes: Uint8Array | null): FoundSegment {
  const columns = bytes && unlessDamaged(() => usable(decodeColumns(bytes)));
  return { info, columns };
}

async function graveyardsOf(
  { folds }: SurveyDeps,
  account: AccountId,
  base: Checkpoint,
): Promise<readonly FoundGraveyard[]> {
  const found: FoundGraveyard[] = [];
  for (const info of base.graveyards) {
    const bytes = await folds.graveyard(account, info.part, info.fold);
    const rows = bytes && unlessDamaged(() => decodeGraveyard(bytes));
    found.push({ info, rows: rows?.length === info.count ? rows : null });
  }
  return found;
}

/** Null: the bytes are not what was written. */
function unlessDamaged<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof UnknownVersionError) throw error;
    return null;
  }
}
