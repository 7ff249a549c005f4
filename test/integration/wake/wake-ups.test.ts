/** Two gateways on one DynamoDB and one SQS: what one commits, the other announces. */
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { type LocalSqs, startSqs } from '../../../infra/local/sqs.ts';
import type { AccountId, GatewayId, RecordNumber } from '../../../shared/account/ids.ts';
import { beginAccount } from '../../../shared/account/new-account.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { ReplicaCache } from '../../../shared/account/replica-cache.ts';
import type { Change } from '../../../shared/account/replica.ts';
import { dynamoDbClient, sqsClient } from '../../../shared/aws/clients.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { DynamoDbWatchRegister } from '../../../shared/aws/dynamodb-watch-register.ts';
import { SqsWakeSender, createWakeQueue } from '../../../shared/aws/sqs-wake-queue.ts';
import { createLog } from '../../../shared/log.ts';
import { WakeListener } from '../../../shared/wake/wake-listener.ts';
import { type WakeQueue, WakeQueueLostError } from '../../../shared/wake/wake-queue.ts';
import { Waker } from '../../../shared/wake/waker.ts';
import { type TestDynoxide, startTestDynoxide } from '../../support/dynoxide.ts';
import { type FaultRule, FaultTransport } from '../../support/fault-transport.ts';
import { TestRim } from '../../support/rim.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const log = createLog({ level: 'silent', pretty: false });
const clock = { sleep: () => Promise.resolve(), random: () => 0 };
const never = new AbortController().signal;
let store: TestDynoxide;
let sqs: LocalSqs;
let shared: ReturnType<typeof connect>;
const running: Gateway[] = [];
const opened: { destroy(): void }[] = [];

beforeAll(async () => {
  store = await startTestDynoxide(['mail']);
  sqs = await startSqs();
  shared = connect();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
});
afterAll(async () => {
  for (const client of opened) client.destroy();
  await sqs.stop();
  await store.stop();
});

function connect(rules: readonly FaultRule[] = []) {
  const faults = new FaultTransport({ rules, random: seededRandom(1) });
  const settings = {
    region: 'us-east-1',
    endpoints: { ...store.settings.endpoints, sqs: sqs.endpoint },
  };
  const dynamodb = dynamoDbClient(settings, { wrapTransport: faults.wrap });
  const queues = sqsClient(settings, { wrapTransport: faults.wrap });
  opened.push(dynamodb, queues);
  return {
    queues,
    journal: new DynamoDbJournalStore(dynamodb, 'mail', { clock }),
    watches: new DynamoDbWatchRegister(dynamodb, 'mail', { clock }),
    sender: new SqsWakeSender(queues, { clock }),
  };
}

let gateways = 0;
const freshGateway = (): GatewayId => `${Date.now().toString(16)}${++gateways}` as GatewayId;
const account = (): Promise<AccountId> => beginAccount(shared.journal, new TestRim(++gateways));
const seconds = (): number => Date.now() / 1000;
const create = (name: string): Op => ({ op: 'create', name, uidValidity: 2_000_000_000, use: null });

/** A gateway as `startGatewayProcess` makes it, without the IMAP server. */
class Gateway {
  readonly id: GatewayId;
  readonly queue: WakeQueue;
  readonly cache: ReplicaCache;
  readonly listener: WakeListener;
  readonly waker: Waker;

  private constructor(id: GatewayId, queue: WakeQueue) {
    const { journal, watches, sender } = shared;
    this.id = id;
    this.queue = queue;
    const now = Date.now;
    this.waker = new Waker({ watches, sender, now, log, self: id });
    this.cache = new ReplicaCache(journal, new TestRim(++gateways), {
      budgetBytes: 1_000_000,
      onCommit: (committed, records) =>
        this.waker.committed(committed, records.at(-1)?.number ?? (0 as RecordNumber)),
    });
    const sleep = (milliseconds: number, signal: AbortSignal) => delay(milliseconds, undefined, { signal });
    this.listener = new WakeListener({ gateway: id, watches, queue, replicas: this.cache, now, sleep, log });
  }

