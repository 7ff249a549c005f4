import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AwsFailure } from '../../../shared/aws/retry.ts';
import {
  backoffMs,
  cancellationCodes,
  classifyFailure,
  outcomeUnknown,
  withRetry,
} from '../../../shared/aws/retry.ts';

const named = (name: string, more: object = {}): Error => Object.assign(new Error(name), { name, ...more });
const status = (httpStatusCode: number): object => ({ $metadata: { httpStatusCode } });
const cancelled = (...codes: (string | undefined)[]): Error =>
  named('TransactionCanceledException', { CancellationReasons: codes.map((Code) => (Code ? { Code } : {})) });

describe('failures', () => {
  const table: [what: string, error: unknown, failure: AwsFailure, unknown: boolean][] = [
    ['a throttled write', named('ProvisionedThroughputExceededException', status(400)), 'throttle', false],
    ['ThrottlingException', named('ThrottlingException', status(400)), 'throttle', false],
    ['S3 SlowDown, though it is a 503', named('SlowDown', status(503)), 'throttle', false],
    ['a bare 429', named('Unknown', status(429)), 'throttle', false],
    ['a put that met a transaction', named('TransactionConflictException', status(400)), 'conflict', false],
    [
      'the same transaction still running',
      named('TransactionInProgressException', status(400)),
      'conflict',
      false,
    ],
    [
      'two conditional puts of one S3 key',
      named('ConditionalRequestConflict', status(409)),
      'conflict',
      false,
    ],
    ['a false condition', named('ConditionalCheckFailedException', status(400)), 'condition', false],
    ['S3 If-None-Match', named('PreconditionFailed', status(412)), 'condition', false],
    ['InternalServerError', named('InternalServerError', status(500)), 'transient', true],
    ['ServiceUnavailable', named('ServiceUnavailable', status(503)), 'transient', true],
    ['a reset', named('Error', { code: 'ECONNRESET' }), 'transient', true],
    ['a broken pipe', named('Error', { code: 'EPIPE' }), 'transient', true],
    ['a timeout', named('TimeoutError'), 'transient', true],
    ['a refused connection', named('Error', { code: 'ECONNREFUSED' }), 'transient', false],
    ['a name that does not resolve', named('Error', { code: 'ENOTFOUND' }), 'transient', false],
    ['a wrong clock', named('RequestTimeTooSkewed', status(403)), 'transient', false],
    ['an abort', named('AbortError'), 'fatal', true],
    ['ValidationException', named('ValidationException', status(400)), 'fatal', false],
    ['AccessDenied', named('AccessDenied', status(403)), 'fatal', false],
    ['something else', 'not an error', 'fatal', false],
    ['nothing', undefined, 'fatal', false],
    ['null', null, 'fatal', false],
    ['a cancelled transaction: conflict', cancelled('None', 'TransactionConflict'), 'conflict', false],
    ['a cancelled transaction: throttled', cancelled('ThrottlingError', undefined), 'throttle', false],
    [
      'a cancelled transaction: too much',
      cancelled('None', 'ProvisionedThroughputExceeded'),
      'throttle',
      false,
    ],
    ['a cancelled transaction: condition', cancelled('ConditionalCheckFailed', 'None'), 'condition', false],
    [
      'a cancelled transaction: a false condition beside a conflict',
      cancelled('TransactionConflict', 'ConditionalCheckFailed'),
      'condition',
      false,
    ],
    ['a cancelled transaction: validation', cancelled('ValidationError'), 'fatal', false],
    ['a cancelled transaction without reasons', named('TransactionCanceledException'), 'fatal', false],
  ];
  test.each(table)('%s', (_what, error, failure, unknown) => {
    expect([classifyFailure(error), outcomeUnknown(error)]).toEqual([failure, unknown]);
  });

  test('the reasons of a cancelled transaction are in the order of its items', () => {
    expect(cancellationCodes(cancelled(undefined, 'TransactionConflict'))).toEqual([
      'None',
      'TransactionConflict',
    ]);
    expect(cancellationCodes(new Error('other'))).toEqual([]);
  });
});

describe('pauses', () => {
  const policy = { attempts: 10, baseMs: 50, capMs: 1_000 };

  test('are anything up to a bound that doubles, and never more than the cap', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(attempt, policy, () => 1));
    expect(bounds).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
    expect(backoffMs(3, policy, () => 0)).toBe(0);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, chance) => {
          const pause = backoffMs(attempt, policy, () => chance);
          return pause >= 0 && pause <= policy.capMs;
        },
      ),
    );
  });
});

describe('withRetry', () => {
  const policy = { attempts: 4, baseMs: 100, capMs: 10_000 };
  const recorder = () => {
    const pauses: number[] = [];
    const clock = {
      sleep: (ms: number) => {
        pauses.push(ms);
        return Promise.resolve();
      },
      random: () => 0.5,
    };
    return { pauses, clock };
  };
  const failing = (times: number, error: Error) => async (attempt: number) => {
    if (attempt <= times) throw error;
    return `attempt ${attempt}`;
  };

  test('tries again what passes, pausing in between', async () => {
    const { pauses, clock } = recorder();
    const call = failing(3, named('ThrottlingException'));
    expect(await withRetry(call, { policy, clock })).toBe('attempt 4');
    expect(pauses).toEqual([50, 100, 200]);
  });

  test('gives up with the last error after the attempts of the policy', async () => {
    const { pauses, clock } = recorder();
    const error = named('InternalServerError', status(500));
    await expect(withRetry(failing(4, error), { policy, clock })).rejects.toBe(error);
    expect(pauses).toHaveLength(3);
  });

  test.each(['ValidationException', 'ConditionalCheckFailedException', 'AbortError'])(
    'does not repeat %s',
    async (name) => {
      const { pauses, clock } = recorder();
      await expect(withRetry(failing(1, named(name)), { policy, clock })).rejects.toThrow(name);
      expect(pauses).toEqual([]);
    },
  );

  test('the caller may decide what to try again', async () => {
    const { clock } = recorder();
    const again = (failure: AwsFailure): boolean => failure === 'throttle';
    await expect(withRetry(failing(1, named('TimeoutError')), { policy, clock, again })).rejects.toThrow();
    expect(await withRetry(failing(1, named('SlowDown')), { policy, clock, again })).toBe('attempt 2');
  });

  test('an abort ends it before the next attempt', async () => {
    const controller = new AbortController();
    const { clock } = recorder();
    let calls = 0;
    const call = async (): Promise<never> => {
      calls++;
      controller.abort(new Error('stop'));
      throw named('SlowDown');
    };
    await expect(withRetry(call, { policy, clock, signal: controller.signal })).rejects.toThrow('stop');
    expect(calls).toBe(1);
  });
});
