import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FaultTransport } from '../../support/fault-transport.ts';
import type { FaultRule } from '../../support/fault-transport.ts';
import type { TestDynoxide } from '../../support/dynoxide.ts';
import { startTestDynoxide } from '../../support/dynoxide.ts';
import { RequestLog } from '../../support/request-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { StaleReads } from '../../support/stale-reads.ts';
import { HASH, OTHER_HASH, all, createDirectoryTable, newUser, openDirectory } from './directory-fixture.ts';
import type { DirectoryFixture } from './directory-fixture.ts';

const SEED = Number(process.env.QUIRE_SEED ?? 1);
let store: TestDynoxide;
let directory: DirectoryFixture;

beforeAll(async () => {
  store = await startTestDynoxide([]);
});
afterAll(() => store.stop());
beforeEach(async () => {
  directory = openDirectory(store.settings, await createDirectoryTable(store.settings));
  await directory.accounts.domains.add('a.test');
});

/** The same table behind a transport that fails by these rules. */
function failing(rules: readonly FaultRule[]): { directory: DirectoryFixture; faults: FaultTransport } {
  const faults = new FaultTransport({ rules, random: seededRandom(SEED), staleReads: new StaleReads() });
  return { faults, directory: openDirectory(store.settings, directory.table, faults.wrap) };
}

describe(`what the local store is too kind to do (seed ${SEED})`, () => {
  test.each<[string, FaultRule[]]>([
    ['conflicts', [{ fault: 'transaction-conflict', probability: 0.4 }]],
    ['throttles', [{ fault: 'throttle', probability: 0.3 }]],
    ['server errors', [{ fault: 'server-error', probability: 0.3 }]],
    ['resets before the effect', [{ fault: 'reset-before-effect', probability: 0.3 }]],
    ['answers lost after the effect', [{ fault: 'server-error-after-effect', probability: 0.3 }]],
    ['connections lost after the effect', [{ fault: 'reset-after-effect', probability: 0.3 }]],
  ])('%s: a life of a user goes through', async (_, rules) => {
    const { directory: shaky, faults } = failing(rules);
    const { users, aliases, domains } = shaky.accounts;
    const A = 'alice@a.test';
    const account = await users.add(newUser(A));
    await users.setPassword(A, OTHER_HASH, HASH);
    await users.setDisabled(A, true);
    await users.setDisabled(A, false);
    await aliases.add('x@a.test', [A]);
    await domains.setCatchAll('a.test', A);
    expect((await shaky.logins.findLogin(A))?.passwordHash).toBe(OTHER_HASH);
    const found = await shaky.addresses.resolve(['x@a.test', 'who@a.test']);
    expect([...found.values()].map(({ destinations }) => destinations[0]?.account)).toEqual([
      account.id,
      account.id,
    ]);
    await domains.setCatchAll('a.test', undefined);
    await aliases.remove('x@a.test');
    expect((await users.remove(A)).state).toBe('closed');
    expect(await all(aliases.list())).toEqual([]);
    const [struck] = faults.injected.values();
    expect(struck).toBeGreaterThan(0);
  });

  test('an addition that lands late does not follow the one that was retried', async () => {
    const { directory: shaky, faults } = failing([
      { fault: 'late-effect', operations: ['TransactWriteItems'], times: 1 },
    ]);
    const account = await shaky.accounts.users.add(newUser('alice@a.test'));
    await faults.releaseLate();
    expect(await all(shaky.accounts.users.list())).toEqual([account]);
  });

  test('keys that a batch left unread are asked for again', async () => {
    const members = Array.from({ length: 120 }, (_, n) => `u${n}@a.test`);
    for (const member of members) await directory.accounts.users.add(newUser(member));
    const { directory: shaky, faults } = failing([{ fault: 'unprocessed', operations: ['BatchGetItem'] }]);
    const resolutions = await shaky.addresses.resolve(members);
    const reached = [...resolutions.values()].flatMap(({ destinations }) =>
      destinations.map(({ address }) => address),
    );
    expect(reached).toEqual(members);
    expect(faults.injected.get('unprocessed')).toBeGreaterThan(1);
  });

  test('a table that reads nothing for ever is an error, not an unknown recipient', async () => {
    const { directory: shaky } = failing([{ fault: 'throttle' }]);
    await expect(shaky.addresses.resolve(['alice@a.test'])).rejects.toThrow();
    await expect(shaky.logins.findLogin('alice@a.test')).rejects.toThrow();
  });

  test('mail to a user who was added a moment ago is not refused because a read lags', async () => {
    // As far behind as a read may be, each time.
    const faults = new FaultTransport({
      rules: [{ fault: 'stale-read' }],
      random: () => 0.99,
      staleReads: new StaleReads(),
    });
    const lagging = openDirectory(store.settings, directory.table, faults.wrap);
    await lagging.accounts.users.add(newUser('alice@a.test'));
    const resolution = (await lagging.addresses.resolve(['alice@a.test'])).get('alice@a.test');
    expect(resolution?.destinations).toHaveLength(1);
    expect(faults.injected.get('stale-read')).toBeGreaterThan(0);
  });

  test('one batch finds where a message goes; a refusal is looked up once more, strongly', async () => {
    await directory.accounts.users.add(newUser('alice@a.test'));
    const log = new RequestLog();
    const measured = openDirectory(store.settings, directory.table, log.wrap);
    const known = await log.measure(() => measured.addresses.resolve(['alice@a.test']));
    expect(known.report).toMatchObject({
      calls: { 'dynamodb.BatchGetItem': 1 },
      readUnits: 1,
      roundTrips: 1,
    });
    const unknown = await log.measure(() => measured.addresses.resolve(['who@a.test', 'alice@a.test']));
    expect(unknown.report).toMatchObject({ calls: { 'dynamodb.BatchGetItem': 2 }, roundTrips: 2 });
    const malformed = await log.measure(() => measured.addresses.resolve(['who']));
    expect(malformed.report.calls).toEqual({});
  });
});