  static async start(): Promise<Gateway> {
    const id = freshGateway();
    const gateway = new Gateway(id, await createWakeQueue(shared.queues, id));
    gateway.listener.start();
    running.push(gateway);
    return gateway;
  }

  async stop(): Promise<void> {
    await this.waker.settled();
    await this.listener.stop();
  }

  /** An idle session: resolves, registered and synced, to the next change that it is told of. */
  async idle(id: AccountId): Promise<{ readonly next: Promise<Change> }> {
    const { replica } = this.cache.acquire(id);
    await this.listener.watch(id);
    await replica.sync();
    return { next: new Promise((changed) => replica.listen({ changed })) };
  }

  async commit(id: AccountId, name: string): Promise<void> {
    const lease = this.cache.acquire(id);
    await lease.replica.commit({ decide: () => ({ ops: [create(name)], value: null }) });
    lease.release();
  }
}

const watchersOf = async (id: AccountId): Promise<string[]> =>
  (await shared.watches.of(id, seconds())).map(({ gateway }) => gateway).sort();

test('a commit on one gateway is announced on the others, each time, and to both sides', async () => {
  const [one, two, three] = [await Gateway.start(), await Gateway.start(), await Gateway.start()];
  const id = await account();
  const [second, third] = [await two.idle(id), await three.idle(id)];
  await one.commit(id, 'from one');
  await second.next;
  await third.next;
  const first = await one.idle(id);
  await two.commit(id, 'from two');
  await first.next;
  const { current } = one.cache.acquire(id).replica;
  const names = [...(current?.mailboxes.values() ?? [])].map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['from one', 'from two']));
});

test('a gateway is told nothing of what it committed itself', async () => {
  const one = await Gateway.start();
  const id = await account();
  await one.idle(id);
  const told: string[] = [];
  const sender = { send: async (queue: string) => (told.push(queue), true) };
  const waker = new Waker({ watches: shared.watches, sender, now: Date.now, log, self: one.id });
  waker.committed(id, 5 as RecordNumber);
  await waker.settled();
  expect(told).toEqual([]);
  const other = new Waker({ watches: shared.watches, sender, now: Date.now, log, self: freshGateway() });
  other.committed(id, 5 as RecordNumber);
  await other.settled();
  expect(told).toEqual([one.queue.queue]);
});

describe('a gateway that stops', () => {
  test('takes its registrations and its queue with it', async () => {
    const [one, two] = [await Gateway.start(), await Gateway.start()];
    const id = await account();
    await one.idle(id);
    await two.idle(id);
    expect(await watchersOf(id)).toEqual([one.id, two.id].sort());
    await one.listener.stop();
    expect(await watchersOf(id)).toEqual([two.id]);
    expect(await shared.sender.send(one.queue.queue, { account: id, number: 1 as RecordNumber })).toBe(false);
    await expect(one.queue.close()).resolves.toBeUndefined();
  });

  test('without taking its registration back is forgotten at the next commit', async () => {
    const [one, two] = [await Gateway.start(), await Gateway.start()];
    const id = await account();
    const dead = await createWakeQueue(shared.queues, freshGateway());
    const ghost = freshGateway();
    await shared.watches.put(id, { gateway: ghost, queue: dead.queue }, seconds() + 7_200);
    await dead.close();
    const { next } = await two.idle(id);
    expect(await watchersOf(id)).toEqual([ghost, two.id].sort());
    await one.commit(id, 'x');
    await next;
    await one.waker.settled();
    expect(await watchersOf(id)).toEqual([two.id]);
  });
});

