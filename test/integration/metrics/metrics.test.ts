/** What an installation emits while it works, and what of it must never be told. */
import { beforeAll, expect, test } from '@jest/globals';
import { shapeFor } from '../../../infra/cost/shape.ts';
import { costExpressions } from '../../../shared/cost/expressions.ts';
import type { ItemName } from '../../../shared/cost/items.ts';
import { type MetricRef, QueryBook } from '../../../shared/cost/metric-query.ts';
import { type Prices, pricesOf } from '../../../shared/cost/prices.ts';
import { PROFILE } from '../../../shared/cost/profile.ts';
import { usageOf } from '../../../shared/cost/workload.ts';
import type { EmbeddedLine } from '../../../shared/metrics/embedded-format.ts';
import { evaluate } from '../../support/metric-math.ts';
import { SAMPLE_RESOURCES, fixedQuantities } from '../../support/sample-metrics.ts';
import { type Scenario, runScenario } from './scenario.ts';

let scenario: Scenario;
beforeAll(async () => {
  scenario = await runScenario();
});

/** The line of one value of a dimension. */
function lineOf(dimension: string, value: string): EmbeddedLine {
  const line = scenario.lines.find((each) => each[dimension] === value);
  if (!line) throw new Error(`nothing was told of ${dimension} ${value}`);
  return line;
}
const plain = () => scenario.lines.find((line) => line._aws.CloudWatchMetrics[0].Dimensions[0].length === 0);

test('requests are counted for whose sake they were made', () => {
  // 40 deliveries: an object and a transaction each; every one reads its head, the address, and who watches. One more, whose
  // message is gone, is looked for where it came in and where it may have been kept aside.
  expect(lineOf('Activity', 'deliver')).toMatchObject({ ObjectPuts: 40, ObjectGets: 42 });
  expect(lineOf('Activity', 'deliver').WriteUnits).toBeGreaterThanOrEqual(40 * 4);
  // Two STOREs, \Seen of the one body, EXPUNGE and MOVE; LOGIN, SELECT, NOOP and LIST.
  expect(lineOf('Activity', 'read').WriteUnits).toBe(5);
  expect(lineOf('Activity', 'read').ReadUnits).toBeGreaterThan(0);
  // Each body once, of what was neither expunged nor moved.
  expect(lineOf('Activity', 'search')).toMatchObject({ ObjectGets: 38 });
  // The registration of the one that idles; the gateway's queue.
  // And the work that a commit may have made due, which is left after its answer.
  expect([1, 2]).toContain(lineOf('Activity', 'idle').WriteUnits);
  expect(lineOf('Activity', 'idle').QueueRequests).toBeGreaterThanOrEqual(1);
  expect(lineOf('Activity', 'compact')).toMatchObject({ ObjectPuts: 1 });
});

test('the same requests are counted by operation', () => {
  expect(lineOf('Operation', 's3.PutObject')).toMatchObject({ RequestUnits: 41 });
  // Each function tells by itself: there are several lines of what is looked after.
  const byActivity = scenario.lines
    .filter((line) => line.Activity !== undefined)
    .reduce((sum, line) => sum + Number(line.ReadUnits ?? 0) + Number(line.WriteUnits ?? 0), 0);
  const byOperation = scenario.lines
    .filter((line) => String(line.Operation).startsWith('dynamodb.'))
    .reduce((sum, line) => sum + Number(line.RequestUnits), 0);
  expect(byOperation).toBeCloseTo(byActivity, 6);
});

test('commands are counted and timed by their names; a session that idles is not at an end', () => {
  for (const [name, count] of [
    ['LOGIN', 3],
    ['SELECT', 2],
    ['FETCH', 2],
  ] as const) {
    expect(lineOf('Command', name).Commands).toBe(count);
    expect(lineOf('Command', name).CommandLatency).toHaveLength(count);
  }
  expect(scenario.lines.some((line) => line.Command === 'IDLE')).toBe(false);
});

