/** The expunge function as Lambda and the local timer run it, on real stores over real sockets. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { compactHandler } from '../../../functions/compact/index.ts';
import { deliveryHandler } from '../../../functions/deliver/index.ts';
import { expungeHandler } from '../../../functions/expunge/index.ts';
import {
  type MaintenanceSettings,
  maintenanceSettingsFrom,
} from '../../../functions/maintenance-settings.ts';
import { dayOf } from '../../../shared/account/due.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { beginAccount } from '../../../shared/account/new-account.ts';
import { openAccount } from '../../../shared/account/opening.ts';
import { commitOnWholeState, openWholeState } from '../../../shared/account/whole-state.ts';
import type { Engine } from '../../../shared/aws/engine.ts';
import { decideRemoval } from '../../../shared/account/decide-messages.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { notificationOf, sqsEvent } from '../../support/ses.ts';
import { CountedStack, log, sweptIn } from '../budgets/counted-stack.ts';

const DAY_MS = 86_400_000;
const CONTEXT = { getRemainingTimeInMillis: () => 10 * DAY_MS };
const SETTINGS: MaintenanceSettings = { graceDays: 7 };

let stack: CountedStack;
beforeAll(async () => {
  stack = await CountedStack.start();
});
afterAll(() => stack.stop());

/** The same stores, so many days later. */
function later(engine: Engine, days: number): Engine {
  return { ...engine, rim: { ...engine.rim, now: () => Date.now() + days * DAY_MS } };
}
const run = (days: number) => expungeHandler(later(stack.engine, days), SETTINGS, log)({}, CONTEXT);

/** A new account whose sweep is on no day of these tests. */
const sweptOnNone = () => beginAccount(stack.engine.journal, sweptIn(20, stack.engine).rim);

async function delivered(address: string, count: number): Promise<void> {
  const deliver = deliveryHandler(stack.engine, 'mx.example.test', log);
  for (let message = 0; message < count; message++) {
    const messageId = `${address}-${message}`;
    const objectKey = `all/${messageId}`;
    const raw = Buffer.from(`Subject: ${message}\r\n\r\nHello.\r\n`);
    await stack.engine.inbound.put(objectKey, raw, raw.length);
    await deliver(sqsEvent([notificationOf({ messageId, recipients: [address], objectKey })]));
  }
}

async function objectsOf(account: AccountId): Promise<string[]> {
  const found: string[] = [];
  for await (const { kind, name } of stack.engine.objects.list(account)) found.push(`${kind} ${name}`);
  return found;
}

test('what is expunged is deleted when its grace is over, on its day, and an account is closed with all it has', async () => {
  const { address, account } = await stack.addUser(await sweptOnNone());
  const { engine } = stack;
  await delivered(address, 3);
  await commitOnWholeState(engine, account, ({ state }) => decideRemoval(state, INBOX_ID, [1, 3]));
  // The fold that takes the expunge in asks for the day.
  await engine.work.leave('compact', account);
  await compactHandler(engine, log, SETTINGS)({}, CONTEXT);
  expect(await run(6)).toMatchObject({ accounts: 0, failed: 0 });
  expect((await objectsOf(account)).filter((name) => name.startsWith('message'))).toHaveLength(3);
  expect(await run(9)).toMatchObject({ purged: 2, closed: 0, failed: 0 });
  const left = (await objectsOf(account)).filter((name) => name.startsWith('message'));
  const inbox = (await openWholeState(engine, account)).state.mailboxes.get(INBOX_ID);
  expect(left).toEqual([`message ${inbox?.columns?.blobAt(0) ?? ''}`]);
  // It asks for its next day itself.
  expect((await engine.calendar.due(dayOf(Date.now() / 1000) + 60, Date.now())).length).toBeGreaterThan(0);

  const closing = Date.now() + DAY_MS;
  await commitOnWholeState(engine, account, () => ({
    ops: [{ op: 'policy', change: { closing } }],
    value: null,
  }));
  await engine.directory.users.setDisabled(address, true);
  expect(await run(60)).toMatchObject({ accounts: 1, closed: 1, failed: 0 });
  expect(await objectsOf(account)).toEqual([]);
  expect(await engine.directory.users.find(address)).toBeUndefined();
  expect(await engine.directory.users.read(account)).toMatchObject({ state: 'closed' });
  expect(await run(62)).toMatchObject({ accounts: 1, failed: 0 });
  expect(await engine.directory.users.read(account)).toBeUndefined();
  const { base, tail } = await openAccount(engine.journal, account);
  expect([base.state.policy.closed, base.state.mailboxes.size, tail]).toEqual([true, 0, []]);
  const items: unknown[] = [];
  for await (const { item } of engine.folds.items(account, [1, 2, 3, 4, 5, 6] as never[])) items.push(item);
  expect(items).toEqual([]);
  expect(await engine.calendar.due(dayOf(Date.now() / 1000) + 500, Date.now())).toEqual([]);
});

