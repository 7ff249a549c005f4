/**
 * Messages that lie in another pack than their rows say: packed after the moment that a restored table is of, they are in a
 * pack of which the table knows nothing, and the object that it names is gone. Their bytes are there, so the op that packed
 * them is said once more.
 */
import type { Examination } from '../../shared/account/examine.ts';
import type { Finding } from '../../shared/account/finding.ts';
import type { BlobId, PackId } from '../../shared/account/ids.ts';
import type { PackOp } from '../../shared/account/ops.ts';
import { blobBytesOf } from '../../shared/account/pack-op.ts';
import type { StoredObject } from '../../shared/blob/message-store.ts';
import type { PlacedRow } from './placed-rows.ts';

/** Packs in which messages are found, each with all that lies in it, in its order. */
export type Misplaced = ReadonlyMap<PackId, readonly StoredObject[]>;

/** Where the messages of `rows` lie instead; of several packs, in the youngest. None of `rows` is where it says. */
export function misplaced(rows: readonly PlacedRow[], objects: Iterable<StoredObject>): Misplaced {
  const wanted = new Set(rows.map(({ row }) => row.blob));
  const packs = new Map<PackId, StoredObject[]>();
  const found = new Map<BlobId, StoredObject>();
  for (const object of objects) {
    if (object.pack === null) continue;
    const list = packs.get(object.pack) ?? [];
    packs.set(object.pack, list);
    list.push(object);
    const other = found.get(object.blob);
    if (wanted.has(object.blob) && (!other || other.modified < object.modified))
      found.set(object.blob, object);
  }
  const named = new Set([...found.values()].flatMap(({ pack }) => (pack === null ? [] : [pack])));
  return new Map([...packs].filter(([pack]) => named.has(pack)));
}

/** Messages in `packs`. */
export function blobsIn(packs: Misplaced): ReadonlySet<BlobId> {
  return new Set([...packs.values()].flatMap((objects) => objects.map(({ blob }) => blob)));
}

export function misplacedFinding(count: number, packs: number): Finding {
  return {
    kind: 'message-misplaced',
    what: `${count} ${count === 1 ? 'message lies' : 'messages lie'} in ${packs === 1 ? 'a pack' : `${packs} packs`} of which the index does not know`,
    means: 'Who opens one is answered NO until it is mended; nothing is lost.',
    mendedBy: 'repair',
  };
}

/**
 * The ops that say where they are. Packs that are gone and hold no row's message any more leave the list; `present`: packs
 * that are there.
 */
export function placingOps(
  packs: Misplaced,
  rows: readonly PlacedRow[],
  { base, replay }: Examination,
  present: ReadonlySet<PackId>,
): PackOp[] {
  const moved = blobsIn(packs);
  const used = new Set(
    rows.flatMap(({ row }) => (row.pack === null || moved.has(row.blob) ? [] : [row.pack])),
  );
  const gone = replay.packing
    .packsAfter(base.packs)
    .flatMap(({ pack }) => (present.has(pack) || used.has(pack) ? [] : [pack]));
  return [...packs].map(([pack, objects], index) => {
    const blobs = objects.map(({ blob }) => blob);
    const inPack = new Set(blobs);
    const named = rows.filter(({ row }) => inPack.has(row.blob));
    return {
      op: 'pack',
      pack,
      blobs: blobBytesOf(blobs),
      lengths: objects.map(({ bytes }) => bytes),
      mailboxes: [...new Set(named.flatMap(({ mailbox, expunged }) => (expunged ? [] : [mailbox])))],
      buried: named.some(({ expunged }) => expunged),
      replaced: index === 0 ? gone : [],
    };
  });
}
