/**
 * Graveyards: the rows that expunges and deleted mailboxes have taken out of the account, kept for undelete and until
 * their blobs are purged (I5). The packed columns of segments, and beside them from where and when each row went.
 */
import { decode, encode } from 'cborg';
import type { Row } from './columns.ts';
import type { MailboxId } from './ids.ts';
import { packNumbers, unpackNumbers } from './packed-numbers.ts';
import { UnknownVersionError } from './unknown-version.ts';
import { decodeRows, encodeRows } from './segment.ts';

const GRAVEYARD_VERSION = 1;

export interface BuriedRow {
  /** The mailbox that it was in, and that mailbox's name then: the mailbox itself may be gone. */
  readonly mailbox: MailboxId;
  readonly name: string;
  /** Seconds since the epoch. */
  readonly expunged: number;
  readonly row: Row;
}

export function encodeGraveyard(rows: readonly BuriedRow[]): Uint8Array {
  const places: (readonly [MailboxId, string])[] = [];
  const placeIndex = new Map<string, number>();
  const placeOf = ({ mailbox, name }: BuriedRow): number => {
    const key = `${mailbox}/${name}`;
    const known = placeIndex.get(key);
    if (known !== undefined) return known;
    placeIndex.set(key, places.length);
    return places.push([mailbox, name]) - 1;
  };
  const placed = packNumbers(rows.map(placeOf));
  const expunged = packNumbers(rows.map((row) => row.expunged));
  return encode([GRAVEYARD_VERSION, places, placed, expunged, encodeRows(rows.map(({ row }) => row))]);
}

/** Inverse of `encodeGraveyard`. */
export function decodeGraveyard(bytes: Uint8Array): BuriedRow[] {
  const [version, places, placed, expunged, rows] = decode(bytes) as [
    number,
    [MailboxId, string][],
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  if (version !== GRAVEYARD_VERSION) throw new UnknownVersionError(`a graveyard of version ${version}`);
  const placeOf = unpackNumbers(placed);
  const when = unpackNumbers(expunged);
  return decodeRows(rows).map((row, index) => {
    const place = places[placeOf[index] as number];
    if (!place) throw new Error('a graveyard names a mailbox that it does not list');
    return { mailbox: place[0], name: place[1], expunged: when[index] as number, row };
  });
}
