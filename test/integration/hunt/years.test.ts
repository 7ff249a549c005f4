/** A slice of the years hunt; `npm run hunt -- years` runs as many schedules as there is time for. */
import { describe, expect, test } from '@jest/globals';
import { KINDS, type ScheduleResult, runSchedule } from '../../hunt/years/schedule.ts';

/** A thousand days each: with sizes as they are, and with ones at which a few messages make many segments. */
const SEEDS = [2, 3];

describe.each(SEEDS)('a thousand days of random use, seed %i', (seed) => {
  let result: ScheduleResult;

  test('every state is what a plain list of the messages says, and the invariants hold at every effect', async () => {
    result = await runSchedule({ seed, days: 1000 });
    expect(result.days).toBeGreaterThanOrEqual(1000);
  });

  test('the days were neither idle nor kind', () => {
    expect(result.records).toBeGreaterThan(500);
    expect(result.tally.faults).toBeGreaterThan(200);
    expect(result.tally.deaths).toBeGreaterThan(20);
    expect(result.purged).toBeGreaterThan(50);
    expect(result.restored).toBeGreaterThan(20);
    expect(result.replaced).toBeGreaterThan(5);
    expect([...result.kinds.keys()].sort()).toEqual(Object.keys(KINDS).sort());
  });
});
