/**
 * What maintenance of a large account asks for: each step of `npm run bench -- --only maintenance`, which says what a million
 * messages take, on 20,000. Requests grow with what a step looks at; what it writes, only with what it changes.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AccountId } from '../../../shared/account/ids.ts';
import { DAY_SECONDS } from '../../../shared/account/policy.ts';
import { type BenchStores, startBenchStores } from '../../bench/bench-stores.ts';
import { fillAccount, filledAccount } from '../../bench/filled-account.ts';
import { summaryOf } from '../../bench/maintenance.ts';
import {
  type Done,
  HOUR_MS,
  type Step,
  engineAhead,
  expungeFirst,
  maintain,
  settle,
} from '../../bench/maintenance-work.ts';
import { virtualBlob } from '../../bench/virtual-messages.ts';

const MESSAGES = 20_000;
const BYTES = 2_000;
const EXPUNGED = 10_000;
const DAY_MS = DAY_SECONDS * 1_000;
/** By then the records that filled the account are emptied. */
const START_MS = 2 * DAY_MS;
/** Of 4,096 messages each. */
const SEGMENTS = 5;

let stores: BenchStores;
let account: AccountId;
beforeAll(async () => {
  stores = await startBenchStores();
  const { engine } = stores;
  const summary = summaryOf(BYTES);
  account = await filledAccount(engine, { messages: MESSAGES, bytes: BYTES, summary, blobOf: virtualBlob });
  await settle(engineAhead(engine, START_MS), account);
  const one = { messages: 1, bytes: BYTES, summary, blobOf: () => virtualBlob(MESSAGES), fold: false };
  await fillAccount(engineAhead(engine, START_MS), account, one);
});
afterAll(() => stores.stop());

const run = (step: Step, ahead: number): Promise<Done> =>
  maintain(step, { engine: stores.settings, account, count: MESSAGES + 1, bytes: BYTES, ahead });
const expungeSome = (ahead: number): Promise<void> =>
  expungeFirst(engineAhead(stores.engine, ahead), account, EXPUNGED);

/** They go on from one another. */
test('maintenance of 20,000 messages', async () => {
  const fold = await run('fold', START_MS);
  // The last segment, and the root; the summary's chunk.
  expect(fold.requests).toMatchObject({
    'dynamodb.PutItem': 2,
    's3.PutObject': 1,
    'dynamodb.BatchGetItem': 1,
  });
  expect(fold.writeUnits).toBeLessThan(150);

  const check = await run('check', START_MS);
  expect(check.what).toBe(`${MESSAGES + 1} messages, 0 expunged, 0 findings`);
  expect(check.requests).toMatchObject({
    'dynamodb.BatchGetItem': 1,
    's3.ListObjectsV2': MESSAGES / 1_000 + 1 + 1,
  });
  expect(check.writeUnits).toBe(0);

  await expungeSome(START_MS + HOUR_MS);
  const undelete = await run('undelete', START_MS + 1.5 * HOUR_MS);
  expect(undelete.what).toBe(`${EXPUNGED} messages back`);
  // 4,096 messages a record; the account is opened when it begins, and then no more.
  expect(undelete.requests).toMatchObject({ 'dynamodb.PutItem': 3, 'dynamodb.BatchGetItem': 1 });

  await expungeSome(START_MS + 2 * HOUR_MS);
  const purge = await run('purge', START_MS + 8 * DAY_MS);
  expect(purge.what).toBe(`${EXPUNGED} purged`);
  // Two records of 8,192 blobs at most, and one that they are done; 1,000 objects are deleted at once.
  expect(purge.requests).toMatchObject({
    'dynamodb.PutItem': 3,
    'dynamodb.BatchGetItem': 1,
    's3.DeleteObjects': 11,
  });

  const sweep = await run('sweep', START_MS + 8 * DAY_MS);
  expect(sweep.what).toBe(`${EXPUNGED} swept, 0 purged`);
  expect(sweep.requests).toMatchObject({ 's3.DeleteObjects': 10 });
  expect(sweep.writeUnits).toBe(0);

  const pack = await run('pack', START_MS + 9 * DAY_MS);
  expect(pack.what).toBe(`${EXPUNGED + 1} messages into 3 packs`);
  // Each message is read once, and what a fold puts is less than a segment for each that it changes.
  expect(pack.requests).toMatchObject({ 's3.GetObject': 10_001, 's3.PutObject': 3 });
  expect(pack.requests['dynamodb.PutItem']).toBeLessThan(2 * SEGMENTS);
});
