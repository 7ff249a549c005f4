/** What becomes of a message for which its account has no room: it waits, then it is a dead letter, and it is never lost. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import path from 'node:path';
import { deliveryHandler } from '../../../functions/deliver/index.ts';
import { demoAccounts, NEW_ACCOUNT_LIMITS } from '../../../infra/local/demo-accounts.ts';
import { startEventSource } from '../../../infra/local/event-source.ts';
import {
  acceptArrival,
  removingEnvelopes,
  requeueInbound,
  type Inbound,
} from '../../../infra/local/inbound.ts';
import { readSettings } from '../../../infra/local/settings.ts';
import { DELIVERY_DEAD_LETTERS, ensureQueues } from '../../../infra/local/sqs.ts';
import { StartedParts } from '../../../infra/local/started-parts.ts';
import { startEngine, startStores } from '../../../infra/local/stores.ts';
import { headOf } from '../../../shared/account/delivery.ts';
import type { Engine } from '../../../shared/aws/engine.ts';
import { createLog } from '../../../shared/log.ts';
import { eventually } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';

const log = createLog({ level: 'silent', pretty: false });
const ALICE = 'alice@example.test';
const BODY = Buffer.from('Subject: hello\r\n\r\nHello.\r\n');

let parts: StartedParts;
let engine: Engine;
let inbound: Inbound;

beforeEach(async () => {
  parts = new StartedParts(log);
  const settings = readSettings({ data: path.join(await temporaryFolder(), 'data') }, {}, '/');
  engine = await startEngine(await startStores({ settings, log, parts }, 'a test'), parts);
  await demoAccounts(engine);
  const queueUrl = await ensureQueues(engine.sqs);
  inbound = { blobs: engine.inbound, prefix: 'all/', bucketName: 'inbound', sqs: engine.sqs, queueUrl };
});

afterEach(() => parts.stop());

/** The delivery function on the queue, which tries again at once. Counts the messages' attempts. */
function deliver(): { attempts: number } {
  const counted = { attempts: 0 };
  const handler = removingEnvelopes(inbound, deliveryHandler(engine, 'mx.example.test', log), log);
  const source = startEventSource({
    sqs: engine.sqs,
    queueUrl: inbound.queueUrl,
    handler: (event) => {
      counted.attempts += event.Records.length;
      return handler(event);
    },
    log,
    retryDelay: () => 0,
  });
  parts.add('deliveries', () => source.stop());
  return counted;
}

async function send(messageId: string): Promise<void> {
  await acceptArrival(inbound, {
    messageId,
    source: 'jane@example.com',
    recipients: [ALICE],
    received: 1_767_323_045_000,
    processed: 1_767_323_045_000,
    start: BODY,
    body: (async function* () {
      await Promise.resolve();
      yield BODY;
    })(),
    size: BODY.length,
  });
}

async function waiting(queue: string): Promise<number> {
  const QueueUrl = inbound.queueUrl.replace(/[^/]+$/, queue);
  const { Attributes } = await engine.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  return Number(Attributes?.ApproximateNumberOfMessages);
}

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of engine.inbound.list('')) found.push(key);
  return found;
}

async function messages(): Promise<number> {
  const account = (await engine.directory.users.find(ALICE))?.id;
  if (account === undefined) throw new Error('the first start makes her');
  return (await headOf(engine.journal, account)).usage.messages;
}

describe('an account over its quota', () => {
  test.each([
    ['octets', { ...NEW_ACCOUNT_LIMITS, quotaBytes: BODY.length }],
    ['messages', { ...NEW_ACCOUNT_LIMITS, quotaMessages: 0 }],
  ])(
    'in %s: eight attempts, a dead letter, and delivered after there is room and a restart',
    async (_what, limits) => {
      await engine.directory.users.setLimits(ALICE, limits);
      const counted = deliver();
      await send('one');
      await eventually(async () => (await waiting(DELIVERY_DEAD_LETTERS)) === 1);
      expect(counted.attempts).toBe(8);
      expect(await keys()).toEqual(['all/one', 'all/one.notification.json']);
      expect(await messages()).toBe(0);

      await engine.directory.users.setLimits(ALICE, NEW_ACCOUNT_LIMITS);
      expect(await requeueInbound(inbound, log)).toEqual({ queued: 1, strays: [] });
      await eventually(async () => (await keys()).length === 0);
      expect(await messages()).toBe(1);
    },
  );
});
