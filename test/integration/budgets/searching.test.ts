/** Request budgets of SEARCH, SORT and THREAD. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { filledAccount } from '../../bench/filled-account.ts';
import { CountedStack, expectOk } from './counted-stack.ts';

const MESSAGES = 300;
let stack: CountedStack;
let address: string;

beforeAll(async () => {
  stack = await CountedStack.start();
  ({ address } = await stack.addUser(
    await filledAccount(stack.engine, { messages: MESSAGES, bytes: 4_000, bodies: true }),
  ));
});
afterEach(() => stack.release());
afterAll(() => stack.stop());

test.each([
  'SEARCH UNSEEN SINCE 1-Jan-2020 LARGER 10',
  'SORT (REVERSE ARRIVAL SIZE) UTF-8 ALL',
  'SEARCH RETURN (PARTIAL -1:-50) UNDELETED',
])('%s asks nobody: columns tell', async (command) => {
  const gateway = await stack.coldGateway();
  const client = await gateway.signIn(address);
  expectOk(await client.run('SELECT INBOX'));
  expect((await gateway.cost(client, command)).calls).toEqual({});
});

test.each([
  ['SEARCH FROM example SENTSINCE 1-Jan-2020'],
  ['SEARCH FUZZY SUBJECT message'],
  ['SORT (SUBJECT REVERSE DATE) UTF-8 ALL'],
  ['SORT (DISPLAYFROM) UTF-8 ALL'],
  ['THREAD REFERENCES UTF-8 ALL'],
  ['THREAD REFS UTF-8 ALL'],
  ['THREAD ORDEREDSUBJECT UTF-8 ALL'],
])('%s asks nobody when warm, and at first for a chunk of summaries', async (command) => {
  const gateway = await stack.coldGateway();
  const client = await gateway.signIn(address);
  expectOk(await client.run('SELECT INBOX'));
  const cold = await gateway.cost(client, command);
  expect(cold.calls).toEqual({ 's3.GetObject': 1 });
  const warm = await gateway.cost(client, command);
  expect(warm.calls).toEqual({});
});

test('a search in bodies reads each message once, whatever it looks for', async () => {
  const gateway = await stack.coldGateway();
  const client = await gateway.signIn(address);
  expectOk(await client.run('SELECT INBOX'));
  expectOk(await client.run('SEARCH FROM example'));
  const { calls } = await gateway.cost(
    client,
    'SEARCH 1:10 TEXT nowhere HEADER Received x BODY nothing FUZZY TEXT zzzzz',
  );
  expect(calls).toEqual({ 's3.GetObject': 10 });
});
