/** What an installation emits while it works, and what of it must never be told. */
import { beforeAll, expect, test } from '@jest/globals';
import type { EmbeddedLine } from '../../../shared/metrics/embedded-format.ts';
import { type Scenario, runScenario } from './scenario.ts';

let scenario: Scenario;
beforeAll(async () => {
  scenario = await runScenario();
});

/** The line of one value of a dimension. */
function lineOf(dimension: string, value: string): EmbeddedLine {
  const line = scenario.lines.find((each) => each[dimension] === value);
  if (!line) throw new Error(`nothing was told of ${dimension} ${value}`);
  return line;
}
const plain = () => scenario.lines.find((line) => line._aws.CloudWatchMetrics[0].Dimensions[0].length === 0);

test('requests are counted for whose sake they were made', () => {
  // 40 deliveries: an object and a transaction each; every one reads its head, the address, and who watches.
  expect(lineOf('Activity', 'deliver')).toMatchObject({ ObjectPuts: 40, ObjectGets: 41 });
  expect(lineOf('Activity', 'deliver').WriteUnits).toBeGreaterThanOrEqual(40 * 4);
  // The one STORE and \Seen of the one body; LOGIN, SELECT, NOOP and LIST.
  expect(lineOf('Activity', 'read').WriteUnits).toBe(2);
  expect(lineOf('Activity', 'read').ReadUnits).toBeGreaterThan(0);
  // Each body once.
  expect(lineOf('Activity', 'search')).toMatchObject({ ObjectGets: 40 });
  // The registration of the one that idles; the gateway's queue.
  expect(lineOf('Activity', 'idle')).toMatchObject({ WriteUnits: 1 });
  expect(lineOf('Activity', 'idle').QueueRequests).toBeGreaterThanOrEqual(1);
  expect(lineOf('Activity', 'compact')).toMatchObject({ ObjectPuts: 1 });
});

test('the same requests are counted by operation', () => {
  expect(lineOf('Operation', 's3.PutObject')).toMatchObject({ RequestUnits: 41 });
  const units = (activity: string) => {
    const line = lineOf('Activity', activity);
    return Number(line.ReadUnits ?? 0) + Number(line.WriteUnits ?? 0);
  };
  const byActivity = ['deliver', 'read', 'search', 'idle', 'compact'].reduce(
    (sum, activity) =>
      sum + (scenario.lines.some((line) => line.Activity === activity) ? units(activity) : 0),
    0,
  );
  const byOperation = scenario.lines
    .filter((line) => String(line.Operation).startsWith('dynamodb.'))
    .reduce((sum, line) => sum + Number(line.RequestUnits), 0);
  expect(byOperation).toBeCloseTo(byActivity, 6);
});

test('commands are counted and timed by their names; a session that idles is not at an end', () => {
  expect(lineOf('Command', 'LOGIN').CommandLatency).toMatchObject({ Count: 3 });
  expect(lineOf('Command', 'SELECT').CommandLatency).toMatchObject({ Count: 2 });
  expect(lineOf('Command', 'FETCH').CommandLatency).toMatchObject({ Count: 2 });
  expect(scenario.lines.some((line) => line.Command === 'IDLE')).toBe(false);
});

test('the rest of what is counted', () => {
  expect(plain()).toMatchObject({
    Sessions: 2,
    SignInFailures: 1,
    MessagesReceived: 40,
    Deliveries: 40,
    DeliveryFailures: 1,
    Folds: 1,
  });
  for (const name of ['BytesIn', 'BytesOut', 'ResidentBytes', 'ReplicaBytes'])
    expect(plain()?.[name]).toBeGreaterThan(0);
  // A whole message of 40 KB went out.
  expect(plain()?.BytesOut).toBeGreaterThan(40_000);
});

test('nobody is named: no account, no address, no message', () => {
  const text = JSON.stringify(scenario.lines);
  for (const secret of scenario.secrets) expect(text).not.toContain(secret);
});

test('a line is far below what a log driver splits', () => {
  for (const line of scenario.lines) expect(JSON.stringify(line).length).toBeLessThan(8_192);
});
