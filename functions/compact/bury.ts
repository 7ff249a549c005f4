/**
 * The graveyards after a fold: what left the account is put behind what they hold, and what was purged is taken out. As
 * long as there was no purge, only the youngest is touched. After one, all are read, one at a time: empty ones go, and
 * small neighbours are joined, so that their list in the root is as short as what they hold allows.
 */
import type { GraveyardInfo } from '../../shared/account/checkpoint.ts';
import type { BuriedRow } from '../../shared/account/graveyard.ts';
import { type Purges, forgottenByAll } from '../../shared/account/purges.ts';

export interface BurialStore {
  /** The rows of a graveyard; null if it is gone. */
  read(info: GraveyardInfo): Promise<readonly BuriedRow[] | null>;
  /** Puts rows into a new graveyard, or into several where they are too large for one. */
  put(rows: readonly BuriedRow[]): Promise<readonly GraveyardInfo[]>;
}

export interface Burial {
  readonly before: readonly GraveyardInfo[];
  readonly buried: readonly BuriedRow[];
  readonly purges: Purges;
  readonly rowsPerGraveyard: number;
}

export async function bury(
  { before, buried, purges, rowsPerGraveyard }: Burial,
  store: BurialStore,
): Promise<readonly GraveyardInfo[]> {
  if (buried.length === 0 && purges.ops.length === 0) return before;
  const forgets = forgottenByAll(purges);
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
    const looked = purges.ops.length > 0 || (info === youngest && grows);
    const held = looked ? await store.read(info) : null;
    const kept = held?.filter((row) => !forgets(row));
    if (!held || !kept) {
      // Not to be changed; or gone, which is for a repair to tell.
      await flush();
      after.push(info);
      continue;
    }
    if (rows.length + kept.length > rowsPerGraveyard) await flush();
    same = rows.length === 0 && kept.length === held.length ? info : null;
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
