/** What a session has done itself, in whichever account: NOTIFY does not tell a client of it (RFC 5465 §5). */
import type { Op } from '../../../shared/account/ops.ts';
import type { Change } from '../../../shared/account/replica.ts';

export class OwnOps {
  #ops: WeakSet<Op> | null = null;

  /** From here on: most sessions never ask. */
  remember(): void {
    this.#ops ??= new WeakSet();
  }

  add(op: Op): void {
    this.#ops?.add(op);
  }

  /** Whether nobody else has done any of it. */
  areAllOf({ records }: Change): boolean {
    return records?.every(({ ops }) => ops.every((op) => op.op === 'recent' || this.#ops?.has(op))) ?? false;
  }
}
