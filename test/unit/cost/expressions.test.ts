/** A dashboard's dollars are the estimate's: each expression, evaluated on a month of metrics, gives what `quire cost` says. */
import { describe, expect, test } from '@jest/globals';
import { shapeFor, sizeFor } from '../../../infra/cost/shape.ts';
import { billOf } from '../../../shared/cost/bill.ts';
import { costExpressions } from '../../../shared/cost/expressions.ts';
import { SERVICES } from '../../../shared/cost/items.ts';
import { QueryBook, literal } from '../../../shared/cost/metric-query.ts';
import { type Prices, pricesOf } from '../../../shared/cost/prices.ts';
import { HOURS_PER_MONTH, type Shape, type Workload, usageOf } from '../../../shared/cost/workload.ts';
import { ACTIVITIES } from '../../../shared/metrics/catalogue.ts';
import { evaluate } from '../../support/metric-math.ts';
import {
  EVENLY,
  OFFICE_HOURS,
  SAMPLE_RESOURCES,
  type Shares,
  fixedQuantities,
  sampleSource,
} from '../../support/sample-metrics.ts';

const HOURS = 720;
const OFFICE: Workload = { users: 100, messagesPerDay: 40, messageKb: 40, storedGb: 2, sessions: 2 };

interface Case {
  readonly workload: Workload;
  readonly region: string;
  readonly tls: Shape['tls'];
  readonly network: Shape['network'];
}

/** Dollars of 30 days by the expressions, and by the bill. */
function compare({ workload, region, tls, network }: Case, periodSeconds: number, shares: Shares) {
  const prices = pricesOf(region) as Prices;
  const shape = shapeFor(workload, { size: sizeFor(workload), tls, network });
  const usage = usageOf(workload, shape);
  const bill = billOf(usage, prices);
  const book = new QueryBook();
  const settings = { resources: SAMPLE_RESOURCES, fixed: shape, monthly: fixedQuantities(usage), prices };
  const costs = costExpressions(settings, periodSeconds, book);
  const ids = {
    ...Object.fromEntries(SERVICES.map((service) => [service, costs.service(service, service)])),
    ...Object.fromEntries(ACTIVITIES.map((activity) => [activity, costs.activity(activity, activity)])),
    total: costs.total('all'),
  };
  const points = (HOURS * 3_600) / periodSeconds;
  const values = evaluate(book.queries, periodSeconds, points, sampleSource(usage, shape, points, shares));
  const month: Record<string, number> = { ...bill.byService, ...bill.byActivity, total: bill.total };
  return Object.entries(ids).map(([name, id]) => ({
    name,
    estimate: ((month[name] ?? 0) * HOURS) / HOURS_PER_MONTH,
    measured: (values.get(id) ?? []).reduce<number>((sum, value) => sum + (value ?? NaN), 0),
  }));
}

function expectEqual(rows: ReturnType<typeof compare>): void {
  for (const { name, estimate, measured } of rows) {
    const within = Math.abs(measured - estimate) <= estimate * 0.01;
    expect({ name, estimate, measured, within }).toEqual({ name, estimate, measured, within: true });
  }
}

const CASES: readonly Case[] = [
  { workload: OFFICE, region: 'us-east-1', tls: 'load-balancer', network: 'public' },
  { workload: { ...OFFICE, users: 10_000 }, region: 'eu-central-1', tls: 'gateway', network: 'private' },
  { workload: { ...OFFICE, users: 1_000_000 }, region: 'us-east-1', tls: 'gateway', network: 'public' },
  {
    workload: { users: 3_000, messagesPerDay: 15, messageKb: 700, storedGb: 40, sessions: 3 },
    region: 'eu-west-1',
    tls: 'load-balancer',
    network: 'public',
  },
];

describe.each([
  ['hours', 3_600],
  ['days', 86_400],
])('by %s', (_, periodSeconds) => {
  test.each(CASES)('$workload.users users in $region: each service and activity within 1 %', (each) => {
    expectEqual(compare(each, periodSeconds, EVENLY));
  });
});

test('a week of office hours changes nothing where nothing is sold in tiers', () => {
  const [office] = CASES;
  const hourly = compare(office as Case, 3_600, OFFICE_HOURS);
  const evenly = compare(office as Case, 3_600, EVENLY);
  const shareOfMonth =
    Array.from({ length: HOURS }, (_, hour) => OFFICE_HOURS(hour)).reduce((sum, share) => sum + share, 0) /
    (HOURS / HOURS_PER_MONTH);
  expect(shareOfMonth).toBeGreaterThan(0.95);
  const [ses, sesEvenly] = [hourly, evenly].map((rows) => rows.find(({ name }) => name === 'SES')?.measured);
  expect((ses ?? 0) / (sesEvenly ?? 1)).toBeCloseTo(shareOfMonth, 6);
});

test('a constant is written without an exponent, and to twelve digits', () => {
  const numbers = [6.25e-7, 1.25e-7 / 3, 0, 730, 1 / 1_024 ** 3, 123_456.789, 51_200 * 1_024 ** 3];
  for (const value of numbers) {
    const text = literal(value);
    expect(text).toMatch(/^\d+(\.\d+)?$/);
    if (value !== 0) expect(Number(text) / value).toBeCloseTo(1, 9);
  }
});
