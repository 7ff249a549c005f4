/** A slice of the years hunt; `npm run hunt -- years` runs as many schedules as there is time for. */
import { describe, expect, test } from '@jest/globals';
import { type ScheduleResult, runSchedule } from '../../hunt/years/schedule.ts';
import { KINDS } from '../../hunt/years/things.ts';

/** A part of each: with sizes as they are, and with ones at which a few messages make many segments. */
const SEEDS = [2, 3];
const DAYS = 300;

describe.each(SEEDS)('three hundred days of random use, seed %i', (seed) => {
  let result: ScheduleResult;

  test('every state is what a plain list of the messages says, and the invariants hold at every effect', async () => {
    result = await runSchedule({ seed, days: DAYS });
    expect(result.days).toBeGreaterThanOrEqual(DAYS);
  });

  test('the days were neither idle nor kind', () => {
    expect(result.records).toBeGreaterThan(200);
    expect(result.tally.faults).toBeGreaterThan(200);
    expect(result.tally.deaths).toBeGreaterThan(15);
    expect(result.purged).toBeGreaterThan(40);
    expect(result.restored).toBeGreaterThan(8);
    expect(result.replaced).toBeGreaterThan(2);
    expect(result.carried).toBeGreaterThan(1);
    expect(result.closed).toBeGreaterThan(0);
    expect([...result.kinds.keys()].sort()).toEqual([...Object.keys(KINDS), 'restore'].sort());
  });
});
