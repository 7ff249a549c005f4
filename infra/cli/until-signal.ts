/** Runs a service until it is told to end. */
import type { Log } from '../../shared/log.ts';

/** Of a process that a signal has ended, as shells say it. */
const STATUS_OF = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof STATUS_OF;

/**
 * Resolves when SIGINT or SIGTERM has come and `stop` is done; a second one ends the process at once. When `fault`
 * resolves to an error first, the service is stopped in the same way, and the error thrown.
 */
export async function untilSignal(
  log: Log,
  stop: () => Promise<void>,
  fault = new Promise<Error | undefined>(() => undefined),
): Promise<void> {
  let ending = false;
  const signalled = new Promise<undefined>((resolve) => {
    for (const signal of Object.keys(STATUS_OF) as Signal[]) {
      process.on(signal, () => {
        if (ending) process.exit(STATUS_OF[signal]);
        ending = true;
        resolve(undefined);
      });
    }
  });
  const error = await Promise.race([signalled, fault]);
  ending = true;
  log.info('stopping; once more to stop at once');
  if (error !== undefined) {
    // What failed to stop is in the log; why it had to is what the person is told.
    await stop().catch(() => undefined);
    throw error;
  }
  await stop();
  log.info('stopped');
}
