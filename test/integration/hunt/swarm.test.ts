/** A slice of the swarm hunt; `npm run hunt -- swarm` runs all of it. */
import { expect, test } from '@jest/globals';
import { swarmHunt } from '../../hunt/swarm/swarm-hunt.ts';

test('every session is told of an account that was so at one moment, and all agree in the end', async () => {
  const result = await swarmHunt({ seed: 5, operations: 300, seconds: 50, say: () => undefined });
  expect([...result.operations.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(250);
  // A swarm that changes nothing would agree on nothing.
  expect(result.records).toBeGreaterThan(100);
  expect(result.folds).toBeGreaterThan(0);
  // On a good day the stores are too kind to break a promise.
  expect(result.faults.total).toBeGreaterThan(100);
}, 60_000);
