/** What folds write, on DynamoDB. */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  type TransactWriteItem,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type {
  BundleChange,
  FoldStore,
  FoldedItems,
  FoldedTableItem,
  SwapOutcome,
} from '../account/fold-store.ts';
import type { AccountId, MailboxId, RecordNumber, Uid } from '../account/ids.ts';
import type { StoredCheckpoint } from '../account/journal-store.ts';
import type { EmptiedRecord } from '../account/record.ts';
import { type ItemKey, accountKeys, foldedKeyOf } from './keys.ts';
import { type Item, bytesOf, emptiedItem, numberOf, stringOf } from './record-item.ts';
import { type RetryOptions, cancellationCodes, classifyFailure, outcomeUnknown, withRetry } from './retry.ts';

export class DynamoDbFoldStore implements FoldStore, FoldedItems {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #retry: RetryOptions;

  constructor(client: DynamoDBClient, table: string, retry: RetryOptions = {}) {
    this.#client = client;
    this.#table = table;
    this.#retry = retry;
  }

  async put(account: AccountId, item: FoldedTableItem, data: Uint8Array, time: number): Promise<void> {
    const key = keyOf(account, item);
    const command = new PutItemCommand({
      TableName: this.#table,
      Item: { ...keyItem(key), data: { B: data }, time: { N: String(time) } },
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    try {
      await withRetry(() => this.#client.send(command), this.#retry);
    } catch (error) {
      // An attempt whose answer was lost has put these very bytes.
      const standing = refusal(error);
      if (!standing) throw error;
      if (standing.data?.B && Buffer.compare(standing.data.B, data) === 0) return;
      throw new Error(`there is another ${item.kind} under the key ${key.sk} already`, { cause: error });
    }
  }

  async graveyard(account: AccountId, part: number, fold: string): Promise<Uint8Array | null> {
    const item = await this.#get(accountKeys.graveyard(account, part, fold));
    return item ? bytesOf(item, 'data') : null;
  }

  async current(account: AccountId): Promise<string | null> {
    const item = await this.#get(accountKeys.checkpoint(account));
    return item ? stringOf(item, 'fold') : null;
  }

  async swap(
    account: AccountId,
    from: string | null,
    next: StoredCheckpoint & { readonly time: number },
    bundle: BundleChange,
  ): Promise<SwapOutcome> {
    const attempts = { unknown: false };
    return withRetry(async () => {
      try {
        await this.#swapOnce(account, from, next, bundle);
        return 'swapped';
      } catch (error) {
        const standing = refusal(error);
        if (!standing) {
          attempts.unknown ||= outcomeUnknown(error);
          throw error;
        }
        if (standing.fold?.S === next.fold) return 'swapped';
        // An attempt whose answer was lost may have swapped, and another fold may have gone on from there.
        return attempts.unknown ? 'unsettled' : 'lost';
      }
    }, this.#retry);
  }

  async empty(account: AccountId, number: RecordNumber, expiresAt: number): Promise<number> {
    const command = new UpdateItemCommand({
      TableName: this.#table,
      Key: keyItem(accountKeys.record(account, number)),
      UpdateExpression: 'REMOVE #ops, #commit, #time SET #expiresAt = :expiresAt',
      ConditionExpression: 'attribute_exists(pk) AND attribute_exists(#ops)',
      ExpressionAttributeNames: {
        '#ops': 'ops',
        '#commit': 'commit',
        '#time': 'time',
        '#expiresAt': 'expiresAt',
      },
      ExpressionAttributeValues: { ':expiresAt': { N: String(expiresAt) } },
      ReturnConsumedCapacity: 'TOTAL',
    });
    try {
      const { ConsumedCapacity } = await withRetry(() => this.#client.send(command), this.#retry);
      return ConsumedCapacity?.CapacityUnits ?? 1;
    } catch (error) {
      if (classifyFailure(error) === 'condition') return 1;
      throw error;
    }
  }

  async occupy(account: AccountId, entry: EmptiedRecord, expiresAt: number): Promise<void> {
    const command = new PutItemCommand({
      TableName: this.#table,
      Item: { ...emptiedItem(account, entry), expiresAt: { N: String(expiresAt) } },
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    try {
      await withRetry(() => this.#client.send(command), this.#retry);
    } catch (error) {
      if (classifyFailure(error) !== 'condition') throw error;
    }
  }

  async delete(account: AccountId, item: FoldedTableItem): Promise<number> {
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: keyItem(keyOf(account, item)),
      ReturnConsumedCapacity: 'TOTAL',
    });
    const { ConsumedCapacity } = await withRetry(() => this.#client.send(command), this.#retry);
    return ConsumedCapacity?.CapacityUnits ?? 1;
  }

  async *items(
    account: AccountId,
    mailboxes: Iterable<MailboxId>,
  ): AsyncIterable<{ readonly item: FoldedTableItem; readonly time: number }> {
    for (const mailbox of mailboxes)
      for await (const { what, fold, time } of this.#folded(accountKeys.segments(account, mailbox)))
        yield { item: { kind: 'segment', mailbox, firstUid: Number(what) as Uid, fold }, time };
    for await (const { what, fold, time } of this.#folded(accountKeys.graveyards(account)))
      yield { item: { kind: 'graveyard', part: Number(what), fold }, time };
    for await (const { what, fold, time } of this.#folded(accountKeys.parts(account)))
      yield { item: { kind: 'part', name: what, fold }, time };
  }

  async *#folded(partition: string) {
    let next: Item | undefined;
    do {
      const command: QueryCommand = new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: partition } },
        // Read whole by DynamoDB all the same, but not sent.
        ProjectionExpression: 'sk, #time',
        ExpressionAttributeNames: { '#time': 'time' },
        ...(next ? { ExclusiveStartKey: next } : {}),
      });
      const page = await withRetry(() => this.#client.send(command), this.#retry);
      for (const item of page.Items ?? [])
        yield { ...foldedKeyOf(stringOf(item, 'sk')), time: numberOf(item, 'time') };
      next = page.LastEvaluatedKey;
    } while (next);
  }

  async #get(key: ItemKey): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: this.#table, Key: keyItem(key), ConsistentRead: true });
    const { Item } = await withRetry(() => this.#client.send(command), this.#retry);
    return Item;
  }

  async #swapOnce(
    account: AccountId,
    from: string | null,
    next: StoredCheckpoint & { readonly time: number },
    bundle: BundleChange,
  ): Promise<void> {
    const root = {
      TableName: this.#table,
      Item: {
        ...keyItem(accountKeys.checkpoint(account)),
        number: { N: String(next.number) },
        fold: { S: next.fold },
        time: { N: String(next.time) },
        root: { B: next.root },
      },
      ...(from === null
        ? { ConditionExpression: 'attribute_not_exists(pk)' }
        : {
            ConditionExpression: '#fold = :from',
            ExpressionAttributeNames: { '#fold': 'fold' },
            ExpressionAttributeValues: { ':from': { S: from } },
          }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
    if (bundle.kind === 'none') {
      await this.#client.send(new PutItemCommand(root));
      return;
    }
    // A reader takes the bundle only with the root of the same fold, so both must change at once.
    const change = this.#bundleChange(account, next.fold, bundle);
    await this.#client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: root }, change] }));
  }

  #bundleChange(
    account: AccountId,
    fold: string,
    bundle: Exclude<BundleChange, { kind: 'none' }>,
  ): TransactWriteItem {
    const key = keyItem(accountKeys.bundle(account));
    return bundle.kind === 'delete'
      ? { Delete: { TableName: this.#table, Key: key } }
      : { Put: { TableName: this.#table, Item: { ...key, fold: { S: fold }, data: { B: bundle.data } } } };
  }
}

function keyOf(account: AccountId, item: FoldedTableItem): ItemKey {
  switch (item.kind) {
    case 'segment':
      return accountKeys.segment(account, item.mailbox, item.firstUid, item.fold);
    case 'part':
      return accountKeys.part(account, item.name, item.fold);
    case 'graveyard':
      return accountKeys.graveyard(account, item.part, item.fold);
  }
}

/** What stood where a condition was false, empty if nothing did; undefined if the failure was another. */
function refusal(error: unknown): Item | undefined {
  if (!(error instanceof Error) || classifyFailure(error) !== 'condition') return undefined;
  if (error.name !== 'TransactionCanceledException') return (error as { Item?: Item }).Item ?? {};
  if (cancellationCodes(error)[0] !== 'ConditionalCheckFailed') return undefined;
  const reasons = (error as { CancellationReasons?: { Item?: Item }[] }).CancellationReasons ?? [];
  return reasons[0]?.Item ?? {};
}

function keyItem({ pk, sk }: ItemKey): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}
