/**
 * SQS's API on one machine: `local-aws-sqs`, in this process. Its queues are in memory only, which is safe because
 * nothing of value is only there: what waits for delivery also lies in `inbound` with its notification, and is queued
 * again at start (`requeue-inbound.ts`); work items and wake-ups have their own originals.
 *
 * It differs from SQS, seen with 2.0.2: `MessageSystemAttributeNames` is ignored (ask with `AttributeNames`); a change
 * of visibility counts as one more receive; a message goes to the dead-letter queue when its count *reaches* the limit.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequestHandler } from 'local-aws-sqs';

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

/** Queues of an instance, as CreateQueue takes them: the embedded server's, and on any other endpoint the same. */
export const QUEUES = [
  { QueueName: DELIVERY_DEAD_LETTERS, Attributes: { MessageRetentionPeriod: RETENTION_S } },
  {
    QueueName: DELIVERY_QUEUE,
    Attributes: {
      VisibilityTimeout: VISIBILITY_TIMEOUT_S,
      MessageRetentionPeriod: RETENTION_S,
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: `arn:aws:sqs:${LOCAL_REGION}:${ACCOUNT}:${DELIVERY_DEAD_LETTERS}`,
        maxReceiveCount: MAX_RECEIVE_COUNT,
      }),
    },
  },
];

/** Starts the queues on a free port of the loopback interface. */
export async function startSqs(): Promise<LocalSqs> {
  const { service, requestHandler } = createRequestHandler({
    port: 0,
    hostname: '127.0.0.1',
    region: LOCAL_REGION,
    accountId: ACCOUNT,
    // A gateway's queue may be made again as soon as it is gone.
    emulateQueueCreationLifecycle: false,
    emulateLazyQueues: false,
    queues: QUEUES,
  });
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
