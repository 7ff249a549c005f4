import { describe, expect, test } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { untilSignal } from '../../../infra/cli/until-signal.ts';
import { createLog } from '../../../shared/log.ts';

const log = createLog({ level: 'silent', pretty: false });

/** A service with a clock of its own, whose stop lasts until `stopped` is called. */
function service(
  fault?: Promise<Error | undefined>,
  announce: (signals: EventEmitter) => unknown = () => undefined,
) {
  const signals = new EventEmitter();
  const statuses: number[] = [];
  const stopping = Promise.withResolvers<undefined>();
  const under = Promise.withResolvers<undefined>();
  const clock = { time: 1_000 };
  const ended = untilSignal(
    log,
    {
      announce: () => announce(signals),
      stop: () => {
        stopping.resolve(undefined);
        return under.promise;
      },
      ...(fault && { fault }),
    },
    {
      signals,
      now: () => clock.time,
      exit: (status) => void statuses.push(status),
    },
  );
  return {
    signals,
    statuses,
    clock,
    stopping: stopping.promise,
    finish: () => under.resolve(undefined),
    fail: under.reject,
    ended,
  };
}

describe('a service that is told to end', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s lets it finish', async (signal) => {
    const { signals, statuses, stopping, finish, ended } = service();
    signals.emit(signal);
    await stopping;
    finish();
    await ended;
    expect(statuses).toEqual([]);
  });

  test('whoever reads that it serves may end it at once', async () => {
    let heard = false;
    const { stopping, finish, ended } = service(undefined, (signals) => (heard = signals.emit('SIGINT')));
    expect(heard).toBe(true);
    await stopping;
    finish();
    await ended;
  });

  test('the echo of Ctrl-C that npm passes on is not a second one', async () => {
    const { signals, statuses, clock, stopping, finish, ended } = service();
    signals.emit('SIGINT');
    clock.time += 20;
    signals.emit('SIGINT');
    await stopping;
    expect(statuses).toEqual([]);
    finish();
    await ended;
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('a second one, %s, ends it at once with %d', async (signal, status) => {
    const { signals, statuses, clock, stopping, finish, ended } = service();
    signals.emit('SIGINT');
    await stopping;
    clock.time += 501;
    signals.emit(signal);
    expect(statuses).toEqual([status]);
    finish();
    await ended;
  });

  test('a fault stops it as well, and is thrown, whatever the stopping says', async () => {
    const fault = new Error('the instance is gone');
    const { stopping, fail, ended } = service(Promise.resolve(fault));
    const outcome = ended.catch((error: unknown) => error);
    await stopping;
    fail(new Error('the store is gone'));
    expect(await outcome).toBe(fault);
  });

  test('a stop that fails after a signal is told', async () => {
    const { signals, fail, ended } = service();
    const outcome = ended.catch((error: unknown) => error);
    signals.emit('SIGTERM');
    fail(new Error('the disk is full'));
    expect(await outcome).toEqual(new Error('the disk is full'));
  });
});
