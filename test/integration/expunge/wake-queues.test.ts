import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ListQueuesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { removeOrphanedQueues } from '../../../functions/expunge/wake-queues.ts';
import type { AccountId, GatewayId } from '../../../shared/account/ids.ts';
import { dynamoDbClient, sqsClient } from '../../../shared/aws/clients.ts';
import { DynamoDbGatewayRegister } from '../../../shared/aws/dynamodb-gateway-register.ts';
import { SqsWakeSender, createWakeQueue, deleteWakeQueue } from '../../../shared/aws/sqs-wake-queue.ts';
import { createLog } from '../../../shared/log.ts';
import { type KeyNoticeSender, tellOfKey } from '../../../shared/wake/key-notice.ts';
import { Presence, RENEW_PRESENCE_MS } from '../../../shared/wake/presence.ts';
import { startSqs } from '../../../infra/local/sqs.ts';
import { type TestDynoxide, startTestDynoxide } from '../../support/dynoxide.ts';

const log = createLog({ level: 'silent', pretty: false });
const DAY_MS = 86_400_000;
let store: TestDynoxide;
let queues: Awaited<ReturnType<typeof startSqs>>;
let sqs: SQSClient;
beforeAll(async () => {
  store = await startTestDynoxide(['mail']);
  queues = await startSqs();
  sqs = sqsClient({ region: 'us-east-1', endpoints: { ...store.settings.endpoints, sqs: queues.endpoint } });
});
afterAll(async () => {
  sqs.destroy();
  await queues.stop();
  await store.stop();
});

const names = async (): Promise<string[]> =>
  ((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'quire-wake-' }))).QueueUrls ?? [])
    .map((url) => url.replace(/.*quire-wake-/, ''))
    .sort();

test('the queue of a gateway that was killed goes a day later; that of one that lives stays', async () => {
  const gateways = new DynamoDbGatewayRegister(dynamoDbClient(store.settings), 'mail');
  let time = Date.UTC(2026, 0, 1);
  const now = () => time;
  const begin = async (name: string) => {
    const gateway = name as GatewayId;
    const presence = new Presence({ gateway, register: gateways, now, log });
    await presence.tend();
    return { presence, queue: await createWakeQueue(sqs, gateway) };
  };
  const [, living, ended] = [await begin('killed'), await begin('living'), await begin('ended')];
  await ended.queue.close();
  await ended.presence.end();
  const clean = () =>
    removeOrphanedQueues({ gateways, deleteQueue: (gateway) => deleteWakeQueue(sqs, gateway), now, log });
  for (let hours = 0; hours < 24; hours++) {
    time += RENEW_PRESENCE_MS;
    await living.presence.tend();
    expect(await clean()).toBe(0);
  }
  expect(await names()).toEqual(['killed', 'living']);
  time += 60_000;
  expect(await clean()).toBe(1);
  expect(await names()).toEqual(['living']);
  expect(await clean()).toBe(0);
});

test('that a key has changed is told to every gateway that lives; one that is gone keeps nobody from it', async () => {
  const gateways = new DynamoDbGatewayRegister(dynamoDbClient(store.settings), 'mail');
  const [first, second] = ['first', 'second'] as GatewayId[];
  const own = await Promise.all([first, second].map((gateway) => createWakeQueue(sqs, gateway as GatewayId)));
  const time = Date.UTC(2030, 0, 1);
  for (const gateway of [first, second, 'without-queue'])
    await gateways.live(gateway as GatewayId, time / 1000 + 60);
  await gateways.live('long-gone' as GatewayId, time / 1000 - 60);
  const account = 'a1'.repeat(10) as AccountId;
  const asked: string[] = [];
  const sender = new SqsWakeSender(sqs);
  const watched: KeyNoticeSender = {
    tell: (gateway, notice) => {
      asked.push(gateway);
      return sender.tell(gateway, notice);
    },
  };
  const deps = { gateways, sender: watched, now: () => time, log };
  expect(await tellOfKey(deps, account)).toBe(true);
  expect(asked.toSorted()).toEqual(['first', 'second', 'without-queue']);
  for (const queue of own) {
    expect(await queue.receive(AbortSignal.timeout(20_000))).toEqual([{ account, key: 'changed' }]);
    await queue.close();
  }
  const failing = { living: () => Promise.reject(new Error('no table today')) };
  expect(await tellOfKey({ ...deps, gateways: failing }, account)).toBe(false);
});

test('a queue that is gone already, and a function that died between queue and entry, are no matter', async () => {
  const gateways = new DynamoDbGatewayRegister(dynamoDbClient(store.settings), 'mail');
  await gateways.live('never-made' as GatewayId, 10);
  const deps = { gateways, now: () => 11_000 + DAY_MS, log };
  const dying = {
    silent: gateways.silent.bind(gateways),
    forget: () => Promise.reject(new Error('killed')),
  };
  const deleteQueue = (gateway: GatewayId) => deleteWakeQueue(sqs, gateway);
  expect(await removeOrphanedQueues({ ...deps, gateways: dying, deleteQueue })).toBe(0);
  expect(await removeOrphanedQueues({ ...deps, deleteQueue })).toBe(1);
  expect(await gateways.silent(11 + 86_400)).toEqual([]);
});
