/** A slice of the kill hunt; `npm run hunt -- kill` runs all of it. */
import { expect, test } from '@jest/globals';
import { killHunt } from '../../hunt/kill/kill-hunt.ts';

test('what was acknowledged is there, once, whichever process is killed in whichever phase', async () => {
  // By its size, not by the clock: a busy machine takes longer and shows the same.
  const { kills, counts, faults } = await killHunt({
    ...{ seed: 20260105, kills: 5, seconds: Infinity },
    say: () => undefined,
  });
  expect([...kills.values()].reduce((sum, count) => sum + count, 0)).toBe(5);
  // A load of nothing would lose nothing.
  expect(counts.acknowledged).toBeGreaterThan(40);
  // On a good day the stores are too kind to break a promise.
  expect(faults.total).toBeGreaterThan(40);
}, 600_000);
