/** A slice of the swarm hunt; `npm run hunt -- swarm` runs all of it. */
import { expect, test } from '@jest/globals';
import { swarmHunt } from '../../hunt/swarm/swarm-hunt.ts';

test('every session is told of an account that was so at one moment, and all agree in the end', async () => {
  // By its size, not by the clock: a busy machine takes longer and shows the same.
  const result = await swarmHunt({
    ...{ seed: 5, operations: 200, seconds: Infinity, sessions: 6 },
    say: () => undefined,
  });
  expect([...result.operations.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(200);
  // A swarm that changes nothing would agree on nothing.
  expect(result.records).toBeGreaterThan(25);
  expect(result.kinds.size).toBeGreaterThan(3);
  expect(result.folds).toBeGreaterThan(0);
  // On a good day the stores are too kind to break a promise.
  expect(result.faults.total).toBeGreaterThan(100);
}, 600_000);
