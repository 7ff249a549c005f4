/** The journal on DynamoDB. */
import {
  BatchGetItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteItemsCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import type { AccountId, RecordNumber } from '../account/ids.ts';
import {
  type Consistency,
  type DeliveryMarker,
  type JournalStore,
  type OpenedAccount,
  OutcomeUnknownError,
  type PutOutcome,
  type SegmentKey,
  type StoredCheckpoint,
} from '../account/journal-store.ts';
import { type JournalEntry, type JournalRecord, UnknownVersionError, isEmptied } from '../account/record.ts';
import { currentActivity } from '../metrics/activity.ts';
import { type Metrics, NO_METRICS } from '../metrics/metrics.ts';
import { type ItemKey, accountKeys, recordNumberOf } from './keys.ts';
import { type Item, bytesOf, entryOf, numberOf, recordItem, stringOf } from './record-item.ts';
import { type RetryOptions, cancellationCodes, outcomeUnknown, withRetry } from './retry.ts';

/**
 * Records that an opening reads before it knows where the checkpoint ends. Those below it are paid for in vain, for the
 * day until they are emptied, so that this is just what a tail usually has: a fold is due after 28 deliveries (64 KB of
 * summaries). A longer tail costs one round trip more, whatever its length.
 */
const OPEN_PAGE = 32;
/** BatchGetItem takes 100 keys, but 16 MB of answer: at 120 KB a segment this many come in one answer, in parallel. */
const KEYS_PER_BATCH = 25;

export class DynamoDbJournalStore implements JournalStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #retry: RetryOptions;
  readonly #metrics: Metrics;

  /** `metrics`: told of conflicts. */
  constructor(
    client: DynamoDBClient,
    table: string,
    retry: RetryOptions = {},
    metrics: Metrics = NO_METRICS,
  ) {
    this.#client = client;
    this.#table = table;
    this.#retry = retry;
    this.#metrics = metrics;
  }

  async open(account: AccountId): Promise<OpenedAccount> {
    const [root, bundle, first] = await Promise.all([
      this.#get(accountKeys.checkpoint(account)),
      this.#get(accountKeys.bundle(account)),
      this.#newestPage(account, { limit: OPEN_PAGE, strong: true }),
    ]);
    const checkpoint = root ? checkpointOf(root) : null;
    const floor = checkpoint?.number ?? (0 as RecordNumber);
    const newestFirst = first.items.map(entryOf);
    let { next } = first;
    // The key is where the page ended, though nothing may have been on it. One that is no record's (not a number) is no
    // reason to stop.
    while (next && !(recordNumberOf(stringOf(next, 'sk')) <= floor + 1)) {
      const page = await this.#newestPage(account, { above: floor, strong: true, start: next });
      newestFirst.push(...page.items.map(entryOf));
      ({ next } = page);
    }
    return {
      checkpoint,
      // Copied: it is kept, and the SDK's bytes may be a small part of one of Node's pages of 64 KB.
      bundle: bundle
        ? { fold: stringOf(bundle, 'fold'), data: new Uint8Array(bytesOf(bundle, 'data')) }
        : null,
      entries: newestFirst.filter((entry) => entry.number > floor).reverse(),
    };
  }

  async after(account: AccountId, number: RecordNumber, consistency: Consistency): Promise<JournalEntry[]> {
    const { from, to } = accountKeys.recordsAfter(number);
    const entries: JournalEntry[] = [];
    let next: Item | undefined;
    do {
      const page = await this.#query({
        TableName: this.#table,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: {
          ':pk': { S: accountKeys.partition(account) },
          ':from': { S: from },
          ':to': { S: to },
        },
        ConsistentRead: consistency === 'strong',
        ...(next ? { ExclusiveStartKey: next } : {}),
      });
      entries.push(...page.items.map(entryOf));
      ({ next } = page);
    } while (next);
    return entries;
  }

  async newest(account: AccountId, consistency: Consistency): Promise<JournalEntry | null> {
    let next: Item | undefined;
    do {
      const page = await this.#newestPage(account, {
        limit: 1,
        strong: consistency === 'strong',
        ...(next ? { start: next } : {}),
      });
      const [item] = page.items;
      if (item) return entryOf(item);
      ({ next } = page);
    } while (next);
    return null;
  }

  async entry(account: AccountId, number: RecordNumber): Promise<JournalEntry | null> {
    const item = await this.#get(accountKeys.record(account, number));
    return item ? entryOf(item) : null;
  }

  async put(
    account: AccountId,
    records: readonly JournalRecord[],
    markers: readonly DeliveryMarker[] = [],
  ): Promise<PutOutcome> {
    const [first] = records;
    if (!first) throw new Error('a put needs a record');
    const attempts = { unknown: false };
    const settle = async (): Promise<PutOutcome> => {
      try {
        await this.#write(account, records, markers);
        return { kind: 'written' };
      } catch (error) {
        const seen = outcomeOf(error, first, markers.length);
        if (seen?.kind === 'conflict') this.#metrics.add('JournalConflicts', 1, currentActivity());
        if (seen) return seen;
        attempts.unknown ||= outcomeUnknown(error);
        throw error;
      }
    };
    try {
      return await withRetry(settle, this.#retry);
    } catch (error) {
      // What stands at the number was seen, and is not ours.
      if (error instanceof UnknownVersionError) throw error;
      if (attempts.unknown) throw new OutcomeUnknownError(account, error);
      throw error;
    }
  }

  async delivered(messageId: string, accounts: readonly AccountId[]): Promise<ReadonlySet<AccountId>> {
    const keys = accounts.map((account) => accountKeys.delivery(account, messageId));
    const found = await this.#batchGet(keys, true);
    return new Set(accounts.filter((_, index) => found.has(nameOf(keys[index] as ItemKey))));
  }

  async segments(account: AccountId, keys: readonly SegmentKey[]): Promise<(Uint8Array | null)[]> {
    const wanted = keys.map(({ mailbox, firstUid, fold }) =>
      accountKeys.segment(account, mailbox, firstUid, fold),
    );
    const found = await this.#batchGet(wanted, false);
    // Segments are never overwritten, so an eventual read is right or empty; only an empty one is asked again.
    const missing = wanted.filter((key) => !found.has(nameOf(key)));
    for (const [name, item] of await this.#batchGet(missing, true)) found.set(name, item);
    return wanted.map((key) => {
      const item = found.get(nameOf(key));
      return item ? bytesOf(item, 'data') : null;
    });
  }

  async part(account: AccountId, name: string, fold: string): Promise<Uint8Array | null> {
    const item = await this.#get(accountKeys.part(account, name, fold));
    return item ? bytesOf(item, 'data') : null;
  }

  async #write(
    account: AccountId,
    records: readonly JournalRecord[],
    markers: readonly DeliveryMarker[],
  ): Promise<void> {
    const [only] = records;
    if (only && records.length === 1 && markers.length === 0) {
      await this.#client.send(new PutItemCommand(this.#conditionalPut(recordItem(account, only))));
      return;
    }
    const first = records[0]?.number ?? (0 as RecordNumber);
    const items = [
      ...records.map((record) => recordItem(account, record)),
      ...markers.map((marker) => markerItem(account, marker, first)),
    ];
    const puts: TransactWriteItem[] = items.map((item) => ({ Put: this.#conditionalPut(item) }));
    await this.#client.send(new TransactWriteItemsCommand({ TransactItems: puts }));
  }

  /** A key is used once (I4); who comes second is told what was first, which saves a read. */
  #conditionalPut(item: Item) {
    return {
      TableName: this.#table,
      Item: item,
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    };
  }

  async #get(key: ItemKey): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: this.#table, Key: keyItem(key), ConsistentRead: true });
    const { Item } = await withRetry(() => this.#client.send(command), this.#retry);
    return Item;
  }

  /** Records after `above` (default: all), from `start` downwards; without `limit`, as many as make 1 MB. */
  #newestPage(
    account: AccountId,
    {
      above = 0 as RecordNumber,
      limit,
      strong,
      start,
    }: { above?: RecordNumber; limit?: number; strong: boolean; start?: Item },
  ): Promise<{ items: Item[]; next: Item | undefined }> {
    const { from, to } = accountKeys.recordsAfter(above);
    return this.#query({
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: {
        ':pk': { S: accountKeys.partition(account) },
        ':from': { S: from },
        ':to': { S: to },
      },
      ScanIndexForward: false,
      ConsistentRead: strong,
      ...(limit === undefined ? {} : { Limit: limit }),
      ...(start ? { ExclusiveStartKey: start } : {}),
    });
  }

  async #query(input: QueryCommandInput): Promise<{ items: Item[]; next: Item | undefined }> {
    const command = new QueryCommand(input);
    const { Items, LastEvaluatedKey } = await withRetry(() => this.#client.send(command), this.#retry);
    return { items: Items ?? [], next: LastEvaluatedKey };
  }

  /** The items that exist, by `nameOf` their keys. */
  async #batchGet(keys: readonly ItemKey[], strong: boolean): Promise<Map<string, Item>> {
    const found = new Map<string, Item>();
    const batches: Item[][] = [];
    for (let at = 0; at < keys.length; at += KEYS_PER_BATCH)
      batches.push(keys.slice(at, at + KEYS_PER_BATCH).map(keyItem));
    await Promise.all(batches.map((batch) => this.#getAll(batch, strong, found)));
    return found;
  }

  /** Keys that DynamoDB leaves unprocessed (16 MB, or a throttle) are asked for again, with the pauses of a retry. */
  async #getAll(batch: Item[], strong: boolean, found: Map<string, Item>): Promise<void> {
    let left = batch;
    await withRetry(async () => {
      const request = { [this.#table]: { Keys: left, ConsistentRead: strong } };
      const { Responses, UnprocessedKeys } = await this.#client.send(
        new BatchGetItemCommand({ RequestItems: request }),
      );
      for (const item of Responses?.[this.#table] ?? [])
        found.set(nameOf({ pk: stringOf(item, 'pk'), sk: stringOf(item, 'sk') }), item);
      const before = left.length;
      left = UnprocessedKeys?.[this.#table]?.Keys ?? [];
      if (left.length === before) throw new UnprocessedError();
    }, this.#retry);
    if (left.length > 0) await this.#getAll(left, strong, found);
  }
}

/** None of a batch was processed: a throttle by another name, and classified as one. */
class UnprocessedError extends Error {
  constructor() {
    super('DynamoDB processed none of the keys of a batch');
    this.name = 'ProvisionedThroughputExceededException';
  }
}

/** What a failed conditional write says about the journal; null if it says nothing (I3). */
function outcomeOf(error: unknown, first: JournalRecord, markerCount: number): PutOutcome | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'ConditionalCheckFailedException') {
    const item = (error as { Item?: Item }).Item;
    return item ? standing(item, first) : null;
  }
  if (error.name !== 'TransactionCanceledException') return null;
  const codes = cancellationCodes(error);
  const reasons = (error as { CancellationReasons?: { Item?: Item }[] }).CancellationReasons ?? [];
  const recordItem = reasons[0]?.Item;
  if (codes[0] === 'ConditionalCheckFailed' && recordItem) return standing(recordItem, first);
  const markers = codes.slice(-markerCount || codes.length);
  const delivered = markers.flatMap((code, index) => (code === 'ConditionalCheckFailed' ? [index] : []));
  return markerCount > 0 && delivered.length > 0 ? { kind: 'delivered', markers: delivered } : null;
}

/** What stands at the number: this very commit, put by an attempt whose answer was lost, or another's. */
function standing(item: Item, mine: JournalRecord): PutOutcome {
  const entry = entryOf(item);
  const same = !isEmptied(entry) && entry.commit === mine.commit;
  return same ? { kind: 'written' } : { kind: 'conflict', first: entry };
}

function checkpointOf(item: Item): StoredCheckpoint {
  return {
    number: numberOf(item, 'number') as RecordNumber,
    fold: stringOf(item, 'fold'),
    root: bytesOf(item, 'root'),
  };
}

/** `record`: what it is put with. After a restore from backup, it tells whether the message is there. */
function markerItem(account: AccountId, marker: DeliveryMarker, record: RecordNumber): Item {
  const { pk, sk } = accountKeys.delivery(account, marker.messageId);
  return {
    pk: { S: pk },
    sk: { S: sk },
    expiresAt: { N: String(marker.expiresAt) },
    record: { N: String(record) },
  };
}

function keyItem({ pk, sk }: ItemKey): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}

/** A key as one string, for a map. */
function nameOf({ pk, sk }: ItemKey): string {
  return `${pk}\n${sk}`;
}
