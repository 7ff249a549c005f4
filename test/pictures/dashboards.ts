/** The page about the dashboards, and a picture of each chart, from sample data. */
import { costDashboard } from '../../infra/observability/cost-dashboard.ts';
import { alarmPlans } from '../../infra/observability/alarms.ts';
import { healthDashboard } from '../../infra/observability/health-dashboard.ts';
import type { DashboardPlan, Widget } from '../../infra/observability/widget.ts';
import { shapeFor, sizeFor } from '../../infra/cost/shape.ts';
import { type Bill, billOf } from '../../shared/cost/bill.ts';
import { pricesIn } from '../../shared/cost/prices.ts';
import { storedBytes } from '../../shared/cost/standby.ts';
import { type Workload, usageOf } from '../../shared/cost/workload.ts';
import { type MetricSource, evaluate } from '../support/metric-math.ts';
import { OFFICE_HOURS, SAMPLE_RESOURCES, fixedQuantities, sampleSource } from '../support/sample-metrics.ts';
import { HEALTH_RESOURCES, healthSource } from './health-sample.ts';
import { chartSvg } from './svg.ts';

/** An organisation of some size, so that no row drowns the others. */
const SAMPLE: Workload = { users: 1_000, messagesPerDay: 40, messageKb: 40, storedGb: 2, sessions: 2 };
const HEALTH_POINTS = 96;
const STANDBY = { region: 'us-west-2', mailBucket: 'west-mail', inboundBucket: 'west-inbound' };

export interface Picture {
  readonly file: string;
  readonly svg: string;
}

export interface DashboardsPage {
  readonly markdown: string;
  readonly pictures: readonly Picture[];
}

export function dashboardsPage(): DashboardsPage {
  const prices = pricesIn('us-east-1');
  const shape = shapeFor(SAMPLE, { size: sizeFor(SAMPLE), tls: 'load-balancer', network: 'public' });
  const usage = usageOf(SAMPLE, shape);
  const settings = {
    resources: SAMPLE_RESOURCES,
    fixed: shape,
    monthly: fixedQuantities(usage),
    prices,
    standby: { region: STANDBY.region },
  };
  /** Of one that was received. */
  const bytes = storedBytes(SAMPLE, usage) / usage.mailReceived;
  const cost = costDashboard(settings);
  const health = healthDashboard(HEALTH_RESOURCES);
  const bill = billOf(usage, prices);
  const costs = (points: number): MetricSource =>
    withBytes(withTally(sampleSource(usage, shape, points, OFFICE_HOURS), bill, points), bytes);
  const pictures = [
    ...cost.widgets.map((widget) => picture(cost, widget, widget.periodSeconds >= 86_400 ? 28 : 48, costs)),
    ...health.widgets.map((widget) => picture(health, widget, HEALTH_POINTS, healthSource)),
  ];
  return { markdown: pageOf([cost, health]), pictures };
}

/** What the tally would have told at the end of the tenth day. */
function withTally(inner: MetricSource, { byService, byActivity }: Bill, points: number): MetricSource {
  const month: Readonly<Record<string, number>> = { ...byService, ...byActivity };
  return (metric, periodSeconds) => {
    const of = Object.values(metric.dimensions)[0] ?? '';
    if (metric.name.startsWith('MonthToDate'))
      return Array.from({ length: points }, () => (month[of] ?? 0) / 3);
    if (metric.name === 'Mailboxes') return Array.from({ length: points }, () => SAMPLE.users);
    return inner(metric, periodSeconds);
  };
}

/** What is stored, in proportion to what is received. */
function withBytes(inner: MetricSource, bytes: number): MetricSource {
  return (metric, periodSeconds) =>
    metric.name === 'BytesStored'
      ? inner({ ...metric, name: 'MessagesReceived' }, periodSeconds).map((count) => (count ?? 0) * bytes)
      : inner(metric, periodSeconds);
}

function picture(
  plan: DashboardPlan,
  widget: Widget,
  points: number,
  source: (points: number) => MetricSource,
): Picture {
  const { queries, periodSeconds } = widget;
  const values = evaluate(queries, periodSeconds, points, source(points));
  const lines = queries
    .filter(({ hidden }) => hidden !== true)
    .map(({ id, label = id }) => ({ label, values: values.get(id) ?? [] }));
  const hours = plan.name === 'Health' ? 24 : (points * periodSeconds) / 3_600;
  return { file: fileOf(plan, widget), svg: chartSvg(widget, lines, hours) };
}

function fileOf({ name }: DashboardPlan, { id }: Widget): string {
  return `dashboards/${name.toLowerCase()}-${id}.svg`;
}

const INTRODUCTION = `# Dashboards and alarms

\`cdk deploy\` makes two dashboards in CloudWatch, **Cost** and **Health**, and alarms that write to the address of the
configuration. This page tells what each chart says. Its pictures are drawn from sample data by \`npm run pictures\`, by the
very expressions that the dashboards hold; a test fails when page or pictures are older than the charts.

- The pictures of **Cost** show ${SAMPLE.users.toLocaleString('en-US')} people who receive ${SAMPLE.messagesPerDay} messages of ${SAMPLE.messageKb} KB a day each, and keep ${SAMPLE.storedGb} GB.
- Those of **Health** show a made-up working day: from 14:00 on S3 answers slowly for forty minutes, deliveries fail and are
  tried again, and by half past three all mail has arrived.

Dollars are list prices times what was used, not AWS's bill: no free tiers, discounts or taxes. What is sold in tiers is priced as
if the whole month were like the period that is looked at. The prices are those of \`quire cost\` (\`shared/cost/price-list.ts\`).`;

function pageOf(plans: readonly DashboardPlan[]): string {
  const sections = plans.map((plan) =>
    [
      `## ${plan.name}`,
      ...plan.widgets.map((widget) =>
        [`### ${widget.title}`, `![${widget.title}](${fileOf(plan, widget)})`, widget.tells].join('\n\n'),
      ),
    ].join('\n\n'),
  );
  return `${[INTRODUCTION, ...sections, alarmSection()].join('\n\n')}\n`;
}

function alarmSection(): string {
  const rows = alarmPlans({ ...HEALTH_RESOURCES, standby: STANDBY }).map(
    ({ name, means, above, below, periodSeconds, periods }) => {
      const bound = below === undefined ? `above ${above ?? 0}` : `below ${below}`;
      const time =
        periodSeconds >= 3_600 ? `${periodSeconds / 3_600} h` : `${(periodSeconds * periods) / 60} min`;
      return `| ${name} | ${bound}, for ${time} | ${means} |`;
    },
  );
  return [
    '## Alarms',
    'Each writes when it begins and when it ends. The address has to confirm a first mail by SNS. Those of what is copied are there if the configuration has a `standby`.',
    ['| alarm | when | what it means |', '| --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n');
}
