/**
 * Every chart of the cost dashboard shows what `quire cost` says: each line, evaluated on thirty days of metrics in which as much
 * was used as the estimate has, within 1 %. A chart that nobody has compared fails.
 */
import { describe, expect, test } from '@jest/globals';
import { monthToDate } from '../../../functions/tally/tally.ts';
import { shapeFor, sizeFor } from '../../../infra/cost/shape.ts';
import { costDashboard } from '../../../infra/observability/cost-dashboard.ts';
import { billOf, dollarsOf } from '../../../shared/cost/bill.ts';
import type { CostSettings } from '../../../shared/cost/expressions.ts';
import { type ItemName, MAINTENANCE } from '../../../shared/cost/items.ts';
import { type PricedRegion, PRICED_REGIONS } from '../../../shared/cost/price-list.ts';
import { pricesIn } from '../../../shared/cost/prices.ts';
import {
  DAYS_PER_MONTH,
  HOURS_PER_MONTH,
  type Shape,
  type Workload,
  usageOf,
} from '../../../shared/cost/workload.ts';
import { standbyLines, storedBytes } from '../../../shared/cost/standby.ts';
import { evaluate, type MetricSource } from '../../support/metric-math.ts';
import { fixedQuantities, SAMPLE_RESOURCES, sampleSource } from '../../support/sample-metrics.ts';

const DAYS = 30;
/** Midnight after the thirtieth day of May. */
const NOW = Date.UTC(2027, 4, 1 + DAYS);
const OFFICE: Workload = { users: 100, messagesPerDay: 40, messageKb: 40, storedGb: 2, sessions: 2 };

interface Installation {
  readonly workload: Workload;
  readonly region: PricedRegion;
  readonly tls: Shape['tls'];
  readonly network: Shape['network'];
}

/** Of one installation: what its month costs, the dashboard's settings, and what CloudWatch would have of it. */
function monthOf({ workload, region, tls, network }: Installation) {
  const shape = shapeFor(workload, { size: sizeFor(workload), tls, network });
  const usage = usageOf(workload, shape);
  const prices = pricesIn(region);
  const settings: CostSettings = {
    resources: SAMPLE_RESOURCES,
    fixed: shape,
    monthly: fixedQuantities(usage),
    prices,
    standby: { region: 'us-west-2' },
  };
  const copies = standbyLines(workload, usage, prices);
  const source = (points: number): MetricSource => {
    const used = sampleSource(usage, shape, points);
    return (metric, periodSeconds) => {
      const each = (value: number) => Array.from({ length: points }, () => value);
      if (metric.name === 'Mailboxes') return each(workload.users);
      if (metric.name === 'BytesStored') return each(storedBytes(workload, usage) * shareOf(periodSeconds));
      return used(metric, periodSeconds);
    };
  };
  return { workload, settings, bill: billOf(usage, prices), copies, source };
}
type Month = ReturnType<typeof monthOf>;

/** Dollars that `quire cost` gives each line of a chart, by the line's label. */
type Said = (month: Month, seconds: number) => Readonly<Record<string, number>>;

const scaled = (values: Readonly<Record<string, number>>, by: number) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value * by]));
const shareOf = (seconds: number): number => seconds / 3_600 / HOURS_PER_MONTH;
const SO_FAR = (DAYS * 24) / HOURS_PER_MONTH;

const byService: Said = ({ bill }, seconds) => scaled(bill.byService, shareOf(seconds));
const byActivity: Said = ({ bill }, seconds) => scaled(bill.byActivity, shareOf(seconds));

const SAID: Readonly<Record<string, Said>> = {
  'hour-by-service': byService,
  'hour-by-activity': byActivity,
  'day-by-service': byService,
  'day-by-activity': byActivity,
  'month-by-service': ({ bill }) => scaled(bill.byService, SO_FAR),
  'month-by-activity': ({ bill }) => scaled(bill.byActivity, SO_FAR),
  'per-mailbox': ({ bill, workload }) => ({ 'a mailbox and month': bill.total / workload.users }),
  'per-thousand-messages': ({ bill, workload: { users, messagesPerDay } }) => {
    const thousands = (users * messagesPerDay * DAYS_PER_MONTH) / 1_000;
    return {
      'all of it': bill.total / thousands,
      'deliver alone': bill.byActivity.deliver / thousands,
      'maintenance alone': dollarsOf(bill, MAINTENANCE) / thousands,
    };
  },
  'own-cost': ({ bill }, seconds) => {
    const dollars = (...items: ItemName[]): number => dollarsOf(bill, items);
    return scaled(
      {
        metrics: dollars('metrics', 'metricRequests'),
        logs: dollars('logs'),
        'alarms and dashboards': dollars('alarms', 'dashboards'),
      },
      shareOf(seconds),
    );
  },
  standby: ({ copies }, seconds) =>
    scaled(Object.fromEntries(copies.map(({ name, dollars }) => [name, dollars])), shareOf(seconds)),
};

