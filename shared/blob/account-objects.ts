/** Everything that one account has in the blob store (I9), by what it is: for the sweep, and for an account that goes. */
import type { AccountId } from '../account/ids.ts';
import { type ObjectKind, blobKeys } from '../aws/keys.ts';
import type { BlobStore } from './blob-store.ts';

export interface AccountObject {
  readonly key: string;
  readonly kind: ObjectKind;
  /** Of a message its blob, of a chunk its fold, and so on. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

export class AccountObjects {
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  async *list(account: AccountId): AsyncIterable<AccountObject> {
    for (const { kind, prefix } of blobKeys.all(account))
      for await (const { key, modified } of this.#blobs.list(prefix))
        yield { key, kind, name: key.slice(prefix.length), modified };
  }

  /** What is named like an account of which messages are stored, some of them twice. */
  async *accounts(): AsyncIterable<string> {
    for (const prefix of blobKeys.allMessages) yield* this.#blobs.folders(prefix);
  }

  /** Gone ones are no error. */
  delete(objects: readonly AccountObject[]): Promise<void> {
    return this.#blobs.delete(objects.map(({ key }) => key));
  }
}
