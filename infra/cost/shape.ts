/** What a deployment of a size amounts to, as far as it costs. */
import type { Shape, Workload } from '../../shared/cost/workload.ts';
import type { Deployment } from '../config/check.ts';
import { SIZES, SIZE_CLASSES, type Size, type SizeClass } from '../config/sizes.ts';

/**
 * Metrics of Quire's own that have a value in every hour: by activity 25, by operation 16, by command 36, plain ones 23, the
 * tally's 20. A test counts what a scenario emits.
 */
export const OWN_METRICS = 120;
/** Metrics that alarms watch, each billed as an alarm: a test counts those of the template, and two of each scaling policy. */
export const ALARMS = 45;
/**
 * What watches the copies in another region: latencies of three tables and failures of two buckets; and the metrics of a
 * replication rule that S3 asks money for, four for each bucket; and how many bytes are copied.
 */
const COPYING = { alarms: 5, metrics: 9 } as const;
/** As the configuration has it by default. */
const BACKUP_DAYS = 35;

export interface ShapeOptions {
  readonly size: SizeClass;
  readonly tls: Shape['tls'];
  readonly network: Shape['network'];
}

/** The smallest class that holds so many sessions without going to its last task. */
export function sizeFor({ users, sessions }: Workload): SizeClass {
  const open = users * sessions;
  return (
    SIZE_CLASSES.find((name) => open <= (SIZES[name].maxTasks * SIZES[name].sessionsPerTask) / 2) ?? 'large'
  );
}

export function shapeFor(workload: Workload, { size, tls, network }: ShapeOptions): Shape {
  const { users, sessions } = workload;
  return shapeOf(SIZES[size], tasksFor(SIZES[size], users * sessions), {
    tls,
    network,
    backupDays: BACKUP_DAYS,
    domains: 1,
  });
}

/** Tasks that so many sessions keep busy: the service grows with them, and is never smaller than its least. */
export function tasksFor({ minTasks, sessionsPerTask }: Size, sessions: number): number {
  return Math.max(minTasks, Math.ceil(sessions / sessionsPerTask));
}

/** Of a configuration, for so many tasks. */
export function shapeOfDeployment(deployment: Deployment, tasks: number): Shape {
  const { size, tls, network, retention, domains, standby } = deployment;
  const shape = shapeOf(size, tasks, {
    tls: tls.at,
    network,
    backupDays: retention.backup,
    domains: domains.filter(({ hostedZoneId }) => hostedZoneId !== undefined).length,
  });
  if (standby === undefined) return shape;
  return {
    ...shape,
    alarms: shape.alarms + COPYING.alarms,
    metrics: shape.metrics + COPYING.metrics,
  };
}

function shapeOf(
  size: Size,
  tasks: number,
  rest: Pick<Shape, 'tls' | 'network' | 'backupDays' | 'domains'>,
): Shape {
  return {
    taskCpu: size.cpu / 1_024,
    taskGb: size.memoryMiB / 1_024,
    tasks,
    deliveryGb: size.deliveryMemoryMiB / 1_024,
    expungeEveryMinutes: size.expungeEveryMinutes,
    alarms: ALARMS,
    metrics: OWN_METRICS,
    ...rest,
  };
}
