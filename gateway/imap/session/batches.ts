/** Batches of UIDs (RFC 10022), and which of a client's requests for them are due. Pure. */
import { lowerBound } from '../../../shared/account/uid-ranges.ts';
import type { NumberRange } from '../wire/sequence-set.ts';
import type { View } from './view.ts';

/** Batches `first` to `last` (1 is the newest, Infinity the last there is) of `size` messages. */
export interface BatchRequest {
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

/** The UIDs of each batch, the newest first. Each but the last has exactly `size` messages of the view. */
export function batchesOf({ uids, count, next }: View, { size, first, last }: BatchRequest): NumberRange[] {
  const batches: NumberRange[] = [];
  const there = Math.min(last, Math.ceil(count / size));
  // The lowest UID of a batch; that of batch 0 is the first that has not been given out.
  const lowestOf = (batch: number): number => {
    if (batch === 0) return next;
    const place = count - batch * size;
    return place <= 0 ? 1 : (uids[place] ?? 1);
  };
  for (let batch = first; batch <= there; batch++)
    batches.push({ low: lowestOf(batch), high: lowestOf(batch - 1) - 1 });
  return batches;
}

/** Requests that are remembered: clients ask for a mailbox in one or a few. */
const REMEMBERED = 32;

/**
 * A client must not ask for the same batches again before half a batch of messages has come or gone (RFC 10022 §3.1.1). One
 * of these a selected mailbox.
 */
export class BatchRequests {
  /** Null as long as there is none: few clients ever ask. */
  #answered: Map<string, { readonly count: number; readonly next: number }> | null = null;

  /** False for a request that was answered on nearly the same mailbox; else it is remembered. */
  admit({ size, first, last }: BatchRequest, view: View): boolean {
    const key = `${size} ${first} ${last}`;
    const before = this.#answered?.get(key);
    if (before) {
      const left = lowerBound(view.uids, view.count, before.next);
      const gone = before.count - left;
      const come = view.count - left;
      if (gone < size / 2 && come < size / 2) return false;
    }
    if (!this.#answered || this.#answered.size >= REMEMBERED) this.#answered = new Map();
    this.#answered.set(key, { count: view.count, next: view.next });
    return true;
  }
}
