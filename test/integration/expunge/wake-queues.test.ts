import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ListQueuesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { removeOrphanedQueues } from '../../../functions/expunge/wake-queues.ts';
import type { GatewayId } from '../../../shared/account/ids.ts';
import { dynamoDbClient, sqsClient } from '../../../shared/aws/clients.ts';
import { DynamoDbGatewayRegister } from '../../../shared/aws/dynamodb-gateway-register.ts';
import { createWakeQueue, deleteWakeQueue } from '../../../shared/aws/sqs-wake-queue.ts';
import { createLog } from '../../../shared/log.ts';
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
