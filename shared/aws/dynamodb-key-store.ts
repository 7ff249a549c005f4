/**
 * Wrapped data keys in table `keys`: an item an account, apart from `mail`, so that its backups are its own: a deleted key
 * is gone for ever once they have expired.
 */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AccountId } from '../account/ids.ts';
import type { KeyStore, StoredKey } from '../keys/key-store.ts';
import { keyItems } from './keys.ts';
import type { Item } from './record-item.ts';
import { type RetryOptions, withRetry } from './retry.ts';

export class DynamoDbKeyStore implements KeyStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #retry: RetryOptions;

  constructor(client: DynamoDBClient, table: string, retry: RetryOptions = {}) {
    this.#client = client;
    this.#table = table;
    this.#retry = retry;
  }

  async read(account: AccountId, consistency: 'strong' | 'eventual'): Promise<StoredKey | null> {
    const command = new GetItemCommand({
      TableName: this.#table,
      Key: keyOf(account),
      ConsistentRead: consistency === 'strong',
    });
    const { Item: item } = await withRetry(() => this.#client.send(command), this.#retry);
    return item ? storedKey(item) : null;
  }

  /** A put that is repeated after a lost answer finds its own item, which is told by its key. */
  async create(account: AccountId, key: Exclude<StoredKey, { kind: 'deleted' }>): Promise<boolean> {
    const command = new PutItemCommand({
      TableName: this.#table,
      Item: { ...keyOf(account), ...attributesOf(key) },
      ConditionExpression: 'attribute_not_exists(pk) OR kind = :none',
      ExpressionAttributeValues: { ':none': { S: 'none' } },
    });
    if (await this.#held(() => this.#client.send(command))) return true;
    const found = await this.read(account, 'strong');
    return found?.kind === 'key' && key.kind === 'key' && Buffer.compare(found.wrapped, key.wrapped) === 0;
  }

  async delete(account: AccountId, at: number): Promise<boolean> {
    const command = new UpdateItemCommand({
      TableName: this.#table,
      Key: keyOf(account),
      UpdateExpression: 'SET kind = :deleted, deletedAt = :at REMOVE wrappedKey',
      ConditionExpression: 'kind = :key',
      ExpressionAttributeValues: {
        ':deleted': { S: 'deleted' },
        ':key': { S: 'key' },
        ':at': { N: String(at) },
      },
    });
    if (await this.#held(() => this.#client.send(command))) return true;
    // Mine, if its answer was lost.
    const found = await this.read(account, 'strong');
    return found?.kind === 'deleted' && found.at === at;
  }

  async *list(): AsyncIterable<{ account: AccountId; key: StoredKey }> {
    let next: Item | undefined;
    do {
      const command = new ScanCommand({
        TableName: this.#table,
        ...(next ? { ExclusiveStartKey: next } : {}),
      });
      const page = await withRetry(() => this.#client.send(command), this.#retry);
      for (const item of page.Items ?? [])
        yield { account: keyItems.accountOf(item.pk?.S ?? ''), key: storedKey(item) };
      next = page.LastEvaluatedKey;
    } while (next);
  }

  /** False if the condition does not hold. */
  async #held(write: () => Promise<unknown>): Promise<boolean> {
    try {
      await withRetry(write, this.#retry);
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

function keyOf(account: AccountId): Item {
  const { pk, sk } = keyItems.of(account);
  return { pk: { S: pk }, sk: { S: sk } };
}

function attributesOf(key: Exclude<StoredKey, { kind: 'deleted' }>): Item {
  if (key.kind === 'none') return { kind: { S: 'none' } };
  return {
    kind: { S: 'key' },
    wrappedKey: { B: key.wrapped },
    by: { S: key.by },
    fromBeginning: { BOOL: key.fromBeginning },
    created: { N: String(key.created) },
  };
}

function storedKey(item: Item): StoredKey {
  const { kind, wrappedKey, by, fromBeginning, created, deletedAt } = item;
  if (kind?.S === 'none') return { kind: 'none' };
  if (kind?.S === 'deleted') return { kind: 'deleted', at: Number(deletedAt?.N) };
  if (kind?.S !== 'key' || !wrappedKey?.B || by?.S === undefined)
    throw new Error(`the item ${item.pk?.S ?? ''} of the table of keys is none of this release's`);
  return {
    kind: 'key',
    wrapped: wrappedKey.B,
    by: by.S,
    fromBeginning: fromBeginning?.BOOL === true,
    created: Number(created?.N),
  };
}
