/** Plays EventBridge's schedules: invokes a function again and again, never twice at once. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../shared/log.ts';

/** As long as a Lambda may run. */
const RUN_MS = 15 * 60_000;

export interface ScheduleOptions {
  readonly name: string;
  /** Between the end of one run and the begin of the next, milliseconds; the first comes after one pause. */
  readonly everyMs: number;
  readonly handler: (event: unknown, context: { getRemainingTimeInMillis(): number }) => Promise<unknown>;
  readonly log: Log;
}

export interface Schedule {
  /** Begins no further run, and returns when the one under way has ended. */
  stop(): Promise<void>;
}

export function startSchedule({ name, everyMs, handler, log }: ScheduleOptions): Schedule {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async (): Promise<void> => {
    const end = Date.now() + RUN_MS;
    await handler({}, { getRemainingTimeInMillis: () => end - Date.now() }).catch((error: unknown) => {
      log.error({ err: error }, `${name} failed; it runs again in ${everyMs / 1000} s`);
    });
  };
  const loop = async (): Promise<void> => {
    for (;;) {
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await run();
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
