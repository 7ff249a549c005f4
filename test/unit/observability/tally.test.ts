/** The month so far: what is asked, from when on, and what is told of it. */
import { describe, expect, test } from '@jest/globals';
import { tallyHandler } from '../../../functions/tally/index.ts';
import { type AskMetrics, type Span, monthSoFar } from '../../../functions/tally/tally.ts';
import { shapeFor } from '../../../infra/cost/shape.ts';
import { billOf } from '../../../shared/cost/bill.ts';
import { pricesIn } from '../../../shared/cost/prices.ts';
import { HOURS_PER_MONTH, type Workload, usageOf } from '../../../shared/cost/workload.ts';
import { createLog } from '../../../shared/log.ts';
import { type Measured, MetricRegistry } from '../../../shared/metrics/metrics.ts';
import { evaluate } from '../../support/metric-math.ts';
import { SAMPLE_RESOURCES, fixedQuantities, sampleSource } from '../../support/sample-metrics.ts';

const OFFICE: Workload = { users: 500, messagesPerDay: 30, messageKb: 60, storedGb: 3, sessions: 2 };
const PRICES = pricesIn('us-east-1');
const shape = shapeFor(OFFICE, { size: 'small', tls: 'load-balancer', network: 'public' });
const usage = usageOf(OFFICE, shape);

function tally(now: number) {
  const asked: Span[] = [];
  let told: readonly Measured[] = [];
  const metrics = new MetricRegistry(
    (measured) => (told = measured),
    () => now,
  );
  /** CloudWatch, with a month of even use. */
  const ask: AskMetrics = (queries, periodSeconds, span) => {
    asked.push(span);
    const points = (span.to - span.from) / 1_000 / periodSeconds;
    const values = evaluate(queries, periodSeconds, points, sampleSource(usage, shape, points));
    return Promise.resolve(
      new Map([...values].map(([id, series]) => [id, series.flatMap((value) => value ?? [])])),
    );
  };
  const run = tallyHandler({
    settings: {
      resources: SAMPLE_RESOURCES,
      fixed: shape,
      monthly: fixedQuantities(usage),
      prices: PRICES,
    },
    ask,
    standing: () =>
      Promise.resolve({ tableBytes: { 'mail-table': 5 }, mailboxes: 500, backupsOff: ['inbound-bucket'] }),
    metrics,
    now: () => now,
    log: createLog({ level: 'silent', pretty: false }),
  });
  return {
    asked,
    run,
    told: () => {
      metrics.flush();
      return new Map(told.map(({ name, of, value }) => [`${name} ${of ?? ''}`.trim(), value]));
    },
  };
}

describe('the month so far', () => {
  test('is counted from midnight of the first, UTC, to the end of the last full hour', async () => {
    const { asked, run } = tally(Date.UTC(2026, 1, 11, 7, 43));
    await run();
    expect(asked).toEqual([{ from: Date.UTC(2026, 1, 1), to: Date.UTC(2026, 1, 11, 7) }]);
  });

  test('is nothing in its first hour, and nobody is asked', async () => {
    const { asked, run } = tally(Date.UTC(2026, 1, 1, 0, 20));
    const { byService } = await run();
    expect({ asked, spent: Object.values(byService).every((dollars) => dollars === 0) }).toEqual({
      asked: [],
      spent: true,
    });
    expect(monthSoFar(Date.UTC(2026, 0, 31, 23, 59))).toEqual({
      from: Date.UTC(2026, 0, 1),
      to: Date.UTC(2026, 0, 31, 23),
    });
  });

  test('is as much of the bill as has passed of the month', async () => {
    const { run, told } = tally(Date.UTC(2026, 10, 11));
    await run();
    const bill = billOf(usage, PRICES);
    const share = 240 / HOURS_PER_MONTH;
    for (const [service, dollars] of Object.entries(bill.byService))
      expect(Number(told().get(`MonthToDateService ${service}`)) / (dollars * share)).toBeCloseTo(1, 2);
    for (const [activity, dollars] of Object.entries(bill.byActivity))
      expect(Number(told().get(`MonthToDateActivity ${activity}`)) / (dollars * share)).toBeCloseTo(1, 2);
  });
});

test('a second run in the same sandbox takes the place of the first', async () => {
  const { run, told } = tally(Date.UTC(2026, 10, 11));
  await run();
  await run();
  expect(told().get('Mailboxes')).toBe(500);
  expect(told().get('TableBytes mail-table')).toBe(5);
  expect(told().get('BackupsOff')).toBe(1);
});
