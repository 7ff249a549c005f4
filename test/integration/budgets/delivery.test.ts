/** Request budgets of the delivery function. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { deliveryHandler } from '../../../functions/deliver/index.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { openAccount } from '../../../shared/account/opening.ts';
import { filledAccount } from '../../bench/filled-account.ts';
import { sampleMail } from '../../bench/sample-mail.ts';
import { notificationOf, sqsEvent } from '../../support/ses.ts';
import { CountedStack, log } from './counted-stack.ts';

const BATCH = 10;
let stack: CountedStack;
let messages = 0;
beforeAll(async () => {
  stack = await CountedStack.start();
});
afterEach(() => stack.release());
afterAll(() => stack.stop());

/** Somebody with mail, the newest of it a delivery of one message. */
async function recipient() {
  const account = await filledAccount(stack.engine, { messages: 5, perRecord: 1 });
  return stack.addUser(account);
}

/** A message of 40 KB as SES leaves it; its notification. */
async function arrived(recipients: readonly string[]): Promise<string> {
  const messageId = `message${++messages}`;
  const raw = Buffer.from(sampleMail(messages, { to: recipients[0] ?? '' }), 'latin1');
  const objectKey = `all/${messageId}`;
  await stack.engine.inbound.put(objectKey, raw, raw.length);
  return notificationOf({ messageId, recipients, objectKey });
}

/** What a Lambda that has just started does for a batch. */
async function cost(notifications: readonly string[]) {
  const { engine, requests, afterwards } = await stack.coldEngine();
  const handler = deliveryHandler(engine, 'mx.example.test', log);
  const { result, report } = await requests.measure(() => handler(sqsEvent(notifications)));
  expect(result).toEqual({ batchItemFailures: [] });
  const of = (name: string) => requests.calls.filter((call) => call.name === name);
  const [head] = of('dynamodb.Query');
  return { ...report, of, head, wakeUps: afterwards.report() };
}

const recordsOf = async (account: AccountId) => (await openAccount(stack.engine.journal, account)).tail;

describe('one message for one account', () => {
  test('is one object and one transaction of at most eight units, after a read of at most one', async () => {
    const { address, account } = await recipient();
    const notification = await arrived([address]);
    const { calls, writeUnits, head } = await cost([notification]);
    expect(calls).toEqual({
      // Where the address leads, and the message as SES left it.
      'dynamodb.BatchGetItem': 1,
      's3.GetObject': 1,
      // The delivery itself.
      'dynamodb.Query': 1,
      's3.PutObject': 1,
      'dynamodb.TransactWriteItems': 1,
      // Settled.
      's3.DeleteObjects': 1,
    });
    expect(head?.readUnits).toBeLessThanOrEqual(1);
    expect(writeUnits).toBeLessThanOrEqual(8);
    expect(await recordsOf(account)).toHaveLength(1);
  });

  test('has its record followed on while the message is being put: five round trips, from the queue to the end', async () => {
    const { address } = await recipient();
    const { of, roundTrips } = await cost([await arrived([address])]);
    const depth = (name: string) => of(name)[0]?.depth;
    expect(depth('dynamodb.Query')).toBe(depth('s3.PutObject'));
    expect(roundTrips).toBe(5);
  });

  test('tells nobody where nobody watches', async () => {
    const { address } = await recipient();
    const { wakeUps } = await cost([await arrived([address])]);
    expect(wakeUps.calls).toEqual({ 'dynamodb.Query': 1 });
    expect(wakeUps.readUnits).toBeLessThanOrEqual(1);
  });

  test('that has it already costs one look at its marker, and nothing is written', async () => {
    const { address } = await recipient();
    const notification = await arrived([address]);
    await cost([notification]);
    const { engine, requests } = await stack.coldEngine();
    const handler = deliveryHandler(engine, 'mx.example.test', log);
    const { report } = await requests.measure(() => handler(sqsEvent([notification], 2)));
    expect(report.calls).toEqual({ 'dynamodb.BatchGetItem': 2, 's3.DeleteObjects': 1 });
    expect(report.writeUnits).toBe(0);
  });
});

test('a batch of ten for one account is one record, in one transaction', async () => {
  const { address, account } = await recipient();
  const notifications = await Promise.all(Array.from({ length: BATCH }, () => arrived([address])));
  const { calls, writeUnits, head } = await cost(notifications);
  expect(calls['dynamodb.TransactWriteItems']).toBe(1);
  expect(calls['s3.PutObject']).toBe(BATCH);
  expect(calls['dynamodb.Query']).toBe(1);
  expect(head?.readUnits).toBeLessThanOrEqual(1);
  // A marker is two of them, in any batch; summaries of one batch are compressed together.
  expect(writeUnits / BATCH).toBeLessThanOrEqual(4);
  expect(await recordsOf(account)).toHaveLength(1);
});

test('a message for thirty accounts is one object and one transaction each', async () => {
  const users = await Promise.all(Array.from({ length: 30 }, () => recipient()));
  const { calls, writeUnits } = await cost([await arrived(users.map(({ address }) => address))]);
  expect(calls).toMatchObject({
    's3.GetObject': 1,
    'dynamodb.Query': 30,
    's3.PutObject': 30,
    'dynamodb.TransactWriteItems': 30,
    's3.DeleteObjects': 1,
  });
  expect(writeUnits / 30).toBeLessThanOrEqual(8);
});
