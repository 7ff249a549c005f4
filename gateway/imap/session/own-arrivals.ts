/**
 * UIDs that the client itself has put into the selected mailbox: NOTIFY tells of new messages with their data items, but
 * not to who has put them there (RFC 5465 §5.2).
 */
import type { Change } from '../../../shared/account/replica.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import type { Session } from './session.ts';

export class OwnArrivals {
  readonly #session: Session;
  /** Of which mailbox, and up to which UID its changes were seen. */
  #of: SelectedMailbox | null = null;
  #next = 0;
  /** From a UID up to the one before another. */
  #ranges: (readonly [number, number])[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  /** Sees every change of the selected mailbox's account. */
  note(change: Change): void {
    const { selectedOrNull: selected, own } = this.#session;
    const mailbox = selected && change.state.mailboxes.get(selected.id);
    if (!mailbox) return;
    if (this.#of !== selected) {
      this.#of = selected;
      this.#next = selected.view.next;
      this.#ranges = [];
    }
    if (mailbox.uidNext <= this.#next) return;
    if (own.areAllOf(change)) this.#ranges.push([this.#next, mailbox.uidNext]);
    this.#next = mailbox.uidNext;
  }

  /** Those of `uids`, all that have come, which others have put there. */
  othersOf(uids: Uint32Array): Uint32Array {
    if (this.#ranges.length === 0) return uids;
    const ranges = this.#ranges;
    const end = uids.at(-1) ?? 0;
    this.#ranges = ranges.filter(([, to]) => to > end + 1);
    return uids.filter((uid) => !ranges.some(([from, to]) => uid >= from && uid < to));
  }
}
