/**
 * Seeing it: two dashboards, alarms with an address, and the tally of the month. The one door to `infra/observability`, in
 * which metrics, charts and alarms are data; here they become resources.
 */
import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnAlarm, CfnDashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Subscription, SubscriptionProtocol, type Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { CostSettings } from '../../shared/cost/expressions.ts';
import type { Resources } from '../../shared/cost/meters.ts';
import type { MetricRef, Query } from '../../shared/cost/metric-query.ts';
import { pricesIn } from '../../shared/cost/prices.ts';
import { usageOf } from '../../shared/cost/workload.ts';
import type { Deployment } from '../config/check.ts';
import { shapeOfDeployment } from '../cost/shape.ts';
import { type AlarmPlan, alarmPlans } from '../observability/alarms.ts';
import { costDashboard } from '../observability/cost-dashboard.ts';
import { healthDashboard } from '../observability/health-dashboard.ts';
import type { HealthResources } from '../observability/health-resources.ts';
import { type DashboardPlan, dashboardBody } from '../observability/widget.ts';
import type { DeliveryStack } from './delivery.ts';
import type { GatewayStack } from './gateway.ts';
import type { MaintenanceStack } from './maintenance.ts';
import { mayUseKeyThrough } from './permissions.ts';
import { makeTopicOf } from './queues.ts';
import { QuireFunction } from './quire-function.ts';
import type { StorageStack } from './storage.ts';

/** `TALLY` of the cost model prices so many runs. */
const TALLY_EVERY = Duration.hours(4);
const TALLY_TIMEOUT = Duration.minutes(5);
const TALLY_MEMORY_MIB = 512;

export interface ObservabilityStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
  readonly delivery: DeliveryStack;
  readonly gateway: GatewayStack;
  readonly maintenance: MaintenanceStack;
}

export class ObservabilityStack extends Stack {
  /** To whom alarms are told. */
  readonly alarmTopic: Topic;
  readonly tally: Function;
  readonly tallyLog: LogGroup;

  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    const { deployment, storage, env } = props;
    super(scope, id, {
      ...(env && { env }),
      description: 'Quire: dashboards, alarms, and what the month has cost.',
    });
    const billed = billedOf(props);
    const settings = settingsOf(deployment, billed);
    const tally = this.#makeTally(deployment, storage, settings);
    this.tally = tally.function;
    this.tallyLog = tally.logGroup;
    const resources = healthOf(props, billed, this.tally);
    this.alarmTopic = this.#makeTopic(deployment, storage);
    for (const plan of alarmPlans(resources)) this.#addAlarm(plan, deployment);
    for (const plan of [costDashboard(settings), healthDashboard(resources)])
      this.#addDashboard(plan, deployment);
  }

  #makeTopic({ alarmAddress }: Deployment, { key }: StorageStack): Topic {
    const topic = makeTopicOf(this, 'Alarms', key, {
      sid: 'CloudWatchMayPublish',
      service: 'cloudwatch.amazonaws.com',
    });
    new Subscription(this, 'AlarmAddress', {
      topic,
      protocol: SubscriptionProtocol.EMAIL,
      endpoint: alarmAddress,
    });
    return topic;
  }

  #addAlarm(plan: AlarmPlan, { name }: Deployment): void {
    const { watch, periodSeconds, periods, above, below, silence } = plan;
    new CfnAlarm(this, `Alarm-${plan.name}`, {
      alarmName: `${name}-${plan.name}`,
      alarmDescription: plan.means,
      comparisonOperator: below !== undefined ? 'LessThanThreshold' : 'GreaterThanThreshold',
      threshold: below ?? above ?? 0,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData: silence === 'alarm' ? 'breaching' : 'notBreaching',
      alarmActions: [this.alarmTopic.topicArn],
      okActions: [this.alarmTopic.topicArn],
      ...(isQueries(watch)
        ? {
            metrics: watch.map((query, index) => dataQuery(query, periodSeconds, index === watch.length - 1)),
          }
        : {
            namespace: watch.namespace,
            metricName: watch.name,
            dimensions: dimensionsOf(watch),
            period: periodSeconds,
            ...statisticOf(watch),
          }),
    });
  }

  #addDashboard(plan: DashboardPlan, { name }: Deployment): void {
    new CfnDashboard(this, `Dashboard${plan.name}`, {
      dashboardName: `${name}-${plan.name}`,
      dashboardBody: this.toJsonString(dashboardBody(plan, this.region)),
    });
  }

  #makeTally(deployment: Deployment, storage: StorageStack, settings: CostSettings): QuireFunction {
    const { resources, fixed, monthly } = settings;
    const made = new QuireFunction(this, 'Tally', {
      deployment,
      bundle: 'tally',
      description: 'Quire: what the month has cost so far, and whether backups are on',
      memoryMiB: TALLY_MEMORY_MIB,
      timeout: TALLY_TIMEOUT,
      key: storage.key,
      environment: {
        QUIRE_METRICS_NAMESPACE: deployment.name,
        QUIRE_TALLY: this.toJsonString({ resources, fixed, monthly }),
      },
      permissions: [
        ...this.#tallyPermissions(storage),
        mayUseKeyThrough(this, 'Key', storage.key, ['dynamodb']),
      ],
    });
    new Rule(this, 'TallySchedule', {
      description: 'Quire: adds up what the month has cost',
      schedule: Schedule.rate(TALLY_EVERY),
      targets: [new LambdaFunction(made.function, { retryAttempts: 2, maxEventAge: Duration.hours(1) })],
    });
    return made;
  }

  #tallyPermissions({
    mailTable,
    directoryTable,
    keysTable,
    mailBucket,
    inboundBucket,
  }: StorageStack): PolicyStatement[] {
    return [
      // CloudWatch has no resources for metrics: whoever may read one may read all.
      new PolicyStatement({ sid: 'Metrics', actions: ['cloudwatch:GetMetricData'], resources: ['*'] }),
      new PolicyStatement({
        sid: 'Tables',
        actions: ['dynamodb:DescribeTable', 'dynamodb:DescribeContinuousBackups'],
        resources: [mailTable.tableArn, directoryTable.tableArn, keysTable.tableArn],
      }),
      // It counts, and gets no item: the directory holds hashes of passwords.
      new PolicyStatement({
        sid: 'CountMailboxes',
        actions: ['dynamodb:Scan'],
        resources: [directoryTable.tableArn],
        conditions: { StringEquals: { 'dynamodb:Select': 'COUNT' } },
      }),
      new PolicyStatement({
        sid: 'Versions',
        actions: ['s3:GetBucketVersioning'],
        resources: [mailBucket.bucketArn, inboundBucket.bucketArn],
      }),
    ];
  }
}

