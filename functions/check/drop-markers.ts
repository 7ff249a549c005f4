/**
 * After a restore: markers of deliveries whose record is not there. A backup is not of one moment to the last item, and a
 * marker may be in it without its record: SES's copy of the message still waits to be delivered, or can be redriven, and
 * with the marker it would be taken for a duplicate (I6, I7).
 *
 * It runs before any epoch begins, while a record that is missing has a free key. A record behind a gap is there: its
 * messages are named again by the epoch.
 */
import { MARKER_DAYS } from '../../shared/account/delivery.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import type { DeliveryMarkers, JournalStore, StoredMarker } from '../../shared/account/journal-store.ts';
import { isEmptied } from '../../shared/account/record.ts';

const MARKER_SECONDS = MARKER_DAYS * 86_400;
/** How far apart the items of a backup may be, with plenty to spare: DynamoDB says some seconds. */
const SKEW_SECONDS = 3_600;

export interface MarkerDeps {
  readonly journal: Pick<JournalStore, 'entry' | 'newest'>;
  readonly markers: DeliveryMarkers;
  readonly gate?: (() => Promise<void>) | undefined;
}

/** `asOf`: the moment that the table is of, milliseconds since the epoch. Resolves with how many were dropped. */
export async function dropOrphanedMarkers(deps: MarkerDeps, asOf: number): Promise<number> {
  const from = Math.floor(asOf / 1000) - SKEW_SECONDS + MARKER_SECONDS;
  let dropped = 0;
  for await (const marker of deps.markers.expiringFrom(from)) {
    await deps.gate?.();
    if (await isThere(deps, marker)) continue;
    await deps.markers.drop(marker);
    dropped++;
  }
  return dropped;
}

async function isThere({ journal }: MarkerDeps, marker: StoredMarker): Promise<boolean> {
  if (marker.record !== null) return (await journal.entry(marker.account, marker.record)) !== null;
  return marker.expiresAt - MARKER_SECONDS <= (await newestSecond(journal, marker.account));
}

/** Markers of older releases do not say their record: one that is younger than the newest record has none. */
async function newestSecond(journal: MarkerDeps['journal'], account: AccountId): Promise<number> {
  const newest = await journal.newest(account, 'strong');
  if (!newest) return -Infinity;
  // A marker is dated a moment after its record, and rounded up.
  return isEmptied(newest) ? Infinity : Math.ceil(newest.time / 1000) + 2;
}
