/**
 * What an account names: objects and items that something of it leads to. Whatever else lies in the stores is garbage, of
 * puts whose record never came, or of folds that were not the first; unless it is so young that its record may still come
 * (I2).
 */
import { type Checkpoint, type FoldedItem, partsIn } from './checkpoint.ts';
import type { BlobId, MailboxId } from './ids.ts';
import type { WholeState } from './whole-state.ts';

export interface Named {
  /** Of messages: of mailboxes, and of what can be brought back. */
  readonly blobs: ReadonlySet<string>;
  /** `itemName` of what folds have written, and of what records name beside messages. */
  readonly items: ReadonlySet<string>;
}

export function itemName(item: FoldedItem): string {
  switch (item.kind) {
    case 'segment':
      return `segment ${item.mailbox}/${item.firstUid}@${item.fold}`;
    case 'part':
      return `part ${item.name}@${item.fold}`;
    case 'graveyard':
      return `graveyard ${item.part}@${item.fold}`;
    case 'chunk':
      return `chunk ${item.fold}`;
    case 'overflow':
      return `overflow ${item.object}`;
    case 'packed':
    case 'pack':
      return `pack ${item.pack}`;
  }
}

export function namedBy(whole: WholeState): Named {
  const { opening, state, buried, packing } = whole;
  const { base, tail } = opening;
  const blobs = new Set<BlobId>();
  for (const { columns } of state.mailboxes.values()) {
    if (!columns) throw new Error('every mailbox must be loaded before it is known what an account names');
    for (let row = 0; row < columns.count; row++) blobs.add(columns.blobAt(row));
  }
  for (const { row } of buried) blobs.add(row.blob);
  const inTail = tail.flatMap(({ ops }) =>
    ops.flatMap((op): FoldedItem[] =>
      op.op === 'append' && 'object' in op.summary ? [{ kind: 'overflow', object: op.summary.object }] : [],
    ),
  );
  const packs = packing.packsAfter(base.packs).map(({ pack }) => ({ kind: 'pack' as const, pack }));
  const items = [...itemsOf(base), ...packs, ...inTail].map(itemName);
  return { blobs, items: new Set(items) };
}

/** What a checkpoint leads to, and what it has superseded, which a fold deletes in its time. */
export function itemsOf(base: Checkpoint): FoldedItem[] {
  const segments = [...base.segments].flatMap(([mailbox, list]) =>
    list.map(({ firstUid, fold }) => ({ kind: 'segment' as const, mailbox, firstUid, fold })),
  );
  return [
    ...(base.bundled ? [] : segments),
    ...partsIn(base.pages),
    ...base.graveyards.map(({ part, fold }) => ({ kind: 'graveyard' as const, part, fold })),
    ...base.chunks.map(({ fold }) => ({ kind: 'chunk' as const, fold })),
    ...base.packs.map(({ pack }) => ({ kind: 'pack' as const, pack })),
    ...base.superseded.map(({ item }) => item),
  ];
}

/** An epoch lets the next mailbox's number jump by more than twice that; nobody makes so many mailboxes. */
const JUMP = 2 ** 19;

/**
 * The numbers of mailboxes that folds may have written segments of: those that something still tells of, and what was given
 * out between them. What an epoch has jumped over was never given out.
 */
export function mailboxIdsOf({ state, buried, opening: { base } }: WholeState): MailboxId[] {
  const told = new Set<number>([...state.mailboxes.keys(), ...base.segments.keys()]);
  for (const { mailbox } of buried) told.add(mailbox);
  for (const { item } of base.superseded) if (item.kind === 'segment') told.add(item.mailbox);
  const ids: number[] = [];
  let last = 0;
  for (const id of [...told].sort((a, b) => a - b).concat(state.nextMailbox)) {
    if (id - last < JUMP) for (let between = last + 1; between < id; between++) ids.push(between);
    if (id < state.nextMailbox) ids.push(id);
    last = id;
  }
  return ids as MailboxId[];
}
