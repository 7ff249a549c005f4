/**
 * The only place where keys of the `directory` table are built. What a role may read is decided by the first part of
 * the partition key (IAM condition `dynamodb:LeadingKeys`): the delivery function is given `address#*` and `domain#*`,
 * never `credential#*`.
 *
 * Arguments are normalised (`address.ts`). The sort key is `-`, but for grants, which are queried: a table's key schema cannot be changed later,
 * and what an address or an account may get one day (application passwords, say) will then stand beside it.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Grantee } from '../account/acl.ts';
import type { AccountId } from '../account/ids.ts';

export interface DirectoryKey {
  readonly pk: string;
  readonly sk: string;
}

const key = (pk: string): DirectoryKey => ({ pk, sk: '-' });

/** Beginnings of the partition keys, for scans that keep one kind of item and for IAM policies. */
export const keyPrefixes = {
  credential: 'credential#',
  address: 'address#',
  account: 'account#',
  domain: 'domain#',
  granted: 'granted#',
  shares: 'shares#',
  server: 'server#',
} as const;

export const directoryKeys = {
  /** What LOGIN needs, and nobody else may read. */
  credential: (address: string): DirectoryKey => key(keyPrefixes.credential + address),
  /** Where an address leads. */
  address: (address: string): DirectoryKey => key(keyPrefixes.address + address),
  account: (account: AccountId): DirectoryKey => key(keyPrefixes.account + account),
  domain: (domain: string): DirectoryKey => key(keyPrefixes.domain + domain),
  /** All that was granted to somebody, an item an owner. */
  grants: (grantee: Grantee): string => keyPrefixes.granted + grantee,
  grant: (grantee: Grantee, owner: AccountId): DirectoryKey => ({
    pk: keyPrefixes.granted + grantee,
    sk: owner,
  }),
  /** Annotations that everybody shares. */
  server: (): DirectoryKey => key(`${keyPrefixes.server}annotations`),
  /** To whom an account has granted anything, ever. */
  shares: (owner: AccountId): DirectoryKey => key(keyPrefixes.shares + owner),
} as const;

/** As the DynamoDB API takes it. */
export function attributeKey({ pk, sk }: DirectoryKey): Record<string, AttributeValue> {
  return { pk: { S: pk }, sk: { S: sk } };
}
