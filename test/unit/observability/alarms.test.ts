/** What is watched goes off when it should. That the templates have these alarms is tested with the dashboards. */
import { describe, expect, test } from '@jest/globals';
import { LEASE_MS as COMPACT_LEASE_MS } from '../../../functions/compact/compact.ts';
import { LEASE_MS as EXPUNGE_LEASE_MS } from '../../../functions/expunge/expunge.ts';
import { SIZE_CLASSES, SIZES } from '../../../infra/config/sizes.ts';
import { type AlarmPlan, alarmPlans } from '../../../infra/observability/alarms.ts';
import { HEALTH_RESOURCES } from '../../pictures/health-sample.ts';
import { AWS_METRICS } from '../../support/aws-metrics.ts';

const STANDBY = { region: 'us-west-2', mailBucket: 'west-mail', inboundBucket: 'west-inbound' };
const plans = alarmPlans({ ...HEALTH_RESOURCES, standby: STANDBY });
const planOf = (name: string): AlarmPlan => {
  const plan = plans.find((each) => each.name === name);
  if (plan === undefined) throw new Error(`no alarm ${name}`);
  return plan;
};

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

/** Whether an alarm that takes silence for good goes off within a day, if a failure is counted at each of these times. */
function goesOff({ periodSeconds, periods }: AlarmPlan, failures: readonly number[]): boolean {
  const told = new Set(failures.map((at) => Math.floor(at / (periodSeconds * 1_000))));
  return [...told].some((first) =>
    Array.from({ length: periods }, (_, next) => first + next).every((each) => told.has(each)),
  );
}

describe('what fails each time, and is not tried all the time:', () => {
  test.each([
    // As long as the queue hides a message that was tried: integration/infra/stacks.test.ts.
    ['DeliverErrors', 12 * MINUTE_MS],
    ['FoldFailures', COMPACT_LEASE_MS],
    ['ExpungeFailures', EXPUNGE_LEASE_MS],
    ...SIZE_CLASSES.map((size) => ['ExpungeErrors', SIZES[size].expungeEveryMinutes * MINUTE_MS] as const),
  ])('%s, every %i ms', (name, every) => {
    // A schedule starts by the minute.
    const between = every + MINUTE_MS;
    const failures = Array.from({ length: Math.floor(DAY_MS / between) }, (_, index) => index * between);
    expect(goesOff(planOf(name), failures)).toBe(true);
    expect(goesOff(planOf(name), failures.slice(0, 1))).toBe(false);
  });
});

test('copies are watched by metrics that AWS tells, under the dimensions that it tells them by', () => {
  const named = ['CopiedTables', 'CopiedObjects'].flatMap((name) => {
    const { watch } = planOf(name);
    return 'name' in watch ? [watch] : watch.flatMap((query) => ('metric' in query ? [query.metric] : []));
  });
  expect(named).toHaveLength(5);
  for (const { namespace, name, dimensions } of named)
    expect(AWS_METRICS[namespace]?.[name]?.map((set) => [...set].sort())).toContainEqual(
      Object.keys(dimensions).sort(),
    );
});
