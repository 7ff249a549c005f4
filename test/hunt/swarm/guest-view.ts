/**
 * The account as one of those sees it with whom its owner shares mailboxes: those that they may read, under their names in
 * the namespace of other users, with \Seen and mod-sequences of their own (RFC 4314; I9).
 */
import { grantedTo } from '../../../shared/account/acl.ts';
import type { AccountId, MailboxId } from '../../../shared/account/ids.ts';
import { mailboxFor } from '../../../shared/account/readers.ts';
import type { AccountState, Mailbox } from '../../../shared/account/state.ts';
import type { Arrived, JournalReplay } from '../journal-replay.ts';

/** What a session is held to. */
export type Replayed = Pick<
  JournalReplay,
  'number' | 'state' | 'stateAt' | 'moments' | 'arrived' | 'catchUp'
>;

export class GuestView implements Replayed {
  readonly #replay: JournalReplay;
  readonly #guest: AccountId;
  readonly #prefix: string;
  readonly #states = new WeakMap<AccountState, AccountState>();
  /** Most mailboxes are the same from one state to the next. */
  readonly #mailboxes = new WeakMap<Mailbox, Mailbox>();

  constructor(replay: JournalReplay, guest: AccountId, prefix: string) {
    this.#replay = replay;
    this.#guest = guest;
    this.#prefix = prefix;
  }

  get number(): number {
    return this.#replay.number;
  }

  get state(): AccountState {
    return this.#seen(this.#replay.state);
  }

  stateAt(number: number): AccountState {
    return this.#seen(this.#replay.stateAt(number));
  }

  *moments(from: number, to: number): Generator<AccountState> {
    for (const state of this.#replay.moments(from, to)) yield this.#seen(state);
  }

  arrived(mailbox: MailboxId, uid: number): Arrived | undefined {
    return this.#replay.arrived(mailbox, uid);
  }

  async catchUp(): Promise<void> {
    return this.#replay.catchUp();
  }

  /** Letters of the guest's rights on a mailbox of the account. */
  rightsOn(mailbox: Mailbox): string {
    return grantedTo(mailbox.acl, this.#guest, new Set());
  }

  #seen(state: AccountState): AccountState {
    const known = this.#states.get(state);
    if (known) return known;
    const readable = [...state.mailboxes].filter(([, mailbox]) => this.rightsOn(mailbox).includes('r'));
    const seen = { ...state, mailboxes: new Map(readable.map(([id, mailbox]) => [id, this.#read(mailbox)])) };
    this.#states.set(state, seen);
    return seen;
  }

  #read(mailbox: Mailbox): Mailbox {
    const known = this.#mailboxes.get(mailbox);
    if (known) return known;
    const read = { ...mailboxFor(mailbox, this.#guest), name: this.#prefix + mailbox.name };
    this.#mailboxes.set(mailbox, read);
    return read;
  }
}