test('the rest of what is counted', () => {
  expect(plain()).toMatchObject({
    Sessions: 2,
    SignInFailures: 1,
    MessagesReceived: 40,
    Deliveries: 40,
    DeliveryFailures: 1,
    Folds: 1,
  });
  for (const name of ['BytesIn', 'BytesOut', 'ResidentBytes', 'ReplicaBytes'])
    expect(plain()?.[name]).toBeGreaterThan(0);
  // Forty messages of 40 KB, once as SES has put them, and once as they are stored.
  expect(plain()?.BytesStored).toBeGreaterThan(40 * 40_000);
  // A whole message of 40 KB went out.
  expect(plain()?.BytesOut).toBeGreaterThan(40_000);
});

test('nobody is named: no account, no address, no message', () => {
  const text = JSON.stringify(scenario.lines);
  for (const secret of scenario.secrets) expect(text).not.toContain(secret);
});

test('a line is what the specification of the format allows, and nothing else', () => {
  for (const { _aws, ...members } of scenario.lines) {
    expect(Number.isInteger(_aws.Timestamp)).toBe(true);
    const [{ Namespace, Dimensions, Metrics }] = _aws.CloudWatchMetrics;
    expect(Namespace).toBe('Quire');
    expect(Metrics.length).toBeLessThanOrEqual(100);
    for (const key of Dimensions[0]) expect(typeof members[key]).toBe('string');
    for (const { Name, Unit } of Metrics) {
      const target = members[Name];
      const numbers: unknown[] = Array.isArray(target) ? target : [target];
      expect(numbers.length).toBeLessThanOrEqual(100);
      expect(numbers.every((value) => typeof value === 'number' && Number.isFinite(value))).toBe(true);
      expect(['Bytes', 'Count', 'Milliseconds', 'None']).toContain(Unit);
    }
    const named = [...Dimensions[0], ...Metrics.map(({ Name }) => Name)];
    expect(Object.keys(members).sort()).toEqual(named.sort());
  }
});

test('a line is far below what a log driver splits', () => {
  for (const line of scenario.lines) expect(JSON.stringify(line).length).toBeLessThan(8_192);
});

test('what a dashboard makes of these lines is what the estimate says of forty deliveries and a fold', () => {
  const prices = pricesOf('us-east-1') as Prices;
  const workload = { users: 1, messagesPerDay: 40, messageKb: 40, storedGb: 1, sessions: 1 };
  const shape = shapeFor(workload, { size: 'small', tls: 'load-balancer', network: 'public' });
  const monthly = fixedQuantities(usageOf(workload, shape));
  const dollarsOf = (items: readonly ItemName[]): number => {
    const book = new QueryBook();
    const costs = costExpressions(
      { resources: SAMPLE_RESOURCES, fixed: shape, monthly, prices },
      3_600,
      book,
    );
    const id = costs.items(items, 'some');
    return evaluate(book.queries, 3_600, 1, (metric) => [emitted(metric)]).get(id)?.[0] ?? NaN;
  };
  const { readUnits, writeUnits } = PROFILE.delivery;
  const delivered = 40 * ((readUnits * 0.125 + writeUnits * 0.625 + 5 + 0.4) / 1e6);
  const measured = dollarsOf(['deliverReads', 'deliverWrites', 'deliverPuts', 'deliverGets']);
  expect(Math.abs(measured / delivered - 1)).toBeLessThan(0.1);
  expect(dollarsOf(['mailReceived', 'inboundPuts'])).toBeCloseTo(40 * (0.0001 + 5e-6), 9);
  expect(dollarsOf(['compactPuts'])).toBeCloseTo(5e-6, 12);
});

/** What CloudWatch would have of a metric of ours. */
function emitted({ name, dimensions }: MetricRef): number | undefined {
  const [[key, value] = []] = Object.entries(dimensions);
  const line = key === undefined ? plain() : scenario.lines.find((each) => each[key] === value);
  const told = line?.[name];
  return typeof told === 'number' ? told : undefined;
}
