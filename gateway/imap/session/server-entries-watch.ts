/**
 * Tells sessions that watch it (NOTIFY, RFC 5465 §5.7) of changes of what an administrator has noted on the server for
 * everybody. One a gateway. What this gateway changes is told at once; what another one does, within a minute, by a look at
 * the one item that it is kept in, as long as anybody watches.
 */
import type { ServerAnnotations, ServerEntries } from '../../../shared/directory/directory.ts';
import type { ServerLog } from '../server/connection-handler.ts';
import type { Timer, Timers } from '../server/timers.ts';

export interface ServerEntriesListener {
  /** `by`: the session that has made the change, if it was of this gateway. */
  serverChanged(entries: ServerEntries, by: object | null): void;
}

/** An administrator's note is no mail: nobody waits for it. A month of looks at a short one costs a cent. */
const LOOK_MS = 60_000;

export class ServerEntriesWatch {
  readonly #annotations: ServerAnnotations;
  readonly #timers: Timers;
  readonly #log: ServerLog;
  readonly #listeners = new Set<ServerEntriesListener>();
  #entries: ServerEntries = new Map();
  /** One look after the other: what is read last is newest. */
  #looking: Promise<void> = Promise.resolve();
  #timer: Timer | null = null;

  constructor(annotations: ServerAnnotations, timers: Timers, log: ServerLog) {
    this.#annotations = annotations;
    this.#timers = timers;
    this.#log = log;
  }

  /** What is there; from here on `listener` hears of changes, until `unwatch`. */
  async watch(listener: ServerEntriesListener): Promise<ServerEntries> {
    this.#listeners.add(listener);
    this.#timer ??= this.#later();
    await this.#look(null);
    return this.#entries;
  }

  unwatch(listener: ServerEntriesListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** The session `by` has changed them. Never rejects: the next look finds what this one did not. */
  async changed(by: object): Promise<void> {
    if (this.#listeners.size > 0) await this.#look(by).catch((error: unknown) => this.#failed(error));
  }

  #look(by: object | null): Promise<void> {
    const look = async (): Promise<void> => {
      const entries = await this.#annotations.read();
      if (changedEntries(this.#entries, entries).length === 0) return;
      this.#entries = entries;
      for (const listener of this.#listeners) listener.serverChanged(entries, by);
    };
    const looked = this.#looking.then(look);
    this.#looking = looked.catch(() => undefined);
    return looked;
  }

  #later(): Timer {
    return this.#timers.after(LOOK_MS, () => {
      if (this.#listeners.size === 0) return;
      this.#timer = this.#later();
      this.#look(null).catch((error: unknown) => this.#failed(error));
    });
  }

  #failed(error: unknown): void {
    this.#log.warn({ err: error }, 'the annotations of the server could not be looked at');
  }
}

/** Names of entries that differ, as `parseAnnotationName` spells them. */
export function changedEntries(before: ServerEntries, after: ServerEntries): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => {
    const [was, is] = [before.get(name), after.get(name)];
    return !was || !is || Buffer.compare(was, is) !== 0;
  });
}
