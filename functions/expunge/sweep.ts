/**
 * Takes away what lies in the stores and nothing ever led to: messages whose record never came, because a client broke off
 * or a delivery came too late; and what folds have put that were not the first, or died.
 *
 * Why it takes no message (I2): a record names a blob within an hour of its put, under an id that is never used again.
 * What is older than two days, and named by no message and by no row that can still be brought back, was either never
 * named, and never will be; or it was purged, and was to be deleted. The account is read before its objects are listed, so
 * whatever gets a name meanwhile had one before (a row that comes back), or is younger than two days.
 *
 * After a restore from a backup this does not hold: a message may be there whose record is lost. What is older than the
 * last epoch is left alone, for a repair to find.
 *
 * It may be killed anywhere: what it has not come to, the next sweep finds.
 */
import type { FoldedItem } from '../../shared/account/checkpoint.ts';
import type { FoldStore, FoldedItems, FoldedTableItem } from '../../shared/account/fold-store.ts';
import type { AccountId, BlobId, PackId } from '../../shared/account/ids.ts';
import { type Named, itemName, mailboxIdsOf, namedBy } from '../../shared/account/named.ts';
import { DAY_SECONDS } from '../../shared/account/policy.ts';
import type { Rim } from '../../shared/account/rim.ts';
import type { WholeState } from '../../shared/account/whole-state.ts';
import type { AccountObject, AccountObjects } from '../../shared/blob/account-objects.ts';

/** Far beyond the hour within which a record names its blobs, and the quarter within which a fold swaps. */
const UNNAMED_MS = 2 * DAY_SECONDS * 1000;
const BATCH = 1_000;
/** Between two batches, so that a large account's sweep takes nothing from its mail. */
const PAUSE_MS = 100;

export interface SweepDeps {
  readonly objects: Pick<AccountObjects, 'list' | 'delete'>;
  readonly folded: FoldedItems & Pick<FoldStore, 'delete'>;
  readonly rim: Rim;
}

export interface SweepResult {
  /** Objects and items that were deleted. */
  readonly swept: number;
  readonly finished: boolean;
}

/** Sweeps one account, as it was opened a moment ago; begins with nothing after `until` (milliseconds since the epoch). */
export async function sweepAccount(
  deps: SweepDeps,
  account: AccountId,
  whole: WholeState,
  until: number,
): Promise<SweepResult> {
  const { objects, folded, rim } = deps;
  const named = namedBy(whole);
  const { epochAt } = whole.state;
  const isOld = (time: number): boolean => time <= rim.now() - UNNAMED_MS && time >= epochAt * 1000;
  const sweep = new Batches<AccountObject>((batch) => objects.delete(batch), rim, until);
  for await (const object of objects.list(account)) {
    if (isOld(object.modified) && !isNamed(named, object)) await sweep.add(object);
    if (!(await sweep.goesOn())) return { swept: sweep.done, finished: false };
  }
  await sweep.end();
  const items = new Batches<FoldedTableItem>(
    async (batch) => {
      for (const item of batch) await folded.delete(account, item);
    },
    rim,
    until,
  );
  for await (const { item, time } of folded.items(account, mailboxIdsOf(whole))) {
    if (isOld(time) && !named.items.has(itemName(item))) await items.add(item);
    if (!(await items.goesOn())) return { swept: sweep.done + items.done, finished: false };
  }
  await items.end();
  return { swept: sweep.done + items.done, finished: true };
}

function isNamed({ blobs, items }: Named, { kind, name }: AccountObject): boolean {
  return kind === 'message' ? blobs.has(name) : items.has(itemName(itemOf(kind, name)));
}

function itemOf(kind: Exclude<AccountObject['kind'], 'message'>, name: string): FoldedItem {
  switch (kind) {
    case 'overflow':
      return { kind, object: name as BlobId };
    case 'chunk':
      return { kind, fold: name };
    case 'pack':
      return { kind, pack: name as PackId };
  }
}

/** Gathers what is to go, and looks at the clock now and then. */
class Batches<T> {
  done = 0;
  readonly #delete: (batch: readonly T[]) => Promise<void>;
  readonly #rim: Rim;
  readonly #until: number;
  #batch: T[] = [];
  #looked = 0;

  constructor(deleteBatch: (batch: readonly T[]) => Promise<void>, rim: Rim, until: number) {
    this.#delete = deleteBatch;
    this.#rim = rim;
    this.#until = until;
  }

  async add(each: T): Promise<void> {
    this.#batch.push(each);
    if (this.#batch.length >= BATCH) await this.end();
  }

  async end(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0) await this.#delete(batch);
    this.done += batch.length;
  }

  /** Called once for each that was looked at. */
  async goesOn(): Promise<boolean> {
    if (++this.#looked % BATCH === 0) await this.#rim.sleep(PAUSE_MS);
    return this.#rim.now() < this.#until;
  }
}
