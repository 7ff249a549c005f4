/**
 * Every chart and every alarm of the templates looks at something that is there: a metric that was emitted while this test
 * ran an installation, on a good day and on a bad one, or one that AWS tells by itself.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { FAMILIES } from '../../../gateway/imap/commands/registry.ts';
import { ALARMS, OWN_METRICS } from '../../../infra/cost/shape.ts';
import { SERVICES } from '../../../shared/cost/items.ts';
import { ACTIVITIES } from '../../../shared/metrics/catalogue.ts';
import type { EmbeddedLine } from '../../../shared/metrics/embedded-format.ts';
import { AWS_METRICS } from '../../support/aws-metrics.ts';
import { EXAMPLE, resourcesOf, synthesise, type Template } from '../../support/infra/synthesised.ts';
import { evaluate } from '../../support/metric-math.ts';
import { runScenario } from './scenario.ts';
import { runTroubles } from './troubles.ts';

interface Named {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly where: string;
}

let emitted: readonly EmbeddedLine[];
let made: Awaited<ReturnType<typeof synthesise<keyof typeof CONFIGS>>>;
beforeAll(async () => {
  const [good, bad] = [await runScenario(), await runTroubles()];
  emitted = [...good.lines, ...bad];
  made = await synthesise(CONFIGS);
}, 300_000);

const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:mail-AbCdEf';
const ZONED = { ...EXAMPLE, domains: [{ name: 'example.org', hostedZoneId: 'Z0123456789ABCDEFGHIJ' }] };
/** By where TLS ends, and one with copies in another region. */
const CONFIGS = {
  'load-balancer': ZONED,
  gateway: { ...ZONED, tls: { at: 'gateway', secretArn: SECRET } },
  standby: {
    ...ZONED,
    standby: { region: 'us-west-2', mailBucket: 'west-mail', inboundBucket: 'west-inbound' },
  },
} as const;

/** Text of a template, its references to other resources as names in braces. */
function resolved(value: unknown): string {
  if (typeof value === 'string') return value;
  const join = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  if (join) return join[1].map(resolved).join(join[0]);
  return `{${JSON.stringify(value).replaceAll(/["\\]/g, '')}}`;
}

interface Row {
  readonly id: string;
  readonly visible?: boolean;
  readonly expression?: string;
  readonly label?: string;
}
interface WidgetBody {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: { readonly title: string; readonly metrics: readonly unknown[][] };
}

function dashboards(template: Template): WidgetBody[][] {
  return resourcesOf(template, 'AWS::CloudWatch::Dashboard').map(({ Properties }) => {
    const { DashboardBody } = Properties as { DashboardBody: unknown };
    return (JSON.parse(resolved(DashboardBody)) as { widgets: WidgetBody[] }).widgets;
  });
}
const charts = (template: Template) =>
  dashboards(template)
    .flat()
    .filter(({ type }) => type === 'metric');

function namedByCharts(template: Template): Named[] {
  return charts(template).flatMap(({ properties: { title, metrics } }) =>
    metrics.flatMap((row) => {
      const [namespace, name, ...rest] = row;
      if (typeof namespace !== 'string') return [];
      const pairs = rest.slice(0, -1) as string[];
      const dimensions = Object.fromEntries(
        pairs.flatMap((key, index) => (index % 2 === 0 ? [[key, pairs[index + 1] ?? '']] : [])),
      ) as Record<string, string>;
      return [{ namespace, name: String(name), dimensions, where: title }];
    }),
  );
}

interface AlarmBody {
  readonly AlarmName: string;
  readonly AlarmActions?: readonly unknown[];
  readonly AlarmDescription?: string;
  readonly TreatMissingData?: string;
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Metrics?: readonly {
    readonly Expression?: string;
    readonly MetricStat?: {
      readonly Metric: Pick<AlarmBody, 'Dimensions'> & { Namespace: string; MetricName: string };
    };
  }[];
}

function alarms(template: Template): AlarmBody[] {
  return resourcesOf(template, 'AWS::CloudWatch::Alarm').map(
    ({ Properties }) => Properties as unknown as AlarmBody,
  );
}

