/** Runs a service until it is told to end. */
import type { Log } from '../../shared/log.ts';

/** What tells it: Ctrl-C, whoever looks after services, a terminal that is closed. With the status of a process ended so. */
const STATUS_OF = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof STATUS_OF;

/**
 * One Ctrl-C can come twice: the terminal tells all processes of the command, and `npm start` passes on what it was
 * told itself. A signal so soon after the first is that echo, and not the wish to end at once; nobody waits so long
 * in vain for less.
 */
const ECHO_MS = 500;

export interface Service {
  /** Says that it serves. A signal is heard before: whoever has read this may send one at once. */
  readonly announce: () => void;
  readonly stop: () => Promise<void>;
  /** Resolves to an error when the service cannot go on. */
  readonly fault?: Promise<Error | undefined>;
}

export interface EndOptions {
  /** This process, and its clock in milliseconds. */
  readonly signals?: { on(signal: Signal, listener: () => void): unknown };
  readonly now?: () => number;
  readonly exit?: (status: number) => void;
}

/**
 * Resolves when a signal has come and `stop` is done; a second signal ends the process at once. When there is a fault
 * first, the service is stopped in the same way, and the fault thrown.
 */
export async function untilSignal(log: Log, service: Service, options: EndOptions = {}): Promise<void> {
  const { announce, stop, fault = new Promise<Error | undefined>(() => undefined) } = service;
  const {
    signals = process,
    now = () => performance.now(),
    exit = (status: number) => process.exit(status),
  } = options;
  let since: number | undefined;
  const signalled = new Promise<undefined>((resolve) => {
    for (const signal of Object.keys(STATUS_OF) as Signal[]) {
      signals.on(signal, () => {
        if (since === undefined) {
          // Below the terminal's own ^C.
          if (signal === 'SIGINT' && process.stderr.isTTY) process.stderr.write('\n');
          since = now();
          resolve(undefined);
        } else if (now() - since > ECHO_MS) exit(STATUS_OF[signal]);
      });
    }
  });
  announce();
  const error = await Promise.race([signalled, fault]);
  since ??= now();
  log.info('stopping when what is under way has finished; Ctrl-C again stops at once');
  if (error !== undefined) {
    // What failed to stop is in the log; why it had to is what the person is told.
    await stop().catch(() => undefined);
    throw error;
  }
  await stop();
  log.info('stopped');
}