function billedOf({
  deployment,
  storage,
  delivery,
  gateway,
  maintenance,
}: ObservabilityStackProps): Resources {
  return {
    namespace: deployment.name,
    mailTable: storage.mailTable.tableName,
    directoryTable: storage.directoryTable.tableName,
    keysTable: storage.keysTable.tableName,
    mailBucket: storage.mailBucket.bucketName,
    inboundBucket: storage.inboundBucket.bucketName,
    topic: delivery.topic.topicName,
    deliveryQueue: delivery.queue.queueName,
    deliver: delivery.deliver.functionName,
    compact: maintenance.compact.functionName,
    expunge: maintenance.expunge.functionName,
    cluster: gateway.cluster.clusterName,
    service: gateway.service.serviceName,
    loadBalancer: gateway.loadBalancer.loadBalancerFullName,
    logGroups: [delivery.deliverLog, gateway.gatewayLog, maintenance.compactLog, maintenance.expungeLog].map(
      ({ logGroupName }) => logGroupName,
    ),
  };
}

function healthOf(
  { deployment: { standby }, delivery, gateway, maintenance }: ObservabilityStackProps,
  billed: Resources,
  tally: Function,
): HealthResources {
  const [imaps] = gateway.targetGroups;
  return {
    ...billed,
    tally: tally.functionName,
    deadLetters: {
      messages: delivery.deadLetters.queueName,
      notifications: delivery.lostNotifications.queueName,
      schedules: maintenance.deadLetters.queueName,
    },
    ...(standby === undefined ? {} : { standby }),
    targetGroup: imaps?.targetGroupFullName ?? '',
    ...(gateway.certificate === undefined ? {} : { certificateArn: gateway.certificate.certificateArn }),
  };
}

/** What a month holds whatever is used comes from the estimate of an empty deployment. */
function settingsOf(deployment: Deployment, resources: Resources): CostSettings {
  const shape = shapeOfDeployment(deployment, deployment.size.minTasks);
  const empty = { users: 0, messagesPerDay: 0, messageKb: 1, storedGb: 0, sessions: 0 };
  const { endpoints, balancerHours, dashboards, metricRequests, keys, serviceKeyRequests, secrets } = usageOf(
    empty,
    shape,
  );
  const { taskCpu, taskGb, deliveryGb, tls, network, domains, alarms, metrics } = shape;
  return {
    resources,
    fixed: { taskCpu, taskGb, deliveryGb, tls, network, domains, alarms, metrics },
    monthly: { endpoints, balancerHours, dashboards, metricRequests, keys, serviceKeyRequests, secrets },
    prices: pricesIn(deployment.region),
    ...(deployment.standby && { standby: { region: deployment.standby.region } }),
  };
}

function isQueries(watch: AlarmPlan['watch']): watch is readonly Query[] {
  return Array.isArray(watch);
}

function dimensionsOf({ dimensions }: MetricRef): { name: string; value: string }[] {
  return Object.entries(dimensions).map(([name, value]) => ({ name, value }));
}

function statisticOf({ stat }: MetricRef): { statistic: string } | { extendedStatistic: string } {
  return stat.startsWith('p') ? { extendedStatistic: stat } : { statistic: stat };
}

function dataQuery(query: Query, period: number, returnData: boolean): CfnAlarm.MetricDataQueryProperty {
  const { id } = query;
  if ('expression' in query)
    return {
      id,
      expression: query.expression,
      returnData,
      ...(query.label === undefined ? {} : { label: query.label }),
    };
  const { namespace, name: metricName, stat } = query.metric;
  return {
    id,
    returnData,
    metricStat: { metric: { namespace, metricName, dimensions: dimensionsOf(query.metric) }, period, stat },
  };
}
