/** Which gateways live, in one partition of the `mail` table. */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import type { GatewayId } from '../account/ids.ts';
import type { GatewayRegister } from '../wake/presence.ts';
import { gatewayKeys } from './keys.ts';
import { type Item, numberOf, stringOf } from './record-item.ts';
import { type RetryOptions, withRetry } from './retry.ts';

export class DynamoDbGatewayRegister implements GatewayRegister {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #retry: RetryOptions;

  constructor(client: DynamoDBClient, table: string, retry: RetryOptions = {}) {
    this.#client = client;
    this.#table = table;
    this.#retry = retry;
  }

  async live(gateway: GatewayId, until: number): Promise<void> {
    const { pk, sk } = gatewayKeys.gateway(gateway);
    // Not the attribute of TTL: the entry must outlive the gateway, for it leads to its queue.
    const Item: Item = { pk: { S: pk }, sk: { S: sk }, livesUntil: { N: String(until) } };
    const command = new PutItemCommand({ TableName: this.#table, Item });
    await withRetry(() => this.#client.send(command), this.#retry);
  }

  living(now: number): Promise<readonly GatewayId[]> {
    return this.#known(true, (until) => until >= now);
  }

  silent(now: number): Promise<readonly GatewayId[]> {
    return this.#known(false, (until) => until < now);
  }

  async #known(strong: boolean, isMeant: (livesUntil: number) => boolean): Promise<readonly GatewayId[]> {
    const gateways: GatewayId[] = [];
    let next: Item | undefined;
    do {
      const command: QueryCommand = new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'pk = :pk',
        ConsistentRead: strong,
        ExpressionAttributeValues: { ':pk': { S: gatewayKeys.partition } },
        ...(next ? { ExclusiveStartKey: next } : {}),
      });
      const page = await withRetry(() => this.#client.send(command), this.#retry);
      for (const item of page.Items ?? [])
        if (isMeant(numberOf(item, 'livesUntil'))) gateways.push(gatewayKeys.parse(stringOf(item, 'sk')));
      next = page.LastEvaluatedKey;
    } while (next);
    return gateways;
  }

  async forget(gateway: GatewayId): Promise<void> {
    const { pk, sk } = gatewayKeys.gateway(gateway);
    const command = new DeleteItemCommand({ TableName: this.#table, Key: { pk: { S: pk }, sk: { S: sk } } });
    await withRetry(() => this.#client.send(command), this.#retry);
  }
}
