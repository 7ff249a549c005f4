/**
 * Counts what the SDK's clients really send: calls, request units, and how many of them had to wait for one another.
 * Budgets are held against this, from a cold process, never against mocks.
 */
import type { Transport } from '../../shared/aws/clients.ts';
import type { Item } from './dynamodb-items.ts';
import { itemSize, writeUnits } from './dynamodb-items.ts';
import type { Call, HttpAnswer, JsonObject } from './transport.ts';
import { callOf, jsonAnswer, readJson, withJson, wrapping } from './transport.ts';

export interface LoggedCall {
  /** `dynamodb.PutItem`, `s3.GetObject`, `sqs.SendMessage` … */
  readonly name: string;
  /** HTTP status, or the name or code of what the transport threw. */
  readonly outcome: number | string;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** 1 for a call that began before any other had ended, 2 for one that began after such a one had, and so on. */
  readonly depth: number;
}

export interface RequestReport {
  /** How many calls there were by name, in order of name. */
  readonly calls: Record<string, number>;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Waves of calls that did not overlap: what latency is a multiple of. */
  readonly roundTrips: number;
}

/** Operations that take `ReturnConsumedCapacity`. */
const METERED = new Set([
  ...['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems'],
  ...['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'],
]);
const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems']);
const CONDITIONAL = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);

export class RequestLog {
  #calls: LoggedCall[] = [];
  #deepest = 0;

  /** All that ended since the start or the last `reset`, in order of their ends. */
  get calls(): readonly LoggedCall[] {
    return this.#calls;
  }

  reset(): void {
    this.#calls = [];
    this.#deepest = 0;
  }

