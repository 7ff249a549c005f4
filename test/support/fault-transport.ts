/**
 * Does to the SDK's clients what AWS does and the local stores are too kind to do. It sits where the SDK hands over a
 * signed HTTP request, so that everything above (serialising, error classes, streams) is the real thing.
 *
 * Faults are drawn from declared rules with a random function that the test passes in: the same seed and the same
 * order of requests give the same faults.
 */
import { Readable } from 'node:stream';
import type { Transport } from '../../shared/aws/clients.ts';
import { emptyPage, partlyProcessed, partlyProcessable, shortPage } from './partial-answers.ts';
import type { StaleReads } from './stale-reads.ts';
import type { Call, HttpAnswer, HttpOptions, Service } from './transport.ts';
import { callOf, errorAnswer, readBody, withBody, wrapping } from './transport.ts';

/**
 * - `transaction-conflict`: refused because of another transaction, single writes too;
 * - `throttle`: refused for load (DynamoDB's two kinds, S3's SlowDown, SQS's RequestThrottled);
 * - `server-error`, `server-error-after-effect`: 500 or 503, without and with the effect of the request;
 * - `reset-before-effect`, `reset-after-effect`: the connection breaks before the request is sent, or instead of the answer;
 * - `late-effect`: a timeout for the caller; the request lands later, after up to `lateCalls` further requests (I3);
 * - `unprocessed`: a batch is done in part: UnprocessedKeys, UnprocessedItems, errors per key or entry;
 * - `short-page`, `empty-page`: a Query page with one item or none, and a key to go on from;
 * - `stale-read`: an eventually consistent read sees the table as it was some writes ago;
 * - `truncated-body`, `broken-body`: the body of GetObject ends early, silently or with a reset.
 */
export type Fault =
  | 'transaction-conflict'
  | 'throttle'
  | 'server-error'
  | 'server-error-after-effect'
  | 'reset-before-effect'
  | 'reset-after-effect'
  | 'late-effect'
  | 'unprocessed'
  | 'short-page'
  | 'empty-page'
  | 'stale-read'
  | 'truncated-body'
  | 'broken-body';

export interface FaultRule {
  readonly fault: Fault;
  /** Of each request that it fits, from 0 to 1; 1 unless given. */
  readonly probability?: number;
  /** Only these operations, by the API's names. */
  readonly operations?: readonly string[];
  /** Only requests for which this holds. */
  readonly when?: (call: Call) => boolean;
  /** Lets so many fitting requests pass first; for scripts. */
  readonly skip?: number;
  /** Strikes so many times at most. */
  readonly times?: number;
}

export interface FaultOptions {
  readonly rules: readonly FaultRule[];
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Needed by `stale-read`; one for all transports through which a test writes. */
  readonly staleReads?: StaleReads;
  /** A late effect lands at most so many requests later. */
  readonly lateCalls?: number;
  /** Hears of every fault as it strikes. */
  readonly struck?: (fault: Fault, call: Call) => void;
}

interface Held {
  /** Requests still to come before it is sent. */
  wait: number;
  readonly send: () => Promise<unknown>;
}

const CONFLICTING = ['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems', 'TransactGetItems'];
const WRITES = [
  ...['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems', 'BatchWriteItem'],
  ...['PutObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload', 'AbortMultipartUpload'],
  ...['DeleteObjects', 'SendMessage', 'SendMessageBatch', 'DeleteMessage', 'DeleteMessageBatch'],
];
const EVENTUAL_READS = ['GetItem', 'BatchGetItem', 'Query'];

export class FaultTransport {
  /** How often each fault has struck. */
  readonly injected = new Map<Fault, number>();
  readonly #options: FaultOptions;
  #rules: { readonly rule: FaultRule; skip: number; times: number }[] = [];
  #held: Held[] = [];

  constructor(options: FaultOptions) {
    this.#options = options;
    this.setRules(options.rules);
  }

  /** Replaces the rules, their counts included; an empty list makes the world kind again. */
  setRules(rules: readonly FaultRule[]): void {
    if (rules.some((rule) => rule.fault === 'stale-read') && !this.#options.staleReads) {
      throw new Error('stale-read needs the option staleReads');
    }
    this.#rules = rules.map((rule) => ({ rule, skip: rule.skip ?? 0, times: rule.times ?? Infinity }));
  }

  /** Requests whose caller was told of a timeout, and that have not landed yet. */
  get held(): number {
    return this.#held.length;
  }

  /** Lets everything that is held land now. */
  async releaseLate(): Promise<void> {
    const due = this.#held;
    this.#held = [];
    for (const held of due) await held.send();
  }

