/** Thousands of messages to one account through ten delivery functions at once, each a process of its own. */
import { GetQueueAttributesCommand, GetQueueUrlCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { DELIVERY_DEAD_LETTERS } from '../../infra/local/sqs.ts';
import { sesNotification } from '../../infra/local/ses-notification.ts';
import { inParallel } from '../../shared/parallel.ts';
import { beginAccount } from '../../shared/account/new-account.ts';
import { Replica } from '../../shared/account/replica.ts';
import { INBOX_ID } from '../../shared/account/state.ts';
import { type BenchStores, DOMAIN, startBenchStores } from './bench-stores.ts';
import { Child } from './child.ts';
import type { DeliverProcessSettings, DeliverReport } from './deliver-process.ts';
import type { Section } from './figure.ts';
import { sampleMail } from './sample-mail.ts';

const MESSAGES = 5_000;
const FUNCTIONS = 10;
const BYTES = 10_000;
const SQS_BATCH = 10;

export const storm: Section = async ({ scale, say, nodeFlags }) => {
  const messages = Math.max(1, Math.round(MESSAGES * scale));
  const stores = await startBenchStores();
  const functions: Child<'go', DeliverReport>[] = [];
  try {
    const account = await beginAccount(stores.engine.journal, stores.engine.rim);
    const address = `storm@${DOMAIN}`;
    await stores.addUser(address, account);
    say(`queueing ${messages} messages for one account`);
    await enqueue(stores, address, messages);
    const settings: DeliverProcessSettings = { engine: stores.settings, queueUrl: stores.queueUrl };
    for (let each = 0; each < FUNCTIONS; each++)
      functions.push(new Child('deliver-process.ts', settings, nodeFlags));
    await Promise.all(functions.map((each) => each.first));
    say(`${FUNCTIONS} functions begin`);
    const sums = { delivered: 0, duplicates: 0, conflicts: 0, failed: 0, records: 0 };
    const start = performance.now();
    await new Promise<void>((resolve) => {
      for (const each of functions) {
        each.onMessage(({ delivered, duplicates, conflicts, failed }) => {
          sums.delivered += delivered;
          sums.duplicates += duplicates;
          sums.conflicts += conflicts;
          sums.failed += failed;
          if (delivered > 0) sums.records++;
          if (sums.delivered >= messages) resolve();
        });
        void each.ask('go').catch(() => undefined);
      }
    });
    const ms = performance.now() - start;
    const dead = await deadLetters(stores);
    const replica = new Replica(account, stores.engine.journal, stores.engine.rim);
    const found = (await replica.sync()).mailboxes.get(INBOX_ID)?.messages ?? 0;
    if (found !== messages) throw new Error(`${messages} were sent and ${found} are in the mailbox`);
    return [
      {
        name: 'delivered',
        value: (messages / ms) * 1000,
        unit: 'messages/s',
        measures: `${messages} of ${BYTES} bytes to one account by ${FUNCTIONS} processes at once, all found in its INBOX`,
      },
      {
        name: 'conflicts',
        value: sums.conflicts / messages,
        unit: 'a message',
        measures: 'transactions that another function had come before',
      },
      {
        name: 'conflicts',
        value: sums.conflicts / sums.records,
        unit: 'a record',
        measures: 'the same, to the records that were put',
      },
      {
        name: 'messages a record',
        value: messages / sums.records,
        unit: '',
        measures: 'those of one batch share a record',
      },
      {
        name: 'tried again',
        value: sums.failed,
        unit: 'messages',
        measures: 'reported as failed by a batch',
      },
      {
        name: 'dead letters',
        value: dead,
        unit: 'messages',
        measures: 'in the dead-letter queue at the end',
      },
    ];
  } finally {
    await Promise.all(functions.map((each) => each.stop()));
    await stores.stop();
  }
};

async function enqueue(stores: BenchStores, address: string, messages: number): Promise<void> {
  const { engine, queueUrl } = stores;
  const bodies = Array.from({ length: messages }, (_, index) => index);
  const batches = Array.from({ length: Math.ceil(messages / SQS_BATCH) }, (_, batch) =>
    bodies.slice(batch * SQS_BATCH, (batch + 1) * SQS_BATCH),
  );
  await inParallel(batches, 8, async (batch) => {
    const entries = await Promise.all(
      batch.map(async (index) => {
        const messageId = `storm${index}`;
        const objectKey = `all/${messageId}`;
        const raw = Buffer.from(sampleMail(index, { bytes: BYTES, to: address }), 'latin1');
        await engine.inbound.put(objectKey, raw, raw.length);
        const now = Date.now();
        const notification = sesNotification({
          messageId,
          source: 'sender@example.com',
          recipients: [address],
          received: now,
          processed: now,
          start: raw.subarray(0, 2_000),
          bucketName: 'inbound',
          objectKey,
        });
        return { Id: String(index), MessageBody: JSON.stringify(notification) };
      }),
    );
    await engine.sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
  });
}

async function deadLetters({ engine }: BenchStores): Promise<number> {
  const { QueueUrl } = await engine.sqs.send(new GetQueueUrlCommand({ QueueName: DELIVERY_DEAD_LETTERS }));
  const { Attributes } = await engine.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  return Number(Attributes?.ApproximateNumberOfMessages ?? NaN);
}