  report(): RequestReport {
    const names = this.#calls.map((call) => call.name).sort();
    return {
      calls: Object.fromEntries(
        [...new Set(names)].map((name) => [name, names.filter((n) => n === name).length]),
      ),
      readUnits: this.#calls.reduce((sum, call) => sum + call.readUnits, 0),
      writeUnits: this.#calls.reduce((sum, call) => sum + call.writeUnits, 0),
      roundTrips: Math.max(0, ...this.#calls.map((call) => call.depth)),
    };
  }

  /** Forgets what was, runs `work`, and reports what ended meanwhile. */
  async measure<T>(work: () => Promise<T>): Promise<{ result: T; report: RequestReport }> {
    this.reset();
    const result = await work();
    return { result, report: this.report() };
  }

  /** For `ClientOptions.wrapTransport`; one log may wrap the transports of all clients. */
  readonly wrap = (inner: Transport): Transport =>
    wrapping(inner, async (request, options) => {
      const call = callOf(request);
      const depth = this.#deepest + 1;
      const log = (outcome: number | string, units: Units = NO_UNITS): void => {
        this.#deepest = Math.max(this.#deepest, depth);
        this.#calls.push({ name: `${call.service}.${call.operation}`, outcome, ...units, depth });
      };
      try {
        const metered = call.service === 'dynamodb' && METERED.has(call.operation);
        const { answer, units } = metered
          ? await meter(call, (json) => inner.handle(withJson(request, json), options))
          : { answer: await inner.handle(request, options), units: NO_UNITS };
        const projected =
          answer.response.statusCode === 200 ? await projectedGetUnits(call, inner) : undefined;
        log(answer.response.statusCode, projected ?? units);
        return answer;
      } catch (error) {
        const { code, name } = error as { code?: string; name?: string };
        log(code ?? name ?? 'unknown');
        throw error;
      }
    });
}

interface Units {
  readonly readUnits: number;
  readonly writeUnits: number;
}
const NO_UNITS: Units = { readUnits: 0, writeUnits: 0 };

/** Sends the request so that the answer tells what it cost, and gives the caller the answer it would have had. */
async function meter(
  call: Call,
  send: (json: JsonObject) => Promise<HttpAnswer>,
): Promise<{ answer: HttpAnswer; units: Units }> {
  const { json, operation } = call;
  // The cost of a refused condition is that of the item in the way.
  const wantsOld = json.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  const askOld = CONDITIONAL.has(operation) && json.ConditionExpression !== undefined;
  const { response } = await send({
    ...json,
    ReturnConsumedCapacity: 'TOTAL',
    ...(askOld ? { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } : {}),
  });
  const body = await readJson(response);
  const units = response.statusCode === 200 ? reported(operation, body) : refused(call, body);
  if (json.ReturnConsumedCapacity === undefined) delete body.ConsumedCapacity;
  if (askOld && !wantsOld) delete body.Item;
  return { answer: jsonAnswer(response, body), units };
}

interface Capacity {
  readonly CapacityUnits: number;
  readonly ReadCapacityUnits?: number;
  readonly WriteCapacityUnits?: number;
}

function reported(operation: string, body: JsonObject): Units {
  const capacity = (body.ConsumedCapacity ?? []) as Capacity | Capacity[];
  const all = Array.isArray(capacity) ? capacity : [capacity];
  const sum = (of: (one: Capacity) => number): number => all.reduce((total, one) => total + of(one), 0);
  if (READS.has(operation)) return { readUnits: sum((one) => one.CapacityUnits), writeUnits: 0 };
  // A transaction repeated with the same token is charged as reads.
  const readUnits = sum((one) => one.ReadCapacityUnits ?? 0);
  return { readUnits, writeUnits: sum((one) => one.CapacityUnits) - readUnits };
}

/**
 * A write whose condition is false costs as much as if it had been true, by the larger of the two items; so does, twice,
 * each item of a transaction that is cancelled for it. The store reports neither. What was refused for another reason
 * costs nothing.
 */
function refused(call: Call, body: JsonObject): Units {
  const type = String(body.__type);
  if (type.endsWith('#ConditionalCheckFailedException')) {
    const sizes = [body.Item, call.json.Item].map((item) => itemSize(item as Item | undefined));
    return { readUnits: 0, writeUnits: writeUnits(...sizes) };
  }
  const reasons = (body.CancellationReasons ?? []) as { Code?: string; Item?: Item }[];
  if (
    call.operation === 'TransactWriteItems' &&
    reasons.some((one) => one.Code === 'ConditionalCheckFailed')
  ) {
    const parts = call.json.TransactItems as { Put?: { Item: Item } }[];
    const costs = parts.map(
      (part, i) => 2 * writeUnits(itemSize(part.Put?.Item), itemSize(reasons[i]?.Item)),
    );
    return { readUnits: 0, writeUnits: costs.reduce((sum, cost) => sum + cost, 0) };
  }
  return NO_UNITS;
}

/**
 * A read costs what the item weighs, however little of it is asked for. The local store reports the weight of the
 * projection for GetItem (dynoxide 1.2.1; for Query and BatchGetItem it is right), so ask by a Query what it is.
 */
async function projectedGetUnits(call: Call, inner: Transport): Promise<Units | undefined> {
  const { json } = call;
  if (call.operation !== 'GetItem' || json.ProjectionExpression === undefined) return undefined;
  const key = Object.entries(json.Key as Item);
  const query = {
    TableName: json.TableName,
    ConsistentRead: json.ConsistentRead === true,
    Select: 'COUNT',
    KeyConditionExpression: key.map((_, i) => `#k${i} = :k${i}`).join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(key.map(([name], i) => [`#k${i}`, name])),
    ExpressionAttributeValues: Object.fromEntries(key.map(([, value], i) => [`:k${i}`, value])),
    ReturnConsumedCapacity: 'TOTAL',
  };
  const request = withJson(call.request, query);
  request.headers['x-amz-target'] = 'DynamoDB_20120810.Query';
  const { response } = await inner.handle(request);
  if (response.statusCode !== 200) throw new Error('the weight of an item cannot be asked');
  return reported('Query', await readJson(response));
}
