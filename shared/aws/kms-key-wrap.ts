/** Data keys wrapped by a key of KMS, bound to their account: a wrapped key opens for no other. */
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { AccountId } from '../account/ids.ts';
import type { KeyWrap } from '../keys/key-store.ts';
import { type RetryOptions, withRetry } from './retry.ts';

/** Policies may be written in terms of it, and CloudTrail tells it: whose mail was opened, and when. */
export const ACCOUNT_CONTEXT = 'quire:account';

export class KmsKeyWrap implements KeyWrap {
  readonly name = 'kms';
  readonly #client: KMSClient;
  readonly #keyId: string;
  readonly #retry: RetryOptions;

  /**
   * `keyId`: id or ARN of a symmetric key of the client's own region. What a multi-Region key wrapped in another region is
   * unwrapped with its replica here, for the two are one key to KMS; nothing that is stored says of which region it is.
   */
  constructor(client: KMSClient, keyId: string, retry: RetryOptions = {}) {
    this.#client = client;
    this.#keyId = keyId;
    this.#retry = retry;
  }

  async generate(account: AccountId): Promise<{ key: Uint8Array; wrapped: Uint8Array }> {
    const command = new GenerateDataKeyCommand({
      KeyId: this.#keyId,
      KeySpec: 'AES_256',
      EncryptionContext: { [ACCOUNT_CONTEXT]: account },
    });
    const { Plaintext: key, CiphertextBlob: wrapped } = await withRetry(
      () => this.#client.send(command),
      this.#retry,
    );
    if (!key || !wrapped) throw new Error(`KMS made no data key for account ${account}`);
    return { key, wrapped };
  }

  async unwrap(account: AccountId, wrapped: Uint8Array): Promise<Uint8Array> {
    const command = new DecryptCommand({
      KeyId: this.#keyId,
      CiphertextBlob: wrapped,
      EncryptionContext: { [ACCOUNT_CONTEXT]: account },
    });
    const { Plaintext: key } = await withRetry(() => this.#client.send(command), this.#retry);
    if (!key) throw new Error(`KMS gave no data key for account ${account}`);
    return key;
  }
}
