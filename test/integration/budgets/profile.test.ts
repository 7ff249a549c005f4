/**
 * What the cost model multiplies is what is measured here: by the metrics door, which is where the dashboards get it from,
 * and which the request log at the transport confirms.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { compactHandler } from '../../../functions/compact/index.ts';
import { deliveryHandler } from '../../../functions/deliver/index.ts';
import type { ExpungeReport } from '../../../functions/expunge/expunge.ts';
import { expungeHandler } from '../../../functions/expunge/index.ts';
import { flushingMetrics } from '../../../functions/flushing-metrics.ts';
import type { Engine } from '../../../shared/aws/engine.ts';
import {
  FOLDED_MESSAGES,
  LOOKED_AFTER_MESSAGES,
  PROFILE,
  READS_PER_THOUSAND,
  type Requests,
} from '../../../shared/cost/profile.ts';
import { LOG } from '../../../shared/cost/workload.ts';
import { createLog } from '../../../shared/log.ts';
import { type Measured, MetricRegistry } from '../../../shared/metrics/metrics.ts';
import { fillAccount, filledAccount } from '../../bench/filled-account.ts';
import { sampleMail } from '../../bench/sample-mail.ts';
import { notificationOf, sqsEvent } from '../../support/ses.ts';
import { CountedStack, expectOk, log, sweptIn } from './counted-stack.ts';

let stack: CountedStack;
beforeAll(async () => {
  stack = await CountedStack.start();
});
afterEach(() => stack.release());
afterAll(() => stack.stop());

const DAY_MS = 86_400_000;
const NAMES = {
  ReadUnits: 'readUnits',
  WriteUnits: 'writeUnits',
  ObjectPuts: 'objectPuts',
  ObjectGets: 'objectGets',
  QueueRequests: 'queueRequests',
} as const;

/** A door, and what went through it for an activity since it was last asked. */
function door() {
  let measured: readonly Measured[] = [];
  const metrics = new MetricRegistry(
    (all) => (measured = all),
    () => 0,
  );
  const since = (...activities: string[]): Requests => {
    measured = [];
    metrics.flush();
    const sums: Record<string, number> = {};
    for (const { name, of, value } of measured) {
      const key = NAMES[name as keyof typeof NAMES] as string | undefined;
      if (key !== undefined && activities.includes(of ?? '')) sums[key] = (sums[key] ?? 0) + Number(value);
    }
    return sums;
  };
  return { metrics, since };
}

/** Within a tenth, for each kind of request; none that the profile does not know. */
function expectProfile(measured: Requests, times: number, profile: Requests): void {
  const rounded = Object.fromEntries(
    Object.entries(measured).map(([kind, count]: [string, number]) => [kind, count / times]),
  );
  expect(Object.keys(rounded).sort()).toEqual(Object.keys(profile).sort());
  for (const [kind, wanted] of Object.entries(profile) as [string, number][]) {
    const off = Math.abs((rounded[kind] ?? 0) - wanted);
    expect({ kind, per: rounded[kind], within: off <= wanted / 10 }).toEqual({
      kind,
      per: rounded[kind],
      within: true,
    });
  }
}

let messages = 0;
async function deliver(
  engine: Engine,
  address: string,
  count: number,
  { inbound } = stack.engine,
): Promise<void> {
  const handler = deliveryHandler(engine, 'mx.example.test', log);
  for (let i = 0; i < count; i++) {
    const messageId = `message${++messages}`;
    const raw = Buffer.from(sampleMail(messages, { to: address }), 'latin1');
    const objectKey = `all/${messageId}`;
    await inbound.put(objectKey, raw, raw.length);
    await handler(sqsEvent([notificationOf({ messageId, recipients: [address], objectKey })]));
  }
}

