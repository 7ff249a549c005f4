/** How it does: traffic, latency, errors and saturation of the gateway, of deliveries, of tables and of queues. */
import { type MetricRef, type Query, literal } from '../../shared/cost/metric-query.ts';
import { THRESHOLDS } from './alarms.ts';
import { TIMED_OPERATIONS, healthMetrics } from './health-metrics.ts';
import type { HealthResources } from './health-resources.ts';
import type { DashboardPlan, Widget } from './widget.ts';

const PERIOD = 300;
const GB = 1_024 ** 3;
/** What clients do all day; the others are rare. */
const COMMANDS = ['LOGIN', 'SELECT', 'FETCH', 'STORE', 'SEARCH', 'NOOP', 'LIST', 'STATUS', 'APPEND', 'MOVE'];

type Health = ReturnType<typeof healthMetrics>;

export function healthDashboard(resources: HealthResources): DashboardPlan {
  const health = healthMetrics(resources);
  return {
    name: 'Health',
    text: [
      '# How Quire does',
      'From above: what people feel at the gateway, mail on its way in, the stores below. A line across a chart is where an alarm begins. docs/DASHBOARDS.md tells what each chart says and what to do.',
    ].join('\n'),
    widgets: [...gateway(health), ...delivery(health), ...stores(health)],
  };
}

const base = { view: 'lines', periodSeconds: PERIOD, width: 8 } as const;
const line = (id: string, label: string, metric: MetricRef): Query => ({ id, label, metric });
const hidden = (id: string, metric: MetricRef): Query => ({ id, metric, hidden: true });
const math = (id: string, label: string, expression: string): Query => ({ id, label, expression });

function gateway({
  own,
  commands,
  latency,
  cpu,
  memory,
  tasks,
  healthy,
  flows,
  resets,
  handshakes,
}: Health): Widget[] {
  return [
    {
      ...base,
      id: 'sessions',
      title: 'Sessions',
      unit: 'sessions',
      tells:
        'Clients that are connected, over all gateways, and what the load balancer counts. The two part when clients hang in a handshake, or when a gateway is cut off from its clients.',
      // A gateway tells its sessions once a minute.
      queries: [
        hidden('m1', own('Sessions', 'Sum')),
        math('e1', 'sessions', `m1/${literal(PERIOD / 60)}`),
        line('m2', 'flows of the load balancer', flows),
      ],
    },
    {
      ...base,
      id: 'commands',
      title: 'Commands a minute',
      unit: 'commands',
      view: 'stacked',
      tells: 'What clients ask for. A NOOP or a STATUS that rises alone is a client that polls.',
      queries: COMMANDS.flatMap((name, index) => [
        hidden(`m${index + 1}`, commands(name)),
        math(`e${index + 1}`, name, `m${index + 1}/${literal(PERIOD / 60)}`),
      ]),
    },
    {
      ...base,
      id: 'latency',
      title: 'Latency of commands, 99th percentile',
      unit: 'ms',
      tells:
        'From a command to its answer. STORE and MOVE wait for one write, SELECT for one read; LOGIN for a password hash, so that it rises with a busy processor. APPEND waits for what the client sends.',
      queries: COMMANDS.map((name, index) => line(`m${index + 1}`, name, latency(name))),
    },
    {
      ...base,
      id: 'faults',
      title: 'Faults and refused sign-ins',
      unit: 'in 5 minutes',
      tells:
        'Faults are commands that failed by a fault of ours: each has an id in the gateway’s log, and the client was told it. Refused sign-ins are forgotten passwords, or somebody who guesses.',
      queries: [
        line('m1', 'command faults', own('CommandFaults', 'Sum')),
        line('m2', 'refused sign-ins', own('SignInFailures', 'Sum')),
        line('m3', 'failed handshakes', handshakes),
        line('m4', 'resets by gateways', resets),
      ],
      mark: { label: 'alarm on faults', value: THRESHOLDS.commandFaults },
    },
    {
      ...base,
      id: 'saturation',
      title: 'Processor and memory of the gateways',
      unit: '%',
      tells:
        'The service adds tasks above 60 % processor. Memory that rises without sessions is a leak; with sessions, the budget of replicas is too large for the task.',
      queries: [line('m1', 'processor', cpu), line('m2', 'memory, fullest task', memory)],
      mark: { label: 'alarm on memory', value: THRESHOLDS.memoryPercent },
    },
    {
      ...base,
      id: 'tasks',
      title: 'Gateways',
      unit: 'gateways',
      tells: 'Tasks that run, and those that the load balancer finds healthy. None healthy is an alarm.',
      queries: [
        hidden('m1', tasks),
        math('e1', 'running', `m1/${literal(PERIOD / 60)}`),
        line('m2', 'healthy, at least', healthy),
      ],
    },
    {
      ...base,
      id: 'memory',
      title: 'What gateways hold',
      unit: 'GB',
      tells:
        'Replicas beyond head and tree, over all gateways, within their budget; and all memory. Columns that are dropped are read again when a command needs them: more reads, no errors.',
      queries: [
        hidden('m1', own('ReplicaBytes', 'Sum')),
        math('e1', 'replicas', `m1*${literal(1 / (GB * (PERIOD / 60)))}`),
        hidden('m2', own('ResidentBytes', 'Sum')),
        math('e2', 'resident', `m2*${literal(1 / (GB * (PERIOD / 60)))}`),
      ],
    },
    {
      ...base,
      id: 'bytes',
      title: 'Bytes from and to clients',
      unit: 'GB in 5 minutes',
      tells: 'What clients send and fetch, without TLS. What goes out is billed.',
      queries: [
        hidden('m1', own('BytesOut', 'Sum')),
        math('e1', 'out', `m1*${literal(1 / GB)}`),
        hidden('m2', own('BytesIn', 'Sum')),
        math('e2', 'in', `m2*${literal(1 / GB)}`),
      ],
    },
    {
      ...base,
      id: 'conflicts',
      title: 'Journal: conflicts and divergences',
      unit: 'in 5 minutes',
      tells:
        'Two writers of one account met; the second decided again. Many mean that an account is written to from many places at once. A divergence must never be: a replay gave another state than its record says.',
      queries: [
        line('m1', 'conflicts of clients', own('JournalConflicts', 'Sum', { Activity: 'read' })),
        line('m2', 'conflicts of deliveries', own('JournalConflicts', 'Sum', { Activity: 'deliver' })),
        line('m3', 'divergences', own('Divergences', 'Sum')),
      ],
    },
  ];
}

