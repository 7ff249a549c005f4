import { expect, test } from '@jest/globals';
import { startSchedule } from '../../../infra/local/schedule.ts';
import { createLog } from '../../../shared/log.ts';

const log = createLog({ level: 'silent', pretty: false });

test('a function is invoked again and again, a failure included, and never twice at once', async () => {
  let running = 0;
  let runs = 0;
  let mostAtOnce = 0;
  const enough = Promise.withResolvers<undefined>();
  const handler = async (_event: unknown, context: { getRemainingTimeInMillis(): number }) => {
    mostAtOnce = Math.max(mostAtOnce, ++running);
    expect(context.getRemainingTimeInMillis()).toBeGreaterThan(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    if (++runs === 3) enough.resolve(undefined);
    if (runs === 1) throw new Error('the first run fails');
  };
  const schedule = startSchedule({ name: 'a function', everyMs: 0, handler, log });
  await enough.promise;
  await schedule.stop();
  expect(mostAtOnce).toBe(1);
});

test('a stop waits for the run that is under way, and begins no other', async () => {
  const begun = Promise.withResolvers<undefined>();
  const end = Promise.withResolvers<undefined>();
  let ended = 0;
  const handler = async () => {
    begun.resolve(undefined);
    await end.promise;
    ended++;
  };
  const schedule = startSchedule({ name: 'a function', everyMs: 0, handler, log });
  await begun.promise;
  const stopped = schedule.stop();
  end.resolve(undefined);
  await stopped;
  expect(ended).toBe(1);
});
