/** Time, as it is passed in: the real one, or one that a test moves by hand. */
export interface Timers {
  /** Calls `run` once after `ms` milliseconds, unless it is cancelled before. */
  after(ms: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Timers of this process. They do not keep it alive: sockets do, as long as there are any. */
export const systemTimers: Timers = {
  after: (ms, run) => new SystemTimer(setTimeout(run, ms).unref()),
};

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout;

  constructor(handle: NodeJS.Timeout) {
    this.#handle = handle;
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}
