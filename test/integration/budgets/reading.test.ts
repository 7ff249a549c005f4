/** Request budgets of signing in, opening, selecting and fetching. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { fillAccount, filledAccount } from '../../bench/filled-account.ts';
import { CountedStack, expectOk } from './counted-stack.ts';

const SMALL = 2_000;
const LARGE = 100_000;
let stack: CountedStack;
let small: { address: string; account: AccountId };

beforeAll(async () => {
  stack = await CountedStack.start();
  small = await usualAccount(SMALL, 0);
});
afterEach(() => stack.release());
afterAll(() => stack.stop());

/** The youngest messages came one by one, as deliveries do; the last `unfolded` of them after the last fold. */
async function usualAccount(messages: number, unfolded: number) {
  const account = await filledAccount(stack.engine, { messages: messages - 100 });
  await fillAccount(stack.engine, account, { messages: 100 - unfolded, perRecord: 1 });
  await fillAccount(stack.engine, account, { messages: unfolded, perRecord: 1, fold: false });
  return stack.addUser(account);
}

test('LOGIN with nothing cached is one read of the directory, at most one unit', async () => {
  const gateway = await stack.coldGateway();
  const login = await gateway.costOfLogin(small.address);
  expect(login.calls).toEqual({ 'dynamodb.GetItem': 1 });
  expect(login.readUnits).toBeLessThanOrEqual(1);
});

