/**
 * Mail that has arrived and is not delivered yet: what on AWS are the `inbound` bucket, the topic and the queue.
 *
 * Two objects a message, `<prefix><id>.notification.json` (the envelope) and `<prefix><id>` (the message), and one
 * message in the queue. They are written in this order, and 250 is said after the third:
 *
 * 1. the envelope. Alone it is nothing: an id whose message is not there is either settled or was never answered for;
 * 2. the message. From here on everything that delivery needs is durable; a crash now loses the queue, which is in
 *    memory, and `requeueInbound` fills it again from what lies here. The sender was not told 250 and may send again:
 *    the one duplicate that SMTP knows no way to avoid (RFC 1047);
 * 3. the queue.
 *
 * In the other order (message, envelope) a crash between the two would leave a message whose recipients nobody knows.
 * Delivery removes the message, then we remove the envelope: again never a message without its envelope. Should one be
 * found all the same, it is reported and kept.
 */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { BlobMissingError, type BlobStore } from '../../shared/blob/blob-store.ts';
import { withRetry } from '../../shared/aws/retry.ts';
import type { Log } from '../../shared/log.ts';
import type { SqsHandler } from '../../functions/lambda-types.ts';
import { sesNotification, type SesNotification } from './ses-notification.ts';

const ENVELOPE = '.notification.json';

export interface Inbound {
  readonly blobs: BlobStore;
  /** Prefix of the keys, as a receipt rule's. */
  readonly prefix: string;
  /** What the notification says; the delivery function reads from the store that it was given. */
  readonly bucketName: string;
  readonly sqs: SQSClient;
  readonly queueUrl: string;
}

export interface Arrival {
  readonly messageId: string;
  readonly source: string;
  readonly recipients: readonly string[];
  /** Milliseconds since the epoch. */
  readonly received: number;
  readonly processed: number;
  readonly start: Uint8Array;
  readonly body: AsyncIterable<Uint8Array>;
  /** Bytes of `body`. */
  readonly size: number;
}

/** Makes an arrived message durable and queues it. When this resolves, and not before, the sender may be told 250. */
export async function acceptArrival(inbound: Inbound, arrival: Arrival): Promise<void> {
  const objectKey = inbound.prefix + arrival.messageId;
  const notification = Buffer.from(
    JSON.stringify(sesNotification({ ...arrival, bucketName: inbound.bucketName, objectKey })),
  );
  await inbound.blobs.put(objectKey + ENVELOPE, notification, notification.length);
  await inbound.blobs.put(objectKey, arrival.body, arrival.size);
  await queue(inbound, notification.toString());
}

export interface Requeued {
  /** Messages that wait for delivery, queued now. */
  readonly queued: number;
  /** Keys of messages without an envelope: kept, for a person to look at. */
  readonly strays: readonly string[];
}

/**
 * Queues again all that lies undelivered. Only before the SMTP listener and the deliveries start: an envelope without
 * its message is removed here, and would be a message just arriving if they ran.
 */
export async function requeueInbound(inbound: Inbound, log: Log): Promise<Requeued> {
  const messages = new Set<string>();
  const envelopes = new Set<string>();
  for await (const { key } of inbound.blobs.list(inbound.prefix)) {
    if (key.endsWith(ENVELOPE)) envelopes.add(key.slice(0, -ENVELOPE.length));
    else messages.add(key);
  }
  const settled = [...envelopes].filter((key) => !messages.has(key));
  await inbound.blobs.delete(settled.map((key) => key + ENVELOPE));
  const strays = [...messages].filter((key) => !envelopes.has(key));
  for (const key of strays) {
    log.error(
      { key },
      'a message lies in inbound without its envelope: nobody knows for whom it is; it is kept',
    );
  }
  const waiting = [...messages].filter((key) => envelopes.has(key));
  for (const key of waiting) {
    await queue(inbound, await readText(await inbound.blobs.get(key + ENVELOPE)));
  }
  if (waiting.length > 0) log.info({ messages: waiting.length }, 'queued again what had not been delivered');
  return { queued: waiting.length, strays };
}

/** Wraps the delivery function: what it has settled, by removing the message, needs its envelope no longer. */
export function removingEnvelopes(
  inbound: Pick<Inbound, 'blobs'>,
  handler: SqsHandler,
  log: Log,
): SqsHandler {
  return async (event) => {
    const response = await handler(event);
    const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const keys = event.Records.filter(({ messageId }) => !failed.has(messageId)).flatMap(({ body }) => {
      const key = objectKeyOf(body);
      return key === undefined ? [] : [key];
    });
    try {
      await Promise.all(keys.map((key) => removeEnvelope(inbound.blobs, key)));
    } catch (error) {
      // The next start removes it.
      log.warn({ err: error }, 'the envelope of a delivered message could not be removed');
    }
    return response;
  };
}

async function removeEnvelope(blobs: BlobStore, key: string): Promise<void> {
  // Success need not mean removal: another notification of the same message may still be on its way (I7).
  try {
    await readText(await blobs.get(key, { start: 0, end: 0 }));
  } catch (error) {
    if (!(error instanceof BlobMissingError)) throw error;
    await blobs.delete([key + ENVELOPE]);
  }
}

function objectKeyOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as Partial<SesNotification>).receipt?.action.objectKey;
  } catch {
    return undefined;
  }
}

async function queue(inbound: Inbound, body: string): Promise<void> {
  const command = new SendMessageCommand({ QueueUrl: inbound.queueUrl, MessageBody: body });
  // A message that is queued twice is delivered once (I6).
  await withRetry(() => inbound.sqs.send(command));
}

async function readText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}
