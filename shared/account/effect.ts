/** What ops change in a mailbox's counters, worked out from its columns. */
import type { Columns } from './columns.ts';
import { DELETED, type FlagMode, SEEN, combineSystem } from './flags.ts';
import type { Effect } from './ops.ts';
import { type UidRanges, forEachRow } from './uid-ranges.ts';

/** The counters that the chosen messages stand for: what an EXPUNGE takes away, and a COPY adds. */
export function effectOfRemoval(columns: Columns, uids: UidRanges): Effect {
  let messages = 0;
  let unseen = 0;
  let deleted = 0;
  let bytes = 0;
  forEachRow(uids, columns.uids, columns.count, (row) => {
    const system = columns.system[row] as number;
    messages++;
    if (!(system & SEEN)) unseen++;
    if (system & DELETED) deleted++;
    bytes += columns.sizes[row] as number;
  });
  return { messages, unseen, deleted, bytes };
}

export function effectOfFlags(columns: Columns, uids: UidRanges, mode: FlagMode, system: number): Effect {
  let unseen = 0;
  let deleted = 0;
  forEachRow(uids, columns.uids, columns.count, (row) => {
    const before = columns.system[row] as number;
    const after = combineSystem(before, mode, system);
    unseen += (before & SEEN ? 1 : 0) - (after & SEEN ? 1 : 0);
    deleted += (after & DELETED ? 1 : 0) - (before & DELETED ? 1 : 0);
  });
  return { messages: 0, unseen, deleted, bytes: 0 };
}

export function effectOfAppend(system: number, size: number): Effect {
  return { messages: 1, unseen: system & SEEN ? 0 : 1, deleted: system & DELETED ? 1 : 0, bytes: size };
}

export function sameEffect(a: Effect, b: Effect): boolean {
  return a.messages === b.messages && a.unseen === b.unseen && a.deleted === b.deleted && a.bytes === b.bytes;
}

export function negative(effect: Effect): Effect {
  return {
    messages: -effect.messages,
    unseen: -effect.unseen,
    deleted: -effect.deleted,
    bytes: -effect.bytes,
  };
}