describe('an account of 2,000 messages', () => {
  test('opens in one round trip and at most 60 units', async () => {
    const gateway = await stack.coldGateway();
    const client = await gateway.signIn(small.address);
    const { lines, ...open } = await gateway.cost(client, 'SELECT INBOX');
    expect(lines).toContain(`* ${SMALL} EXISTS`);
    expect(open.calls).toEqual({ 'dynamodb.GetItem': 2, 'dynamodb.Query': 1 });
    expect(open.roundTrips).toBe(1);
    expect(open.readUnits).toBeLessThanOrEqual(60);
    expect(open.writeUnits).toBe(0);
  });

  test('opens so when it is about to be folded, too', async () => {
    const { address } = await usualAccount(SMALL, 28);
    const gateway = await stack.coldGateway();
    const client = await gateway.signIn(address);
    const { lines, ...open } = await gateway.cost(client, 'SELECT INBOX');
    expect(lines).toContain(`* ${SMALL} EXISTS`);
    expect(open.roundTrips).toBe(1);
    expect(open.readUnits).toBeLessThanOrEqual(60);
  });

  test('opens in two round trips however long nobody has folded it', async () => {
    const { address } = await usualAccount(SMALL, 99);
    const gateway = await stack.coldGateway();
    const client = await gateway.signIn(address);
    const { lines, ...open } = await gateway.cost(client, 'SELECT INBOX');
    expect(lines).toContain(`* ${SMALL} EXISTS`);
    expect(open.calls).toEqual({ 'dynamodb.GetItem': 2, 'dynamodb.Query': 2 });
    expect(open.roundTrips).toBe(2);
  });

  test.each([
    ['SELECT', 'SELECT INBOX'],
    ['EXAMINE', 'EXAMINE INBOX'],
    ['STATUS', 'STATUS Sent (MESSAGES UNSEEN UIDNEXT SIZE HIGHESTMODSEQ)'],
    ['LIST of own mailboxes with their STATUS', 'LIST "" ("INBOX" "S%") RETURN (STATUS (MESSAGES UNSEEN))'],
    ['NOOP', 'NOOP'],
    ['CHECK', 'CHECK'],
  ])('%s, warm, is one round trip and at most one unit', async (_, command) => {
    const gateway = await stack.coldGateway();
    const client = await gateway.signIn(small.address);
    expectOk(await client.run('SELECT INBOX'));
    const { calls, roundTrips, readUnits, writeUnits } = await gateway.cost(client, command);
    expect(calls).toEqual({ 'dynamodb.Query': 1 });
    expect(roundTrips).toBe(1);
    expect(readUnits).toBeLessThanOrEqual(1);
    expect(writeUnits).toBe(0);
  });

  /** Expunges two messages; resolves to the SELECT of a client that does not know. */
  async function missedBy(client: ImapClient, uids: string): Promise<string> {
    expectOk(await client.run('ENABLE QRESYNC'));
    const lines = (await client.run('SELECT INBOX')).join();
    const [validity, highest] = [/UIDVALIDITY (\d+)/, /HIGHESTMODSEQ (\d+)/].map((of) => of.exec(lines)?.[1]);
    expectOk(await client.run(`UID STORE ${uids} +FLAGS.SILENT (\\Deleted)`));
    expectOk(await client.run(`UID EXPUNGE ${uids}`));
    return `SELECT INBOX (QRESYNC (${validity ?? ''} ${highest ?? ''} 1:${SMALL}))`;
  }

  test('SELECT with QRESYNC, warm, costs no more than without', async () => {
    const gateway = await stack.coldGateway();
    const client = await gateway.signIn(small.address);
    const select = await missedBy(client, '7,9');
    const { lines, calls, roundTrips, readUnits } = await gateway.cost(client, select);
    expect(lines).toContain('* VANISHED (EARLIER) 7,9');
    expect(calls).toEqual({ 'dynamodb.Query': 1 });
    expect(roundTrips).toBe(1);
    expect(readUnits).toBeLessThanOrEqual(1);
  });

  test('and one eventual read more if the change is below the checkpoint', async () => {
    const { address, account } = await usualAccount(SMALL, 0);
    const client = await (await stack.coldGateway()).signIn(address);
    const select = await missedBy(client, '7,9');
    await fillAccount(stack.engine, account, { messages: 1 });
    const gateway = await stack.coldGateway();
    const later = await gateway.signIn(address);
    expectOk(await later.run('ENABLE QRESYNC'));
    expectOk(await later.run('SELECT INBOX'));
    const { lines, calls, roundTrips, readUnits } = await gateway.cost(later, select);
    expect(lines).toContain('* VANISHED (EARLIER) 7,9');
    expect(calls).toEqual({ 'dynamodb.Query': 2 });
    expect(roundTrips).toBe(2);
    expect(readUnits).toBeLessThanOrEqual(2);
  });

  test('what another gateway has written costs a warm SELECT the records after its own, not the newest whole', async () => {
    const gateway = await stack.coldGateway();
    const client = await gateway.signIn(small.address);
    // Ten summaries: more than one unit holds.
    await fillAccount(stack.engine, small.account, { messages: 10, fold: false });
    expectOk(await client.run('SELECT INBOX'));
    const { calls, readUnits } = await gateway.cost(client, 'SELECT INBOX');
    expect(calls).toEqual({ 'dynamodb.Query': 1 });
    expect(readUnits).toBeLessThanOrEqual(1);
  });

  test.each([
    ['FLAGS', []],
    ['(UID FLAGS INTERNALDATE RFC822.SIZE)', []],
    ['ENVELOPE', ['s3.GetObject']],
    ['BODYSTRUCTURE', ['s3.GetObject']],
    [
      '(UID BODY.PEEK[HEADER.FIELDS (DATE FROM TO CC SUBJECT MESSAGE-ID REFERENCES IN-REPLY-TO)])',
      ['s3.GetObject'],
    ],
  ])(
    'FETCH 1:* %s asks nobody when warm, and at first for chunks of summaries at most',
    async (items, first) => {
      const gateway = await stack.coldGateway();
      const { address } = await stack.addUser(await filledAccount(stack.engine, { messages: 300 }));
      const client = await gateway.signIn(address);
      expectOk(await client.run('SELECT INBOX'));
      const cold = await gateway.cost(client, `FETCH 1:* ${items}`);
      expect(Object.keys(cold.calls)).toEqual(first);
      // Not one a batch of rows: a request takes S3 tens of milliseconds, however little it brings.
      expect(cold.calls['s3.GetObject'] ?? 0).toBeLessThanOrEqual(1);
      const warm = await gateway.cost(client, `FETCH 1:* ${items}`);
      expect(warm.lines.filter((line) => line.includes(' FETCH ('))).toHaveLength(300);
      expect(warm.calls).toEqual({});
    },
  );
});

test('SELECT of 100,000 messages, cold, is at most four round trips and 1,200 units', async () => {
  const { address } = await stack.addUser(
    await filledAccount(stack.engine, { messages: LARGE, summary: Uint8Array.of(0) }),
  );
  const gateway = await stack.coldGateway();
  const client = await gateway.signIn(address);
  const { lines, ...select } = await gateway.cost(client, 'SELECT INBOX');
  expect(lines).toContain(`* ${LARGE} EXISTS`);
  expect(select.roundTrips).toBeLessThanOrEqual(4);
  expect(select.readUnits).toBeLessThanOrEqual(1_200);
  expect(select.writeUnits).toBe(0);
});
