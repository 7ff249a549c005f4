/**
 * An account as a session reaches it: its own, or one whose owner has shared mailboxes with it. Every command says whose
 * state it reads and whose journal it writes by the home that it goes through; the selected mailbox has its own.
 */
import type { AccountId, MailboxId } from '../../../shared/account/ids.ts';
import type { RecentOp } from '../../../shared/account/ops.ts';
import type { CommitRequest, Replica } from '../../../shared/account/replica.ts';
import type { AccountState, Mailbox } from '../../../shared/account/state.ts';
import type { Quota } from '../../../shared/account/decide-messages.ts';
import type { RecentFloors } from './recent.ts';

export class Home {
  readonly replica: Replica;
  /** What the account may hold. */
  readonly quota: Quota;
  /** \Recent floors that this gateway has claimed in the account. */
  readonly recent: RecentFloors;

  constructor(replica: Replica, quota: Quota, recent: RecentFloors) {
    this.replica = replica;
    this.quota = quota;
    this.recent = recent;
  }

  get account(): AccountId {
    return this.replica.account;
  }

  /** The newest state that this process knows; what another gateway has just done may be missing. */
  async state(): Promise<AccountState> {
    return this.replica.current ?? (await this.replica.sync());
  }

  /** The state with every record that was in the journal when this was called. */
  sync(): Promise<AccountState> {
    return this.replica.sync();
  }

  /** A mailbox of `state` as this session reads it; undefined if it is gone. */
  mailbox(state: AccountState, id: MailboxId): Mailbox | undefined {
    return state.mailboxes.get(id);
  }

  /** The mailbox with its messages loaded; undefined if it is gone. */
  async load(id: MailboxId): Promise<Mailbox | undefined> {
    return this.mailbox(await this.replica.load([id]), id);
  }

  /** As `Replica.commit`; the record carries \Recent floors along, if it is written at all. */
  commit<T>(request: CommitRequest<T>): Promise<T> {
    return this.replica.commit<T>({
      ...request,
      decide: (state) => {
        const decision = request.decide(state);
        if (decision.ops.length === 0) return decision;
        const recent: readonly RecentOp[] = this.recent.ops(state);
        return { ...decision, ops: [...decision.ops, ...recent] };
      },
    });
  }
}
