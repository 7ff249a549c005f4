/** Runs a service until it is told to end. */
import type { Log } from '../../shared/log.ts';

/** Of a process that a signal has ended, as shells say it. */
const INTERRUPTED = 130;

/** Resolves when SIGINT or SIGTERM has come and `stop` is done; a second one ends the process at once. */
export async function untilSignal(log: Log, stop: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    let first = true;
    const onSignal = (): void => {
      if (!first) process.exit(INTERRUPTED);
      first = false;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
  log.info('stopping; once more to stop at once');
  await stop();
  log.info('stopped');
}
