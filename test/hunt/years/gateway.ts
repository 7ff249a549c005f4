/** A gateway of a simulation: the replicas of a process, without the protocol in front of them. */
import type { AccountId, GatewayId } from '../../../shared/account/ids.ts';
import { ReplicaCache, type ReplicaLease } from '../../../shared/account/replica-cache.ts';
import type { Replica } from '../../../shared/account/replica.ts';
import { SummaryReader } from '../../../shared/account/summary-reader.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { DynamoDbWatchRegister } from '../../../shared/aws/dynamodb-watch-register.ts';
import { DynamoDbWorkItems } from '../../../shared/aws/work-items.ts';
import { createLog } from '../../../shared/log.ts';
import type { Wake, WakeSender } from '../../../shared/wake/wake-queue.ts';
import { Waker } from '../../../shared/wake/waker.ts';
import type { NotingMessages } from './messages.ts';
import type { SimulatedProcess } from './process.ts';

export const SILENT = createLog({ level: 'silent', pretty: false });

export class SimulatedGateway {
  readonly process: SimulatedProcess;
  readonly messages: NotingMessages;
  /** The same, for what one command carries into another account. */
  readonly carrier: () => NotingMessages;
  readonly summaries: SummaryReader;
  readonly cache: ReplicaCache;
  readonly #watches: DynamoDbWatchRegister;
  readonly #leases = new Map<AccountId, ReplicaLease>();
  /** Nobody uses it until then, milliseconds since the epoch: what its replicas know grows old. */
  idleUntil = 0;

  constructor(
    process: SimulatedProcess,
    { messages, carrier }: { readonly messages: NotingMessages; readonly carrier: () => NotingMessages },
    sender: WakeSender,
    options: { readonly budgetBytes: number; readonly diverged: (account: AccountId, what: object) => void },
  ) {
    this.process = process;
    this.messages = messages;
    this.carrier = carrier;
    const { client, retry, rim } = process;
    this.#watches = new DynamoDbWatchRegister(client, 'mail', retry);
    const work = new DynamoDbWorkItems(client, 'mail', retry);
    const waker = new Waker({ watches: this.#watches, sender, now: rim.now, log: SILENT, self: this.id });
    const journal = new DynamoDbJournalStore(client, 'mail', retry);
    this.summaries = new SummaryReader(journal, messages, 1_000_000);
    this.cache = new ReplicaCache(journal, rim, {
      budgetBytes: options.budgetBytes,
      onDivergence: options.diverged,
      beside: (account) => messages.ring.look(account),
      onCommit: (account, records, journalBytesBefore) => {
        const last = records.at(-1);
        if (last) waker.committed(account, last.number);
        void work.leaveIfDue(account, records, journalBytesBefore).catch(() => undefined);
      },
    });
  }

  get id(): GatewayId {
    return this.process.name as GatewayId;
  }

  /** Where its wake-ups go. */
  get queue(): string {
    return `queue of ${this.id}`;
  }

  /** The account's replica; a session holds it for as long as the gateway lives. */
  replica(account: AccountId): Replica {
    let lease = this.#leases.get(account);
    if (!lease) this.#leases.set(account, (lease = this.cache.acquire(account)));
    return lease.replica;
  }

  /** Replicas that sessions hold. */
  get replicas(): readonly Replica[] {
    return [...this.#leases.values()].map(({ replica }) => replica);
  }

  /** As IDLE begins: registers first and reads after. */
  async watch(account: AccountId): Promise<void> {
    const expiresAt = Math.ceil(this.process.rim.now() / 1000) + 7200;
    await this.#watches.put(account, { gateway: this.id, queue: this.queue }, expiresAt);
    await this.replica(account).sync();
  }

  wake({ account, number }: Wake): Promise<void> {
    return this.cache.wake(account, number);
  }
}