function delivery({ own, queueAge, queueDepth, deadLetters, deliver, compact, expunge }: Health): Widget[] {
  return [
    {
      ...base,
      id: 'queue-age',
      title: 'Age of the oldest mail in the queue',
      unit: 's',
      tells:
        'How long mail waits at worst. It rises when deliveries fail (see the log of the delivery function) or when more comes than the functions at once can take.',
      queries: [line('m1', 'oldest message', queueAge)],
      mark: { label: 'alarm', value: THRESHOLDS.queueAgeSeconds },
    },
    {
      ...base,
      id: 'deliveries',
      title: 'Mail in',
      unit: 'in 5 minutes',
      tells:
        'Messages that were settled, accounts that got one, those that come again from the queue, and those that are kept aside (a virus, or nobody to deliver to).',
      queries: [
        line('m1', 'messages settled', own('MessagesReceived', 'Sum')),
        line('m2', 'put into accounts', own('Deliveries', 'Sum')),
        line('m3', 'to be tried again', own('DeliveryFailures', 'Sum')),
        line('m4', 'kept aside', own('KeptAside', 'Sum')),
        line('m5', 'waiting in the queue', queueDepth),
      ],
    },
    {
      ...base,
      id: 'delivery-latency',
      title: 'From SES to the mailbox',
      unit: 'ms',
      tells:
        'From the moment when SES had the message until it was in its mailboxes, and the part of it that it lay in the queue.',
      queries: [
        line('m1', 'median', own('DeliveryLatency', 'p50')),
        line('m2', '99th percentile', own('DeliveryLatency', 'p99')),
        line('m3', 'queue, 99th percentile', own('QueueAge', 'p99')),
      ],
    },
    {
      ...base,
      id: 'dead-letters',
      title: 'Dead letters',
      unit: 'messages',
      tells:
        'Mail that was tried often enough, notifications that never reached the queue, schedules that no function took. None is lost: docs/DEPLOY.md (section 11) tells how to have mail delivered after all.',
      queries: [
        line('m1', 'mail', deadLetters('messages')),
        line('m2', 'notifications', deadLetters('notifications')),
        line('m3', 'schedules', deadLetters('schedules')),
      ],
    },
    {
      ...base,
      id: 'functions',
      title: 'Functions',
      unit: 'in 5 minutes',
      tells:
        'Errors and throttles of the functions, and the accounts at which a fold or expunging failed. A throttle means that the account’s concurrency is used up by something else.',
      queries: [
        line('m1', 'deliver: errors', deliver('Errors', 'Sum')),
        line('m2', 'deliver: throttles', deliver('Throttles', 'Sum')),
        line('m3', 'deliver: at once', deliver('ConcurrentExecutions', 'Maximum')),
        line('m4', 'compact: errors', compact('Errors', 'Sum')),
        line('m5', 'folds', own('Folds', 'Sum')),
        line('m6', 'folds that failed', own('FoldFailures', 'Sum')),
        line('m7', 'expunge: errors', expunge('Errors', 'Sum')),
        line('m8', 'accounts not expunged', own('ExpungeFailures', 'Sum')),
      ],
    },
    {
      ...base,
      id: 'expunged',
      title: 'Mail that goes',
      unit: 'in 5 minutes',
      tells:
        'Messages that retention expunged, and those that were deleted for good because nobody can bring them back any more. A day without any, where people delete mail, means that the expunge function does not run.',
      queries: [
        line('m1', 'expired', own('MessagesExpired', 'Sum')),
        line('m2', 'purged', own('MessagesPurged', 'Sum')),
      ],
    },
  ];
}

