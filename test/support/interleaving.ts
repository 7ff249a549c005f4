/**
 * Runs several processes in memory, one call of a store at a time, in an order that the test chooses: all orders that
 * there are, or so many drawn from a seed. Between two calls of a process anything may happen.
 */
import { setImmediate as turn } from 'node:timers/promises';

interface Waiting {
  readonly actor: string;
  readonly call: string;
  readonly proceed: () => Promise<void>;
}

/** A process: its calls of what `watch` has wrapped wait for their turn. */
export type Actor = (watch: <T extends object>(store: T) => T) => Promise<unknown>;

export interface Schedule {
  /** `actor.call`, in the order of their effects. */
  readonly calls: readonly string[];
  /** How each process ended that failed. */
  readonly failures: ReadonlyMap<string, unknown>;
}

/**
 * Runs `actors` to their ends; `choose` picks the index of who has the next effect. `waits`: whether a call waits for its
 * turn; those that only put or read what never changes need not, for their order makes no difference.
 */
export async function interleave(
  actors: Readonly<Record<string, Actor>>,
  choose: (waiting: readonly string[]) => number,
  waits: (call: string) => boolean = () => true,
): Promise<Schedule> {
  const waiting: Waiting[] = [];
  const calls: string[] = [];
  const failures = new Map<string, unknown>();
  let running = 0;
  for (const [actor, run] of Object.entries(actors)) {
    const watch = <T extends object>(store: T): T => watched(store, actor, waiting, waits);
    running++;
    void run(watch)
      .catch((error: unknown) => failures.set(actor, error))
      .finally(() => running--);
  }
  for (;;) {
    // Memory answers at once: after a turn of the event loop each process waits at a call, or has ended.
    await turn();
    if (waiting.length === 0 && running === 0) return { calls, failures };
    if (waiting.length === 0) continue;
    // Processes come to their calls in any order; what is chosen among is always in the same.
    waiting.sort((a, b) => a.actor.localeCompare(b.actor));
    const [next] = waiting.splice(choose(waiting.map(({ actor }) => actor)), 1);
    if (!next) throw new Error('none of those who wait was chosen');
    calls.push(`${next.actor}.${next.call}`);
    await next.proceed();
  }
}

function watched<T extends object>(
  store: T,
  actor: string,
  waiting: Waiting[],
  waits: (call: string) => boolean,
): T {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (!waits(String(name))) return (member as (...all: unknown[]) => unknown).bind(target);
      return (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          const proceed = async (): Promise<void> => {
            try {
              resolve(await (member as (...all: unknown[]) => unknown).apply(target, args));
            } catch (error) {
              reject(error instanceof Error ? error : new Error(String(error)));
            }
          };
          waiting.push({ actor, call: String(name), proceed });
        });
    },
  });
}

/** Calls `run` once for every order in which effects can happen, until `most` were tried; resolves to their number. */
export async function everyOrder(
  run: (choose: (waiting: readonly string[]) => number) => Promise<void>,
  most: number,
): Promise<{ readonly tried: number; readonly all: boolean }> {
  let path: { choice: number; of: number }[] = [];
  for (let tried = 1; ; tried++) {
    let depth = 0;
    await run((waiting) => {
      const at = path[depth] ?? (path[depth] = { choice: 0, of: waiting.length });
      depth++;
      return at.choice;
    });
    // The next one in the order of depth-first search.
    while (path.length > 0 && (path.at(-1)?.choice ?? 0) + 1 >= (path.at(-1)?.of ?? 0))
      path = path.slice(0, -1);
    const last = path.at(-1);
    if (!last) return { tried, all: true };
    last.choice++;
    if (tried >= most) return { tried, all: false };
  }
}