function namedByAlarms(template: Template): Named[] {
  return alarms(template).flatMap(({ AlarmName, Namespace, MetricName, Dimensions, Metrics = [] }) => {
    const parts = [
      ...(Namespace === undefined ? [] : [{ Namespace, MetricName: MetricName ?? '', Dimensions }]),
      ...Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : [])),
    ];
    return parts.map((part) => ({
      namespace: part.Namespace,
      name: part.MetricName,
      dimensions: Object.fromEntries(
        (part.Dimensions ?? []).map((each) => [each.Name, resolved(each.Value)]),
      ),
      where: AlarmName,
    }));
  });
}

/** Values that are told only when something of the kind happens: of closed sets, whatever a test happened to do. */
const CLOSED: Readonly<Record<string, readonly string[]>> = {
  Activity: ACTIVITIES,
  Service: SERVICES,
  Command: FAMILIES.flatMap(({ commands }) => commands.map(({ name }) => name.replace(/^UID /, ''))),
};

function isEmitted({ name, dimensions }: Named): boolean {
  const keys = Object.keys(dimensions);
  const told = emitted.some(
    (line) =>
      name in line && JSON.stringify(line._aws.CloudWatchMetrics[0].Dimensions[0]) === JSON.stringify(keys),
  );
  return (
    told && keys.every((key) => key === 'Table' || CLOSED[key]?.includes(dimensions[key] ?? '') === true)
  );
}

function isOfAws({ namespace, name, dimensions }: Named): boolean {
  const keys = Object.keys(dimensions);
  return (AWS_METRICS[namespace]?.[name] ?? []).some(
    (set) => set.length === keys.length && set.every((key) => keys.includes(key)),
  );
}

describe.each(['load-balancer', 'gateway'] as const)('with TLS at the %s', (tls) => {
  const template = (): Template => made.assemblies[tls].stacks.Observability;

  test.each([
    ['charts', namedByCharts],
    ['alarms', namedByAlarms],
  ])('all metrics that %s name are emitted, or AWS’s own', (_, named) => {
    const all = named(template());
    expect(all.length).toBeGreaterThan(10);
    const unknown = all.filter((each) => (each.namespace === 'Quire' ? !isEmitted(each) : !isOfAws(each)));
    expect(unknown).toEqual([]);
  });

  test('every chart shows something, every expression can be worked out', () => {
    for (const { properties } of charts(template())) {
      const rows = properties.metrics.map((row) => row.at(-1) as Row);
      expect({ title: properties.title, shown: rows.some(({ visible }) => visible !== false) }).toEqual({
        title: properties.title,
        shown: true,
      });
      const queries = properties.metrics.map((row) => {
        const { id, expression } = row.at(-1) as Row;
        if (expression !== undefined) return { id, expression };
        const [namespace, name] = row as [string, string];
        return { id, metric: { namespace, name, dimensions: {}, stat: 'Sum' as const } };
      });
      const values = evaluate(queries, 300, 2, () => [1, 2]);
      for (const series of values.values())
        expect(series.every((value) => Number.isFinite(value))).toBe(true);
    }
  });

  test('charts of a dashboard do not overlap, and lie within 24 columns', () => {
    for (const placed of dashboards(template()))
      for (const [index, a] of placed.entries()) {
        expect(a.x + a.width).toBeLessThanOrEqual(24);
        for (const b of placed.slice(index + 1)) {
          const apart =
            a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
          expect(apart).toBe(true);
        }
      }
  });

  test('each alarm says what it means, and tells the address when it begins and when it ends', () => {
    const topic = resourcesOf(template(), 'AWS::SNS::Topic').map(({ id }) => id);
    expect(resourcesOf(template(), 'AWS::SNS::Subscription').map(({ Properties }) => Properties)).toEqual([
      { Protocol: 'email', Endpoint: EXAMPLE.alarmAddress, TopicArn: { Ref: topic[0] } },
    ]);
    for (const { AlarmDescription = '', AlarmActions } of alarms(template())) {
      expect(AlarmDescription.length).toBeGreaterThan(20);
      expect(AlarmActions).toEqual([{ Ref: topic[0] }]);
    }
  });

  test('what must not be overlooked is watched', () => {
    const names = alarms(template()).map(({ AlarmName }) => AlarmName.replace('Quire-', ''));
    expect(names).toEqual(
      expect.arrayContaining([
        'QueueAge',
        'DeadLetters-messages',
        'DeadLetters-notifications',
        'Throttles',
        'TableFaults',
        'DirectoryFaults',
        'StoreFaults',
        'CommandFaults',
        'NoHealthyTarget',
        'Certificate',
        'BackupOff',
      ]),
    );
    const silent = alarms(template()).filter(({ TreatMissingData }) => TreatMissingData === 'breaching');
    expect(silent.map(({ AlarmName }) => AlarmName)).toEqual(['Quire-NoHealthyTarget', 'Quire-BackupOff']);
  });

  test('faults are watched on every table, by no more metrics than an expression of an alarm may have', () => {
    const watched = alarms(template()).flatMap(({ AlarmName, Metrics = [] }) =>
      Metrics.flatMap(({ MetricStat }) => (MetricStat ? [{ AlarmName, ...MetricStat.Metric }] : [])),
    );
    const faults = watched.filter(({ MetricName }) => MetricName === 'SystemErrors');
    const tables = new Set(
      faults.flatMap(({ Dimensions = [] }) =>
        Dimensions.filter(({ Name }) => Name === 'TableName').map(({ Value }) => JSON.stringify(Value)),
      ),
    );
    expect(tables.size).toBe(3);
    for (const name of new Set(watched.map(({ AlarmName }) => AlarmName)))
      expect(watched.filter(({ AlarmName }) => AlarmName === name).length).toBeLessThanOrEqual(10);
  });

  test('the estimate counts each metric that an alarm watches, as AWS does, and the alarms of the scaling', () => {
    const watched = alarms(template()).flatMap(({ Metrics }) =>
      Metrics === undefined ? [1] : Metrics.flatMap(({ MetricStat }) => (MetricStat ? [1] : [])),
    );
    // Each of the two policies by which the service grows and shrinks has one for either.
    expect(watched.length + 2 * 2).toBe(ALARMS);
  });
});

