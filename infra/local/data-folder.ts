/**
 * The data folder: where it is made, and who may write in it. One process at a time holds its lock, from before the
 * first part is started until after the last one has stopped.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';
import { errorCode, SetupError } from './setup-error.ts';

const LOCK = 'lock.json';

/** Paths inside the data folder. */
export function dataPaths(folder: string) {
  return {
    folder,
    database: path.join(folder, 'quire.db'),
    blobs: path.join(folder, 'blobs'),
    inbound: path.join(folder, 'inbound'),
    spool: path.join(folder, 'spool'),
    certificate: path.join(folder, 'certificate.pem'),
    privateKey: path.join(folder, 'private-key.pem'),
    instance: path.join(folder, 'instance.json'),
    lock: path.join(folder, LOCK),
  } as const;
}

export interface FolderLock {
  release(): Promise<void>;
}

/** Makes the folder if need be; only its owner may look inside, for it holds people's mail. */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // mkdir is silent about a folder that is there and read-only: try to write.
    const probe = path.join(folder, `.probe-${randomUUID()}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw new SetupError(
      `The data folder ${folder} cannot be written (${code}): give another one with --data.`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Takes the lock of the folder for this process.
 * @param holder what this process is, as the sentence names it: `quire start`.
 * @throws {SetupError} if another process has it.
 */
export async function lockDataFolder(folder: string, holder: string): Promise<FolderLock> {
  const lock = path.join(folder, LOCK);
  const own = identityOf(process.pid);
  if (own === undefined) throw new Error(`this process, ${process.pid}, cannot find itself`);
  const text = JSON.stringify({ ...own, holder, id: randomUUID() });
  const draft = path.join(folder, `.lock-${randomUUID()}`);
  await writeFile(draft, text, { mode: 0o600 });
  try {
    while (!(await linkIfAbsent(draft, lock))) await removeIfStale(folder, lock);
  } finally {
    await rm(draft, { force: true });
  }
  return {
    async release() {
      // Only ever one's own: a lock taken over as stale would be somebody else's now.
      if ((await readIfPresent(lock)) === text) await rm(lock, { force: true });
    },
  };
}

/** A hard link appears whole and fails if the name is taken: what `open` with O_EXCL, then `write`, cannot give. */
async function linkIfAbsent(draft: string, lock: string): Promise<boolean> {
  try {
    await link(draft, lock);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Clears a lock whose process is gone, or throws if it is not. Two processes may find the same stale lock at once:
 * each moves away what is there and looks at what it got. Who got a living one (the other was faster) puts it back.
 */
async function removeIfStale(folder: string, lock: string): Promise<void> {
  const found = await readIfPresent(lock);
  if (found === undefined) return;
  refuseIfAlive(folder, found);
  const aside = path.join(folder, `.lock-${randomUUID()}`);
  try {
    await rename(lock, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await readFile(aside, 'utf8');
  if (moved !== found) await linkIfAbsent(aside, lock);
  await rm(aside, { force: true });
  if (moved !== found) refuseIfAlive(folder, moved);
}

function refuseIfAlive(folder: string, text: string): void {
  const owner = parseOwner(text);
  if (owner !== undefined && isAlive(owner)) {
    throw new SetupError(
      `The data folder ${folder} is in use by ${owner.holder} (process ${owner.pid}): stop it first, or give another folder with --data.`,
    );
  }
}

function parseOwner(text: string): (ProcessIdentity & { readonly holder: string }) | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started, holder } = value as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof started !== 'string' || typeof holder !== 'string')
      return undefined;
    return { pid, started, holder };
  } catch {
    // The lock appears whole; what is not JSON is not ours, and nobody holds it.
    return undefined;
  }
}

/** The text of a file, or undefined if there is none. */
export async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces a file: a reader sees the old text or the new one, after a crash as well. */
export async function replaceFile(file: string, text: string, mode = 0o600): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    const handle = await open(draft, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
