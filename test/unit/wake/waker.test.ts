/** Who is told of a commit, and how often. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AccountId, GatewayId, RecordNumber } from '../../../shared/account/ids.ts';
import { createLog } from '../../../shared/log.ts';
import type { Wake, WakeSender, Watcher, WatchRegister } from '../../../shared/wake/wake-queue.ts';
import { Waker } from '../../../shared/wake/waker.ts';

const ACCOUNT = 'a'.repeat(20) as AccountId;
const OTHER_ACCOUNT = 'b'.repeat(20) as AccountId;
const watcher = (name: string): Watcher => ({ gateway: name as GatewayId, queue: `queue-of-${name}` });
const number = (value: number): RecordNumber => value as RecordNumber;

let register: Map<AccountId, Watcher[]>;
let asked: number[];
let removed: string[];
let sent: string[];
let logged: string[];
/** What a send to a queue does; by default it is sent. */
let behaviour: Map<string, () => Promise<boolean>>;
let refuseWatches: boolean;

beforeEach(() => {
  register = new Map([[ACCOUNT, ['one', 'two', 'three'].map(watcher)]]);
  [asked, removed, sent, logged] = [[], [], [], []];
  behaviour = new Map();
  refuseWatches = false;
});

const watches: WatchRegister = {
  put: () => Promise.reject(new Error('a waker registers nobody')),
  remove: async (_, gateway) => {
    removed.push(gateway);
  },
  of: async (account, now) => {
    asked.push(now);
    if (refuseWatches) throw new Error('no watches today');
    return register.get(account) ?? [];
  },
};
const sender: WakeSender = {
  send: async (queue: string, wake: Wake) => {
    sent.push(`${queue} ${wake.account.slice(0, 1)}${wake.number}`);
    return (await behaviour.get(queue)?.()) ?? true;
  },
};

function waker(self: string | null): Waker {
  const target = { write: (line: string) => logged.push((JSON.parse(line) as { msg: string }).msg) };
  const log = createLog({ level: 'warn', pretty: false, target });
  return new Waker({ watches, sender, now: () => 5_000, log, self: self as GatewayId | null });
}

test('a commit is told to every gateway that watches the account, but not to the one that made it', async () => {
  const gateway = waker('two');
  gateway.committed(ACCOUNT, number(7));
  await gateway.settled();
  expect(sent).toEqual(['queue-of-one a7', 'queue-of-three a7']);
  // Seconds since the epoch, as registrations expire.
  expect(asked).toEqual([5]);
});

test('a function, which has no sessions, tells all of them', async () => {
  const lambda = waker(null);
  lambda.committed(ACCOUNT, number(7));
  await lambda.settled();
  expect(sent).toEqual(['queue-of-one a7', 'queue-of-two a7', 'queue-of-three a7']);
});

test('what nobody watches is told to nobody', async () => {
  const gateway = waker('two');
  gateway.committed(OTHER_ACCOUNT, number(7));
  await gateway.settled();
  expect({ sent, logged }).toEqual({ sent: [], logged: [] });
});

describe('while a round is under way', () => {
  test('commits of the same account are told together afterwards, by the newest', async () => {
    register.set(ACCOUNT, [watcher('one')]);
    const answer = Promise.withResolvers<boolean>();
    const started = Promise.withResolvers<undefined>();
    behaviour.set('queue-of-one', () => {
      started.resolve(undefined);
      return answer.promise;
    });
    const gateway = waker('two');
    gateway.committed(ACCOUNT, number(7));
    await started.promise;
    gateway.committed(ACCOUNT, number(8));
    gateway.committed(ACCOUNT, number(10));
    gateway.committed(ACCOUNT, number(9));
    expect(sent).toEqual(['queue-of-one a7']);
    answer.resolve(true);
    await gateway.settled();
    expect(sent).toEqual(['queue-of-one a7', 'queue-of-one a10']);
  });

  test('those of another account do not wait', async () => {
    register = new Map([
      [ACCOUNT, [watcher('one')]],
      [OTHER_ACCOUNT, [watcher('three')]],
    ]);
    const answer = Promise.withResolvers<boolean>();
    behaviour.set('queue-of-one', () => answer.promise);
    const told = Promise.withResolvers<boolean>();
    behaviour.set('queue-of-three', () => {
      told.resolve(true);
      return told.promise;
    });
    const gateway = waker('two');
    gateway.committed(ACCOUNT, number(7));
    gateway.committed(OTHER_ACCOUNT, number(3));
    await told.promise;
    answer.resolve(true);
    await gateway.settled();
    expect(sent.sort()).toEqual(['queue-of-one a7', 'queue-of-three b3']);
  });

  test('a function does not return before the slowest was told, though another failed', async () => {
    const answer = Promise.withResolvers<boolean>();
    behaviour.set('queue-of-one', () => Promise.reject(new Error('no SQS today')));
    behaviour.set('queue-of-three', () => answer.promise);
    const lambda = waker(null);
    lambda.committed(ACCOUNT, number(7));
    let settled = false;
    const end = lambda.settled().then(() => (settled = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect({ settled, logged: logged.length }).toEqual({ settled: false, logged: 1 });
    answer.resolve(true);
    await end;
    expect(sent).toHaveLength(3);
  });
});

test('a gateway whose queue is gone is watched for no longer; the others are told', async () => {
  behaviour.set('queue-of-one', () => Promise.resolve(false));
  const gateway = waker('two');
  gateway.committed(ACCOUNT, number(7));
  await gateway.settled();
  expect(removed).toEqual(['one']);
  expect(sent).toContain('queue-of-three a7');
  expect(logged).toEqual([]);
});

test('a gateway that cannot be told now stays registered, and one whose queue is gone goes all the same', async () => {
  behaviour.set('queue-of-one', () => Promise.reject(new Error('no SQS today')));
  behaviour.set('queue-of-three', () => Promise.resolve(false));
  const gateway = waker('two');
  gateway.committed(ACCOUNT, number(7));
  await gateway.settled();
  expect(removed).toEqual(['three']);
  expect(logged).toEqual([expect.stringContaining('could not be sent')]);
});

test('a register that cannot be read is logged, and asked again at the next commit', async () => {
  refuseWatches = true;
  const gateway = waker('two');
  expect(() => gateway.committed(ACCOUNT, number(7))).not.toThrow();
  await gateway.settled();
  expect(logged).toEqual([expect.stringContaining('could not be read')]);
  refuseWatches = false;
  gateway.committed(ACCOUNT, number(8));
  await gateway.settled();
  expect(sent).toEqual(['queue-of-one a8', 'queue-of-three a8']);
});
