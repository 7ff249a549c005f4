/** The messages of the swarm: which were promised, and which message a blob is. */
import type { AccountId, BlobId } from '../../../shared/account/ids.ts';
import type { MessageStore } from '../../../shared/blob/message-store.ts';
import { digestOf, digestOfTail, tokenOf } from '../message.ts';
import { ensure } from '../violation.ts';
import type { JournalRecord } from '../../../shared/account/record.ts';

interface Sent {
  readonly origin: 'append' | 'delivery';
  readonly digest: string;
  readonly size: number;
  /** `elsewhere`: it was for another account, whatever became of it. */
  outcome: 'unknown' | 'acknowledged' | 'refused' | 'elsewhere';
  /** How often it came into the account. */
  arrived: number;
  /** Copies out of another account that were acknowledged. */
  copies: number;
}

/** A blob that is forgotten is read again. */
const KEPT_BLOBS = 20_000;

export class Tokens {
  readonly #messages: MessageStore;
  readonly #account: AccountId;
  readonly #sent: Map<string, Sent>;
  readonly #ofBlob = new Map<BlobId, string>();
  /** Came into the account, and were not read since. */
  #unread: BlobId[] = [];
  #serial = 0;

  constructor(messages: MessageStore, account: AccountId, sent = new Map<string, Sent>()) {
    this.#messages = messages;
    this.#account = account;
    this.#sent = sent;
  }

  /** The same messages, as they are in another account. */
  inAccount(account: AccountId): Tokens {
    return new Tokens(this.#messages, account, this.#sent);
  }

  next(): string {
    return `s${++this.#serial}`;
  }

  send(token: string, origin: Sent['origin'], message: Buffer): void {
    this.#sent.set(token, {
      origin,
      digest: digestOf(message),
      size: message.length,
      outcome: 'unknown',
      arrived: 0,
      copies: 0,
    });
  }

  end(token: string, outcome: Exclude<Sent['outcome'], 'unknown'>): void {
    const sent = this.#sent.get(token);
    if (sent) sent.outcome = outcome;
  }

  /** It has been copied into the account out of another. */
  copied(token: string): void {
    const sent = this.#sent.get(token);
    if (sent) sent.copies++;
  }

  /** Some messages that are known to be there, or to have been. */
  known(): string[] {
    return [...this.#sent.keys()];
  }

  /** The token of a blob, which is read and held to what was sent. */
  async of(blob: BlobId): Promise<string> {
    const known = this.#ofBlob.get(blob);
    if (known !== undefined) return known;
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.#messages.get(this.#account, { blob, pack: null }))
      chunks.push(chunk);
    const message = Buffer.concat(chunks);
    const token = tokenOf(message) ?? '';
    const sent = this.#sent.get(token);
    ensure(sent !== undefined, () => `blob ${blob} is no message of the swarm`);
    ensure(digestOfTail(message, sent.size) === sent.digest, () => `message ${token} is not what was sent`);
    this.#ofBlob.set(blob, token);
    const [oldest] = this.#ofBlob.size > KEPT_BLOBS ? this.#ofBlob.keys() : [];
    if (oldest !== undefined) this.#ofBlob.delete(oldest);
    return token;
  }

  /** Notes what comes into the account. */
  take({ ops }: JournalRecord): void {
    for (const op of ops) if (op.op === 'append') this.#unread.push(op.blob);
  }

  /** Reads what has come into the account: which message each is, and whether it is as it was sent. */
  async readArrived(): Promise<void> {
    const unread = this.#unread;
    this.#unread = [];
    for (const blob of unread) {
      const sent = this.#sent.get(await this.of(blob));
      if (sent) sent.arrived++;
    }
  }

  /** At the end: each promised message has come into the journal once, and no other. */
  async account(): Promise<{ acknowledged: number; unknown: number }> {
    await this.readArrived();
    const counts = { acknowledged: 0, unknown: 0 };
    for (const [token, { outcome, origin, arrived, copies }] of this.#sent) {
      const times = arrived - copies;
      const right =
        outcome === 'acknowledged' ? times === 1 : outcome === 'unknown' ? times <= 1 : times === 0;
      ensure(right, () => `message ${token} (${origin}, ${outcome}) came into the account ${times} times`);
      if (outcome === 'acknowledged' || outcome === 'unknown') counts[outcome]++;
    }
    return counts;
  }
}
