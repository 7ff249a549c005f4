/** Messages of a simulation, and a store of them that tells the witness what lies under which id. */
import type { AccountId } from '../../../shared/account/ids.ts';
import {
  MessageStore,
  type MessageStoreOptions,
  type StoredMessage,
} from '../../../shared/blob/message-store.ts';
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

export class NotingMessages extends MessageStore {
  readonly #witness: Witness;

  constructor(process: SimulatedProcess, blobs: BlobStore, witness: Witness, options: MessageStoreOptions) {
    super(new ProcessBlobs(process, blobs), process.rim, options);
    this.#witness = witness;
  }

  override async put(
    account: AccountId,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    size: number,
  ): Promise<StoredMessage> {
    const chunks: Uint8Array[] = [];
    if (body instanceof Uint8Array) chunks.push(body);
    else for await (const chunk of body) chunks.push(chunk);
    const text = Buffer.concat(chunks);
    const stored = await super.put(account, text, size);
    const subject = /^Subject: (.*)\r$/m.exec(text.toString('latin1'))?.[1] ?? 'none';
    this.#witness.noteText({ blob: stored.blob, subject, text });
    return stored;
  }
}
