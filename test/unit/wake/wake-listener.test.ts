/** How a gateway hears of what others commit: registered in time, renewed, polled where a wake-up was lost. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AccountId, GatewayId, RecordNumber } from '../../../shared/account/ids.ts';
import { beginAccount } from '../../../shared/account/new-account.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { ReplicaCache } from '../../../shared/account/replica-cache.ts';
import { createLog } from '../../../shared/log.ts';
import { POLL_MS, RENEW_MS, WakeListener } from '../../../shared/wake/wake-listener.ts';
import type { KeyNotice, Wake, WakeQueue, WatchRegister } from '../../../shared/wake/wake-queue.ts';
import { WakeQueueLostError } from '../../../shared/wake/wake-queue.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';
import { TestRim } from '../../support/rim.ts';

const ACCOUNT = 'a'.repeat(20) as AccountId;
const OTHER = 'b'.repeat(20) as AccountId;
const GATEWAY = 'gateway' as GatewayId;
const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);

/** Everything that is ready runs. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Sleepers wake when the test moves the clock. */
class ManualClock {
  time = START;
  #sleepers: { at: number; wake: () => void }[] = [];

  readonly now = (): number => this.time;
  readonly sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.#sleepers.push({ at: this.time + milliseconds, wake: resolve });
    });

  /** By the minute, letting all that is due run. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    while (this.time < end) {
      this.time = Math.min(end, this.time + MINUTE);
      const due = this.#sleepers.filter(({ at }) => at <= this.time);
      this.#sleepers = this.#sleepers.filter(({ at }) => at > this.time);
      for (const { wake } of due) wake();
      await turn();
    }
  }
}

/** Gives what the test puts in, and waits while there is nothing. */
class ManualQueue implements WakeQueue {
  readonly queue = 'queue-of-gateway';
  closed = false;
  refuseClose = false;
  #ready: (readonly (Wake | KeyNotice)[] | Error)[] = [];
  #taker: (() => void) | undefined;

  give(answer: readonly (Wake | KeyNotice)[] | Error): void {
    this.#ready.push(answer);
    this.#taker?.();
  }

