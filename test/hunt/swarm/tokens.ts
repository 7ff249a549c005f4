/** The messages of the swarm: which were promised, and which message a blob is. */
import type { AccountId, BlobId } from '../../../shared/account/ids.ts';
import { blobKeys } from '../../../shared/aws/keys.ts';
import type { BlobStore } from '../../../shared/blob/blob-store.ts';
import { digestOf, digestOfTail, tokenOf } from '../message.ts';
import { ensure } from '../violation.ts';
import type { JournalReplay } from '../journal-replay.ts';

interface Sent {
  readonly origin: 'append' | 'delivery';
  readonly digest: string;
  readonly size: number;
  outcome: 'unknown' | 'acknowledged' | 'refused';
}

export class Tokens {
  readonly #blobs: BlobStore;
  readonly #account: AccountId;
  readonly #sent = new Map<string, Sent>();
  readonly #ofBlob = new Map<BlobId, string>();
  #serial = 0;

  constructor(blobs: BlobStore, account: AccountId) {
    this.#blobs = blobs;
    this.#account = account;
  }

  next(): string {
    return `s${++this.#serial}`;
  }

  send(token: string, origin: Sent['origin'], message: Buffer): void {
    this.#sent.set(token, { origin, digest: digestOf(message), size: message.length, outcome: 'unknown' });
  }

  end(token: string, outcome: 'acknowledged' | 'refused'): void {
    const sent = this.#sent.get(token);
    if (sent) sent.outcome = outcome;
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
    for await (const chunk of await this.#blobs.get(blobKeys.message(this.#account, blob)))
      chunks.push(chunk);
    const message = Buffer.concat(chunks);
    const token = tokenOf(message) ?? '';
    const sent = this.#sent.get(token);
    ensure(sent !== undefined, () => `blob ${blob} is no message of the swarm`);
    ensure(digestOfTail(message, sent.size) === sent.digest, () => `message ${token} is not what was sent`);
    this.#ofBlob.set(blob, token);
    return token;
  }

  /** At the end: each promised message has come into the journal once, and no other. */
  async account(replay: JournalReplay): Promise<{ acknowledged: number; unknown: number }> {
    const arrived = new Map<string, number>();
    for (const { ops } of replay.records)
      for (const op of ops) {
        if (op.op !== 'append') continue;
        const token = await this.of(op.blob);
        arrived.set(token, (arrived.get(token) ?? 0) + 1);
      }
    const counts = { acknowledged: 0, unknown: 0 };
    for (const [token, { outcome, origin }] of this.#sent) {
      const times = arrived.get(token) ?? 0;
      const right =
        outcome === 'acknowledged' ? times === 1 : outcome === 'refused' ? times === 0 : times <= 1;
      ensure(right, () => `message ${token} (${origin}, ${outcome}) came into the account ${times} times`);
      if (outcome !== 'refused') counts[outcome]++;
    }
    return counts;
  }
}
