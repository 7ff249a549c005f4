/** What mailboxes of other users cost, and that they work on real stores through several gateways. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type ColdGateway, CountedStack, expectOk } from './counted-stack.ts';

let stack: CountedStack;
beforeAll(async () => {
  stack = await CountedStack.start();
});
afterEach(() => stack.release());
afterAll(() => stack.stop());

const MAIL = 'From: a@b\r\nSubject: hello\r\n\r\nbody\r\n';

interface Pair {
  readonly owner: string;
  readonly guest: string;
  /** The owner's INBOX in the guest's sessions. */
  readonly inbox: string;
}

/** An owner with one message in INBOX, which is shared with a guest, by a gateway that is gone since. */
async function shared(rights: string): Promise<Pair> {
  const [owner, guest] = [(await stack.addUser()).address, (await stack.addUser()).address];
  const gateway = await stack.coldGateway();
  const client = await gateway.signIn(owner);
  expect(await client.append('INBOX', MAIL)).toMatch(/^tag OK/);
  expectOk(await client.run(`SETACL INBOX ${guest} ${rights}`));
  await gateway.stop();
  return { owner, guest, inbox: `#user/${owner}/INBOX` };
}

const warm = async (gateway: ColdGateway, { guest, inbox }: Pair) => {
  const client = await gateway.signIn(guest);
  expectOk(await client.run('SELECT INBOX'));
  expectOk(await client.run(`SELECT ${inbox}`));
  // Behind its answer, a gateway that meets the account looks once whether its shares are published.
  expectOk(await client.run('NOOP'));
  return client;
};

test('LIST of everything is one round trip: the own journal, and three questions to the directory', async () => {
  const pair = await shared('lr');
  const gateway = await stack.coldGateway();
  const client = await warm(gateway, pair);
  const { lines, calls, roundTrips, readUnits, writeUnits } = await gateway.cost(client, 'LIST "" "*"');
  expect(lines).toContain(`* LIST (\\HasNoChildren) "/" ${pair.inbox}`);
  // What was granted to the account, what to everybody, and in which groups it is.
  expect(calls).toEqual({ 'dynamodb.Query': 3, 'dynamodb.BatchGetItem': 1 });
  expect(roundTrips).toBe(1);
  expect(readUnits).toBeLessThanOrEqual(4);
  expect(writeUnits).toBe(0);
});

test('a command by the name of a shared mailbox looks up its owner, and reads what is new in their journal', async () => {
  const pair = await shared('lr');
  const gateway = await stack.coldGateway();
  const client = await warm(gateway, pair);
  for (const command of [`SELECT ${pair.inbox}`, `STATUS ${pair.inbox} (MESSAGES UNSEEN)`]) {
    const { calls, roundTrips, readUnits } = await gateway.cost(client, command);
    expect(calls).toEqual({ 'dynamodb.GetItem': 1, 'dynamodb.Query': 1 });
    expect(roundTrips).toBe(2);
    expect(readUnits).toBeLessThanOrEqual(2);
  }
});

test('in a shared mailbox each command reads first whether it may still be read', async () => {
  const pair = await shared('lrs');
  const gateway = await stack.coldGateway();
  const client = await warm(gateway, pair);
  const { calls, roundTrips, readUnits } = await gateway.cost(client, 'FETCH 1 (FLAGS)');
  expect(calls).toEqual({ 'dynamodb.Query': 1 });
  expect(roundTrips).toBe(1);
  expect(readUnits).toBeLessThanOrEqual(1);
  const seen = await gateway.cost(client, 'STORE 1 +FLAGS (\\Seen)');
  expect(seen.calls).toEqual({ 'dynamodb.Query': 1, 'dynamodb.PutItem': 1 });
  expect(seen.writeUnits).toBe(1);
});

test('a revocation on one gateway is kept by another at once', async () => {
  const pair = await shared('lr');
  const [one, two] = [await stack.coldGateway(), await stack.coldGateway()];
  const guest = await warm(one, pair);
  const owner = await two.signIn(pair.owner);
  expectOk(await owner.run(`DELETEACL INBOX ${pair.guest}`));
  guest.send('x FETCH 1 (BODY.PEEK[])\r\n');
  expect(await guest.line()).toMatch(/^\* BYE /);
  const again = await one.signIn(pair.guest);
  expect((await again.run(`SELECT ${pair.inbox}`)).at(-1)).toMatch(/^tag NO \[NONEXISTENT\]/);
  expect(await again.run('LIST "" "#user/*"')).toEqual(['tag OK mailboxes listed']);
});

test('a grant is published by one read and three writes: grantees, one grant, and that all is done', async () => {
  const pair = await shared('lr');
  const gateway = await stack.coldGateway();
  const owner = await gateway.signIn(pair.owner);
  // A gateway that meets the account looks once whether its shares are published.
  expectOk(await owner.run(`SETACL INBOX ${pair.guest} +s`));
  const { calls } = await gateway.cost(owner, `SETACL INBOX ${pair.guest} -s`);
  // The user and the shares are looked up; the record is put; the list, the grant and the number are written.
  expect(calls).toEqual({
    'dynamodb.Query': 1,
    'dynamodb.GetItem': 2,
    'dynamodb.PutItem': 1,
    'dynamodb.UpdateItem': 3,
  });
});

test('\\Seen of a guest survives folds, and a message goes over into another account', async () => {
  const pair = await shared('lrste');
  const one = await stack.coldGateway();
  const guest = await warm(one, pair);
  expectOk(await guest.run('STORE 1 +FLAGS (\\Seen)'));
  await one.stop();
  const two = await stack.coldGateway();
  const again = await warm(two, pair);
  expect(await again.run('FETCH 1 (FLAGS)')).toContain('* 1 FETCH (FLAGS (\\Seen))');
  const { lines, calls } = await two.cost(again, 'COPY 1 Archive');
  expect(lines.at(-1)).toMatch(/^tag OK \[COPYUID \d+ 1 1\]/);
  expect(calls).toMatchObject({ 's3.GetObject': 1, 's3.PutObject': 1, 'dynamodb.PutItem': 1 });
  expectOk(await again.run('SELECT Archive'));
  expect(await again.run('FETCH 1 (FLAGS RFC822)')).toContainEqual(expect.stringContaining('\\Seen'));
});
