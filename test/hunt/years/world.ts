/** The stores of a simulation, who sees to them, and the processes that use them. */
import type { AccountId } from '../../../shared/account/ids.ts';
import { DynamoDbCalendar } from '../../../shared/aws/dynamodb-calendar.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { DynamoDbKeyStore } from '../../../shared/aws/dynamodb-key-store.ts';
import { makeAccount } from '../../../shared/aws/make-account.ts';
import type { BlobFormat } from '../../../shared/blob/message-blobs.ts';
import { DATA_KEY_BYTES } from '../../../shared/keys/data-key.ts';
import { KeyRing } from '../../../shared/keys/key-ring.ts';
import type { KeyWrap } from '../../../shared/keys/key-store.ts';
import type { Wake, WakeSender } from '../../../shared/wake/wake-queue.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { MemoryDynamoDb } from '../../support/memory-dynamodb.ts';
import type { Draw } from '../draw.ts';
import { Violation } from '../violation.ts';
import { SimulatedDirectory } from './directory.ts';
import { SimulatedGateway } from './gateway.ts';
import { NotingMessages } from './messages.ts';
import { Post } from './post.ts';
import { SimulatedProcess, type Surroundings } from './process.ts';
import { Turns } from './turns.ts';
import { Witness } from './witness.ts';

export const BEGIN = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
/** How far a restore may go back. */
const BACKUP_MS = 3 * DAY_MS;
const GATEWAYS = 3;
const ACCOUNTS = 2;
/** Of accounts, that they have a data key. */
const SEALED = 0.75;
/** Of the transcript, as far back as a failure needs it. */
const KEPT_LINES = 60;
/** Wake-ups are hints: so many never arrive. */
const LOST_WAKES = 0.3;

