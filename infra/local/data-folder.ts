/**
 * The data folder: where it is made, and who may write in it. One process at a time holds its lock, from before the
 * first part is started until after the last one has stopped.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';
import { errorCode, SetupError } from './setup-error.ts';

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
    /** Wraps the data keys of accounts. */
    keyFile: path.join(folder, 'data-keys.key'),
    instance: path.join(folder, 'instance.json'),
    graceDays: path.join(folder, 'grace-days'),
  } as const;
}

export interface FolderLock {
  release(): Promise<void>;
}

/** Level by level: mkdir's own `recursive` never ends where a file system takes no folders, as below /proc. */
async function makeFolders(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return;
    const parent = path.dirname(folder);
    if (code !== 'ENOENT' || parent === folder || existsSync(parent)) throw error;
    await makeFolders(parent);
    await mkdir(folder, { mode: 0o700 });
  }
}

/** Makes the folder if need be; only its owner may look inside, for it holds people's mail. */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder);
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
 * Takes the lock of the folder for this process. A lock is a file `lock-N.json` that names a process; it holds while
 * that process lives, so nothing has to be cleared after a `kill -9`. Whoever finds only dead ones makes the next
 * number, which one of many gets; nobody removes a lock before it has its own, else two that found the same dead one
 * could each remove the other's.
 * @param holder what this process is, as the sentence names it: `quire start`.
 * @throws {SetupError} if another process has it.
 */
export async function lockDataFolder(folder: string, holder: string): Promise<FolderLock> {
  const own = identityOf(process.pid);
  if (own === undefined) throw new Error(`this process, ${process.pid}, cannot find itself`);
  const draft = path.join(folder, `.lock-${randomUUID()}`);
  await writeFile(draft, JSON.stringify({ ...own, holder }), { mode: 0o600 });
  try {
    let lock: string;
    do {
      const numbers = (await locksOf(folder)).map(({ number }) => number);
      lock = path.join(folder, `lock-${Math.max(0, ...numbers) + 1}.json`);
    } while (!(await linkIfAbsent(draft, lock)));
    return await settled(folder, lock);
  } finally {
    await rm(draft, { force: true });
  }
}

/** With its own lock in place, looks once more: a whole instance may have come and another begun since the first look. */
async function settled(folder: string, lock: string): Promise<FolderLock> {
  try {
    for (const { file } of await locksOf(folder, lock)) await rm(file, { force: true });
  } catch (error) {
    await rm(lock, { force: true });
    throw error;
  }
  return { release: () => rm(lock, { force: true }) };
}

/** All locks but `own`, all of them dead. Throws if one is alive. */
async function locksOf(folder: string, own?: string): Promise<{ file: string; number: number }[]> {
  const found = (await readdir(folder)).flatMap((name) => {
    const number = /^lock-(\d+)\.json$/.exec(name)?.[1];
    const file = path.join(folder, name);
    return number === undefined || file === own ? [] : [{ file, number: Number(number) }];
  });
  for (const { file } of found) {
    const owner = parseOwner((await readIfPresent(file)) ?? '');
    if (owner !== undefined && isAlive(owner)) {
      throw new SetupError(
        `The data folder ${folder} is in use by ${owner.holder} (process ${owner.pid}): stop it first, or give another folder with --data.`,
      );
    }
  }
  return found;
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

function parseOwner(text: string): (ProcessIdentity & { readonly holder: string }) | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started, holder } = value as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof started !== 'string' || typeof holder !== 'string')
      return undefined;
    return { pid, started, holder };
  } catch {
    // Locks appear whole; this one has gone since it was listed, or is not ours: nobody holds it.
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
