/**
 * The graveyards after a fold: what left the account is put behind what they hold, and what was purged is taken out. As
 * long as nothing was purged or packed, only the youngest is touched. After that, all are read, one at a time: empty ones go, and
 * small neighbours are joined, so that their list in the root is as short as what they hold allows.
 */
import type { GraveyardInfo } from '../../shared/account/checkpoint.ts';
import type { BuriedRow } from '../../shared/account/graveyard.ts';

export interface BurialStore {
  /** The rows of a graveyard; null if it is gone. */
  read(info: GraveyardInfo): Promise<readonly BuriedRow[] | null>;
  /** Puts rows into a new graveyard, or into several where they are too large for one. */
  put(rows: readonly BuriedRow[]): Promise<readonly GraveyardInfo[]>;
}

/** What becomes of a row that was buried before the tail: itself, another in its place, or null if it was purged. */
export type Rebury = (row: BuriedRow) => BuriedRow | null;

export interface Burial {
  readonly before: readonly GraveyardInfo[];
  readonly buried: readonly BuriedRow[];
  /** Null: no row has changed that was buried before, so that none is read. */
  readonly rebury: Rebury | null;
  readonly rowsPerGraveyard: number;
}

export async function bury(
  { before, buried, rebury, rowsPerGraveyard }: Burial,
  store: BurialStore,
): Promise<readonly GraveyardInfo[]> {
  if (buried.length === 0 && !rebury) return before;
  const youngest = before.at(-1);
  const grows = youngest !== undefined && youngest.count + buried.length <= rowsPerGraveyard;
  const after: GraveyardInfo[] = [];
  let rows: BuriedRow[] = [];
  /** The one graveyard that `rows` are all of; null where they are more, or less. */
  let same: GraveyardInfo | null = null;
  const flush = async (): Promise<void> => {
    if (same) after.push(same);
    else
      for (let at = 0; at < rows.length; at += rowsPerGraveyard)
        after.push(...(await store.put(rows.slice(at, at + rowsPerGraveyard))));
    rows = [];
    same = null;
  };
  for (const info of before) {
    const looked = rebury !== null || (info === youngest && grows);
    const held = looked ? await store.read(info) : null;
    const kept = held?.flatMap((row) => (rebury ? (rebury(row) ?? []) : row));
    if (!held || !kept) {
      // Not to be changed; or gone, which is for a repair to tell.
      await flush();
      after.push(info);
      continue;
    }
    if (rows.length + kept.length > rowsPerGraveyard) await flush();
    const unchanged = kept.length === held.length && kept.every((row, index) => row === held[index]);
    same = rows.length === 0 && unchanged ? info : null;
    rows.push(...kept);
  }
  if (buried.length > 0) {
    if (rows.length + buried.length > rowsPerGraveyard) await flush();
    same = null;
    rows.push(...buried);
  }
  await flush();
  return after;
}
