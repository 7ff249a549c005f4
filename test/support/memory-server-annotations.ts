/** Annotations of the server in memory. */
import type { ServerAnnotations, ServerEntries } from '../../shared/directory/directory.ts';

export class MemoryServerAnnotations implements ServerAnnotations {
  #entries: ServerEntries = new Map();

  read(): Promise<ServerEntries> {
    return Promise.resolve(this.#entries);
  }

  change(decide: (entries: ServerEntries) => ServerEntries): Promise<void> {
    return Promise.resolve().then(() => {
      this.#entries = decide(this.#entries);
    });
  }
}
