/**
 * For whose sake a request is made. It goes along with the asynchronous calls, so that the stores below need not be told:
 * a put that a STORE waits for is counted as `read`'s. What several share (a read that two commands wait for, a group of
 * commits) counts for the one that began it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { ACTIVITIES, type Activity } from './catalogue.ts';

const storage = new AsyncLocalStorage<Activity>();

/**
 * A context for each activity, made once: to enter one that exists allocates nothing, and a session that idles for hours
 * holds on to no context of its own.
 */
const contexts = Object.fromEntries(
  ACTIVITIES.map((activity) => [activity, storage.run(activity, () => AsyncLocalStorage.snapshot())]),
) as Record<Activity, ReturnType<typeof AsyncLocalStorage.snapshot>>;

/** Runs `work`, and all that follows from it, for the sake of `activity`. */
export function actingFor<T>(activity: Activity, work: () => T): T {
  return contexts[activity](work);
}

/** Undefined where nobody has said it: the process's own activity. */
export function currentActivity(): Activity | undefined {
  return storage.getStore();
}
