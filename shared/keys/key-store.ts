/** Where wrapped data keys are kept: one item an account, in a table of its own (`shared/aws/dynamodb-key-store.ts`). */
import type { AccountId } from '../account/ids.ts';

export type StoredKey =
  | {
      readonly kind: 'key';
      readonly wrapped: Uint8Array;
      /** What wrapped it: `KeyWrap.name`. */
      readonly by: string;
      /** The account has had it since its first message. */
      readonly fromBeginning: boolean;
      /** Milliseconds since the epoch. */
      readonly created: number;
    }
  /** The account was made while data keys were switched off. */
  | { readonly kind: 'none' }
  /** Its key was deleted, milliseconds since the epoch: what it sealed is lost. */
  | { readonly kind: 'deleted'; readonly at: number };

export interface KeyStore {
  /** Null: nothing is known of the account's key; it is older than data keys. An eventual read may be seconds late. */
  read(account: AccountId, consistency: 'strong' | 'eventual'): Promise<StoredKey | null>;
  /** Stores what is new if nothing is there, or `none`; else false. */
  create(account: AccountId, key: Exclude<StoredKey, { kind: 'deleted' }>): Promise<boolean>;
  /** Deletes the wrapped key and says since when; false if there is none. */
  delete(account: AccountId, at: number): Promise<boolean>;
  /** All, for administrators. */
  list(): AsyncIterable<{ readonly account: AccountId; readonly key: StoredKey }>;
}

/** Wraps data keys, so that who has the table has no key. */
export interface KeyWrap {
  /** `kms`, or `file`. */
  readonly name: string;
  /** A new data key, and how it is kept. */
  generate(account: AccountId): Promise<{ readonly key: Uint8Array; readonly wrapped: Uint8Array }>;
  /** Inverse. Rejects if it was wrapped for another account, or by another key. */
  unwrap(account: AccountId, wrapped: Uint8Array): Promise<Uint8Array>;
}
