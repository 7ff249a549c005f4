/**
 * Whether the instance that a gateway was started beside is still there. When it ends, its embedded stores go with it;
 * when it is started anew, they are on other ports, and those of before may belong to anybody.
 */
import type { Log } from '../../shared/log.ts';
import { findInstance, type Instance } from './instance.ts';

/** A look is one small file and one look at the process table. */
const EVERY_MS = 1_000;

/** - `gone`: no instance runs on the folder; - `replaced`: another one does. */
export type InstanceLoss = 'gone' | 'replaced';

export interface InstanceWatchOptions {
  /** The data folder. */
  readonly folder: string;
  readonly instance: Instance;
  readonly log: Log;
  /** Rejects when `signal` is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** Resolves when the instance is lost, or to undefined when the watch has been ended. Never rejects. */
export async function watchInstance(options: InstanceWatchOptions): Promise<InstanceLoss | undefined> {
  const { folder, instance, log, sleep, signal } = options;
  for (;;) {
    await sleep(EVERY_MS, signal).catch(() => undefined);
    if (signal.aborted) return undefined;
    try {
      const found = await findInstance(folder);
      if (found === undefined) return 'gone';
      // A process is one instance for all its life; its store, started again, keeps its port.
      const { pid, started } = found.process;
      if (pid !== instance.process.pid || started !== instance.process.started) return 'replaced';
    } catch (error) {
      // No reason to send clients away: the next look may tell more.
      log.warn({ err: error }, 'cannot see whether the instance still runs');
    }
  }
}
