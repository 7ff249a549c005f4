/** The directory on DynamoDB. Which role may read which items is told in `keys.ts`. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { RetryClock } from '../aws/retry.ts';
import { parseIfAddress } from './address.ts';
import type { AccountDirectory, AddressDirectory, Login, LoginDirectory, Resolution } from './directory.ts';
import { DynamoDbAliases } from './dynamodb-aliases.ts';
import { DynamoDbDomains } from './dynamodb-domains.ts';
import { DirectoryTable } from './dynamodb-table.ts';
import type { Consistency } from './dynamodb-table.ts';
import { DynamoDbUsers } from './dynamodb-users.ts';
import { decodeAddress, decodeDomain, decodeLogin } from './items.ts';
import { directoryKeys, keyPrefixes } from './keys.ts';
import { resolveRecipients } from './resolve.ts';
import type { DirectoryReader } from './resolve.ts';

export interface DynamoDbDirectoryOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly retryClock?: RetryClock;
}

export class DynamoDbLoginDirectory implements LoginDirectory {
  readonly #table: DirectoryTable;
  constructor(options: DynamoDbDirectoryOptions) {
    this.#table = new DirectoryTable(options.client, options.table, options.retryClock);
  }

  /** One strongly consistent GetItem, so that a password that was changed is refused from that moment. */
  async findLogin(address: string): Promise<Login | undefined> {
    const parsed = parseIfAddress(address);
    if (parsed === undefined) return undefined;
    const item = await this.#table.get(directoryKeys.credential(parsed.address));
    return item && decodeLogin(item);
  }
}

export class DynamoDbAddressDirectory implements AddressDirectory {
  readonly #table: DirectoryTable;
  constructor(options: DynamoDbDirectoryOptions) {
    this.#table = new DirectoryTable(options.client, options.table, options.retryClock);
  }

  /**
   * Eventually consistent reads at half the price decide what they can: an address that was there a second ago may get
   * one more message. A refusal may lose mail, so it is looked up again, strongly.
   */
  async resolve(recipients: readonly string[]): Promise<Map<string, Resolution>> {
    const resolutions = await resolveRecipients(recipients, directoryReader(this.#table, 'eventual'));
    const refused = [...resolutions]
      .filter(([, { refusals }]) => refusals.some(({ reason }) => reason !== 'malformed'))
      .map(([recipient]) => recipient);
    const again = await resolveRecipients(refused, directoryReader(this.#table, 'strong'));
    for (const [recipient, resolution] of again) resolutions.set(recipient, resolution);
    return resolutions;
  }
}

export interface DynamoDbAccountDirectoryOptions extends DynamoDbDirectoryOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function dynamoDbAccountDirectory(options: DynamoDbAccountDirectoryOptions): AccountDirectory {
  const table = new DirectoryTable(options.client, options.table, options.retryClock);
  const reader = directoryReader(table, 'strong');
  return {
    users: new DynamoDbUsers(table, options.now),
    aliases: new DynamoDbAliases(table, reader),
    domains: new DynamoDbDomains(table, reader),
  };
}

/** Addresses and domains in one round of batches. */
export function directoryReader(table: DirectoryTable, consistency: Consistency): DirectoryReader {
  return {
    read: async (addresses, domains) => {
      const items = await table.getAll(
        [...addresses.map(directoryKeys.address), ...domains.map(directoryKeys.domain)],
        consistency,
      );
      const isDomain = (pk: string | undefined): boolean => pk?.startsWith(keyPrefixes.domain) === true;
      const found = Map.groupBy(items, (item) => (isDomain(item.pk?.S) ? 'domains' : 'addresses'));
      return {
        addresses: new Map(
          (found.get('addresses') ?? []).map(decodeAddress).map((entry) => [entry.address, entry]),
        ),
        domains: new Map(
          (found.get('domains') ?? []).map(decodeDomain).map((entry) => [entry.domain, entry]),
        ),
      };
    },
  };
}
