/** Wake-ups by SQS: one queue a gateway, made at start and deleted at exit. */
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  type SQSClient,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { AccountId, GatewayId, RecordNumber } from '../account/ids.ts';
import type { Wake, WakeQueue, WakeSender } from '../wake/wake-queue.ts';
import { type RetryOptions, withRetry } from './retry.ts';

/** Names of gateways' queues begin so: how orphans are found, and what IAM lets gateways make. */
export const WAKE_QUEUE_PREFIX = 'quire-wake-';
const LONG_POLL_S = 20;
/** A hint that nobody took for five minutes is overtaken by the poll of the head. */
const RETENTION_S = 300;
const QUEUE_GONE = new Set(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue']);

/** Makes the queue of `gateway`. */
export async function createWakeQueue(
  client: SQSClient,
  gateway: GatewayId,
  retry: RetryOptions = {},
): Promise<WakeQueue> {
  const command = new CreateQueueCommand({
    QueueName: `${WAKE_QUEUE_PREFIX}${gateway}`,
    Attributes: { MessageRetentionPeriod: String(RETENTION_S) },
  });
  const { QueueUrl } = await withRetry(() => client.send(command), retry);
  if (QueueUrl === undefined) throw new Error('SQS made a queue without a URL');
  return new SqsWakeQueue(client, QueueUrl);
}

class SqsWakeQueue implements WakeQueue {
  readonly queue: string;
  readonly #client: SQSClient;

  constructor(client: SQSClient, queue: string) {
    this.#client = client;
    this.queue = queue;
  }

  async receive(signal: AbortSignal): Promise<readonly Wake[]> {
    const { Messages = [] } = await this.#client.send(
      new ReceiveMessageCommand({
        QueueUrl: this.queue,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: LONG_POLL_S,
      }),
      { abortSignal: signal },
    );
    if (Messages.length === 0) return [];
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await this.#client.send(new DeleteMessageBatchCommand({ QueueUrl: this.queue, Entries }));
    return Messages.flatMap(({ Body = '' }) => wakeOf(Body));
  }

  async close(): Promise<void> {
    await this.#client.send(new DeleteQueueCommand({ QueueUrl: this.queue }));
  }
}

export class SqsWakeSender implements WakeSender {
  readonly #client: SQSClient;
  readonly #retry: RetryOptions;

  constructor(client: SQSClient, retry: RetryOptions = {}) {
    this.#client = client;
    this.#retry = retry;
  }

  async send(queue: string, wake: Wake): Promise<boolean> {
    const command = new SendMessageCommand({ QueueUrl: queue, MessageBody: JSON.stringify(wake) });
    try {
      await withRetry(() => this.#client.send(command), this.#retry);
      return true;
    } catch (error) {
      if (error instanceof Error && QUEUE_GONE.has(error.name)) return false;
      throw error;
    }
  }
}

/** What is no wake-up is dropped: it can only be a hint. */
function wakeOf(body: string): Wake[] {
  try {
    const { account, number } = JSON.parse(body) as { account?: unknown; number?: unknown };
    return typeof account === 'string' && typeof number === 'number'
      ? [{ account: account as AccountId, number: number as RecordNumber }]
      : [];
  } catch {
    return [];
  }
}