  /** For `ClientOptions.wrapTransport`; one may wrap the transports of several clients. */
  readonly wrap = (inner: Transport): Transport =>
    wrapping(inner, async (request, options) => {
      await this.#landDue();
      const call = callOf(request);
      const send = this.#sender(inner, options);
      // Nobody can take back what is late: the caller's abort does not reach it.
      const sendLate = this.#sender(inner, undefined);
      const fault = this.#draw(call);
      if (fault === undefined) return send(call);
      this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1);
      this.#options.struck?.(fault, call);
      return this.#strike(fault, call, fault === 'late-effect' ? sendLate : send);
    });

  /** Sends to the store; the history of what stale reads may still see is kept here. */
  #sender(inner: Transport, options: HttpOptions): (call: Call) => Promise<HttpAnswer> {
    const { staleReads } = this.#options;
    const send = (call: Call): Promise<HttpAnswer> => inner.handle(call.request, options);
    return staleReads ? (call) => staleReads.remember(call, send) : send;
  }

  #draw(call: Call): Fault | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (!fits(rule, call) || entry.times <= 0) continue;
      if (entry.skip > 0) {
        entry.skip--;
        continue;
      }
      if (this.#options.random() >= (rule.probability ?? 1)) continue;
      entry.times--;
      return rule.fault;
    }
    return undefined;
  }

  async #strike(fault: Fault, call: Call, send: (call: Call) => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const { random, staleReads } = this.#options;
    switch (fault) {
      case 'transaction-conflict':
        return conflict(call, random);
      case 'throttle':
        return throttle(call.service, random);
      case 'server-error':
        return serverError(call.service, random);
      case 'server-error-after-effect':
        await finished(await send(call));
        return serverError(call.service, random);
      case 'reset-before-effect':
        throw reset();
      case 'reset-after-effect':
        await finished(await send(call));
        throw reset();
      case 'late-effect':
        await this.#hold(call, send);
        throw Object.assign(new Error('injected: no answer in time'), { name: 'TimeoutError' });
      case 'unprocessed':
        return partlyProcessed(call, send, random);
      case 'short-page':
        return shortPage(call, send);
      case 'empty-page':
        return emptyPage(call, send);
      case 'stale-read':
        // setRules has seen to it that there is one.
        if (!staleReads) throw new Error('stale-read needs the option staleReads');
        return staleReads.read(call, send, random);
      case 'truncated-body':
      case 'broken-body':
        return cutBody(await send(call), fault === 'broken-body', random);
    }
  }

  async #hold(call: Call, send: (call: Call) => Promise<HttpAnswer>): Promise<void> {
    // A stream has to be read now: its owner will close it when the put fails.
    const { body } = call.request as { body: unknown };
    const request = body instanceof Readable ? withBody(call.request, await readBody(body)) : call.request;
    const wait = 1 + Math.floor(this.#options.random() * (this.#options.lateCalls ?? 5));
    this.#held.push({ wait, send: async () => finished(await send({ ...call, request })) });
  }

  async #landDue(): Promise<void> {
    for (const held of this.#held) held.wait--;
    const due = this.#held.filter((held) => held.wait <= 0);
    this.#held = this.#held.filter((held) => held.wait > 0);
    for (const held of due) await held.send();
  }
}

function fits(rule: FaultRule, call: Call): boolean {
  return (
    (rule.operations?.includes(call.operation) ?? true) &&
    canStrike(rule.fault, call) &&
    (rule.when?.(call) ?? true)
  );
}

function canStrike(fault: Fault, call: Call): boolean {
  switch (fault) {
    case 'transaction-conflict':
      return CONFLICTING.includes(call.operation);
    case 'late-effect':
    case 'server-error-after-effect':
      return WRITES.includes(call.operation);
    case 'unprocessed':
      return partlyProcessable(call);
    case 'short-page':
    case 'empty-page':
      return call.operation === 'Query';
    case 'stale-read':
      return EVENTUAL_READS.includes(call.operation) && call.json.ConsistentRead !== true;
    case 'truncated-body':
    case 'broken-body':
      return call.operation === 'GetObject';
    default:
      return true;
  }
}

function conflict(call: Call, random: () => number): HttpAnswer {
  const items = call.json.TransactItems;
  if (!Array.isArray(items)) {
    const message = 'Transaction is ongoing for the item';
    return errorAnswer('dynamodb', { status: 400, code: 'TransactionConflictException', message });
  }
  const hit = Math.floor(random() * items.length);
  const reasons = items.map((_, i) =>
    i === hit
      ? { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' }
      : { Code: 'None' },
  );
  return errorAnswer('dynamodb', {
    status: 400,
    code: 'TransactionCanceledException',
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons
      .map((reason) => reason.Code)
      .join(', ')}]`,
    more: { CancellationReasons: reasons },
  });
}

function throttle(service: Service, random: () => number): HttpAnswer {
  const message = 'injected: too many requests';
  if (service === 's3') return errorAnswer(service, { status: 503, code: 'SlowDown', message });
  if (service === 'sqs') return errorAnswer(service, { status: 400, code: 'RequestThrottled', message });
  const code = random() < 0.5 ? 'ProvisionedThroughputExceededException' : 'ThrottlingException';
  return errorAnswer(service, { status: 400, code, message });
}

function serverError(service: Service, random: () => number): HttpAnswer {
  const status = random() < 0.5 ? 500 : 503;
  const code = { dynamodb: 'InternalServerError', s3: 'InternalError', sqs: 'InternalError' }[service];
  return errorAnswer(service, {
    status,
    code: status === 503 ? 'ServiceUnavailable' : code,
    message: 'injected: the service failed',
  });
}

function reset(): Error {
  return Object.assign(new Error('injected: socket hang up'), { code: 'ECONNRESET' });
}

/** Waits until the store has done what it was asked, and throws its answer away. */
async function finished(answer: HttpAnswer): Promise<void> {
  await readBody(answer.response.body);
}

function cutBody({ response }: HttpAnswer, broken: boolean, random: () => number): HttpAnswer {
  if (response.statusCode >= 300) return { response };
  const source = response.body as Readable;
  async function* cut(): AsyncGenerator<Uint8Array> {
    try {
      const size = Number(response.headers['content-length'] ?? 0);
      let left = Math.floor(random() * size);
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        if (chunk.length > left) {
          yield chunk.subarray(0, left);
          break;
        }
        left -= chunk.length;
        yield chunk;
      }
      if (broken) throw reset();
    } finally {
      source.destroy();
    }
  }
  return { response: Object.assign(response, { body: Readable.from(cut(), { objectMode: false }) }) };
}
