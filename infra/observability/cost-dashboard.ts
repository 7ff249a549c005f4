/** What it costs: by the hour, by the day and in the month so far, by service and by activity. */
import { type CostExpressions, type CostSettings, costExpressions } from '../../shared/cost/expressions.ts';
import { MAINTENANCE, SERVICES } from '../../shared/cost/items.ts';
import { ownMetrics } from '../../shared/cost/meters.ts';
import { type Query, QueryBook, literal } from '../../shared/cost/metric-query.ts';
import { standbyExpressions } from '../../shared/cost/standby.ts';
import { HOURS_PER_MONTH } from '../../shared/cost/workload.ts';
import { ACTIVITIES } from '../../shared/metrics/catalogue.ts';
import type { DashboardPlan, Widget } from './widget.ts';

const HOUR = 3_600;
const DAY = 86_400;

type Draw = (costs: CostExpressions, book: QueryBook) => void;

export function costDashboard(settings: CostSettings): DashboardPlan {
  const { prices } = settings;
  return {
    name: 'Cost',
    text: [
      `# What Quire costs`,
      `Dollars, worked out from what was used times the list prices of **${prices.region}** as of ${prices.asOf}: without free tiers, discounts and taxes.${inferredNote(settings)} The bill is AWS's; this tells where it comes from, and when.`,
      'By activity: **deliver** takes mail in, **read** and **search** serve clients, **idle** keeps them connected, **keep** is what lies there, and to look after it, **compact** keeps accounts cheap to open.',
    ].join('\n'),
    widgets: [
      ...rates(settings),
      ...monthSoFar(settings),
      ...ratios(settings),
      ownCost(settings),
      ...(settings.standby ? [copies(settings, settings.standby.region)] : []),
    ],
  };
}

function inferredNote({ prices: { inferred } }: CostSettings): string {
  if (inferred.length === 0) return '';
  return ` Found on no list, and taken from other prices: ${inferred.map(({ name }) => name).join(', ')}.`;
}

function drawn(settings: CostSettings, period: number, draw: Draw): readonly Query[] {
  const book = new QueryBook();
  draw(costExpressions(settings, period, book), book);
  return book.queries;
}

const byService: Draw = (costs) => {
  for (const service of SERVICES) costs.service(service, service);
};
const byActivity: Draw = (costs) => {
  for (const activity of ACTIVITIES) costs.activity(activity, activity);
};

function rates(settings: CostSettings): Widget[] {
  const stacked = { view: 'stacked', width: 12, height: 7, unit: 'dollars' } as const;
  const hourly = { ...stacked, periodSeconds: HOUR };
  const daily = { ...stacked, periodSeconds: DAY };
  return [
    {
      ...hourly,
      id: 'hour-by-service',
      title: 'Dollars an hour, by service',
      tells:
        'Which service the money goes to. SES, S3 and DynamoDB follow the mail; Fargate and the load balancer stand still until tasks are added. A step that stays is something that was left running.',
      queries: drawn(settings, HOUR, byService),
    },
    {
      ...hourly,
      id: 'hour-by-activity',
      title: 'Dollars an hour, by activity',
      tells:
        'What the money is spent for. `deliver` rises with mail, `read` and `search` with people at work, `idle` with clients that stay connected. A `compact` that grows against `deliver` means that accounts are folded more often than they need.',
      queries: drawn(settings, HOUR, byActivity),
    },
    {
      ...daily,
      id: 'day-by-service',
      title: 'Dollars a day, by service',
      tells: 'The same by days, over four weeks: trends, and the difference between working days and others.',
      queries: drawn(settings, DAY, byService),
    },
    {
      ...daily,
      id: 'day-by-activity',
      title: 'Dollars a day, by activity',
      tells:
        'The same by activity. `keep` rises slowly and never falls by itself: it is the mail that people keep.',
      queries: drawn(settings, DAY, byActivity),
    },
  ];
}

