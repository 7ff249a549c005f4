/** The parts of a process that have been started, to be stopped in the reverse order: what was built on goes last. */
import type { Log } from '../../shared/log.ts';

export class StartedParts {
  readonly #log: Log;
  readonly #parts: { readonly name: string; readonly stop: () => unknown }[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  add(name: string, stop: () => unknown): void {
    this.#parts.push({ name, stop });
  }

  /** Stops them all, once, whichever of them fails to; then throws the first failure. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      try {
        this.#log.debug({ part: part.name }, 'stopping');
        await part.stop();
      } catch (error) {
        this.#log.error({ err: error, part: part.name }, 'a part did not stop as it should');
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Runs `start`; if it fails, what it had started is stopped, and its own error is what is thrown. */
export async function startOrStopAll<T>(log: Log, start: (parts: StartedParts) => Promise<T>): Promise<T> {
  const parts = new StartedParts(log);
  try {
    return await start(parts);
  } catch (error) {
    await parts.stop().catch(() => undefined);
    throw error;
  }
}
