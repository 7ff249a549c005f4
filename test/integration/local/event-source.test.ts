import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  startEventSource,
  type EventSource,
  type EventSourceOptions,
} from '../../../infra/local/event-source.ts';
import type { SqsEvent, SqsHandler } from '../../../functions/lambda-types.ts';
import { DELIVERY_DEAD_LETTERS, ensureQueues, startSqs, type LocalSqs } from '../../../infra/local/sqs.ts';
import { sqsClient } from '../../../shared/aws/clients.ts';
import { createLog } from '../../../shared/log.ts';
import { eventually } from './processes.ts';

const log = createLog({ level: 'silent', pretty: false });
const DONE = { batchItemFailures: [] };

let server: LocalSqs;
let sqs: SQSClient;
let queueUrl: string;
let source: EventSource | undefined;

beforeEach(async () => {
  server = await startSqs();
  sqs = sqsClient({ region: 'us-east-1', endpoints: { sqs: server.endpoint } });
  queueUrl = await ensureQueues(sqs);
});

afterEach(async () => {
  await source?.stop();
  source = undefined;
  sqs.destroy();
  await server.stop();
});

const start = (handler: SqsHandler, options: Partial<EventSourceOptions> = {}): void => {
  source = startEventSource({ sqs, queueUrl, handler, log, retryDelay: () => 0, ...options });
};

const send = (...bodies: string[]) =>
  sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: queueUrl,
      Entries: bodies.map((body, index) => ({ Id: String(index), MessageBody: body })),
    }),
  );

/** Messages of the queue: waiting and given out. */
async function depth(url = queueUrl): Promise<[number, number]> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  );
  return [
    Number(Attributes?.ApproximateNumberOfMessages),
    Number(Attributes?.ApproximateNumberOfMessagesNotVisible),
  ];
}

const bodies = (event: SqsEvent): string[] => event.Records.map(({ body }) => body);
const failing = (event: SqsEvent, fails: (body: string) => boolean) => ({
  batchItemFailures: event.Records.filter(({ body }) => fails(body)).map(({ messageId }) => ({
    itemIdentifier: messageId,
  })),
});

describe('the SQS event source', () => {
  test('hands over what is queued as Lambda does, and deletes what is done', async () => {
    const events: SqsEvent[] = [];
    await send('a', 'b', 'c');
    start(async (event) => {
      events.push(event);
      return DONE;
    });
    await eventually(async () => (await depth()).every((count) => count === 0));
    expect(events.flatMap(bodies).sort()).toEqual(['a', 'b', 'c']);
    expect(events[0]?.Records[0]).toMatchObject({
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:quire-delivery',
      awsRegion: 'us-east-1',
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.stringMatching(/^\d{13}$/) },
    });
  });

  test('only what failed of a batch comes again', async () => {
    const seen: string[] = [];
    await send('good', 'bad', 'fine');
    start(async (event) => {
      const before = seen.filter((body) => body === 'bad').length;
      seen.push(...bodies(event));
      return failing(event, (body) => body === 'bad' && before < 2);
    });
    await eventually(async () => (await depth()).every((count) => count === 0));
    expect(seen.sort()).toEqual(['bad', 'bad', 'bad', 'fine', 'good']);
  });

  test('all of a batch comes again if the handler throws, or names a message that was not in it', async () => {
    let calls = 0;
    const seen: string[] = [];
    await send('x');
    start(async (event) => {
      calls += 1;
      if (calls === 1) throw new Error('crash');
      if (calls === 2) return { batchItemFailures: [{ itemIdentifier: 'another' }] };
      seen.push(...bodies(event));
      return DONE;
    });
    await eventually(async () => (await depth()).every((count) => count === 0));
    expect([calls, seen]).toEqual([3, ['x']]);
  });

  test('what fails for ever ends in the dead-letter queue, after eight attempts, and holds nothing else up', async () => {
    const attempts = new Map<string, number>();
    await send('poison', 'good');
    start(async (event) => {
      for (const body of bodies(event)) attempts.set(body, (attempts.get(body) ?? 0) + 1);
      return failing(event, (body) => body === 'poison');
    });
    const dead = server.queueUrl(DELIVERY_DEAD_LETTERS);
    await eventually(async () => (await depth(dead))[0] === 1);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(['poison']);
    expect([attempts.get('poison'), attempts.get('good')]).toEqual([8, 1]);
  });

  test('no more invocations than allowed run at once, and stopping waits for them', async () => {
    let running = 0;
    let most = 0;
    let done = 0;
    const gates: (() => void)[] = [];
    await send('1', '2', '3', '4', '5');
    start(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((open) => gates.push(open));
        running -= 1;
        done += 1;
        return DONE;
      },
      { batchSize: 1, concurrency: 2 },
    );
    await eventually(() => gates.length === 2);
    // What it has no hands for is there for other receivers.
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    expect(Messages).toHaveLength(3);
    expect(gates).toHaveLength(2);
    const stopping = source?.stop();
    for (const open of gates.splice(0)) open();
    await stopping;
    expect([most, running, done]).toEqual([2, 0, 2]);
  });

  test('a message is handed over at once, not when a batch is full', async () => {
    const seen: string[] = [];
    const answered = new Promise<void>((resolve) => {
      start(async (event) => {
        seen.push(...bodies(event));
        resolve();
        return DONE;
      });
    });
    await send('alone');
    // The long poll takes 20 seconds, and the test's own limit is less.
    await answered;
    expect(seen).toEqual(['alone']);
  }, 18_000);

  test('a queue that is away for a while is asked again', async () => {
    const seen: string[] = [];
    let failures = 0;
    sqs.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName !== 'ReceiveMessageCommand' || failures > 0) return next(args);
          failures += 1;
          throw new Error('connection refused');
        },
      { step: 'initialize' },
    );
    start(async (event) => {
      seen.push(...bodies(event));
      return DONE;
    });
    await send('late');
    await eventually(() => seen.length === 1);
    expect(failures).toBe(1);
  });
});