describe('functions', () => {
  /** The engine, whose next account is looked through for what may be packed in so many days, and a week later. */
  function packedIn(days: number, engine: Engine): Engine {
    const { rim } = engine;
    const week = 7 * DAY_MS;
    const near = (id: string): boolean => {
      const left = week - ((rim.now() + (Number.parseInt(id.slice(0, 8), 16) % week)) % week);
      return Math.abs(left - days * DAY_MS) < DAY_MS;
    };
    let id = rim.randomHex(10);
    while (!near(id)) id = rim.randomHex(10);
    const ids = [id];
    return { ...engine, rim: { ...rim, randomHex: (bytes) => ids.pop() ?? rim.randomHex(bytes) } };
  }

  test('a delivery', async () => {
    const { metrics, since } = door();
    const { address } = await stack.addUser(await filledAccount(stack.engine, { messages: 2_000 }));
    const { engine } = await stack.coldEngine({ metrics });
    await deliver(engine, address, FOLDED_MESSAGES - 1);
    since();
    await deliver(engine, address, FOLDED_MESSAGES);
    expectProfile(since('deliver'), FOLDED_MESSAGES, PROFILE.delivery);
  });

  test('a fold, when an account has been folded for days', async () => {
    const { metrics, since } = door();
    const { address } = await stack.addUser(
      await filledAccount(packedIn(4, stack.engine), { messages: 2_000 }),
    );
    const { engine } = await stack.coldEngine({ metrics });
    let day = 0;
    const later = { ...engine, rim: { ...engine.rim, now: () => engine.rim.now() + day * DAY_MS } };
    const days = 4;
    // What is folded today is emptied by a fold of the day after tomorrow.
    for (; day < 2 * days; day += 2) {
      await deliver(engine, address, FOLDED_MESSAGES);
      if (day === days) since();
      await compactHandler(later, log)({}, { getRemainingTimeInMillis: () => DAY_MS });
    }
    expectProfile(since('compact'), days / 2, PROFILE.fold);
  });
});

describe('looking after an account', () => {
  const SWEEP_AFTER_DAYS = 20;
  const context = { getRemainingTimeInMillis: () => DAY_MS };
  const stacks: CountedStack[] = [];
  afterEach(async () => {
    for (const own of stacks.splice(0)) await own.stop();
  });

  /** What the expunge function does on days after messages went into Trash, and others were expunged. */
  async function lookedAfter(messages: number) {
    const { metrics, since } = door();
    // Of its own: a run looks after all accounts that are due.
    const own = await CountedStack.start();
    stacks.push(own);
    const { address } = await own.addUser(
      await filledAccount(sweptIn(SWEEP_AFTER_DAYS, own.engine), { messages }),
    );
    const client = await (await own.coldGateway()).signIn(address);
    for (const command of [
      'SELECT INBOX',
      'UID MOVE 1:20 Trash',
      'UID STORE 21:40 +FLAGS (\\Deleted)',
      'EXPUNGE',
    ])
      expectOk(await client.run(command));
    await deliver(own.engine, address, FOLDED_MESSAGES, own.engine);
    await compactHandler(own.engine, log)({}, context);
    const { engine } = await own.coldEngine({ metrics });
    const runs: { report: ExpungeReport; requests: Requests }[] = [];
    // On the first, the queue of the gateway goes, which ended without a word.
    for (const days of [2, 3, 8, SWEEP_AFTER_DAYS, 31]) {
      const rim = { ...engine.rim, now: () => engine.rim.now() + days * DAY_MS };
      since();
      const report = await expungeHandler({ ...engine, rim }, { graceDays: 7 }, log)({}, context);
      runs.push({ report, requests: since('keep') });
    }
    const [, nothing, purge, sweep, expiry] = runs;
    if (!nothing || !purge || !sweep || !expiry) throw new Error('not all days were looked at');
    expect(
      [nothing, purge, sweep, expiry].map(({ report: { accounts, purged, expired } }) => [
        accounts,
        purged,
        expired,
      ]),
    ).toEqual([
      [0, 0, 0],
      [1, 20, 0],
      [1, 0, 0],
      [1, 0, 20],
    ]);
    // Each run looks for what is due, whether anything is.
    const without = ({ requests }: { requests: Requests }): Requests => ({
      ...requests,
      readUnits: (requests.readUnits ?? 0) - (nothing.requests.readUnits ?? 0),
    });
    return {
      nothing: nothing.requests,
      purge: without(purge),
      sweep: without(sweep),
      expiry: without(expiry),
    };
  }

  test('when nothing is due, when messages are purged, when it is swept, when some expire', async () => {
    const { nothing, purge, sweep, expiry } = await lookedAfter(LOOKED_AFTER_MESSAGES);
    expectProfile(nothing, 1, PROFILE.dueDays);
    expectProfile(purge, 1, PROFILE.purge);
    expectProfile(sweep, 1, PROFILE.sweep);
    expectProfile(expiry, 1, PROFILE.expiry);
  });

  test('costs so much more for each thousand messages', async () => {
    const thousands = 4;
    const { purge, sweep, expiry } = await lookedAfter(LOOKED_AFTER_MESSAGES + 1_000 * thousands);
    const more = (of: keyof typeof READS_PER_THOUSAND): Requests => ({
      ...PROFILE[of],
      readUnits: PROFILE[of].readUnits + thousands * READS_PER_THOUSAND[of],
    });
    expectProfile(purge, 1, more('purge'));
    expectProfile(sweep, 1, more('sweep'));
    expectProfile(expiry, 1, more('expiry'));
  });
});