test('what it costs: a visit at which nothing is due, and a purge', async () => {
  const { address, account } = await stack.addUser(await sweptOnNone());
  await delivered(address, 3);
  await stack.engine.calendar.leave(account, dayOf(Date.now() / 1000));
  const { engine, requests } = await stack.coldEngine();
  const visit = (days: number) => expungeHandler(later(engine, days), SETTINGS, log)({}, CONTEXT);
  const idle = await requests.measure(() => visit(0));
  // 16 shards are asked, and who has been silent; the day is taken, the next one asked for, the day finished.
  expect(idle.report.calls).toMatchObject({
    'dynamodb.GetItem': 2,
    'dynamodb.UpdateItem': 2,
    'dynamodb.DeleteItem': 1,
  });
  expect(idle.report.writeUnits).toBe(3);
  await commitOnWholeState(stack.engine, account, ({ state }) => decideRemoval(state, INBOX_ID, [1, 2]));
  await stack.engine.calendar.leave(account, dayOf(Date.now() / 1000));
  requests.reset();
  const purge = await requests.measure(() => visit(9));
  expect(purge.result).toMatchObject({ purged: 2 });
  // One record that names the blobs, one request that deletes them, one record that says so.
  expect(purge.report.calls).toMatchObject({ 'dynamodb.PutItem': 2, 's3.DeleteObjects': 1 });
});

test('an account that is missing is dropped, and holds up no other', async () => {
  const { account } = await stack.addUser();
  const { calendar } = stack.engine;
  const today = dayOf(Date.now() / 1000);
  await calendar.leave('f0'.repeat(10) as AccountId, today);
  await calendar.leave(account, today - 3);
  expect(await run(0)).toMatchObject({ accounts: 1, left: 1, failed: 0 });
  expect((await calendar.due(today, Date.now())).map((due) => due.account)).toEqual([]);
});

test('what it has expunged is told to those who wait, as any commit', async () => {
  const { address, account } = await stack.addUser(await sweptOnNone());
  await delivered(address, 1);
  const told: unknown[] = [];
  const { engine } = stack;
  const watches = { ...engine.watches, of: async () => [{ gateway: 'g' as never, queue: 'q' }] };
  const wakeSender = {
    tell: () => Promise.resolve(),
    send: async (queue: string, wake: object) => told.push({ queue, ...wake }) > 0,
  };
  await commitOnWholeState(engine, account, () => ({
    ops: [{ op: 'policy', change: { scope: { account: true }, days: 1 } }],
    value: null,
  }));
  await engine.calendar.leave(account, dayOf(Date.now() / 1000));
  const woken = { ...later(engine, 2), watches, wakeSender } as Engine;
  expect(await expungeHandler(woken, SETTINGS, log)({}, CONTEXT)).toMatchObject({ expired: 1 });
  const { number } = (await openWholeState(engine, account)).state;
  expect(told).toEqual([{ queue: 'q', account, number }]);
});

test('too little time, and a grace that is none, are said in a sentence', async () => {
  const handler = expungeHandler(stack.engine, SETTINGS, log);
  await expect(handler({}, { getRemainingTimeInMillis: () => 10 })).rejects.toThrow('raise its timeout');
  expect(maintenanceSettingsFrom({})).toEqual({ graceDays: 7 });
  expect(maintenanceSettingsFrom({ QUIRE_GRACE_DAYS: '30' })).toEqual({ graceDays: 30 });
  expect(() => maintenanceSettingsFrom({ QUIRE_GRACE_DAYS: '0' })).toThrow('whole number of days');
});
