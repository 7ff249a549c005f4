/**
 * Items of work: each is asked for any number of times, taken by one function at a time under a lease, and deleted when
 * it is done, unless it was asked for again meanwhile.
 *
 * Attributes: `asked`, how often the work was asked for since the item was made; `holder` and `leaseUntil` (ms) while a
 * function is at it.
 */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { ItemKey } from './keys.ts';
import { type Item, numberOf, stringOf } from './record-item.ts';
import { type RetryOptions, classifyFailure, withRetry } from './retry.ts';

export interface Lease {
  readonly holder: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly until: number;
}

/** What this process has taken. */
export interface TakenItem {
  readonly key: ItemKey;
  readonly holder: string;
  readonly asked: number;
}

export class LeasedItems {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #retry: RetryOptions;

  constructor(client: DynamoDBClient, table: string, retry: RetryOptions = {}) {
    this.#client = client;
    this.#table = table;
    this.#retry = retry;
  }

  /** Asks for work. Who is at it already, is told by `finish` that there is more. */
  async ask(key: ItemKey): Promise<void> {
    await this.#update({
      Key: keyItem(key),
      UpdateExpression: 'ADD #asked :one',
      ExpressionAttributeNames: { '#asked': 'asked' },
      ExpressionAttributeValues: { ':one': { N: '1' } },
    });
  }

  /**
   * Sort keys of a partition, up to `last` (included) where it is given, every page; those that somebody is at by `now`
   * (ms) are left out. Eventually consistent, at half the price: what it misses the next run finds, and `take` is
   * conditional.
   */
  async list(partition: string, now: number, last?: string): Promise<readonly string[]> {
    const keys: string[] = [];
    let next: Item | undefined;
    do {
      const input: QueryCommandInput = {
        TableName: this.#table,
        KeyConditionExpression: last === undefined ? 'pk = :pk' : 'pk = :pk AND sk <= :last',
        ExpressionAttributeValues: {
          ':pk': { S: partition },
          ...(last === undefined ? {} : { ':last': { S: last } }),
        },
        ...(next ? { ExclusiveStartKey: next } : {}),
      };
      const page = await withRetry(() => this.#client.send(new QueryCommand(input)), this.#retry);
      for (const item of page.Items ?? [])
        if (Number(item.leaseUntil?.N ?? 0) <= now) keys.push(stringOf(item, 'sk'));
      next = page.LastEvaluatedKey;
    } while (next);
    return keys;
  }

  /**
   * Takes work until `lease.until`; null if there is none, or another function is at it. One that dies holding it keeps
   * it until then, and no longer.
   */
  async take(key: ItemKey, lease: Lease): Promise<TakenItem | null> {
    const taken = await this.#update({
      Key: keyItem(key),
      UpdateExpression: 'SET #holder = :holder, #until = :until',
      // After an attempt whose answer was lost, the holder is this very process.
      ConditionExpression:
        'attribute_exists(pk) AND (attribute_not_exists(#until) OR #until <= :now OR #holder = :holder)',
      ExpressionAttributeNames: { '#holder': 'holder', '#until': 'leaseUntil' },
      ExpressionAttributeValues: {
        ':holder': { S: lease.holder },
        ':until': { N: String(lease.until) },
        ':now': { N: String(lease.now) },
      },
      ReturnValues: 'ALL_NEW',
    });
    return taken ? { key, holder: lease.holder, asked: numberOf(taken, 'asked') } : null;
  }

  /**
   * The work is done as of `take`: the item goes, unless it was asked for again meanwhile. Then it stays, free to be
   * taken. Whose lease has run out and been taken over changes nothing.
   */
  async finish({ key, holder, asked }: TakenItem): Promise<'done' | 'more'> {
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: keyItem(key),
      ConditionExpression: '#asked = :asked AND #holder = :holder',
      ExpressionAttributeNames: { '#asked': 'asked', '#holder': 'holder' },
      ExpressionAttributeValues: { ':asked': { N: String(asked) }, ':holder': { S: holder } },
    });
    try {
      await withRetry(() => this.#client.send(command), this.#retry);
      return 'done';
    } catch (error) {
      if (classifyFailure(error) !== 'condition') throw error;
      await this.release({ key, holder });
      return 'more';
    }
  }

  /** Gives up the lease, for another to take the work at once. */
  async release({ key, holder }: Pick<TakenItem, 'key' | 'holder'>): Promise<void> {
    await this.#update({
      Key: keyItem(key),
      UpdateExpression: 'REMOVE #holder, #until',
      ConditionExpression: '#holder = :holder',
      ExpressionAttributeNames: { '#holder': 'holder', '#until': 'leaseUntil' },
      ExpressionAttributeValues: { ':holder': { S: holder } },
    });
  }

  /** Takes the item away, whoever is at it: there is nothing left that the work could be done on. */
  async drop(key: ItemKey): Promise<void> {
    const command = new DeleteItemCommand({ TableName: this.#table, Key: keyItem(key) });
    await withRetry(() => this.#client.send(command), this.#retry);
  }

  /** The attributes after the update, if they were asked for; null if its condition was false. */
  async #update(input: Omit<UpdateItemCommandInput, 'TableName'>): Promise<Item | null> {
    const command = new UpdateItemCommand({ TableName: this.#table, ...input });
    try {
      return (await withRetry(() => this.#client.send(command), this.#retry)).Attributes ?? null;
    } catch (error) {
      if (classifyFailure(error) === 'condition') return null;
      throw error;
    }
  }
}

function keyItem({ pk, sk }: ItemKey): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}