test('the log lines of a delivery are what the estimate counts', async () => {
  const { address } = await stack.addUser(await filledAccount(stack.engine, { messages: 10 }));
  const lines: string[] = [];
  const pino = createLog({ level: 'info', pretty: false, target: { write: (line) => logged.push(line) } });
  const logged: string[] = [];
  const handler = await flushingMetrics(
    {},
    async (metrics) => deliveryHandler((await stack.coldEngine({ metrics })).engine, 'mx.example.test', pino),
    (line) => lines.push(line),
  );
  const raw = Buffer.from(sampleMail(1, { to: address }), 'latin1');
  await stack.engine.inbound.put('all/logged', raw, raw.length);
  const body = notificationOf({ messageId: 'logged', recipients: [address], objectKey: 'all/logged' });
  await handler(sqsEvent([body]));
  const bytes = (texts: readonly string[]) => texts.reduce((sum, text) => sum + text.length + 1, 0);
  const told = { invocation: bytes(lines), delivery: bytes(logged) };
  for (const [kind, estimate] of Object.entries({ invocation: LOG.invocation, delivery: LOG.delivery })) {
    const measured = told[kind as keyof typeof told];
    const within = Math.abs(measured / estimate - 1) <= 0.15;
    expect({ kind, measured, within }).toEqual({ kind, measured, within: true });
  }
});

describe('a gateway', () => {
  async function session() {
    const { metrics, since } = door();
    // The youngest came one by one, as deliveries do.
    const account = await filledAccount(stack.engine, { messages: 1_900 });
    await fillAccount(stack.engine, account, { messages: 100, perRecord: 1 });
    const user = await stack.addUser(account);
    const gateway = await stack.coldGateway({ metrics });
    const client = await gateway.signIn(user.address);
    expectOk(await client.run('SELECT INBOX'));
    return { ...user, gateway, client, since };
  }

  test('a session that signs in and looks', async () => {
    const { since } = await session();
    expectProfile(since('read'), 1, PROFILE.session);
  });

  test('a sync that finds nothing', async () => {
    const { client, since } = await session();
    since();
    for (let i = 0; i < 10; i++) expectOk(await client.run('NOOP'));
    expectProfile(since('read'), 10, PROFILE.sync);
  });

  test('a change', async () => {
    const { client, since, gateway } = await session();
    since();
    for (let i = 1; i <= 10; i++) expectOk(await client.run(`STORE ${i}:${100 + i} +FLAGS (\\Seen)`));
    await gateway.stop();
    expectProfile(since('read'), 10, PROFILE.change);
  });

  test('a message that a client stores, and one that it reads', async () => {
    const { client, since, gateway } = await session();
    const message = sampleMail(7);
    since();
    for (let i = 0; i < 10; i++)
      expectOk(await client.run(`APPEND Sent (\\Seen) {${message.length}+}\r\n${message}`));
    await new Promise((resolve) => setImmediate(resolve));
    expectOk(await client.run('SELECT Sent'));
    since();
    for (let i = 1; i <= 10; i++) expectOk(await client.run(`FETCH ${i} BODY.PEEK[]`));
    expectProfile(since('read'), 10, PROFILE.bodyRead);
    for (let i = 0; i < 10; i++)
      expectOk(await client.run(`APPEND Sent (\\Seen) {${message.length}+}\r\n${message}`));
    await gateway.stop();
    expectProfile(since('read'), 10, PROFILE.append);
  });

  test('a session that begins to idle, and is told of what comes', async () => {
    const { address, client, since } = await session();
    since('idle');
    client.send('i IDLE\r\n');
    expect(await client.line()).toMatch(/^\+ /);
    // Beside the gateway's own queue, which is made and asked all the time.
    expectProfile({ ...since('idle'), queueRequests: 0 }, 1, { ...PROFILE.idleStart, queueRequests: 0 });
    const { metrics, since: sinceDelivery } = door();
    const { engine } = await stack.coldEngine({ metrics });
    for (let i = 0; i < 5; i++) {
      await deliver(engine, address, 1);
      expect(await client.line()).toMatch(/EXISTS$/);
      // With FLAGS between them if it brings a keyword that the mailbox has not had.
      while (!(await client.line()).endsWith(' RECENT'));
    }
    // Sent by the delivery; taken, and received again, by the gateway; deleted by it.
    const { queueRequests: sent = 0 } = sinceDelivery('deliver');
    const { queueRequests: taken = 0, ...read } = since('idle');
    expectProfile({ ...read, queueRequests: sent + taken }, 5, PROFILE.wakeUp);
  });
});
