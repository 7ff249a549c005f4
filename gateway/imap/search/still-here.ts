/** A search through many bodies takes minutes: neither the client nor our own time limit must take it for dead. */
import type { Session } from '../session/session.ts';

/** Clients wait a minute or more for the first word of an answer. */
const STILL_HERE_MS = 20_000;

/** Does `work`, and says now and then that it is being done. */
export async function sayingStillHere<T>({ services, writer }: Session, work: () => Promise<T>): Promise<T> {
  const say = (): void => {
    writer.status('*', 'OK', 'still searching');
    // A client that is gone is noticed by the search itself.
    writer.flush().catch(() => undefined);
    timer = services.timers.after(STILL_HERE_MS, say);
  };
  let timer = services.timers.after(STILL_HERE_MS, say);
  try {
    return await work();
  } finally {
    timer.cancel();
  }
}
