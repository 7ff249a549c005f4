/**
 * A look at everything while nobody works: the journal from record 1, the blobs, what IMAP shows, and the ledger must
 * all tell the same.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../../../shared/aws/engine.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import { blobKeys } from '../../../shared/aws/keys.ts';
import type { BlobId } from '../../../shared/account/ids.ts';
import type { BlobStore } from '../../../shared/blob/blob-store.ts';
import type { MessageStore } from '../../../shared/blob/message-store.ts';
import { compareWithImap } from '../imap-comparison.ts';
import { JournalReplay, flagsAt } from '../journal-replay.ts';
import { digestOfTail, tokenOf } from '../message.ts';
import { Violation, ensure } from '../violation.ts';
import type { Ledger, Place, Tracked } from './ledger.ts';
import { PASSWORD } from './load.ts';

/** Deliveries are tried again within a minute or two; a queue that is not empty by then has lost something. */
const DRAIN_MS = 240_000;

/** Messages, and the objects that they are, read past the instance. */
export interface AuditedStores {
  readonly messages: MessageStore;
  readonly blobs: BlobStore;
}

interface KnownMessage {
  readonly token: string;
  readonly size: number;
}

export class Audit {
  readonly address: string;
  readonly replay: JournalReplay;
  readonly #ledger: Ledger;
  /** Tokens by blob: a blob never changes, so each is read once. */
  readonly #known = new Map<string, KnownMessage>();

  constructor(address: string, replay: JournalReplay, ledger: Ledger) {
    this.address = address;
    this.replay = replay;
    this.#ledger = ledger;
  }

  /** Throws a `Violation`. */
  async look(stores: AuditedStores, imapPort: number): Promise<void> {
    await this.replay.catchUp();
    const { state } = this.replay;
    const tokens = await this.#readBlobs(stores, state);
    this.#compareLedger(state, tokens);
    const login = `${this.address} ${PASSWORD}`;
    await compareWithImap({ port: imapPort, login, state, tokenOf: (blob) => tokens.get(blob) ?? '' });
  }

  /** Tokens of all blobs that rows name; each must be there in the size that its row says. */
  async #readBlobs(
    { blobs, messages }: AuditedStores,
    state: AccountState,
  ): Promise<ReadonlyMap<string, string>> {
    const there = new Set<string>();
    for await (const { key } of blobs.list(blobKeys.messages(this.replay.account))) there.add(key);
    const tokens = new Map<string, string>();
    for (const { columns, name } of state.mailboxes.values())
      for (let row = 0; row < (columns?.count ?? 0); row++) {
        const blob = columns?.blobAt(row);
        if (!columns || blob === undefined) continue;
        const uid = columns.uidAt(row);
        const key = blobKeys.message(this.replay.account, blob);
        ensure(there.has(key), () => `UID ${uid} of ${name} has no blob`);
        const { token, size } = await this.#messageIn(messages, blob);
        ensure(
          size === columns.sizes[row],
          () => `UID ${uid} of ${name} has ${columns.sizes[row] ?? 0} bytes, its blob ${size}`,
        );
        tokens.set(blob, token);
      }
    return tokens;
  }

  async #messageIn(messages: MessageStore, blob: BlobId): Promise<KnownMessage> {
    const known = this.#known.get(blob);
    if (known !== undefined) return known;
    const chunks: Uint8Array[] = [];
    const place = { blob, pack: null };
    for await (const chunk of await messages.get(this.replay.account, place)) chunks.push(chunk);
    const message = Buffer.concat(chunks);
    const token = tokenOf(message);
    ensure(token !== undefined, () => `blob ${blob} of ${this.address} is no message of the hunt`);
    const tracked = this.#ledger.get(this.address, token);
    ensure(tracked !== undefined, () => `${this.address} has the message ${token}, which was never for it`);
    ensure(
      digestOfTail(message, tracked.size) === tracked.digest,
      () => `message ${token} of ${this.address} is not what was sent`,
    );
    ensure(
      tracked.origin === 'smtp' || message.length === tracked.size,
      () => `message ${token} has ${message.length} bytes, ${tracked.size} were appended`,
    );
    const read = { token, size: message.length };
    this.#known.set(blob, read);
    return read;
  }

  #compareLedger(state: AccountState, tokens: ReadonlyMap<string, string>): void {
    const found = new Map<Tracked, Place | null>();
    for (const { columns, name } of state.mailboxes.values())
      for (let row = 0; row < (columns?.count ?? 0); row++) {
        if (!columns) continue;
        const tracked = this.#ledger.get(this.address, tokens.get(columns.blobAt(row)) ?? '');
        if (!tracked) throw new Error('a message was read that the ledger does not have');
        const twice = found.get(tracked);
        const place = { mailbox: name, uid: columns.uidAt(row), flags: flagsAt(columns, row) };
        ensure(
          twice === undefined,
          () =>
            `message ${tracked.token} of ${this.address} is there twice: ${JSON.stringify([twice, place])}\n  ${tracked.history.join('\n  ')}`,
        );
        found.set(tracked, place);
      }
    for (const tracked of this.#ledger.all(this.address)) {
      const place = found.get(tracked) ?? null;
      this.#ledger.settle(tracked, place);
      found.set(tracked, place);
    }
    this.#ledger.settled(found);
  }
}

/** Waits until nothing lies undelivered. A message without its envelope is lost for ever, whatever it waits for. */
export async function drained(inbound: BlobStore): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  for (;;) {
    const keys: string[] = [];
    for await (const { key } of inbound.list('')) keys.push(key);
    const messages = keys.filter((key) => !key.endsWith('.json'));
    if (messages.length === 0) return;
    const now = performance.now();
    ensure(now < deadline, () => `still undelivered: ${messages.join(', ')}`);
    await delay(20);
  }
}

/** The account of an address. */
export async function replayOf(engine: Engine, address: string): Promise<JournalReplay> {
  const user = await engine.directory.users.find(address);
  if (!user) throw new Violation(`${address} has no account any more`);
  return new JournalReplay(engine.journal, user.id);
}
