/**
 * An account as a session reaches it: its own, or one whose owner has shared mailboxes with it. Every command says whose
 * state it reads and whose journal it writes by the home that it goes through; the selected mailbox has its own.
 *
 * What somebody else's home lets the session see and do is decided here, by the access control lists of the state at hand
 * (I9): reads bring that state up to date first, and a commit decides on the newest there is.
 */
import { ALL_RIGHTS, type Groups, type Right, grantedTo, namesGroups } from '../../../shared/account/acl.ts';
import type { Guest } from '../../../shared/account/decide-guest.ts';
import type { Quota } from '../../../shared/account/decide-messages.ts';
import type { AccountId, MailboxId } from '../../../shared/account/ids.ts';
import type { RecentOp } from '../../../shared/account/ops.ts';
import { mailboxFor } from '../../../shared/account/readers.ts';
import type { CommitRequest } from '../../../shared/account/commit-request.ts';
import type { Replica } from '../../../shared/account/replica.ts';
import type { AccountState, Mailbox } from '../../../shared/account/state.ts';
import type { Access } from './account-changes.ts';
import type { OwnOps } from './own-ops.ts';
import type { RecentFloors } from './recent.ts';
import { No } from './refusals.ts';

/** Before the address of an owner and the names of the mailboxes (RFC 2342 §5; "#" by RFC 9051 §5.1.2.1). */
export const OTHER_USERS = '#user/';

export interface HomeOptions {
  readonly replica: Replica;
  /** The owner's. */
  readonly address: string;
  /** What the account may hold. */
  readonly quota: Quota;
  /** \Recent floors that this gateway has claimed in the account. */
  readonly recent: RecentFloors;
  /** What is committed through it is noted here. */
  readonly own: OwnOps;
  /** Whose session it is, if not the owner's. */
  readonly guest: AccountId | null;
  /** Looks up the groups that the guest is in. */
  readonly groupsOf?: () => Promise<ReadonlySet<string>>;
}

export class Home {
  readonly replica: Replica;
  readonly address: string;
  /** As last looked up: at sign-in, or for a QUOTA command. */
  quota: Quota;
  readonly recent: RecentFloors;
  readonly guest: AccountId | null;
  readonly #groupsOf: HomeOptions['groupsOf'];
  #groups: Groups = null;
  readonly #own: OwnOps;
  #looked = false;

  constructor({ replica, address, quota, recent, own, guest, groupsOf }: HomeOptions) {
    this.replica = replica;
    this.address = address;
    this.quota = quota;
    this.recent = recent;
    this.#own = own;
    this.guest = guest;
    this.#groupsOf = groupsOf;
  }

  get account(): AccountId {
    return this.replica.account;
  }

  /** Before names of the owner's, in this session. */
  get prefix(): string {
    return this.guest === null ? '' : `${OTHER_USERS}${this.address}/`;
  }

  /** The newest state that this process knows; of somebody else's account it is read when it is first asked for. */
  async state(): Promise<AccountState> {
    const known = this.guest === null || this.#looked ? this.replica.current : null;
    return known ?? (await this.sync());
  }

  /** The state with every record that was in the journal when this was called. */
  async sync(): Promise<AccountState> {
    const state = await this.replica.sync();
    // Only where they matter: most lists name none.
    if (this.#groupsOf && namesGroups(state)) this.#groups = await this.#groupsOf();
    this.#looked = true;
    return state;
  }

  /** What the session may do with a mailbox: letters of `RIGHTS`. */
  rightsOn(mailbox: Mailbox): string {
    return this.guest === null ? ALL_RIGHTS : grantedTo(mailbox.acl, this.guest, this.#groups);
  }

  may(mailbox: Mailbox, right: Right): boolean {
    return this.rightsOn(mailbox).includes(right);
  }

  /** What the session may watch of it (RFC 5465 §5). */
  accessTo(mailbox: Mailbox): Access {
    const rights = this.rightsOn(mailbox);
    if (!rights.includes('l')) return 'none';
    return rights.includes('r') ? 'read' : 'listed';
  }

  /** For a mailbox by its name: throws `No` unless the session has the right. To whom may not look it up, it is not there. */
  require(mailbox: Mailbox, right: Right): void {
    if (!this.may(mailbox, right) && !this.may(mailbox, 'l'))
      throw new No('there is no mailbox with that name', 'NONEXISTENT');
    this.requireKnown(mailbox, right);
  }

  /** For one that the session knows of: it has selected it, or found it a moment ago. */
  requireKnown(mailbox: Mailbox, right: Right): void {
    if (!this.may(mailbox, right))
      throw new No(`you may not do this with the mailbox: it needs the right "${right}"`, 'NOPERM');
  }

  /** As `requireKnown`, within the decision of a commit; a mailbox that is gone is left to the decision. */
  requireIn(state: AccountState, id: MailboxId, right: Right): void {
    const mailbox = state.mailboxes.get(id);
    if (mailbox) this.requireKnown(mailbox, right);
  }

  /** A mailbox of `state` as this session reads it; undefined if it is gone, or may not be read. */
  mailbox(state: AccountState, id: MailboxId): Mailbox | undefined {
    const mailbox = state.mailboxes.get(id);
    if (!mailbox || this.guest === null) return mailbox;
    return this.may(mailbox, 'r') ? mailboxFor(mailbox, this.guest) : undefined;
  }

  /** The mailbox with its messages loaded; undefined if it is gone. */
  async load(id: MailboxId): Promise<Mailbox | undefined> {
    return this.mailbox(await this.replica.load([id]), id);
  }

  /** Who asks, where \Seen and rights are not the owner's. */
  guestOf(mailbox: Mailbox): Guest | null {
    return this.guest === null ? null : { account: this.guest, rights: this.rightsOn(mailbox) };
  }

  /** As `Replica.commit`; the record carries \Recent floors along, if it is written at all. */
  commit<T>(request: CommitRequest<T>): Promise<T> {
    return this.replica.commit<T>({
      ...request,
      decide: (state) => {
        const decision = request.decide(state);
        for (const op of decision.ops) this.#own.add(op);
        if (decision.ops.length === 0) return decision;
        const recent: readonly RecentOp[] = this.recent.ops(state);
        return { ...decision, ops: [...decision.ops, ...recent] };
      },
    });
  }
}