/** Told by the tally, which knows when the month began. */
function monthSoFar({ resources }: CostSettings): Widget[] {
  const { own } = ownMetrics(resources.namespace);
  const numbers = { view: 'numbers', width: 12, unit: 'dollars', periodSeconds: 6 * HOUR } as const;
  return [
    {
      ...numbers,
      id: 'month-by-service',
      title: 'Month so far, by service, dollars',
      tells:
        'Since midnight of the first, UTC, as the bill counts. Worked out every four hours by a scheduled function, because a dashboard does not know when the month began.',
      queries: SERVICES.map((service, index) => ({
        id: `s${index + 1}`,
        label: service,
        metric: own('MonthToDateService', 'Maximum', { Service: service }),
      })),
    },
    {
      ...numbers,
      id: 'month-by-activity',
      title: 'Month so far, by activity, dollars',
      tells: 'The same money by what it was spent for.',
      queries: ACTIVITIES.map((activity, index) => ({
        id: `a${index + 1}`,
        label: activity,
        metric: own('MonthToDateActivity', 'Maximum', { Activity: activity }),
      })),
    },
  ];
}

function ratios(settings: CostSettings): Widget[] {
  const { own } = ownMetrics(settings.resources.namespace);
  const lines = { view: 'lines', width: 8, unit: 'dollars', periodSeconds: DAY } as const;
  return [
    {
      ...lines,
      id: 'per-mailbox',
      title: 'Dollars a mailbox and month',
      tells:
        'A day’s dollars, times the days of a month, by the number of accounts: what to hold against a licence. It falls as the organisation grows, for load balancer, metrics and the least number of tasks are paid once.',
      queries: drawn(settings, DAY, (costs, book) => {
        const mailboxes = `FILL(${book.use(own('Mailboxes', 'Maximum'))}, REPEAT)`;
        book.express(`${costs.total()}*${literal(HOURS_PER_MONTH / 24)}/${mailboxes}`, 'a mailbox and month');
      }),
    },
    {
      ...lines,
      id: 'per-thousand-messages',
      title: 'Dollars per thousand messages delivered',
      tells:
        'The whole of a day by what was delivered on it, the part of it that deliveries caused, and the part that maintenance took. What is left is what reading and standing there cost.',
      queries: drawn(settings, DAY, (costs, book) => {
        const deliveries = book.use(own('Deliveries', 'Sum'));
        book.express(`${costs.total()}/${deliveries}*1000`, 'all of it');
        book.express(`${costs.activity('deliver')}/${deliveries}*1000`, 'deliver alone');
        book.express(`${costs.items(MAINTENANCE)}/${deliveries}*1000`, 'maintenance alone');
      }),
    },
  ];
}

function copies(settings: CostSettings, region: string): Widget {
  const book = new QueryBook();
  standbyExpressions(settings, DAY, book);
  return {
    id: 'standby',
    title: `What the copies in ${region} cost, dollars a day`,
    tells:
      'Beside all the others, which count this region alone: each write, each object and each stored byte once more, the bytes on their way there, and a replica of the key, at the prices of this region. Only where the configuration has a `standby`.',
    view: 'stacked',
    width: 12,
    height: 7,
    unit: 'dollars',
    periodSeconds: DAY,
    queries: book.queries,
  };
}

function ownCost(settings: CostSettings): Widget {
  return {
    id: 'own-cost',
    title: 'What these metrics cost, dollars a day',
    tells:
      'Custom metrics are billed by how many there are, not by how often they change; logs by their bytes. In a small organisation this is the largest row of all: a third of the bill for a hundred people.',
    view: 'stacked',
    width: 8,
    unit: 'dollars',
    periodSeconds: DAY,
    queries: drawn(settings, DAY, (costs) => {
      costs.items(['metrics', 'metricRequests'], 'metrics');
      costs.items(['logs'], 'logs');
      costs.items(['alarms', 'dashboards'], 'alarms and dashboards');
    }),
  };
}
