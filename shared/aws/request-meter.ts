/**
 * Counts what requests cost, where they leave: a middleware of the SDK's clients. DynamoDB is asked to tell what each
 * request consumed; S3 and SQS bill by the request.
 *
 * A write whose condition was false is billed as if it had been true, and its answer does not say how much: one unit is
 * counted for it, two for each item of a transaction. The tables' own metrics tell the whole.
 */
import { currentActivity } from '../metrics/activity.ts';
import type { Activity } from '../metrics/catalogue.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { cancellationCodes, classifyFailure } from './retry.ts';

export type MeteredService = 'dynamodb' | 's3' | 'sqs';

/** What a gateway does by itself, it does for those who idle: polls, registrations, its queue. */
const UNSAID: Activity = 'idle';

/** As far as a middleware needs to know an SDK's client. */
interface MiddlewareStack {
  add(middleware: Middleware, options: { readonly step: 'initialize'; readonly name: string }): void;
}
interface Args {
  readonly input: object;
}
interface Result {
  readonly output: object;
}
type Next = (args: Args) => Promise<Result>;
type Middleware = (next: Next, context: { readonly commandName?: string }) => Next;

/** Operations of DynamoDB that tell their consumed capacity. */
const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems']);
const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems']);
/** S3 bills these like PUT; deletions are free; the rest is billed like GET. [S3 pricing, "Requests & data retrievals"] */
const S3_PUTS = new Set([
  'PutObject',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'ListObjectsV2',
]);
const S3_FREE = new Set(['DeleteObject', 'DeleteObjects', 'AbortMultipartUpload']);

export function meterRequests(
  client: { readonly middlewareStack: unknown },
  service: MeteredService,
  metrics: Metrics,
): void {
  const middleware: Middleware = (next, context) => {
    const operation = (context.commandName ?? '').replace(/Command$/, '');
    const count = counters[service](operation, metrics);
    return (args) =>
      count(args, next).catch((error: unknown) => {
        countFailure(error, metrics);
        throw error;
      });
  };
  (client.middlewareStack as MiddlewareStack).add(middleware, {
    step: 'initialize',
    name: 'quireRequestMeter',
  });
}

/** Refused for load, or the service's or the network's fault: both are tried again, and many of them are an illness. */
function countFailure(error: unknown, metrics: Metrics): void {
  const failure = classifyFailure(error);
  if (failure === 'throttle') metrics.add('StoreThrottles', 1);
  if (failure === 'transient') metrics.add('StoreFaults', 1);
}

type Counted = (args: Args, next: Next) => Promise<Result>;

const counters: Record<MeteredService, (operation: string, metrics: Metrics) => Counted> = {
  dynamodb: (operation, metrics) => {
    const reads = READS.has(operation);
    if (!reads && !WRITES.has(operation)) return (args, next) => next(args);
    return async (args, next) => {
      const actor = currentActivity() ?? UNSAID;
      const count = (units: Units): void => {
        if (units.read > 0) metrics.add('ReadUnits', units.read, actor);
        if (units.write > 0) metrics.add('WriteUnits', units.write, actor);
        metrics.add('RequestUnits', units.read + units.write, `dynamodb.${operation}`);
      };
      try {
        const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } });
        count(consumed(reads, result.output));
        return result;
      } catch (error) {
        count({ read: 0, write: refused(error) });
        throw error;
      }
    };
  },
  s3: (operation, metrics) => {
    if (S3_FREE.has(operation)) return (args, next) => next(args);
    const count = each(S3_PUTS.has(operation) ? 'ObjectPuts' : 'ObjectGets', `s3.${operation}`, metrics);
    return (args, next) => {
      const { ContentLength: bytes = 0 } = args.input as { ContentLength?: number };
      if (bytes > 0) metrics.add('BytesStored', bytes);
      return count(args, next);
    };
  },
  sqs: (operation, metrics) => each('QueueRequests', `sqs.${operation}`, metrics),
};

/** Counted when it leaves: an answer that is lost is billed as well. */
function each(
  name: 'ObjectPuts' | 'ObjectGets' | 'QueueRequests',
  operation: string,
  metrics: Metrics,
): Counted {
  return (args, next) => {
    metrics.add(name, 1, currentActivity() ?? UNSAID);
    metrics.add('RequestUnits', 1, operation);
    return next(args);
  };
}

interface Units {
  readonly read: number;
  readonly write: number;
}

interface Capacity {
  readonly CapacityUnits?: number;
  readonly ReadCapacityUnits?: number;
}

function consumed(reads: boolean, output: object): Units {
  const { ConsumedCapacity: told = [] } = output as { ConsumedCapacity?: Capacity | Capacity[] };
  let [all, read] = [0, 0];
  for (const { CapacityUnits = 0, ReadCapacityUnits = 0 } of Array.isArray(told) ? told : [told]) {
    all += CapacityUnits;
    read += ReadCapacityUnits;
  }
  // A transaction that is repeated with its token is billed as a read.
  return reads ? { read: all, write: 0 } : { read, write: all - read };
}

function refused(error: unknown): number {
  const { name } = (error ?? {}) as { name?: unknown };
  if (name === 'ConditionalCheckFailedException') return 1;
  if (name !== 'TransactionCanceledException') return 0;
  const codes = cancellationCodes(error);
  return codes.includes('ConditionalCheckFailed') ? 2 * codes.length : 0;
}
