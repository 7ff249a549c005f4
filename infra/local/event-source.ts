/**
 * Plays Lambda's SQS event source mapping (with ReportBatchItemFailures): receives batches, invokes the handler, deletes
 * what it has done and leaves the rest to another attempt. A handler that throws has done nothing of its batch. As on
 * AWS, a message may come twice: the handler is the one that must not mind (I6).
 */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../shared/log.ts';
import type { SqsHandler, SqsRecord } from '../../functions/lambda-types.ts';
import { LOCAL_REGION } from './sqs.ts';

const LONG_POLL_S = 20;
/** SQS gives out no more at once. */
const MAX_BATCH = 10;
/** After a receive that failed. */
const RECEIVE_PAUSE_MS = 1_000;
const MAX_RETRY_DELAY_S = 30;

export interface EventSourceOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly handler: SqsHandler;
  readonly log: Log;
  /** Messages of one invocation, 1 … 10. */
  readonly batchSize?: number;
  /** Invocations at a time. */
  readonly concurrency?: number;
  /**
   * Seconds until a failed message is tried again, from its receive count. Lambda waits for the visibility timeout;
   * a person in front of one machine should not.
   */
  readonly retryDelay?: (receiveCount: number) => number;
}

export interface EventSource {
  /** Receives no more, and returns when the running invocations have ended. */
  stop(): Promise<void>;
}

export function startEventSource(options: EventSourceOptions): EventSource {
  const batchSize = options.batchSize ?? MAX_BATCH;
  const concurrency = options.concurrency ?? 2;
  if (!(batchSize >= 1 && batchSize <= MAX_BATCH))
    throw new RangeError(`batch size ${batchSize} is not 1 … 10`);
  if (!(concurrency >= 1)) throw new RangeError(`concurrency ${concurrency} is below 1`);
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const poll = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      if (running.size >= concurrency) {
        await Promise.race(running);
        continue;
      }
      const messages = await receive(options, batchSize, stopping.signal);
      if (messages.length === 0) continue;
      const invocation = invoke(options, messages).finally(() => running.delete(invocation));
      running.add(invocation);
    }
  };
  const polling = poll();
  return {
    async stop() {
      stopping.abort();
      await polling;
      await Promise.all(running);
    },
  };
}

async function receive(
  { sqs, queueUrl, log }: EventSourceOptions,
  batchSize: number,
  signal: AbortSignal,
): Promise<Message[]> {
  try {
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: batchSize,
        WaitTimeSeconds: LONG_POLL_S,
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- the embedded queue knows no other name
        AttributeNames: ['All'],
      }),
      { abortSignal: signal },
    );
    return Messages ?? [];
  } catch (error) {
    if (signal.aborted) return [];
    log.warn({ err: error, queueUrl }, 'cannot receive from the queue; trying on');
    await delay(RECEIVE_PAUSE_MS, undefined, { signal }).catch(() => undefined);
    return [];
  }
}

/** Never rejects: what fails here comes again when its visibility timeout ends. */
async function invoke(options: EventSourceOptions, messages: readonly Message[]): Promise<void> {
  const { sqs, queueUrl, log } = options;
  const failed = await failures(options, messages);
  const done = messages.filter((message) => !failed.has(message.MessageId ?? ''));
  const again = messages.filter((message) => failed.has(message.MessageId ?? ''));
  const retryDelay = options.retryDelay ?? ((count: number) => Math.min(count, MAX_RETRY_DELAY_S));
  try {
    if (done.length > 0) {
      const { Failed } = await sqs.send(
        new DeleteMessageBatchCommand({
          QueueUrl: queueUrl,
          Entries: done.map((message, index) => ({
            Id: String(index),
            ReceiptHandle: message.ReceiptHandle,
          })),
        }),
      );
      if (Failed !== undefined && Failed.length > 0) {
        log.warn({ failed: Failed }, 'messages that are done could not be deleted, and will come again');
      }
    }
    if (again.length > 0) {
      await sqs.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: queueUrl,
          Entries: again.map((message, index) => ({
            Id: String(index),
            ReceiptHandle: message.ReceiptHandle,
            VisibilityTimeout: retryDelay(Number(message.Attributes?.ApproximateReceiveCount ?? 1)),
          })),
        }),
      );
    }
  } catch (error) {
    log.warn({ err: error, queueUrl }, 'the queue was not told how a batch went; it will come again');
  }
}

/** Ids of the messages that are not done. */
async function failures(
  { handler, log, queueUrl }: EventSourceOptions,
  messages: readonly Message[],
): Promise<ReadonlySet<string>> {
  const all = new Set(messages.map((message) => message.MessageId ?? ''));
  try {
    const { batchItemFailures } = await handler({
      Records: messages.map((message) => record(message, queueUrl)),
    });
    const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    // As Lambda does it: an answer that names what was not in the batch cannot be believed in any part.
    const unknown = failed.filter((id) => !all.has(id));
    if (unknown.length === 0) return new Set(failed);
    log.error(
      { unknown },
      'the handler reports messages that were not in its batch: all of it is tried again',
    );
  } catch (error) {
    log.error({ err: error, messages: messages.length }, 'the handler failed: its batch is tried again');
  }
  return all;
}

function record(message: Message, queueUrl: string): SqsRecord {
  const [account = '', queue = ''] = new URL(queueUrl).pathname.split('/').slice(-2);
  const { ApproximateReceiveCount = '1', SentTimestamp = '0', ...attributes } = message.Attributes ?? {};
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: { ...attributes, ApproximateReceiveCount, SentTimestamp },
    messageAttributes: {},
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${LOCAL_REGION}:${account}:${queue}`,
    awsRegion: LOCAL_REGION,
  };
}
