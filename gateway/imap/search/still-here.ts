/** A search through many bodies takes minutes, and so does a copy into another account: neither the client nor our own time limit must take it for dead. */
import type { Session } from '../session/session.ts';

/** Clients wait a minute or more for the first word of an answer. */
const STILL_HERE_MS = 20_000;

/** Does `work`, and says now and then that it is being done. */
export async function sayingStillHere<T>(
  { services, writer }: Session,
  work: () => Promise<T>,
  text = 'still searching',
): Promise<T> {
  const say = (): void => {
    writer.status('*', 'OK', text);
    // A client that is gone is noticed by the work itself.
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
