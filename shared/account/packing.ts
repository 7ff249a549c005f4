/** What the `pack` ops of a tail make of the rows and lists of a checkpoint. */
import type { FoldedItem, PackInfo } from './checkpoint.ts';
import type { BuriedRow } from './graveyard.ts';
import type { PackId } from './ids.ts';
import type { PackOp } from './ops.ts';
import { type AccountState, withMailbox } from './state.ts';
import { type PackedBlobs, packedBlobs } from './pack-column.ts';

export class Packing {
  readonly #ops: PackOp[];
  readonly #made: PackInfo[];

  /** With what `before` has. */
  constructor(before?: Packing) {
    this.#ops = before ? [...before.#ops] : [];
    this.#made = before ? [...before.#made] : [];
  }

  /** `time`: of the op's record, seconds since the epoch. */
  add(op: PackOp, time: number): void {
    this.#ops.push(op);
    if (op.pack === null) return;
    const bytes = op.lengths.reduce((sum, length) => sum + length, 0);
    this.#made.push({ pack: op.pack, count: op.lengths.length, bytes, time });
  }

  /** All blobs that were packed; null if none was. */
  blobs(): PackedBlobs | null {
    const packed = this.#ops.filter(({ pack }) => pack !== null);
    return packed.length === 0 ? null : packedBlobs(Buffer.concat(packed.map(({ blobs }) => blobs)));
  }

  /** Whether rows that were expunged before the tail lie elsewhere now. */
  get movesBuried(): boolean {
    return this.#ops.some(({ pack, buried }) => pack !== null && buried);
  }

  /** A row that was expunged before the tail, where it lies after it. */
  moved(row: BuriedRow): BuriedRow {
    return this.#ops.reduce((before, op) => inPack(before, op), row);
  }

  packsAfter(before: readonly PackInfo[]): readonly PackInfo[] {
    if (this.#ops.length === 0) return before;
    const replaced = this.#replaced();
    return [...before, ...this.#made].filter(({ pack }) => !replaced.has(pack));
  }

  /** What nobody reads any more who has seen the tail. */
  superseded(): FoldedItem[] {
    return [
      ...this.#made.map(({ pack }) => ({ kind: 'packed' as const, pack })),
      ...[...this.#replaced()].map((pack) => ({ kind: 'pack' as const, pack })),
    ];
  }

  #replaced(): ReadonlySet<PackId> {
    return new Set(this.#ops.flatMap(({ replaced }) => replaced));
  }
}

const matchers = new WeakMap<PackOp, PackedBlobs>();

/** A buried row after `op`. */
export function inPack(buried: BuriedRow, op: PackOp): BuriedRow {
  const { pack } = op;
  if (pack === null) return buried;
  const matches = matchers.get(op) ?? packedBlobs(op.blobs);
  matchers.set(op, matches);
  if (!matches(Buffer.from(buried.row.blob, 'hex'), 0)) return buried;
  return { ...buried, row: { ...buried.row, pack } };
}

/** The state after `op`: wherever the messages are loaded, their rows say the pack. */
export function placedInPack(state: AccountState, op: PackOp): AccountState {
  if (op.pack === null) return state;
  const packed = packedBlobs(op.blobs);
  let next = state;
  for (const id of op.mailboxes) {
    const mailbox = next.mailboxes.get(id);
    if (mailbox?.columns)
      next = withMailbox(next, { ...mailbox, columns: mailbox.columns.inPack(packed, op.pack) });
  }
  return next;
}