test('what copies in another region cost has a chart where there are any, of metrics that are there', () => {
  const template = made.assemblies.standby.stacks.Observability;
  const all = [...namedByCharts(template), ...namedByAlarms(template)];
  expect(all.filter((each) => (each.namespace === 'Quire' ? !isEmitted(each) : !isOfAws(each)))).toEqual([]);
  const chart = 'What the copies in us-west-2 cost, dollars a day';
  expect(all.filter(({ name }) => name === 'BytesStored').map(({ where }) => where)).toEqual([chart]);
  const others = namedByCharts(made.assemblies['load-balancer'].stacks.Observability);
  expect(others.filter(({ name }) => name === 'BytesStored')).toEqual([]);
  // A process tells how many bytes it has put where it is told that they are copied.
  const told = (name: keyof typeof CONFIGS) =>
    resourcesOf(made.assemblies[name].stacks.Delivery, 'AWS::Lambda::Function').flatMap(({ Properties }) => {
      const { Variables = {} } = (Properties?.Environment ?? {}) as { Variables?: Record<string, unknown> };
      return 'QUIRE_MAIL_BUCKET' in Variables ? [Variables.QUIRE_STANDBY] : [];
    });
  expect([told('standby'), told('gateway')]).toEqual([['us-west-2'], [undefined]]);
});

test('the estimate counts at least as many metrics of our own as two days emit', () => {
  const series = new Set(
    emitted.flatMap((line) => {
      const [{ Dimensions, Metrics }] = line._aws.CloudWatchMetrics;
      const of = Dimensions[0].map((key) => String(line[key])).join();
      // One is told beside a standby alone, and counted there.
      return Metrics.filter(({ Name }) => Name !== 'BytesStored').map(({ Name }) => `${Name} ${of}`);
    }),
  );
  expect(series.size).toBeGreaterThan(60);
  expect(series.size).toBeLessThanOrEqual(OWN_METRICS);
});
