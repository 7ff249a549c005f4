/** Metrics of one machine: in the log, and only if they are asked for. */
import { expect, test } from '@jest/globals';
import { startLocalMetrics } from '../../../infra/local/metrics.ts';
import { StartedParts } from '../../../infra/local/started-parts.ts';
import { createLog } from '../../../shared/log.ts';

function run(wanted: boolean) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: 'info',
    pretty: false,
    target: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const parts = new StartedParts(log);
  const metrics = startLocalMetrics(wanted, log, parts);
  metrics.add('WriteUnits', 3, 'read');
  metrics.add('Deliveries', 1);
  return parts.stop().then(() => lines.filter(({ msg }) => msg === 'metrics'));
}

test('a line for each value of each dimension, the last ones when it stops', async () => {
  const lines = await run(true);
  expect(lines).toMatchObject([{ Activity: 'read', WriteUnits: 3 }, { Deliveries: 1 }]);
  // How CloudWatch is told is nothing for a person.
  for (const line of lines) expect(line).not.toHaveProperty('_aws');
});

test('without --metrics there is not a word of them', async () => {
  expect(await run(false)).toEqual([]);
});