function stores({
  own,
  consumed,
  throttles,
  mailTableFaults,
  directoryFaults,
  tableLatency,
}: Health): Widget[] {
  const sumOf = (metrics: readonly MetricRef[], first: number) => ({
    queries: metrics.map((metric, index) => hidden(`m${first + index}`, metric)),
    expression: `SUM([${metrics.map((_, index) => `m${first + index}`).join(', ')}])`,
  });
  const throttled = sumOf(throttles, 1);
  const failed = sumOf([...mailTableFaults, ...directoryFaults], 1 + throttles.length);
  return [
    {
      ...base,
      id: 'units',
      title: 'Request units of the mail table',
      unit: 'units a second',
      tells:
        'What is read and written. An account’s journal takes 1,000 writes a second, the table as much as its quota says (docs/SCALE.md).',
      queries: [
        hidden('m1', consumed('Read')),
        math('e1', 'read', `m1/${literal(PERIOD)}`),
        hidden('m2', consumed('Write')),
        math('e2', 'written', `m2/${literal(PERIOD)}`),
      ],
    },
    {
      ...base,
      id: 'table-latency',
      title: 'Latency of the mail table',
      unit: 'ms',
      tells:
        'As DynamoDB measures it. What people feel is a small multiple: docs/ARCHITECTURE.md lists the round trips of each command.',
      queries: TIMED_OPERATIONS.map((name, index) => line(`m${index + 1}`, name, tableLatency(name))),
    },
    {
      ...base,
      id: 'table-errors',
      title: 'Throttles and faults of the stores',
      unit: 'in 5 minutes',
      tells:
        'Throttled requests are tried again, with pauses; many of them mean a hot account, or a table that has to split. Faults are DynamoDB’s own. The lines of all stores are what gateways and functions met: S3 and SQS as well, time-outs included.',
      queries: [
        ...throttled.queries,
        math('e1', 'throttled', throttled.expression),
        ...failed.queries,
        math('e2', 'faults', failed.expression),
        line('m90', 'all stores: throttled', own('StoreThrottles', 'Sum')),
        line('m91', 'all stores: faults', own('StoreFaults', 'Sum')),
      ],
      mark: { label: 'alarm on throttles', value: THRESHOLDS.throttles },
    },
    {
      ...base,
      id: 'backups',
      title: 'Backups',
      unit: 'switched off',
      tells:
        'Tables without continuous backup, and buckets without versions: looked at every four hours. Must be 0.',
      queries: [line('m1', 'off', own('BackupsOff', 'Maximum'))],
    },
  ];
}