/** What the tally tells at the end of the thirtieth day: its own sums over the same metrics. */
async function withTally({ settings, source }: Month): Promise<(points: number) => MetricSource> {
  const told = await monthToDate(
    settings,
    (queries, periodSeconds, { from, to }) => {
      const points = (to - from) / 1_000 / periodSeconds;
      const values = evaluate(queries, periodSeconds, points, source(points));
      return Promise.resolve(
        new Map([...values].map(([id, series]) => [id, series.map((value) => value ?? 0)])),
      );
    },
    NOW,
  );
  const month: Readonly<Record<string, number>> = { ...told.byService, ...told.byActivity };
  return (points) => (metric, periodSeconds) => {
    const of = Object.values(metric.dimensions)[0] ?? '';
    return metric.name.startsWith('MonthToDate')
      ? Array.from({ length: points }, () => month[of])
      : source(points)(metric, periodSeconds);
  };
}

/** Average of each line that a chart shows. */
async function shown(month: Month) {
  const source = await withTally(month);
  return costDashboard(month.settings).widgets.map(({ id, queries, periodSeconds }) => {
    const points = (DAYS * 86_400) / periodSeconds;
    const values = evaluate(queries, periodSeconds, points, source(points));
    const lines = queries
      .filter(({ hidden }) => hidden !== true)
      .map((query): [string, number] => {
        const series = values.get(query.id) ?? [];
        return [
          query.label ?? query.id,
          series.reduce<number>((sum, value) => sum + (value ?? NaN), 0) / points,
        ];
      });
    return { id, periodSeconds, lines };
  });
}

const INSTALLATIONS: readonly Installation[] = [
  { workload: OFFICE, region: 'us-east-1', tls: 'load-balancer', network: 'public' },
  { workload: { ...OFFICE, users: 10_000 }, region: 'eu-west-2', tls: 'gateway', network: 'private' },
  {
    workload: { users: 3_000, messagesPerDay: 15, messageKb: 700, storedGb: 40, sessions: 3 },
    region: 'ap-southeast-2',
    tls: 'load-balancer',
    network: 'public',
  },
];

describe.each(INSTALLATIONS)('$workload.users users in $region', (installation) => {
  const month = monthOf(installation);

  test('each line of each chart is the estimate, within 1 %', async () => {
    const widgets = await shown(month);
    expect(widgets.length).toBeGreaterThan(8);
    for (const { id, periodSeconds, lines } of widgets) {
      const said = SAID[id]?.(month, periodSeconds);
      expect({ id, lines: lines.map(([label]) => label) }).toEqual({
        id,
        lines: Object.keys(said ?? { 'a comparison with the bill': 0 }),
      });
      for (const [label, dollars] of lines) {
        const estimate = said?.[label] ?? NaN;
        const within = Math.abs(dollars - estimate) <= estimate * 0.01;
        expect({ id, label, dollars, estimate, within }).toMatchObject({ id, label, within: true });
      }
    }
  });
});

test('no comparison is left of a chart that is gone', () => {
  const [first] = INSTALLATIONS;
  const { settings } = monthOf(first as Installation);
  expect(costDashboard(settings).widgets.map(({ id }) => id)).toEqual(Object.keys(SAID));
});

test('what copies cost has a chart where there are copies, and nowhere else', () => {
  const { standby: _standby, ...alone } = monthOf(INSTALLATIONS[0] as Installation).settings;
  const named = (settings: CostSettings) => JSON.stringify(costDashboard(settings).widgets);
  expect(named({ ...alone, standby: { region: 'us-west-2' } })).toContain('copies in us-west-2');
  expect(named(alone)).not.toMatch(/copies in|BytesStored/);
});

test.each(PRICED_REGIONS)('the dashboard of %s names the prices that were found on no list', (region) => {
  const { settings } = monthOf({ ...(INSTALLATIONS[0] as Installation), region });
  const { text } = costDashboard(settings);
  expect(text).toContain(`list prices of **${region}**`);
  const { inferred } = settings.prices;
  if (inferred.length === 0) expect(text).not.toContain('Found on no list');
  else for (const { name } of inferred) expect(text).toContain(name);
});
