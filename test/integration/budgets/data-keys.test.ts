/** Request budgets where every account has a data key: what was held without keys is held with them. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { deliveryHandler } from '../../../functions/deliver/index.ts';
import { fillAccount, filledAccount } from '../../bench/filled-account.ts';
import { sampleMail } from '../../bench/sample-mail.ts';
import { notificationOf, sqsEvent } from '../../support/ses.ts';
import { CountedStack, log } from './counted-stack.ts';

let stack: CountedStack;
let user: { readonly address: string };
beforeAll(async () => {
  stack = await CountedStack.start({ sealed: true });
  const account = await filledAccount(stack.engine, { messages: 1_900 });
  await fillAccount(stack.engine, account, { messages: 72, perRecord: 1 });
  await fillAccount(stack.engine, account, { messages: 28, perRecord: 1, fold: false });
  user = await stack.addUser(account);
});
afterEach(() => stack.release());
afterAll(() => stack.stop());

async function arrived(id: string): Promise<string> {
  const raw = Buffer.from(sampleMail(id.length, { to: user.address }), 'latin1');
  await stack.engine.inbound.put(`all/${id}`, raw, raw.length);
  return notificationOf({ messageId: id, recipients: [user.address], objectKey: `all/${id}` });
}

test('LOGIN is one read of the directory, and none of a key', async () => {
  const gateway = await stack.coldGateway();
  const login = await gateway.costOfLogin(user.address);
  expect(login.calls).toEqual({ 'dynamodb.GetItem': 1 });
  expect(login.readUnits).toBeLessThanOrEqual(1);
});

test('an account opens in one round trip, its key read beside it, at most 60 units; no summary asks for it again', async () => {
  const gateway = await stack.coldGateway();
  const client = await gateway.signIn(user.address);
  const { lines, ...open } = await gateway.cost(client, 'SELECT INBOX');
  expect(lines).toContain('* 2000 EXISTS');
  expect(open.calls).toEqual({ 'dynamodb.GetItem': 3, 'dynamodb.Query': 1 });
  expect(open.roundTrips).toBe(1);
  expect(open.readUnits).toBeLessThanOrEqual(60);
  const envelopes = await gateway.cost(client, 'FETCH 1:* ENVELOPE');
  expect(Object.keys(envelopes.calls)).toEqual(['s3.GetObject']);
  expect(envelopes.lines.filter((line) => line.includes('ENVELOPE'))).toHaveLength(2_000);
  expect((await gateway.cost(client, 'FETCH 1:* ENVELOPE')).calls).toEqual({});
});

test('a delivery reads the newest record and the key, one unit together, in as many round trips as without', async () => {
  const { engine, requests } = await stack.coldEngine();
  const handler = deliveryHandler(engine, 'mx.example.test', log);
  const notification = await arrived('first');
  const { result, report } = await requests.measure(() => handler(sqsEvent([notification])));
  expect(result).toEqual({ batchItemFailures: [] });
  expect(report.calls).toEqual({
    'dynamodb.BatchGetItem': 1,
    's3.GetObject': 1,
    'dynamodb.GetItem': 1,
    'dynamodb.Query': 1,
    's3.PutObject': 1,
    'dynamodb.TransactWriteItems': 1,
    's3.DeleteObjects': 1,
  });
  const unitsOf = (name: string): number =>
    requests.calls.filter((call) => call.name === name).reduce((sum, { readUnits }) => sum + readUnits, 0);
  expect(unitsOf('dynamodb.GetItem') + unitsOf('dynamodb.Query')).toBeLessThanOrEqual(1);
  expect(report.writeUnits).toBeLessThanOrEqual(8);
  expect(report.roundTrips).toBe(5);
  const later = await arrived('the second one');
  const warm = await requests.measure(() => handler(sqsEvent([later])));
  expect(warm.report.calls['dynamodb.GetItem']).toBeUndefined();
});
