/**
 * The way in: what SES has received lies in `inbound`, and the queue hands out its notification until a function says
 * that it is settled, eight times; then it lies among the dead letters until somebody redrives it, months later perhaps.
 * SQS may hand a message over again that was settled, however late.
 */
import { asideKey } from '../../../functions/deliver/aside.ts';
import { type DeliveryDependencies, deliverBatch } from '../../../functions/deliver/deliver.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { DynamoDbWatchRegister } from '../../../shared/aws/dynamodb-watch-register.ts';
import { DynamoDbWorkItems } from '../../../shared/aws/work-items.ts';
import type { Resolution } from '../../../shared/directory/directory.ts';
import { NO_METRICS } from '../../../shared/metrics/metrics.ts';
import type { WakeSender } from '../../../shared/wake/wake-queue.ts';
import { Waker } from '../../../shared/wake/waker.ts';
import type { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { notificationOf, sqsEvent } from '../../support/ses.ts';
import type { Draw } from '../draw.ts';
import { type SimulatedDirectory, addressOf } from './directory.ts';
import { SILENT } from './gateway.ts';
import { type NotingMessages, messageOf } from './messages.ts';
import { ProcessBlobs, type SimulatedProcess } from './process.ts';

const DAY_MS = 86_400_000;
/** Receives of one message before it is a dead letter. */
const RECEIVES = 8;
/** The timeout of the function, during which SQS gives its messages to nobody else. */
const INVISIBLE_MS = 300_000;
/** A settled message comes again within the queue's retention, or is redriven within the year that markers outlive. */
const RETENTION_MS = 14 * DAY_MS;
const REDRIVEN_WITHIN_MS = 380 * DAY_MS;
/** Of a batch. */
const BATCH = 4;

const keyOf = (subject: string): string => `mail/${subject}`;

interface Letter {
  readonly subject: string;
  readonly body: string;
  /** When SES had it, milliseconds since the epoch. */
  readonly born: number;
  /** It was settled before, and is handed over again. */
  readonly again?: boolean;
  receives: number;
  /** Milliseconds since the epoch. */
  due: number;
}

export class Post {
  readonly sent: { readonly subject: string; readonly to: readonly AccountId[] }[] = [];
  readonly dead: Letter[] = [];
  readonly #queue: Letter[] = [];
  /** Messages that were refused for somebody, and are kept aside: subject and account. */
  readonly refused = new Set<string>();
  readonly #inbound: MemoryBlobStore;
  readonly #accounts: readonly AccountId[];
  readonly #directory: SimulatedDirectory;

  constructor(inbound: MemoryBlobStore, accounts: readonly AccountId[], directory: SimulatedDirectory) {
    this.#inbound = inbound;
    this.#accounts = accounts;
    this.#directory = directory;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** SES receives a message for some of the accounts. */
  async receive(subject: string, draw: Draw, now: number): Promise<void> {
    const [first, ...others] = draw.shuffled(this.#accounts);
    const to = first ? [first, ...(draw.chance(0.2) ? others : [])] : [];
    const objectKey = keyOf(subject);
    const raw = messageOf(subject, draw);
    await this.#inbound.put(objectKey, raw, raw.length);
    const spam = draw.chance(0.2) ? 'FAIL' : 'PASS';
    const recipients = to.map(addressOf);
    const body = notificationOf({ messageId: subject, recipients, objectKey, spam });
    this.sent.push({ subject, to });
    this.#queue.push({ subject, body, born: now, receives: 0, due: now });
    // Two receipt rules may match, and SQS may take a message in twice.
    if (draw.chance(0.1))
      this.#queue.push({ subject, body, born: now, receives: 0, due: now + draw.below(RETENTION_MS) });
  }

  /** One invocation of the function, in `process`; null if nothing is due. */
  async deliver(
    process: SimulatedProcess,
    messages: NotingMessages,
    sender: WakeSender,
    draw: Draw,
    now: number,
  ): Promise<string | null> {
    this.#forget(now);
    const due = draw.some(
      this.#queue.filter((letter) => letter.due <= now),
      BATCH,
    );
    if (due.length === 0) return null;
    for (const letter of due) {
      letter.receives++;
      letter.due = now + INVISIBLE_MS;
    }
    const event = {
      Records: sqsEvent(due.map(({ body }) => body)).Records.map((record, index) => {
        const attributes = {
          ...record.attributes,
          ApproximateReceiveCount: String(due[index]?.receives ?? 1),
        };
        return { ...record, attributes };
      }),
    };
    const quotaMessages = draw.chance(0.03) ? 0 : 1_000_000;
    const refused = new Set<string>();
    const resolve = (recipient: string): Resolution => {
      const resolution = this.#directory.resolve(recipient, quotaMessages);
      if (resolution.refusals.length > 0) refused.add(recipient);
      return resolution;
    };
    const deps = this.#dependencies(process, messages, sender, resolve);
    const answer = await deliverBatch(event, deps).catch(() => null);
    // Of a function that has died, SQS hears nothing.
    const answered = process.dead ? null : answer;
    const failed = new Set(answered?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const settled = due.filter((_, index) => answered && !failed.has(`sqs-${index}`));
    for (const letter of settled) {
      const { to = [] } = this.sent.find(({ subject }) => subject === letter.subject) ?? {};
      for (const account of to)
        if (refused.has(addressOf(account))) this.refused.add(`${letter.subject} ${account}`);
      this.#settle(letter, draw, now);
    }
    for (const letter of due)
      if (letter.receives >= RECEIVES && !settled.includes(letter)) this.#bury(letter);
    return `${due.map(({ subject }) => subject).join(' ')}; settled ${settled.length}`;
  }

  /** Somebody looks after the dead letters. */
  redrive(draw: Draw, now: number): number {
    this.#forget(now);
    const letters = this.dead.splice(0);
    for (const letter of letters) this.#queue.push({ ...letter, receives: 0, due: now + draw.below(DAY_MS) });
    return letters.length;
  }

  /**
   * The table has lost what came last, markers too: what was settled in that time and comes again finds neither its marker nor
   * its message, and stays among the dead letters until somebody deletes it. Nobody waits for that here.
   */
  restored(): void {
    const isThere = ({ subject }: Letter): boolean =>
      this.#inbound.objects.has(keyOf(subject)) || this.isAside(subject);
    for (const letters of [this.#queue, this.dead])
      letters.splice(0, Infinity, ...letters.filter((letter) => isThere(letter) && letter.again !== true));
  }

  /** Whether a message lies where what cannot be delivered is kept. */
  isAside(subject: string): boolean {
    return this.#inbound.objects.has(asideKey('undeliverable', keyOf(subject)));
  }

  /** When all that waits is due: at the end of a schedule nobody waits any longer. */
  hurry(now: number): void {
    for (const letter of this.#queue) letter.due = Math.min(letter.due, now);
  }

  /** What was settled nobody redrives after the year that its markers outlive. */
  #forget(now: number): void {
    const old = ({ again, born }: Letter): boolean => again === true && now >= born + REDRIVEN_WITHIN_MS;
    for (const letters of [this.#queue, this.dead])
      letters.splice(0, Infinity, ...letters.filter((letter) => !old(letter)));
  }

  #settle(letter: Letter, draw: Draw, now: number): void {
    this.#remove(letter);
    // The deletion is lost now and then: SQS hands it over again.
    if (draw.chance(0.1)) {
      const within = draw.chance(0.9) ? RETENTION_MS : REDRIVEN_WITHIN_MS;
      const due = now + draw.below(within);
      if (due < letter.born + REDRIVEN_WITHIN_MS)
        this.#queue.push({ ...letter, again: true, receives: 1, due });
    }
  }

  #bury(letter: Letter): void {
    this.#remove(letter);
    this.dead.push(letter);
  }

  #remove(letter: Letter): void {
    const at = this.#queue.indexOf(letter);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  #dependencies(
    process: SimulatedProcess,
    messages: NotingMessages,
    sender: WakeSender,
    resolve: (recipient: string) => Resolution,
  ): DeliveryDependencies {
    const { client, retry, rim } = process;
    const watches = new DynamoDbWatchRegister(client, 'mail', retry);
    const work = new DynamoDbWorkItems(client, 'mail', retry);
    return {
      inbound: new ProcessBlobs(process, this.#inbound),
      messages,
      directory: {
        resolve: (recipients) =>
          Promise.resolve(new Map(recipients.map((recipient) => [recipient, resolve(recipient)]))),
      },
      journal: new DynamoDbJournalStore(client, 'mail', retry),
      rim,
      log: SILENT,
      metrics: NO_METRICS,
      hostname: 'mx.example.test',
      committed: async (account, records, journalBytesBefore) => {
        const last = records.at(-1);
        if (!last) return;
        const waker = new Waker({ watches, sender, now: rim.now, log: SILENT, self: null });
        waker.committed(account, last.number);
        await Promise.all([waker.settled(), work.leaveIfDue(account, records, journalBytesBefore)]);
      },
    };
  }
}
