/**
 * \Recent (RFC 3501 §2.3.2): a message is recent to the first session that hears of it. A mailbox has a floor, below which
 * every message has been recent to somebody. The first session to select claims what lies above in the memory of this
 * gateway; the record that carries the new floor is written with the next commit that happens anyway, for nobody pays a
 * write for a flag that RFC 9051 has dropped. Two gateways may so both call a message recent, which RFC 3501 allows
 * ("if it is not possible to determine …").
 */
import type { MailboxId } from '../../../shared/account/ids.ts';
import type { RecentOp } from '../../../shared/account/ops.ts';
import type { AccountState, Mailbox } from '../../../shared/account/state.ts';

/** Floors that were claimed here and stand in no record yet, of one account. */
export class RecentFloors {
  /** Null as long as nothing was claimed. */
  #floors: Map<MailboxId, number> | null = null;

  /** UIDs from here on have been recent to nobody. */
  floorOf(mailbox: Mailbox): number {
    return Math.max(mailbox.recentFloor, this.#floors?.get(mailbox.id) ?? 0);
  }

  /** Claims what nobody has claimed below `next`; returns the first UID that is the caller's. */
  claim(mailbox: Mailbox, next = mailbox.uidNext): number {
    const floor = this.floorOf(mailbox);
    if (next > floor) (this.#floors ??= new Map()).set(mailbox.id, next);
    else if (mailbox.recentFloor >= floor) this.#floors?.delete(mailbox.id);
    return floor;
  }

  /** Ops that record what was claimed. */
  ops(state: AccountState): RecentOp[] {
    const ops: RecentOp[] = [];
    for (const [id, floor] of this.#floors ?? []) {
      const mailbox = state.mailboxes.get(id);
      if (mailbox && mailbox.recentFloor < floor) ops.push({ op: 'recent', mailbox: id, floor });
    }
    return ops;
  }
}

const NO_RANGES: readonly number[] = [];

/** The UIDs that are recent to one session. */
export class RecentUids {
  /** First and end (excluded) of each range in turn, ascending. */
  #ranges: readonly number[] = NO_RANGES;

  /** Nothing happens if the range is empty. */
  add(first: number, end: number): void {
    if (end <= first) return;
    const before = this.#ranges.at(-1) === first ? this.#ranges.slice(0, -1) : [...this.#ranges, first];
    this.#ranges = [...before, end];
  }

  /** No UID from here on is recent. */
  get end(): number {
    return this.#ranges.at(-1) ?? 0;
  }

  has(uid: number): boolean {
    const ranges = this.#ranges;
    for (let index = 0; index < ranges.length; index += 2)
      if (uid >= (ranges[index] ?? 0) && uid < (ranges[index + 1] ?? 0)) return true;
    return false;
  }

  /** How many of `uids` (ascending) are recent. */
  countIn(uids: Uint32Array): number {
    let count = 0;
    for (let at = uids.length - 1; at >= 0; at--) {
      const uid = uids[at] ?? 0;
      if (uid < (this.#ranges[0] ?? Infinity)) break;
      if (this.has(uid)) count++;
    }
    return count;
  }
}
