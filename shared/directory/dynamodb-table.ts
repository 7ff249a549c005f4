/** Requests to the `directory` table: batches whole, scans to the end, transactions with their retries. */
import { randomUUID } from 'node:crypto';
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  TransactionCanceledException,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { DynamoDBClient, TransactWriteItem, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { DEFAULT_RETRY, backoffMs, classifyFailure, systemRetryClock, withRetry } from '../aws/retry.ts';
import type { RetryClock } from '../aws/retry.ts';
import { attributeKey } from './keys.ts';
import type { DirectoryKey } from './keys.ts';
import type { Item } from './items.ts';

export type Consistency = 'strong' | 'eventual';

/** A limit of BatchGetItem. */
const BATCH_KEYS = 100;

/** One condition that was false: which item of the transaction, and what stands there (undefined: nothing). */
export interface FailedCondition {
  readonly index: number;
  readonly found: Item | undefined;
}

/** The parts of an update, apart from its key. */
export type Change = Omit<
  NonNullable<TransactWriteItem['Update']>,
  'TableName' | 'Key' | 'UpdateExpression'
> & {
  readonly UpdateExpression: string;
};

export class DirectoryTable {
  readonly #client: DynamoDBClient;
  readonly name: string;
  readonly #clock: RetryClock;

  constructor(client: DynamoDBClient, name: string, clock: RetryClock = systemRetryClock) {
    this.#client = client;
    this.name = name;
    this.#clock = clock;
  }

  /** Strongly consistent. */
  async get(key: DirectoryKey): Promise<Item | undefined> {
    const input = { TableName: this.name, Key: attributeKey(key), ConsistentRead: true };
    const { Item: item } = await this.#retried(() => this.#client.send(new GetItemCommand(input)));
    return item;
  }

  /** The items that exist, in no particular order. Keys may be given twice. */
  async getAll(keys: readonly DirectoryKey[], consistency: Consistency): Promise<Item[]> {
    const distinct = [...new Map(keys.map((key) => [`${key.pk} ${key.sk}`, key])).values()];
    const batches = chunks(distinct.map(attributeKey), BATCH_KEYS);
    return (await Promise.all(batches.map((batch) => this.#getBatch(batch, consistency)))).flat();
  }

  /** What DynamoDB hands back unprocessed is asked for again; a pause goes before it, longer while nothing comes. */
  async #getBatch(batch: Item[], consistency: Consistency): Promise<Item[]> {
    const found: Item[] = [];
    let idle = 0;
    for (let wanted = batch; wanted.length > 0;) {
      const request = { [this.name]: { Keys: wanted, ConsistentRead: consistency === 'strong' } };
      const answer = await this.#retried(() =>
        this.#client.send(new BatchGetItemCommand({ RequestItems: request })),
      );
      found.push(...(answer.Responses?.[this.name] ?? []));
      const left = answer.UnprocessedKeys?.[this.name]?.Keys ?? [];
      idle = left.length < wanted.length ? 0 : idle + 1;
      if (idle >= DEFAULT_RETRY.attempts) {
        throw new Error(
          `table ${this.name} left ${left.length} keys unread, ${idle} times over; try again later`,
        );
      }
      wanted = left;
      if (left.length > 0) await this.#clock.sleep(backoffMs(idle + 1, DEFAULT_RETRY, this.#clock.random));
    }
    return found;
  }

  /** All items whose partition key begins with `prefix`, strongly consistent. Reads the whole table: administration only. */
  async *scan(prefix: string): AsyncGenerator<Item, void> {
    let start: Item | undefined;
    do {
      const page = await this.#retried(() =>
        this.#client.send(
          new ScanCommand({
            TableName: this.name,
            ConsistentRead: true,
            FilterExpression: 'begins_with(pk, :prefix)',
            ExpressionAttributeValues: { ':prefix': { S: prefix } },
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        ),
      );
      // A page may be empty with more to come: the filter works after the page is cut.
      yield* page.Items ?? [];
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  /** Changes one item; false if the condition was false. Only for changes that may be made twice. */
  async update(key: DirectoryKey, change: Change): Promise<boolean> {
    const input = { TableName: this.name, Key: attributeKey(key), ...change };
    try {
      await this.#retried(() => this.#client.send(new UpdateItemCommand(input)));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** Changes one item, or makes it; resolves to what it is then. */
  async updated(key: DirectoryKey, change: Change): Promise<Item> {
    const input: UpdateItemCommandInput = {
      TableName: this.name,
      Key: attributeKey(key),
      ReturnValues: 'ALL_NEW',
      ...change,
    };
    const { Attributes } = await this.#retried(() => this.#client.send(new UpdateItemCommand(input)));
    return Attributes ?? {};
  }

  /** All items of a partition, strongly consistent, every page. */
  async query(pk: string): Promise<Item[]> {
    const items: Item[] = [];
    let start: Item | undefined;
    do {
      const page = await this.#retried(() =>
        this.#client.send(
          new QueryCommand({
            TableName: this.name,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': { S: pk } },
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        ),
      );
      items.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return items;
  }

  /**
   * All or nothing. Answers with the conditions that were false: none if it is done. The token makes the repetition of
   * a transaction with a lost answer the same transaction (for ten minutes, which no retry outlives).
   */
  async transact(writes: readonly TransactWriteItem[]): Promise<readonly FailedCondition[]> {
    const input = { TransactItems: [...writes], ClientRequestToken: randomUUID() };
    try {
      await this.#retried(() => this.#client.send(new TransactWriteItemsCommand(input)));
      return [];
    } catch (error) {
      if (!(error instanceof TransactionCanceledException) || classifyFailure(error) !== 'condition')
        throw error;
      return (error.CancellationReasons ?? []).flatMap((reason, index) =>
        reason.Code === 'ConditionalCheckFailed' ? [{ index, found: reason.Item }] : [],
      );
    }
  }

  /** For a caller that reads again and decides anew after a failed condition. */
  async pause(attempt: number): Promise<void> {
    await this.#clock.sleep(backoffMs(attempt, DEFAULT_RETRY, this.#clock.random));
  }

  putNew(key: DirectoryKey, item: Item): TransactWriteItem {
    const condition = { ConditionExpression: 'attribute_not_exists(pk)', ...OLD_ITEM };
    return { Put: { TableName: this.name, Item: { ...attributeKey(key), ...item }, ...condition } };
  }

  change(key: DirectoryKey, change: Change): TransactWriteItem {
    return { Update: { TableName: this.name, Key: attributeKey(key), ...change, ...OLD_ITEM } };
  }

  remove(key: DirectoryKey, condition: Condition): TransactWriteItem {
    return { Delete: { TableName: this.name, Key: attributeKey(key), ...condition, ...OLD_ITEM } };
  }

  check(key: DirectoryKey, condition: Condition): TransactWriteItem {
    return { ConditionCheck: { TableName: this.name, Key: attributeKey(key), ...condition, ...OLD_ITEM } };
  }

  #retried<T>(call: () => Promise<T>): Promise<T> {
    return withRetry(call, { clock: this.#clock });
  }
}

export interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
}

/** Say what was found where a condition fails. */
const OLD_ITEM = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

export function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
