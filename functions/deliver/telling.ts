/** What a batch tells of each of its messages: how many, how old, how large; never whose. */
import type { Rim } from '../../shared/account/rim.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import type { SqsRecord } from '../lambda-types.ts';
import type { Notification } from './notification.ts';

/** SES bills full chunks of so many bytes. [SES pricing, "Incoming mail chunks"] */
const CHUNK_BYTES = 256 * 1024;

/** A message of a batch, when the batch is done. */
export interface Told {
  readonly sqs: SqsRecord;
  readonly notification: Notification | null;
  readonly failure: unknown;
  /** Null if the raw message was not read. */
  readonly size: number | null;
  readonly aside: boolean;
}

export function tellOf(
  { sqs, notification, failure, size, aside }: Told,
  { metrics, rim }: { readonly metrics: Metrics; readonly rim: Pick<Rim, 'now'> },
): void {
  const now = rim.now();
  metrics.record('QueueAge', Math.max(0, now - Number(sqs.attributes.SentTimestamp)));
  metrics.add('DeliveryFailures', failure === null ? 0 : 1);
  if (failure !== null || !notification) return;
  metrics.add('MessagesReceived', 1);
  metrics.add('ChunksReceived', Math.floor((size ?? 0) / CHUNK_BYTES));
  // Put by SES; what delivery puts is counted where it leaves.
  metrics.add('BytesStored', size ?? 0);
  metrics.add('KeptAside', aside ? 1 : 0);
  metrics.record('DeliveryLatency', Math.max(0, now - notification.received));
}
