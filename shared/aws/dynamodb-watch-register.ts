/** Who watches which account, in the `mail` table. */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import type { AccountId, GatewayId } from '../account/ids.ts';
import type { WatchRegister, Watcher } from '../wake/wake-queue.ts';
import { accountKeys } from './keys.ts';
import { type Item, numberOf, stringOf } from './record-item.ts';
import { type RetryOptions, withRetry } from './retry.ts';

export class DynamoDbWatchRegister implements WatchRegister {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #retry: RetryOptions;

  constructor(client: DynamoDBClient, table: string, retry: RetryOptions = {}) {
    this.#client = client;
    this.#table = table;
    this.#retry = retry;
  }

  async put(account: AccountId, watcher: Watcher, expiresAt: number): Promise<void> {
    const { pk, sk } = accountKeys.watch(account, watcher.gateway);
    const Item: Item = {
      pk: { S: pk },
      sk: { S: sk },
      gateway: { S: watcher.gateway },
      queue: { S: watcher.queue },
      expiresAt: { N: String(Math.ceil(expiresAt)) },
    };
    const command = new PutItemCommand({ TableName: this.#table, Item });
    await withRetry(() => this.#client.send(command), this.#retry);
  }

  async remove(account: AccountId, gateway: GatewayId): Promise<void> {
    const { pk, sk } = accountKeys.watch(account, gateway);
    const command = new DeleteItemCommand({ TableName: this.#table, Key: { pk: { S: pk }, sk: { S: sk } } });
    await withRetry(() => this.#client.send(command), this.#retry);
  }

  /** Strongly consistent: a gateway that registered and then synced relies on the next commit to see it. */
  async of(account: AccountId, now: number): Promise<readonly Watcher[]> {
    const items: Item[] = [];
    let next: Item | undefined;
    do {
      const command = new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: accountKeys.watchers(account) } },
        ConsistentRead: true,
        ...(next ? { ExclusiveStartKey: next } : {}),
      });
      const page = await withRetry(() => this.#client.send(command), this.#retry);
      items.push(...(page.Items ?? []));
      next = page.LastEvaluatedKey;
    } while (next);
    // TTL removes late, by hours.
    return items
      .filter((item) => numberOf(item, 'expiresAt') > now)
      .map((item) => ({ gateway: stringOf(item, 'gateway') as GatewayId, queue: stringOf(item, 'queue') }));
  }
}
