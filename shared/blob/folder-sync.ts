import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Folders remembered as durable; beyond it all are forgotten, which costs only syncs. */
const REMEMBERED_FOLDERS = 20_000;

/**
 * Makes names in folders durable: a file that is synced is still lost in a power cut if the folder that names it is not.
 */
export class FolderSync {
  readonly #root: string;
  /** Folders that this process knows to be named durably in the folder above. */
  readonly #durable = new Set<string>();
  /** Syncs that wait for the running one of the same folder: all who ask meanwhile share the next. */
  readonly #waiting = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();

  /** `root` exists and is not ours to make durable. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Makes `folder` and those above it, durably. Also a folder that is there already is synced once by every process:
   * whoever made it may have died before it was durable.
   */
  async makeFolder(folder: string): Promise<void> {
    if (folder === this.#root || this.#durable.has(folder)) return;
    const above = dirname(folder);
    await this.makeFolder(above);
    await mkdir(folder).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    await this.sync(above);
    if (this.#durable.size >= REMEMBERED_FOLDERS) this.#durable.clear();
    this.#durable.add(folder);
  }

  /** Resolves once every name that stood in `folder` at the call is durable. */
  sync(folder: string): Promise<void> {
    const waiting = this.#waiting.get(folder);
    if (waiting) return waiting;
    const running = this.#running.get(folder);
    if (!running) return this.#start(folder);
    const next = running
      .catch(() => undefined)
      .then(() => {
        this.#waiting.delete(folder);
        return this.#start(folder);
      });
    this.#waiting.set(folder, next);
    return next;
  }

  #start(folder: string): Promise<void> {
    const run = syncFolder(folder).finally(() => {
      if (this.#running.get(folder) === run) this.#running.delete(folder);
    });
    this.#running.set(folder, run);
    return run;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The system's code of an error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
