/** Messages of a simulation, and a store of them that tells the witness what lies under which id. */
import type { AccountId, BlobId } from '../../../shared/account/ids.ts';
import {
  MessageStore,
  type MessageStoreOptions,
  type PutOptions,
  type StoredMessage,
} from '../../../shared/blob/message-store.ts';
import type { KeyRing } from '../../../shared/keys/key-ring.ts';
import type { Draw } from '../draw.ts';
import { ProcessBlobs, type SimulatedProcess } from './process.ts';
import type { Witness } from './witness.ts';
import type { BlobStore } from '../../../shared/blob/blob-store.ts';

/** A message that is like no other: its subject says which it is. */
export function messageOf(subject: string, draw: Draw): Buffer {
  const lines = Array.from({ length: draw.below(6) }, (_, line) => `line ${line} of ${draw.below(1000)}\r\n`);
  return Buffer.from(
    `From: a@a.test\r\nSubject: ${subject}\r\nMessage-Id: <${subject}@a.test>\r\n\r\n${lines.join('')}`,
  );
}

export function subjectOf(text: Uint8Array): string {
  return /^Subject: (.*)\r$/m.exec(Buffer.from(text).toString('latin1'))?.[1] ?? 'none';
}

export interface NotingOptions extends MessageStoreOptions {
  readonly keys: KeyRing;
  /** What is stored was read in another account. */
  readonly carries?: boolean;
}

export class NotingMessages extends MessageStore {
  readonly ring: KeyRing;
  /** What this one has stored. */
  readonly noted: BlobId[] = [];
  readonly #witness: Witness;
  readonly #carries: boolean;

  constructor(process: SimulatedProcess, blobs: BlobStore, witness: Witness, options: NotingOptions) {
    super(new ProcessBlobs(process, blobs), process.rim, options);
    this.ring = options.keys;
    this.#witness = witness;
    this.#carries = options.carries ?? false;
  }

  override async put(
    account: AccountId,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    size: number,
    options: PutOptions = {},
  ): Promise<StoredMessage> {
    const chunks: Uint8Array[] = [];
    if (body instanceof Uint8Array) chunks.push(body);
    else for await (const chunk of body) chunks.push(chunk);
    const text = Buffer.concat(chunks);
    const stored = await super.put(account, text, size, options);
    const subject = subjectOf(text);
    this.noted.push(stored.blob);
    this.#witness.noteText({ account, blob: stored.blob, subject, text, carried: this.#carries });
    return stored;
  }
}
