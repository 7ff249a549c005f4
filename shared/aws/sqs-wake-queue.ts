/** Wake-ups by SQS: one queue a gateway, made at start and deleted at exit. */
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  type SQSClient,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { AccountId, GatewayId, RecordNumber } from '../account/ids.ts';
import type { KeyNoticeSender } from '../wake/key-notice.ts';
import {
  type KeyNotice,
  type Wake,
  type WakeQueue,
  WakeQueueLostError,
  type WakeSender,
} from '../wake/wake-queue.ts';
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
  const create = async (): Promise<string> => {
    const command = new CreateQueueCommand({
      QueueName: `${WAKE_QUEUE_PREFIX}${gateway}`,
      Attributes: { MessageRetentionPeriod: String(RETENTION_S) },
    });
    const { QueueUrl } = await withRetry(() => client.send(command), retry);
    if (QueueUrl === undefined) throw new Error('SQS made a queue without a URL');
    return QueueUrl;
  };
  return new SqsWakeQueue(client, await create(), create);
}

/** Deletes the queue of a gateway; one that is gone is no error. */
export async function deleteWakeQueue(
  client: SQSClient,
  gateway: GatewayId,
  retry: RetryOptions = {},
): Promise<void> {
  const QueueName = `${WAKE_QUEUE_PREFIX}${gateway}`;
  try {
    const { QueueUrl } = await withRetry(() => client.send(new GetQueueUrlCommand({ QueueName })), retry);
    await withRetry(() => client.send(new DeleteQueueCommand({ QueueUrl })), retry);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

class SqsWakeQueue implements WakeQueue {
  #queue: string;
  readonly #client: SQSClient;
  readonly #create: () => Promise<string>;

  constructor(client: SQSClient, queue: string, create: () => Promise<string>) {
    this.#client = client;
    this.#queue = queue;
    this.#create = create;
  }

  get queue(): string {
    return this.#queue;
  }

  async receive(signal: AbortSignal): Promise<readonly (Wake | KeyNotice)[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#queue,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: LONG_POLL_S,
    });
    const { Messages = [] } = await this.#client
      .send(command, { abortSignal: signal })
      .catch((error: unknown) => this.#refused(error));
    if (Messages.length > 0) {
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      // Nobody waits for it: a wake-up that could not be deleted is given again, and tells nothing new.
      this.#client
        .send(new DeleteMessageBatchCommand({ QueueUrl: this.#queue, Entries }))
        .catch(() => undefined);
    }
    return Messages.flatMap(({ Body = '' }) => noticeOf(Body));
  }

  /** SQS makes a queue again under its name only a minute after it was deleted; until then this fails as well. */
  async #refused(error: unknown): Promise<never> {
    if (!isGone(error)) throw error;
    const lost = this.#queue;
    this.#queue = await this.#create();
    throw new WakeQueueLostError(lost);
  }

  async close(): Promise<void> {
    try {
      await this.#client.send(new DeleteQueueCommand({ QueueUrl: this.#queue }));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

export class SqsWakeSender implements WakeSender, KeyNoticeSender {
  readonly #client: SQSClient;
  readonly #retry: RetryOptions;

  constructor(client: SQSClient, retry: RetryOptions = {}) {
    this.#client = client;
    this.#retry = retry;
  }

  async send(queue: string, wake: Wake): Promise<boolean> {
    try {
      await this.#send(queue, wake);
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async tell(gateway: GatewayId, notice: KeyNotice): Promise<void> {
    const command = new GetQueueUrlCommand({ QueueName: `${WAKE_QUEUE_PREFIX}${gateway}` });
    try {
      const { QueueUrl } = await withRetry(() => this.#client.send(command), this.#retry);
      await this.#send(QueueUrl, notice);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  async #send(queue: string | undefined, body: Wake | KeyNotice): Promise<void> {
    const command = new SendMessageCommand({ QueueUrl: queue, MessageBody: JSON.stringify(body) });
    await withRetry(() => this.#client.send(command), this.#retry);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && QUEUE_GONE.has(error.name);
}

/** What this release does not know is dropped: it can only be a hint. */
function noticeOf(body: string): (Wake | KeyNotice)[] {
  try {
    const { account, number, key } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    if (typeof account !== 'string') return [];
    if (key === 'changed') return [{ account: account as AccountId, key }];
    return typeof number === 'number'
      ? [{ account: account as AccountId, number: number as RecordNumber }]
      : [];
  } catch {
    return [];
  }
}
