/**
 * A table of DynamoDB in this process, for simulations: what the real stores send it, it does at once. The journal's, the
 * folds' and the work items' own code runs on it, conditions, transactions, retries and all; the contract of the journal
 * store is run on it as on the real one.
 *
 * It can be late, as DynamoDB is: an eventual read may miss the newest writes, and TTL takes expired items when the test
 * says so, in the order in which it says so.
 */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Item, type Placeholders, conditionOf, updateOf } from './dynamodb-expressions.ts';

/** A write, for whoever watches the table: what stood there before and after, undefined for nothing. */
export interface TableChange {
  readonly pk: string;
  readonly sk: string;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  /** TTL did it, not a process. */
  readonly expired: boolean;
}

/** What the input of a command may hold; each holds some of it. */
interface Request {
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ConsistentRead?: boolean;
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Item;
  readonly ReturnValues?: string;
  readonly ExclusiveStartKey?: Item;
  readonly Limit?: number;
  readonly ScanIndexForward?: boolean;
  readonly RequestItems?: Readonly<
    Record<string, { readonly Keys?: readonly Item[]; readonly ConsistentRead?: boolean }>
  >;
  readonly TransactItems?: readonly Readonly<Record<string, Request>>[];
}

/** A command as the SDK makes it. */
export interface DynamoDbCommand {
  readonly constructor: { readonly name: string };
  readonly input: object;
}

/** As DynamoDB refuses a write whose condition does not hold. */
function refused(item: Item | undefined): ConditionalCheckFailedException {
  const message = 'The conditional request failed';
  return new ConditionalCheckFailedException({ $metadata: {}, message, ...(item && { Item: item }) });
}

interface Reason {
  readonly Code: string;
  readonly Item?: Item | undefined;
}

/** As DynamoDB refuses a transaction: a reason for each of its items. */
export class CancelledError extends Error {
  readonly CancellationReasons: readonly Reason[];
  constructor(reasons: readonly Reason[]) {
    super(`Transaction cancelled: ${reasons.map(({ Code }) => Code).join(', ')}`);
    this.name = 'TransactionCanceledException';
    this.CancellationReasons = reasons;
  }
}