  async receive(signal: AbortSignal): Promise<readonly (Wake | KeyNotice)[]> {
    if (this.#ready.length === 0) {
      await new Promise<void>((resolve, reject) => {
        this.#taker = resolve;
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    const answer = this.#ready.shift() ?? [];
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.refuseClose) throw new Error('no SQS today');
  }
}

let clock: ManualClock;
let queue: ManualQueue;
/** Register and replicas, as they were used: `put a until 120` (minutes from the start), `poll a` … */
let events: string[];
let logged: string[];
let failing: Set<string>;
let putting: Promise<unknown>;
let listener: WakeListener;

const watches: WatchRegister = {
  put: async (account, watcher, expiresAt) => {
    expect(watcher).toEqual({ gateway: GATEWAY, queue: queue.queue });
    events.push(`put ${account[0]} until ${(expiresAt * 1000 - START) / MINUTE}`);
    await putting;
    if (failing.has('put')) throw new Error('no DynamoDB today');
  },
  remove: async (account) => {
    events.push(`remove ${account[0]}`);
    if (failing.has(`remove ${account[0]}`)) throw new Error('no DynamoDB today');
  },
  of: () => Promise.reject(new Error('a listener asks for nobody')),
};
const recording = {
  wake: async (account: AccountId, number: RecordNumber) => {
    events.push(`wake ${account[0]}${number}`);
    if (failing.has(`wake ${account[0]}`)) throw new Error('no journal today');
  },
  poll: async (account: AccountId) => {
    events.push(`poll ${account[0]}`);
    if (failing.has(`poll ${account[0]}`)) throw new Error('no journal today');
  },
};

function listening(replicas: Pick<ReplicaCache, 'wake' | 'poll'> = recording): WakeListener {
  const target = { write: (line: string) => logged.push((JSON.parse(line) as { msg: string }).msg) };
  const log = createLog({ level: 'warn', pretty: false, target });
  const { now, sleep } = clock;
  const keyChanged = async (account: AccountId) => {
    events.push(`key of ${account[0]}`);
    if (failing.has(`key of ${account[0]}`)) throw new Error('no table today');
  };
  return new WakeListener({ gateway: GATEWAY, watches, queue, replicas, keyChanged, now, sleep, log });
}

beforeEach(() => {
  clock = new ManualClock();
  queue = new ManualQueue();
  [events, logged] = [[], []];
  failing = new Set();
  putting = Promise.resolve();
  listener = listening();
  listener.start();
});
afterEach(() => listener.stop());

/** Events since the last look. */
const news = (): string[] => events.splice(0);

describe('watching an account', () => {
  test('resolves only once it is registered, for every session that waits', async () => {
    const stored = Promise.withResolvers<undefined>();
    putting = stored.promise;
    const done: number[] = [];
    const sessions = [1, 2].map((session) => listener.watch(ACCOUNT).then(() => done.push(session)));
    await turn();
    expect({ done, events: news() }).toEqual({ done: [], events: ['put a until 120'] });
    stored.resolve(undefined);
    await Promise.all(sessions);
    await listener.watch(ACCOUNT);
    expect(news()).toEqual([]);
  });

  test('that cannot be registered rejects for all that wait, and is tried anew by the next', async () => {
    failing.add('put');
    const sessions = await Promise.allSettled([listener.watch(ACCOUNT), listener.watch(ACCOUNT)]);
    expect(sessions.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    failing.clear();
    await listener.watch(ACCOUNT);
    expect(news()).toEqual(['put a until 120', 'put a until 120']);
    await clock.advance(POLL_MS);
    expect(news()).toEqual(['poll a']);
  });

  test('is renewed every hour, for two', async () => {
    await listener.watch(ACCOUNT);
    await clock.advance(RENEW_MS - MINUTE);
    expect(news().filter((event) => event.startsWith('put'))).toEqual(['put a until 120']);
    await clock.advance(MINUTE + RENEW_MS);
    expect(news().filter((event) => event.startsWith('put'))).toEqual(['put a until 180', 'put a until 240']);
  });

  test('a renewal that failed is repeated a minute later, and keeps no poll from being made', async () => {
    await listener.watch(ACCOUNT);
    await clock.advance(RENEW_MS - MINUTE);
    news();
    failing.add('put');
    await clock.advance(3 * MINUTE);
    expect(news()).toEqual(['put a until 180', 'poll a', 'put a until 181', 'put a until 182']);
    expect(logged).toHaveLength(3);
    failing.clear();
    await clock.advance(2 * MINUTE);
    expect(news()).toEqual(['put a until 183']);
  });

  test('ends with the last session; the registration is left to expire', async () => {
    await listener.watch(ACCOUNT);
    await listener.watch(ACCOUNT);
    await listener.watch(OTHER);
    listener.unwatch(ACCOUNT);
    news();
    await clock.advance(POLL_MS);
    expect(news()).toEqual(['poll a', 'poll b']);
    listener.unwatch(ACCOUNT);
    await clock.advance(RENEW_MS);
    expect(news().filter((event) => event.includes('a'))).toEqual([]);
  });
});

describe('polling', () => {
  test('every watched account is polled every five minutes', async () => {
    await listener.watch(ACCOUNT);
    news();
    await clock.advance(POLL_MS - MINUTE);
    expect(news()).toEqual([]);
    await clock.advance(MINUTE);
    await clock.advance(2 * POLL_MS);
    expect(news()).toEqual(['poll a', 'poll a', 'poll a']);
  });

  test('an account that cannot be polled keeps no other waiting, and is polled again a minute later', async () => {
    await listener.watch(ACCOUNT);
    await listener.watch(OTHER);
    news();
    failing.add('poll a');
    await clock.advance(POLL_MS + MINUTE);
    expect(news()).toEqual(['poll a', 'poll b', 'poll a']);
    expect(logged).toHaveLength(2);
  });

  test('an account that is slow to be read keeps no other waiting', async () => {
    await listener.stop();
    const read = Promise.withResolvers<undefined>();
    const slow = async (account: AccountId): Promise<void> => {
      await recording.poll(account);
      if (account === ACCOUNT) await read.promise;
    };
    listener = listening({ ...recording, poll: slow });
    listener.start();
    await listener.watch(ACCOUNT);
    await listener.watch(OTHER);
    news();
    await clock.advance(POLL_MS);
    expect(news()).toEqual(['poll a', 'poll b']);
    read.resolve(undefined);
  });

  test('a commit whose wake-up was lost is announced at the next poll', async () => {
    const store = new MemoryJournalStore();
    const account = await beginAccount(store, new TestRim(1));
    const [here, there] = [2, 3].map(
      (seed) => new ReplicaCache(store, new TestRim(seed), { budgetBytes: 1_000_000 }),
    );
    if (!here || !there) throw new Error('two caches were made');
    await listener.stop();
    queue = new ManualQueue();
    listener = listening(here);
    listener.start();
    const lease = here.acquire(account);
    const { replica } = lease;
    await listener.watch(account);
    await replica.sync();
    const announced: string[] = [];
    replica.listen({ changed: () => announced.push(`at ${(clock.time - START) / MINUTE} minutes`) });
    const ops: Op[] = [{ op: 'create', name: 'News', uidValidity: 2_000_000_000, use: null }];
    await there.acquire(account).replica.commit({ decide: () => ({ ops, value: null }) });
    await clock.advance(POLL_MS);
    expect(announced).toEqual(['at 5 minutes']);
    lease.release();
  });
});

describe('wake-ups', () => {
  test('are followed as they come, several at once', async () => {
    queue.give([
      { account: ACCOUNT, number: 7 as RecordNumber },
      { account: OTHER, number: 3 as RecordNumber },
    ]);
    queue.give([{ account: ACCOUNT, number: 8 as RecordNumber }]);
    await turn();
    expect(news()).toEqual(['wake a7', 'wake b3', 'wake a8']);
  });

  test('one that cannot be followed is logged, and stops no other', async () => {
    failing.add('wake a');
    queue.give([
      { account: ACCOUNT, number: 7 as RecordNumber },
      { account: OTHER, number: 3 as RecordNumber },
    ]);
    await turn();
    expect(news()).toEqual(['wake a7', 'wake b3']);
    expect(logged).toEqual(['a wake-up could not be followed']);
  });

  test('that a key has changed is told of any account, watched or not, and stops no other', async () => {
    failing.add('key of b');
    queue.give([
      { account: OTHER, key: 'changed' },
      { account: ACCOUNT, number: 7 as RecordNumber },
      { account: ACCOUNT, key: 'changed' },
    ]);
    await turn();
    expect(news()).toEqual(['key of b', 'wake a7', 'key of a']);
    expect(logged).toEqual(['a wake-up could not be followed']);
  });

  test('that cannot be received are asked for again after a pause', async () => {
    queue.give(new Error('no SQS today'));
    queue.give([{ account: ACCOUNT, number: 7 as RecordNumber }]);
    await turn();
    expect({ news: news(), logged }).toEqual({ news: [], logged: ['no wake-ups could be received'] });
    await clock.advance(1_000);
    expect(news()).toEqual(['wake a7']);
  });

  test('after the queue was lost everything is registered anew and read', async () => {
    await listener.watch(ACCOUNT);
    await listener.watch(OTHER);
    news();
    await clock.advance(MINUTE);
    queue.give(new WakeQueueLostError(queue.queue));
    await turn();
    expect(news().sort()).toEqual(['poll a', 'poll b', 'put a until 121', 'put b until 121']);
    queue.give([{ account: ACCOUNT, number: 7 as RecordNumber }]);
    await clock.advance(1_000);
    expect(news()).toEqual(['wake a7']);
  });
});

describe('stopping', () => {
  test('takes back the registrations and the queue', async () => {
    await listener.watch(ACCOUNT);
    await listener.watch(OTHER);
    news();
    await listener.stop();
    expect(news()).toEqual(['remove a', 'remove b']);
    expect(queue.closed).toBe(true);
    await clock.advance(RENEW_MS);
    expect(news()).toEqual([]);
  });

  test('goes on to the end when some of it fails, and says so', async () => {
    await listener.watch(ACCOUNT);
    await listener.watch(OTHER);
    failing.add('remove a');
    queue.refuseClose = true;
    await listener.stop();
    expect(news()).toContain('remove b');
    expect(queue.closed).toBe(true);
    expect(logged).toHaveLength(2);
    failing.clear();
    queue.refuseClose = false;
  });
});
