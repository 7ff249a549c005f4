/** A slice of the grammar hunt; `npm run hunt -- grammar` runs all of it. */
import { expect, test } from '@jest/globals';
import { grammarHunt } from '../../hunt/grammar/grammar-hunt.ts';

test('whatever is sent is answered: bad input with BAD and a reason, and the connection lives on', async () => {
  const { inputs, answers, connections } = await grammarHunt({ seed: 3, inputs: 3000, say: () => undefined });
  expect(inputs).toBe(3000);
  // Both must be common, or nothing was tried.
  expect(answers.get('BAD')).toBeGreaterThan(1000);
  expect(answers.get('OK')).toBeGreaterThan(300);
  expect(answers.get('NO')).toBeGreaterThan(100);
  // Only what ends a connection by itself (LOGOUT, guessing, floods) may do so.
  expect(connections).toBeLessThan(150);
}, 600_000);