describe('the register', () => {
  test('forgets whom it should, and renews', async () => {
    const id = await account();
    const other = await account();
    const [one, two] = [freshGateway(), freshGateway()];
    await shared.watches.put(id, { gateway: one, queue: 'q1' }, 1_000);
    await shared.watches.put(id, { gateway: two, queue: 'q2' }, 2_000);
    expect(await shared.watches.of(id, 999)).toHaveLength(2);
    // TTL removes late: who has expired is passed over.
    expect(await shared.watches.of(id, 1_000)).toEqual([{ gateway: two, queue: 'q2' }]);
    await shared.watches.put(id, { gateway: one, queue: 'q1' }, 3_000);
    expect(await shared.watches.of(id, 2_500)).toEqual([{ gateway: one, queue: 'q1' }]);
    await shared.watches.remove(id, one);
    await shared.watches.remove(id, one);
    expect(await shared.watches.of(id, 0)).toEqual([{ gateway: two, queue: 'q2' }]);
    expect(await shared.watches.of(other, 0)).toEqual([]);
  });

  test('gives every watcher, over many pages and on a bad day', async () => {
    const id = await account();
    const all = Array.from({ length: 30 }, (_, index) => `g${String(index).padStart(2, '0')}` as GatewayId);
    for (const gateway of all) await shared.watches.put(id, { gateway, queue: 'q' }, 9_000);
    const { watches } = connect([
      { fault: 'throttle', times: 2 },
      { fault: 'empty-page', times: 1 },
      { fault: 'short-page', probability: 0.8 },
    ]);
    expect((await watches.of(id, 0)).map(({ gateway }) => gateway)).toEqual(all);
  });
});

describe('the queue', () => {
  const wake = { account: 'a'.repeat(20) as AccountId, number: 7 as RecordNumber };

  test('gives what was sent, passes over what is no wake-up, and deletes both', async () => {
    const queue = await createWakeQueue(shared.queues, freshGateway());
    for (const MessageBody of ['not JSON', 'null', '{"account":1,"number":"x"}', '[]'])
      await shared.queues.send(new SendMessageCommand({ QueueUrl: queue.queue, MessageBody }));
    expect(await shared.sender.send(queue.queue, wake)).toBe(true);
    const received = [];
    while (received.length === 0) received.push(...(await queue.receive(never)));
    expect(received).toEqual([wake]);
    await queue.close();
  });

  test('gives a wake-up though it could not be deleted', async () => {
    const { queues } = connect([{ fault: 'server-error', operations: ['DeleteMessageBatch'] }]);
    const queue = await createWakeQueue(queues, freshGateway());
    await shared.sender.send(queue.queue, wake);
    expect(await queue.receive(never)).toEqual([wake]);
    await queue.close();
  });

  test('that somebody deleted is made again, under the same name, and says so', async () => {
    const id = freshGateway();
    const queue = await createWakeQueue(shared.queues, id);
    await (await createWakeQueue(shared.queues, id)).close();
    expect(await shared.sender.send(queue.queue, wake)).toBe(false);
    await expect(queue.receive(never)).rejects.toThrow(WakeQueueLostError);
    expect(await shared.sender.send(queue.queue, wake)).toBe(true);
    expect(await queue.receive(never)).toEqual([wake]);
    await queue.close();
  });

  test('ends a wait when the gateway stops', async () => {
    const queue = await createWakeQueue(shared.queues, freshGateway());
    const stopping = new AbortController();
    const waiting = queue.receive(stopping.signal);
    stopping.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await queue.close();
  });

  test('is sent to through throttles and resets; another failure is an error, not a queue that is gone', async () => {
    const queue = await createWakeQueue(shared.queues, freshGateway());
    const shaky = connect([
      { fault: 'throttle', times: 1 },
      { fault: 'reset-before-effect', times: 1 },
    ]);
    expect(await shaky.sender.send(queue.queue, wake)).toBe(true);
    const dead = connect([{ fault: 'reset-before-effect' }]);
    await expect(dead.sender.send(queue.queue, wake)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await queue.close();
  });
});
