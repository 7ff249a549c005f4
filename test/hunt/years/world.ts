/** The stores of a simulation, who sees to them, and the processes that use them. */
import type { AccountId } from '../../../shared/account/ids.ts';
import { beginAccount } from '../../../shared/account/new-account.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import type { BlobFormat } from '../../../shared/blob/message-blobs.ts';
import type { AccountKeys } from '../../../shared/keys/account-keys.ts';
import { DATA_KEY_BYTES, DataKey } from '../../../shared/keys/data-key.ts';
import type { Wake, WakeSender } from '../../../shared/wake/wake-queue.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { MemoryDynamoDb } from '../../support/memory-dynamodb.ts';
import type { Draw } from '../draw.ts';
import { Violation } from '../violation.ts';
import { SimulatedGateway } from './gateway.ts';
import { NotingMessages } from './messages.ts';
import { Post } from './post.ts';
import { SimulatedProcess, type Surroundings } from './process.ts';
import { Turns } from './turns.ts';
import { Witness } from './witness.ts';

export const BEGIN = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const GATEWAYS = 3;
const ACCOUNTS = 2;
/** Of the transcript, as far back as a failure needs it. */
const KEPT_LINES = 60;
/** Wake-ups are hints: so many never arrive. */
const LOST_WAKES = 0.3;

/** A store of objects that tells the witness what is about to go. */
class WitnessedBlobs extends MemoryBlobStore {
  witness: Witness | null = null;

  override async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.witness?.deleted(key);
    await super.delete(keys);
  }
}

export class World {
  readonly turns: Turns;
  readonly table = new MemoryDynamoDb();
  readonly blobs: WitnessedBlobs;
  readonly witness: Witness;
  readonly accounts: AccountId[] = [];
  readonly gateways: SimulatedGateway[] = [];
  readonly tally = { calls: 0, faults: 0, deaths: 0 };
  readonly sender: WakeSender = { send: (queue, wake) => this.#wake(queue, wake) };
  post: Post;
  readonly #inbound: MemoryBlobStore;
  readonly #draw: Draw;
  /** The first account has a data key, the others have none. */
  readonly #keys: AccountKeys;
  readonly #format: BlobFormat;
  readonly #lines: string[] = [];
  #words = 0;
  #processes = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
    this.turns = new Turns(BEGIN, draw.fork());
    const key = new DataKey(Uint8Array.from({ length: DATA_KEY_BYTES }, () => draw.below(256)));
    this.#keys = { of: (account) => Promise.resolve(account === this.accounts[0] ? key : null) };
    this.#format = draw.pick(['framed', 'raw'] as const);
    this.blobs = new WitnessedBlobs(() => this.turns.now);
    this.#inbound = new MemoryBlobStore(() => this.turns.now);
    this.witness = new Witness(this.turns, {
      has: (key) => this.blobs.objects.has(key),
      modified: (key) => this.blobs.modified(key),
    });
    this.blobs.witness = this.witness;
    this.table.watch(this.witness.changed);
    this.post = new Post(this.#inbound, []);
  }

  /** Begins accounts and gateways. */
  async begin(): Promise<void> {
    const { client, rim } = this.process('administrator');
    const journal = new DynamoDbJournalStore(client, 'mail');
    const begun = Promise.all(Array.from({ length: ACCOUNTS }, () => beginAccount(journal, rim)));
    await this.turns.untilQuiet();
    this.accounts.push(...(await begun));
    this.post = new Post(this.#inbound, this.accounts);
    for (let index = 0; index < GATEWAYS; index++) this.gateways.push(this.#gateway());
  }

  /** Days since the beginning. */
  get day(): number {
    return (this.turns.now - BEGIN) / DAY_MS;
  }

  get inbound(): MemoryBlobStore {
    return this.#inbound;
  }

  get transcript(): string {
    return this.#lines.join('\n');
  }

  /** A line of the transcript. */
  readonly tell = (line: string): void => {
    this.#lines.push(
      `day ${this.day.toFixed(4).padStart(9)}  ${line.length > 300 ? `${line.slice(0, 300)}…` : line}`,
    );
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  };

  /** A word that was never used before. */
  readonly word = (): string => `m${++this.#words}`;

  /** A process that has just started. */
  process(name: string): SimulatedProcess {
    const around: Surroundings = { turns: this.turns, table: this.table, tell: this.tell, tally: this.tally };
    return new SimulatedProcess(`${name}-${++this.#processes}`, around, this.#draw.fork());
  }

  messages(process: SimulatedProcess): NotingMessages {
    return new NotingMessages(process, this.blobs, this.witness, { keys: this.#keys, format: this.#format });
  }

  /** In the place of every gateway that has died, another starts. */
  replaceTheDead(): void {
    for (const [index, { process }] of this.gateways.entries())
      if (process.dead) this.gateways[index] = this.#gateway();
  }

  /** A gateway is stopped and started: what it held in memory is gone. */
  restart(gateway: SimulatedGateway): void {
    const index = this.gateways.indexOf(gateway);
    if (index >= 0) this.gateways[index] = this.#gateway();
  }

  #gateway(): SimulatedGateway {
    const process = this.process('gateway');
    // Some have no memory to spare: columns and tails go as soon as nobody looks at them.
    const budgetBytes = this.#draw.pick([0, 20_000, 2 ** 28] as const);
    return new SimulatedGateway(process, this.messages(process), this.sender, {
      budgetBytes,
      diverged: (account, what) => {
        throw new Violation(`I8: a record of account ${account} diverges: ${JSON.stringify(what)}`);
      },
    });
  }

  #wake(queue: string, wake: Wake): Promise<boolean> {
    const gateway = this.gateways.find((each) => each.queue === queue);
    if (!gateway) return Promise.resolve(false);
    if (!this.#draw.chance(LOST_WAKES)) void gateway.wake(wake).catch(() => undefined);
    return Promise.resolve(true);
  }
}
