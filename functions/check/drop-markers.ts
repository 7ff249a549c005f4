/**
 * After a restore, where mail of the lost time is to be delivered again from SES's copies: markers of deliveries whose record
 * is not there are dropped. A backup is not of one moment to the last item, and a marker may be in it without its record;
 * with the marker its message would be taken for a duplicate, and nobody would have it (I6, I7).
 *
 * Where the epoch names the messages of the lost time again from their objects, markers stay: an object is durable before
 * its marker (I2), so that no marker is without its message, and one that were dropped would bring it a second time.
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