/** Where `key` stands, or would stand, among ascending `keys`. */
function placeOf(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A partition: its items by sort key, and those keys in order. */
class Partition {
  readonly items = new Map<string, Item>();
  /** Ascending. */
  readonly keys: string[] = [];

  set(sk: string, item: Item | undefined): void {
    if (item === undefined) {
      if (this.items.delete(sk)) this.keys.splice(placeOf(this.keys, sk), 1);
      return;
    }
    if (!this.items.has(sk)) this.keys.splice(placeOf(this.keys, sk), 0, sk);
    this.items.set(sk, item);
  }
}

/** So many of the newest writes may be missing from an eventual read. */
const MISSED_AT_MOST = 8;

export class MemoryDynamoDb {
  readonly #partitions = new Map<string, Partition>();
  readonly #watchers: ((change: TableChange) => void)[] = [];
  /** The newest writes, oldest first. */
  readonly #recent: TableChange[] = [];
  /** How many commands there were. */
  #commands = 0;
  #forgotten = 0;
  /** What stood at each key before it was written, oldest first, for as long as it is kept. */
  readonly #past: {
    readonly command: number;
    readonly pk: string;
    readonly sk: string;
    readonly before: Item | undefined;
  }[] = [];

  /** `watcher` is told of each write when it has been made; an error that it throws is the writer's. */
  watch(watcher: (change: TableChange) => void): void {
    this.#watchers.push(watcher);
  }

  /**
   * Does what a command says and resolves with the answer. `missed`: how many of the newest writes an eventual read does
   * not see.
   */
  async execute(command: DynamoDbCommand, missed = 0): Promise<object> {
    const request = command.input as Request;
    this.#commands++;
    switch (command.constructor.name) {
      case 'GetItemCommand':
        return this.#got(request.Key, request.ConsistentRead === true ? 0 : missed);
      case 'BatchGetItemCommand':
        return this.#batch(request, missed);
      case 'QueryCommand':
        return this.#query(request, request.ConsistentRead === true ? 0 : missed);
      case 'PutItemCommand':
      case 'UpdateItemCommand':
      case 'DeleteItemCommand':
        return this.#write(command.constructor.name.replace('ItemCommand', ''), request);
      case 'TransactWriteItemsCommand':
        return this.#transact(request);
      default:
        throw new Error(`the table in memory knows no ${command.constructor.name}`);
    }
  }

  /** A moment of the table: after how many commands. */
  get moment(): number {
    return this.#commands;
  }

  /** The table as it was at `moment`, in point-in-time recovery: but for keys that `stays` says. No watcher is told. */
  restore(moment: number, stays: (pk: string) => boolean): void {
    if (moment < this.#forgotten) throw new Error(`moment ${moment} is not kept any more`);
    for (const { command, pk, sk, before } of this.#past.toReversed())
      if (command > moment && !stays(pk)) this.#partition(pk).set(sk, before);
    this.forgetBefore(this.#commands);
    this.#recent.splice(0);
  }

  /** An item that a backup does not have. No watcher is told. */
  lose(pk: string, sk: string): void {
    this.#partition(pk).set(sk, undefined);
  }

  /** Nobody goes back before `moment` any more. */
  forgetBefore(moment: number): void {
    this.#forgotten = moment;
    const kept = this.#past.findIndex(({ command }) => command > moment);
    this.#past.splice(0, kept < 0 ? this.#past.length : kept);
  }

  /** For stores that talk to nothing but this table, without faults. */
  get client(): DynamoDBClient {
    return { send: (command: DynamoDbCommand) => this.execute(command) } as unknown as DynamoDBClient;
  }

  has(pk: string, sk: string): boolean {
    return this.#item(pk, sk) !== undefined;
  }

  /** Keys of all items. */
  keys(): readonly { readonly pk: string; readonly sk: string }[] {
    return [...this.#partitions].flatMap(([pk, { keys }]) => keys.map((sk) => ({ pk, sk })));
  }

  /** Keys of what TTL may take at `now` (milliseconds since the epoch). */
  expired(now: number): readonly { readonly pk: string; readonly sk: string }[] {
    const found: { pk: string; sk: string }[] = [];
    for (const [pk, { items }] of this.#partitions)
      for (const [sk, { expiresAt }] of items)
        if (expiresAt?.N !== undefined && Number(expiresAt.N) * 1000 <= now) found.push({ pk, sk });
    return found;
  }

  /** TTL takes an item. */
  expire({ pk, sk }: { readonly pk: string; readonly sk: string }): void {
    this.#change(pk, sk, undefined, true);
  }

  #item(pk: string, sk: string): Item | undefined {
    return this.#partitions.get(pk)?.items.get(sk);
  }

  #partition(pk: string): Partition {
    let partition = this.#partitions.get(pk);
    if (!partition) this.#partitions.set(pk, (partition = new Partition()));
    return partition;
  }

  #change(pk: string, sk: string, after: Item | undefined, expired = false): void {
    const before = this.#item(pk, sk);
    this.#partition(pk).set(sk, after);
    this.#past.push({ command: this.#commands, pk, sk, before });
    const change = { pk, sk, before, after, expired };
    this.#recent.push(change);
    if (this.#recent.length > MISSED_AT_MOST) this.#recent.shift();
    for (const watcher of this.#watchers) watcher(change);
  }

  /** The item without the `missed` newest writes of the table. */
  #seen(pk: string, sk: string, missed: number): Item | undefined {
    const late =
      missed > 0 ? this.#recent.slice(-missed).find((each) => each.pk === pk && each.sk === sk) : undefined;
    return late ? late.before : this.#item(pk, sk);
  }

  #got(key: Item | undefined, missed: number): object {
    const { pk, sk } = keyOf(key);
    const item = this.#seen(pk, sk, missed);
    return item ? { Item: item } : {};
  }

  #batch({ RequestItems = {} }: Request, missed: number): object {
    const responses = Object.entries(RequestItems).map(([table, { Keys = [], ConsistentRead }]) => {
      const items = Keys.flatMap((key) => {
        const { pk, sk } = keyOf(key);
        const item = this.#seen(pk, sk, ConsistentRead === true ? 0 : missed);
        return item ? [item] : [];
      });
      return [table, items] as const;
    });
    return { Responses: Object.fromEntries(responses) };
  }

  #query(request: Request, missed: number): object {
    const given = placeholders(request);
    const { ':pk': pk, ':from': from, ':to': to } = given.values ?? {};
    if (pk?.S === undefined || request.KeyConditionExpression?.startsWith('pk = :pk') !== true)
      throw new Error(`the table in memory cannot query by ${String(request.KeyConditionExpression)}`);
    const holds = conditionOf(request.KeyConditionExpression);
    const all = this.#keysOf(pk.S, missed);
    // Only to be quick: the condition is asked all the same.
    const keys = all.slice(
      placeOf(all, from?.S ?? ''),
      to?.S === undefined ? undefined : placeOf(all, `${to.S}\0`),
    );
    if (request.ScanIndexForward === false) keys.reverse();
    const start = request.ExclusiveStartKey?.sk?.S;
    const items: Item[] = [];
    for (const sk of start === undefined ? keys : keys.slice(keys.indexOf(start) + 1)) {
      const item = this.#seen(pk.S, sk, missed);
      if (!item || !holds(item, given)) continue;
      items.push(item);
      if (items.length === request.Limit)
        return { Items: items, LastEvaluatedKey: { pk: item.pk, sk: item.sk } };
    }
    return { Items: items };
  }

  #keysOf(pk: string, missed: number): readonly string[] {
    const keys = this.#partitions.get(pk)?.keys ?? [];
    const late = missed > 0 ? this.#recent.slice(-missed) : [];
    const gone = late.filter((each) => each.pk === pk && !keys.includes(each.sk));
    return gone.length > 0 ? [...new Set([...keys, ...gone.map(({ sk }) => sk)])].sort() : keys;
  }

  #write(kind: string, request: Request): object {
    const { pk, sk } = keyOf(request.Key ?? request.Item);
    const before = this.#item(pk, sk);
    if (!allowed(request, before)) throw refused(before);
    const after = written(kind, request, before);
    this.#change(pk, sk, after);
    return {
      ...(request.ReturnValues === 'ALL_NEW' && { Attributes: after }),
      ...(request.ReturnValues === 'ALL_OLD' && before && { Attributes: before }),
    };
  }

  /** All or nothing; the conditions are all asked of the table as it was before. */
  #transact({ TransactItems = [] }: Request): object {
    const writes = TransactItems.flatMap((each) => Object.entries(each));
    const reasons = writes.map(([, request]): Reason => {
      const { pk, sk } = keyOf(request.Key ?? request.Item);
      const before = this.#item(pk, sk);
      return allowed(request, before) ? { Code: 'None' } : { Code: 'ConditionalCheckFailed', Item: before };
    });
    if (reasons.some(({ Code }) => Code !== 'None')) throw new CancelledError(reasons);
    for (const [kind, request] of writes) {
      if (kind === 'ConditionCheck') continue;
      const { pk, sk } = keyOf(request.Key ?? request.Item);
      this.#change(pk, sk, written(kind, request, this.#item(pk, sk)));
    }
    return {};
  }
}

function keyOf(item: Item | undefined): { pk: string; sk: string } {
  const [pk, sk] = [item?.pk?.S, item?.sk?.S];
  if (pk === undefined || sk === undefined) throw new Error('a request names no key');
  return { pk, sk };
}

function placeholders(request: Request): Placeholders {
  return { names: request.ExpressionAttributeNames, values: request.ExpressionAttributeValues };
}

function allowed(request: Request, before: Item | undefined): boolean {
  const { ConditionExpression } = request;
  return (
    ConditionExpression === undefined || conditionOf(ConditionExpression)(before ?? {}, placeholders(request))
  );
}

function written(kind: string, request: Request, before: Item | undefined): Item | undefined {
  if (kind === 'Delete') return undefined;
  if (kind === 'Put') return request.Item;
  if (kind !== 'Update' || request.UpdateExpression === undefined)
    throw new Error(`the table in memory knows no ${kind} without an update`);
  return updateOf(request.UpdateExpression)(before ?? { ...request.Key }, placeholders(request));
}
