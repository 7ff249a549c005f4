/**
 * SQS's API on one machine: `local-aws-sqs`, in this process. Its queues are in memory only, which is safe because
 * nothing of value is only there: what waits for delivery also lies in `inbound` with its notification, and is queued
 * again at start (`requeueInbound` in `inbound.ts`); work items and wake-ups have their own originals.
 *
 * It differs from SQS, seen with 2.0.2: `MessageSystemAttributeNames` is ignored (ask with `AttributeNames`); a change
 * of visibility counts as one more receive; a message goes to the dead-letter queue when its count *reaches* the limit;
 * a receive waits for as many messages as it may take at most, which `answerAtFirstMessage` puts right.
 */
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequestHandler } from 'local-aws-sqs';
import { withRetry } from '../../shared/aws/retry.ts';

const ACCOUNT = '000000000000';
export const LOCAL_REGION = 'us-east-1';

/** Messages of deliveries; their dead letters. */
export const DELIVERY_QUEUE = 'quire-delivery';
export const DELIVERY_DEAD_LETTERS = 'quire-delivery-dead';

/** A receiver that dies without a word keeps its messages from the others for this long, in seconds. */
const VISIBILITY_TIMEOUT_S = 60;
/** Eight attempts: each counts twice, once received and once put back at once (see above). */
const MAX_RECEIVE_COUNT = 16;
const RETENTION_S = 14 * 24 * 60 * 60;

export interface LocalSqs {
  readonly endpoint: string;
  /** URL of a queue, whether it exists or not. */
  queueUrl(name: string): string;
  stop(): Promise<void>;
}

/**
 * Makes the queues of deliveries where they are missing: on the embedded SQS at every start, on another endpoint once.
 * Returns the URL of the delivery queue. Safe to call again.
 */
export async function ensureQueues(sqs: SQSClient): Promise<string> {
  const retention = { MessageRetentionPeriod: String(RETENTION_S) };
  const makeDead = new CreateQueueCommand({ QueueName: DELIVERY_DEAD_LETTERS, Attributes: retention });
  const dead = await withRetry(() => sqs.send(makeDead));
  const ask = new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ['QueueArn'] });
  const { Attributes } = await withRetry(() => sqs.send(ask));
  const make = new CreateQueueCommand({
    QueueName: DELIVERY_QUEUE,
    Attributes: {
      ...retention,
      VisibilityTimeout: String(VISIBILITY_TIMEOUT_S),
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: Attributes?.QueueArn,
        maxReceiveCount: MAX_RECEIVE_COUNT,
      }),
    },
  });
  const { QueueUrl } = await withRetry(() => sqs.send(make));
  if (QueueUrl === undefined) throw new Error('SQS made a queue without a URL');
  return QueueUrl;
}

/** Starts the embedded SQS on a free port of the loopback interface; its queues are made by `ensureQueues`. */
export async function startSqs(): Promise<LocalSqs> {
  const { service, requestHandler } = createRequestHandler({
    port: 0,
    hostname: '127.0.0.1',
    region: LOCAL_REGION,
    accountId: ACCOUNT,
    // A gateway's queue may be made again as soon as it is gone.
    emulateQueueCreationLifecycle: false,
    emulateLazyQueues: false,
    // One that is there from the start, for `answerAtFirstMessage`.
    queues: [{ QueueName: DELIVERY_DEAD_LETTERS, Attributes: { MessageRetentionPeriod: RETENTION_S } }],
  });
  answerAtFirstMessage(service.Queues[0]);
  // The package's own createSqsServer has no way to tell of a failed listen.
  const server = createServer((request, response) => {
    // It rejects when a client goes away in the middle of its request.
    requestHandler(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has no port');
  service.PORT = address.port;
  const endpoint = `http://127.0.0.1:${address.port}`;
  return {
    endpoint,
    queueUrl: (name) => `${endpoint}/${ACCOUNT}/${name}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      // Long polls would hold it open for their 20 seconds.
      server.closeAllConnections();
      await closed;
    },
  };
}

interface ReceiveRequest {
  readonly MaxNumberOfMessages?: number | string;
  readonly WaitTimeSeconds?: number | string;
  readonly VisibilityTimeout?: number | string;
}

/** The part of the package's queue that is changed below. */
interface ReceivingQueue {
  receive(request: ReceiveRequest): Promise<unknown[]>;
  getAttributes(names: string[]): Readonly<Record<string, unknown>>;
}

const corrected = new WeakSet<ReceivingQueue>();

/**
 * SQS ends a long poll with the first message. The package goes on, up to the end of the wait, until it has the greatest
 * number asked for, and hides from everybody what it has by then: a lone message would be seen 20 seconds late. So the
 * wait is for one message, and more are taken only if they are there already. Changed in all queues of the process,
 * those still to be made included.
 */
function answerAtFirstMessage(queue: ReceivingQueue | undefined): void {
  if (queue === undefined) throw new Error('the embedded SQS has no queue');
  const all = Object.getPrototypeOf(queue) as ReceivingQueue;
  if (corrected.has(all)) return;
  corrected.add(all);
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its queue below
  const { receive } = all;
  all.receive = async function (this: ReceivingQueue, request: ReceiveRequest) {
    const first = await receive.call(this, { ...request, MaxNumberOfMessages: 1 });
    // It counts what is given out among the messages.
    const count = this.getAttributes(['All']);
    const waiting =
      Number(count.ApproximateNumberOfMessages) - Number(count.ApproximateNumberOfMessagesNotVisible);
    const more = Math.min(Number(request.MaxNumberOfMessages ?? 1) - first.length, waiting);
    if (first.length === 0 || !(more > 0)) return first;
    return first.concat(
      await receive.call(this, { ...request, MaxNumberOfMessages: more, WaitTimeSeconds: 0 }),
    );
  };
}
