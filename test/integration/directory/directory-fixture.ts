/** A directory on a table of its own, and the clients that it is reached by. */
import { randomBytes } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateTableCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { AccountId } from '../../../shared/account/ids.ts';
import { dynamoDbClient } from '../../../shared/aws/clients.ts';
import type { AwsSettings, Transport } from '../../../shared/aws/clients.ts';
import type { RetryClock } from '../../../shared/aws/retry.ts';
import { directoryTable } from '../../../shared/directory/directory-table.ts';
import type { AccountDirectory, NewUser } from '../../../shared/directory/directory.ts';
import {
  DynamoDbAddressDirectory,
  DynamoDbLoginDirectory,
  dynamoDbAccountDirectory,
} from '../../../shared/directory/dynamodb-directory.ts';
import { DynamoDbSharingDirectory } from '../../../shared/directory/dynamodb-sharing.ts';
import { callOf, withJson, wrapping } from '../../support/transport.ts';

/** Retries do not wait. */
export const impatient: RetryClock = { sleep: async () => Promise.resolve(), random: () => 0.5 };

export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
export const LIMITS = { quotaBytes: 1_000_000, quotaMessages: 1_000, maxConnections: 10 };
/** The form of a hash; the directory does not look inside. */
export const HASH = `$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`;
export const OTHER_HASH = `$scrypt$ln=15,r=8,p=3$${'B'.repeat(21)}A$${'B'.repeat(42)}A`;

export interface DirectoryFixture {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly logins: DynamoDbLoginDirectory;
  readonly addresses: DynamoDbAddressDirectory;
  readonly accounts: AccountDirectory;
  readonly sharing: DynamoDbSharingDirectory;
}

let tables = 0;

export async function createDirectoryTable(settings: AwsSettings): Promise<string> {
  const table = `directory-${++tables}`;
  const client = dynamoDbClient(settings);
  const { KeySchema, AttributeDefinitions, BillingMode } = directoryTable;
  await client.send(
    new CreateTableCommand({
      TableName: table,
      KeySchema: [...KeySchema],
      AttributeDefinitions: [...AttributeDefinitions],
      BillingMode,
    }),
  );
  client.destroy();
  return table;
}

/** Opens the table by a client of its own, behind `wrapTransport`. */
export function openDirectory(
  settings: AwsSettings,
  table: string,
  wrapTransport?: (transport: Transport) => Transport,
): DirectoryFixture {
  const client = dynamoDbClient(settings, wrapTransport ? { wrapTransport } : {});
  const options = { client, table, retryClock: impatient };
  return {
    client,
    table,
    logins: new DynamoDbLoginDirectory(options),
    addresses: new DynamoDbAddressDirectory(options),
    sharing: new DynamoDbSharingDirectory(options),
    accounts: dynamoDbAccountDirectory({ ...options, now: () => NOW }),
  };
}

/** Scans one item a page, so that most pages are empty when the filter is done with them. */
export function oneItemAPage(inner: Transport): Transport {
  return wrapping(inner, (request, options) => {
    const call = callOf(request);
    if (call.operation !== 'Scan') return inner.handle(request, options);
    return inner.handle(withJson(request, { ...call.json, Limit: 1 }), options);
  });
}

/** Runs `meddle` once: before the first transaction, or before request number `when`. */
export function meddling(
  when: 'transaction' | number,
  meddle: () => Promise<unknown>,
): (inner: Transport) => Transport {
  let requests = 0;
  let pending = true;
  return (inner) =>
    wrapping(inner, async (request, options) => {
      requests++;
      const due =
        when === 'transaction' ? callOf(request).operation === 'TransactWriteItems' : requests === when;
      if (pending && due) {
        pending = false;
        await meddle();
      }
      return inner.handle(request, options);
    });
}

export function randomAccount(): AccountId {
  return randomBytes(10).toString('hex') as AccountId;
}

export function newUser(address: string, more: Partial<NewUser> = {}): NewUser {
  return { address, passwordHash: HASH, account: randomAccount(), limits: LIMITS, ...more };
}

export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** Keys of everything in the table. */
export async function itemsOf(settings: AwsSettings, table: string): Promise<string[]> {
  const client = dynamoDbClient(settings);
  const { Items = [] } = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  client.destroy();
  return Items.map(({ pk, sk }) => `${pk?.S ?? ''} ${sk?.S ?? ''}`);
}