/** A store of objects that tells the witness what is about to go, and keeps it for a while, as a bucket with versions does. */
class WitnessedBlobs extends MemoryBlobStore {
  witness: Witness | null = null;
  /** Oldest first. */
  readonly #deleted: {
    readonly key: string;
    readonly bytes: Uint8Array;
    readonly modified: number;
    readonly at: number;
  }[] = [];
  readonly #turns: Turns;

  constructor(turns: Turns) {
    super(() => turns.now);
    this.#turns = turns;
  }

  override async delete(keys: readonly string[]): Promise<void> {
    const { now } = this.#turns;
    for (const key of keys) {
      this.witness?.deleted(key);
      const bytes = this.objects.get(key);
      if (bytes) this.#deleted.push({ key, bytes, modified: this.modified(key), at: now });
    }
    while ((this.#deleted[0]?.at ?? Infinity) < now - BACKUP_MS) this.#deleted.shift();
    await super.delete(keys);
  }

  /** Delete markers of since then go, of objects of those accounts. */
  putBackSince(time: number, accounts: readonly string[]): void {
    for (const { key, bytes, modified, at } of this.#deleted.splice(0))
      if (at >= time && accounts.includes(key.split('/')[1] ?? '')) this.putBack(key, bytes, modified);
  }
}

/** A moment that the table may be put back to. */
export interface Mark {
  readonly moment: number;
  readonly at: number;
}

export class World {
  readonly turns: Turns;
  readonly table = new MemoryDynamoDb();
  readonly blobs: WitnessedBlobs;
  readonly witness: Witness;
  /** Those that are not closed. */
  readonly accounts: AccountId[] = [];
  readonly closed: AccountId[] = [];
  readonly directory = new SimulatedDirectory();
  /** Moments that the table may be put back to, oldest first. */
  readonly marks: Mark[] = [];
  readonly gateways: SimulatedGateway[] = [];
  readonly tally = { calls: 0, faults: 0, deaths: 0 };
  readonly sender: WakeSender = { send: (queue, wake) => this.#wake(queue, wake) };
  readonly post: Post;
  readonly #inbound: MemoryBlobStore;
  readonly #draw: Draw;
  /** Wraps no key at all, but draws each from the seed. */
  readonly #wrap: KeyWrap;
  readonly #format: BlobFormat;
  readonly #lines: string[] = [];
  #words = 0;
  #processes = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
    this.turns = new Turns(BEGIN, draw.fork());
    const keys = draw.fork();
    this.#wrap = {
      name: 'nothing',
      generate: () => {
        const key = Uint8Array.from({ length: DATA_KEY_BYTES }, () => keys.below(256));
        return Promise.resolve({ key, wrapped: key });
      },
      unwrap: (_, wrapped) => Promise.resolve(wrapped),
    };
    this.#format = draw.pick(['framed', 'raw'] as const);
    this.blobs = new WitnessedBlobs(this.turns);
    this.#inbound = new MemoryBlobStore(() => this.turns.now);
    this.witness = new Witness(this.turns, () => this.table.moment, {
      has: (key) => this.blobs.objects.has(key),
      modified: (key) => this.blobs.modified(key),
    });
    this.blobs.witness = this.witness;
    this.table.watch(this.witness.changed);
    this.table.watch(() => {
      const mark = { moment: this.table.moment, at: this.turns.now };
      // Of a transaction all writes are of one moment.
      if (this.marks.at(-1)?.moment !== mark.moment) this.marks.push(mark);
    });
    this.post = new Post(this.#inbound, this.accounts, this.directory);
  }

  /** Begins accounts and gateways. */
  async begin(): Promise<void> {
    for (let index = 0; index < ACCOUNTS; index++) await this.#beginAccount();
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
    (globalThis as { __tell?: (line: string) => void }).__tell?.(line);
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

  /** The messages as a process has them, which asks for data keys itself. */
  messages(process: SimulatedProcess): NotingMessages {
    return this.#messages(process, this.#ring(process, true), false);
  }

  #ring({ client, retry, rim }: SimulatedProcess, create: boolean): KeyRing {
    const store = new DynamoDbKeyStore(client, 'keys', retry);
    return new KeyRing({ store, wrap: this.#wrap, create, now: rim.now });
  }

  #messages(process: SimulatedProcess, keys: KeyRing, carries: boolean): NotingMessages {
    const options = { keys, format: this.#format, carries };
    return new NotingMessages(process, this.blobs, this.witness, options);
  }

  async #beginAccount(): Promise<void> {
    const process = this.process('administrator');
    const { client, retry, rim } = process;
    const journal = new DynamoDbJournalStore(client, 'mail', retry);
    const calendar = new DynamoDbCalendar(client, 'mail', retry);
    const keys = this.#ring(process, this.#draw.chance(SEALED));
    const made = makeAccount({ journal, rim, calendar, keys });
    await this.turns.untilQuiet();
    const account = await made;
    this.directory.states.set(account, 'active');
    this.accounts.push(account);
    // A restore of before it would lose it, which is another matter (`quire check --rebuild`).
    this.marks.splice(0, this.marks.length - 1);
  }

  /** In the place of every account that is closed for good, another begins. */
  async replaceTheClosed(): Promise<void> {
    for (const account of [...this.accounts]) {
      if (!this.witness.account(account).plain.policy.closed) continue;
      this.accounts.splice(this.accounts.indexOf(account), 1);
      this.closed.push(account);
      await this.#beginAccount();
    }
  }

  /** What nobody goes back to any more. */
  forgetOldMarks(): void {
    const kept = this.marks.findIndex(({ at }) => at >= this.turns.now - BACKUP_MS);
    this.marks.splice(0, kept < 0 ? this.marks.length : kept);
    this.table.forgetBefore(this.marks[0]?.moment ?? this.table.moment);
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
    const messages = this.messages(process);
    const carrier = (): NotingMessages => this.#messages(process, messages.ring, true);
    return new SimulatedGateway(process, { messages, carrier }, this.sender, {
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
