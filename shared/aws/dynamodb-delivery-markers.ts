/** Markers of deliveries in the `mail` table, across accounts: after a restore from backup, and for nothing else. */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  ScanCommand,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { RecordNumber } from '../account/ids.ts';
import type { DeliveryMarkers, StoredMarker } from '../account/journal-store.ts';
import { accountKeys, mailKeyPrefixes, markedDelivery } from './keys.ts';
import { type Item, numberOf, stringOf } from './record-item.ts';
import { type RetryOptions, withRetry } from './retry.ts';

export class DynamoDbDeliveryMarkers implements DeliveryMarkers {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #retry: RetryOptions;

  constructor(client: DynamoDBClient, table: string, retry: RetryOptions = {}) {
    this.#client = client;
    this.#table = table;
    this.#retry = retry;
  }

  async *expiringFrom(expiresAt: number): AsyncIterable<StoredMarker> {
    let next: Item | undefined;
    do {
      const input: ScanCommandInput = {
        TableName: this.#table,
        ConsistentRead: true,
        FilterExpression: 'begins_with(pk, :prefix) AND expiresAt >= :from',
        ExpressionAttributeValues: {
          ':prefix': { S: mailKeyPrefixes.delivery },
          ':from': { N: String(expiresAt) },
        },
        ...(next ? { ExclusiveStartKey: next } : {}),
      };
      const page = await withRetry(() => this.#client.send(new ScanCommand(input)), this.#retry);
      for (const item of page.Items ?? []) {
        const marked = markedDelivery(stringOf(item, 'pk'));
        const record = item.record ? (numberOf(item, 'record') as RecordNumber) : null;
        if (marked) yield { ...marked, record, expiresAt: numberOf(item, 'expiresAt') };
      }
      next = page.LastEvaluatedKey;
    } while (next);
  }

  async drop({ account, messageId }: Pick<StoredMarker, 'account' | 'messageId'>): Promise<void> {
    const { pk, sk } = accountKeys.delivery(account, messageId);
    const command = new DeleteItemCommand({ TableName: this.#table, Key: { pk: { S: pk }, sk: { S: sk } } });
    await withRetry(() => this.#client.send(command), this.#retry);
  }
}
