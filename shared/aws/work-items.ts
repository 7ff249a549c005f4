/**
 * What the scheduled functions have to do, so that they never scan all accounts: an item an account and kind of work.
 *
 * Attributes: `asked`, how often the work was asked for since the item was made; `holder` and `leaseUntil` (ms) while a
 * function is at it. A work item is a hint: one that is lost costs nothing but time, for the next commit that makes work
 * due leaves another.
 */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { foldDue } from '../account/fold.ts';
import type { AccountId } from '../account/ids.ts';
import type { JournalRecord } from '../account/record.ts';
import { WORK_SHARDS, type WorkKind, workKeys } from './keys.ts';
import { type Item, numberOf, stringOf } from './record-item.ts';
import { type RetryOptions, classifyFailure, withRetry } from './retry.ts';

/** Work that this process has taken. */
export interface TakenWork {
  readonly kind: WorkKind;
  readonly account: AccountId;
  readonly holder: string;
  readonly asked: number;
}

export class DynamoDbWorkItems {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #retry: RetryOptions;

  constructor(client: DynamoDBClient, table: string, retry: RetryOptions = {}) {
    this.#client = client;
    this.#table = table;
    this.#retry = retry;
  }

  /** Asks for work. Who is at it already, is told by `finish` that there is more. */
  async leave(kind: WorkKind, account: AccountId): Promise<void> {
    await this.#update({
      Key: keyItem(kind, account),
      UpdateExpression: 'ADD #asked :one',
      ExpressionAttributeNames: { '#asked': 'asked' },
      ExpressionAttributeValues: { ':one': { N: '1' } },
    });
  }

  /** Asks for a fold if the commit of `records` has made one due. */
  async leaveIfDue(
    account: AccountId,
    records: readonly JournalRecord[],
    journalBytesBefore: number,
  ): Promise<void> {
    const first = records[0];
    const last = records.at(-1);
    if (!first || !last) return;
    const before = { number: first.number - 1, journalBytes: journalBytesBefore };
    if (foldDue(before, last)) await this.leave('compact', account);
  }

  /**
   * Accounts that have work of the kind, every page of every shard; those whose work somebody is at by `now` (ms) are
   * left out. Eventually consistent, at half the price: what it misses the next run finds, and `take` is conditional.
   */
  async list(kind: WorkKind, now: number): Promise<readonly AccountId[]> {
    const shards = Array.from({ length: WORK_SHARDS }, (_, shard) =>
      this.#shard(workKeys.shard(kind, shard)),
    );
    const items = (await Promise.all(shards)).flat();
    return items
      .filter(({ leaseUntil }) => Number(leaseUntil?.N ?? 0) <= now)
      .map((item) => workKeys.accountOf(stringOf(item, 'sk')));
  }

  /**
   * Takes an account's work until `until`; null if there is none, or another function is at it. One that dies holding it
   * keeps it until then, and no longer.
   */
  async take(
    kind: WorkKind,
    account: AccountId,
    lease: { readonly holder: string; readonly now: number; readonly until: number },
  ): Promise<TakenWork | null> {
    const taken = await this.#update({
      Key: keyItem(kind, account),
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
    return taken ? { kind, account, holder: lease.holder, asked: numberOf(taken, 'asked') } : null;
  }

  /**
   * The work is done as of `take`: the item goes, unless it was asked for again meanwhile. Then it stays, free to be
   * taken. Whose lease has run out and been taken over changes nothing.
   */
  async finish(work: TakenWork): Promise<'done' | 'more'> {
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: keyItem(work.kind, work.account),
      ConditionExpression: '#asked = :asked AND #holder = :holder',
      ExpressionAttributeNames: { '#asked': 'asked', '#holder': 'holder' },
      ExpressionAttributeValues: { ':asked': { N: String(work.asked) }, ':holder': { S: work.holder } },
    });
    try {
      await withRetry(() => this.#client.send(command), this.#retry);
      return 'done';
    } catch (error) {
      if (classifyFailure(error) !== 'condition') throw error;
      await this.release(work);
      return 'more';
    }
  }

  /** Gives up the lease, for another to take the work at once. */
  async release(work: TakenWork): Promise<void> {
    await this.#update({
      Key: keyItem(work.kind, work.account),
      UpdateExpression: 'REMOVE #holder, #until',
      ConditionExpression: '#holder = :holder',
      ExpressionAttributeNames: { '#holder': 'holder', '#until': 'leaseUntil' },
      ExpressionAttributeValues: { ':holder': { S: work.holder } },
    });
  }

  async #shard(partition: string): Promise<Item[]> {
    const items: Item[] = [];
    let next: Item | undefined;
    do {
      const input: QueryCommandInput = {
        TableName: this.#table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: partition } },
        ...(next ? { ExclusiveStartKey: next } : {}),
      };
      const page = await withRetry(() => this.#client.send(new QueryCommand(input)), this.#retry);
      items.push(...(page.Items ?? []));
      next = page.LastEvaluatedKey;
    } while (next);
    return items;
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

function keyItem(kind: WorkKind, account: AccountId): Item {
  const { pk, sk } = workKeys.item(kind, account);
  return { pk: { S: pk }, sk: { S: sk } };
}
