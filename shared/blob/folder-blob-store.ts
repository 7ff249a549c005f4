/**
 * Blobs as files of one folder; a key is the file's path in it, so that an administrator finds a message by its key.
 *
 * Invariants: a file under a key is whole and durable from the moment it can be seen, because it is written under a
 * temporary name, synced, and then linked to its own; it is never overwritten, because link(2) does not.
 */
import { randomBytes } from 'node:crypto';
import type { Dirent } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { link, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { checkBlobKey, checkByteRange, rangeWithin } from './blob-key.ts';
import type { BlobEntry, BlobPutOptions, BlobStore, BodySize, ByteRange, ByteSuffix } from './blob-store.ts';
import { BlobExistsError, BlobMissingError } from './blob-store.ts';
import { closingIterable } from './closing-iterable.ts';
import { FolderSync, errorCode } from './folder-sync.ts';
import { checkBlobSize, sizedBody } from './sized-body.ts';

/** No key has a segment that begins with a dot. */
const TEMPORARY = '.put-';
/**
 * A temporary file that nobody has written to for this long was left by a process that died. Its age alone tells: a
 * process id says nothing across containers. Were a put that slow alive, its link would fail and it would be reported.
 */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;
/** Bytes a read takes from the file at once. */
const READ_CHUNK = 128 * 1024;
/** Files deleted at the same time. */
const PARALLEL_DELETES = 16;

export class FolderBlobStore implements BlobStore {
  readonly #root: string;
  readonly #sync: FolderSync;

  private constructor(root: string) {
    this.#root = root;
    this.#sync = new FolderSync(root);
  }

  /** Opens the store in folder `root`, which is made if need be, and sweeps what dead processes left half-written. */
  static async open(root: string, now: () => number = Date.now): Promise<FolderBlobStore> {
    const folder = resolve(root);
    await mkdir(folder, { recursive: true });
    await sweep(folder, now() - ABANDONED_AFTER_MS);
    return new FolderBlobStore(folder);
  }

  async put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    size: BodySize,
    options: BlobPutOptions = {},
  ): Promise<void> {
    const path = this.#path(key);
    checkBlobSize(size);
    options.signal?.throwIfAborted();
    const folder = dirname(path);
    const temporary = join(folder, TEMPORARY + randomBytes(12).toString('hex'));
    try {
      await this.#sync.makeFolder(folder);
      await writeDurably(temporary, sizedBody(body, size, options.signal));
      options.signal?.throwIfAborted();
      await link(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw await explained(error, key, path);
    }
    await unlink(temporary);
    await this.#sync.sync(folder);
  }

  async get(
    key: string,
    range?: ByteRange | ByteSuffix,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const path = this.#path(key);
    if (range) checkByteRange(range);
    options.signal?.throwIfAborted();
    const file = await open(path).catch((error: unknown) => {
      throw isCode(error, 'ENOENT', 'ENOTDIR') ? new BlobMissingError(key) : error;
    });
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => {
      options.signal?.removeEventListener('abort', abort);
      return (closed ??= file.close());
    };
    const abort = (): void => void close().catch(() => undefined);
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new BlobMissingError(key);
      const { start, end } = rangeWithin(range, found.size);
      return closingIterable(readChunks(file, start, end, close, options.signal), abort);
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** Not synced: a deletion that a power cut undoes leaves garbage, which the next sweep of unnamed objects takes. */
  async delete(keys: readonly string[]): Promise<void> {
    const paths = keys.map((key) => this.#path(key));
    for (let i = 0; i < paths.length; i += PARALLEL_DELETES) {
      await Promise.all(paths.slice(i, i + PARALLEL_DELETES).map(deleteFile));
    }
  }

  async *list(prefix: string): AsyncIterable<BlobEntry> {
    const slash = prefix.lastIndexOf('/');
    const above = prefix.slice(0, slash + 1);
    if (above !== '') checkBlobKey(above.slice(0, -1));
    yield* this.#walk(above, prefix);
  }

  async *folders(prefix: string): AsyncIterable<string> {
    checkBlobKey(prefix.slice(0, -1));
    const names = (await entriesOf(join(this.#root, prefix)))
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => ({ name, bytes: Buffer.from(`${name}/`) }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    for (const { name } of names) if (await this.#holdsAny(`${prefix}${name}/`)) yield name;
  }

  /** A folder stays when its last file goes. */
  async #holdsAny(prefix: string): Promise<boolean> {
    const { done } = await this.list(prefix)[Symbol.asyncIterator]().next();
    return done !== true;
  }

  /** `above` is empty or ends with a slash. */
  async *#walk(above: string, prefix: string): AsyncIterable<BlobEntry> {
    const entries = (await entriesOf(join(this.#root, above)))
      .filter((entry) => !entry.name.startsWith('.'))
      // A folder sorts as its keys do: `a-b` comes before `a/b`, though the folder `a` comes before `a-b`.
      .map((entry) => ({ key: above + entry.name + (entry.isDirectory() ? '/' : ''), entry }))
      .filter(({ key }) => key.startsWith(prefix))
      .map((item) => ({ ...item, bytes: Buffer.from(item.key) }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    for (const { key, entry } of entries) {
      if (entry.isDirectory()) {
        yield* this.#walk(key, prefix);
      } else if (entry.isFile()) {
        const found = await stat(join(this.#root, key)).catch((error: unknown) => {
          if (isCode(error, 'ENOENT')) return undefined; // deleted since the folder was read
          throw error;
        });
        if (found) yield { key, size: found.size, modified: Math.floor(found.mtimeMs) };
      }
    }
  }

  #path(key: string): string {
    checkBlobKey(key);
    return join(this.#root, key);
  }
}

async function writeDurably(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of chunks) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function* readChunks(
  file: FileHandle,
  start: number,
  end: number,
  close: () => Promise<void>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let at = start; at < end;) {
      signal?.throwIfAborted();
      const wanted = Math.min(READ_CHUNK, end - at);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
      if (bytesRead === 0)
        throw new Error(`the file of a blob ended at byte ${at} of ${end}: it was cut from outside`);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await close();
  }
}

async function sweep(folder: string, before: number): Promise<void> {
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await sweep(path, before);
    else if (entry.name.startsWith(TEMPORARY)) {
      const found = await stat(path).catch(() => undefined);
      if (found && found.mtimeMs < before) await unlink(path).catch(() => undefined);
    }
  }
}

/** What is in a folder; nothing if there is no such folder. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  });
}

/** What is not there, or is a folder (EISDIR on Linux, EPERM on macOS), is no object. */
async function deleteFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return;
    if (isCode(error, 'EPERM') && (await stat(path)).isDirectory()) return;
    throw error;
  }
}

async function explained(error: unknown, key: string, path: string): Promise<unknown> {
  const inTheWay =
    isCode(error, 'ENOTDIR') ||
    (isCode(error, 'EEXIST') && (await stat(path).catch(() => undefined))?.isDirectory());
  if (inTheWay === true) {
    return new Error(`cannot store ${key}: in a folder store no key may be another one continued by "/"`, {
      cause: error,
    });
  }
  return isCode(error, 'EEXIST') ? new BlobExistsError(key) : error;
}

function isCode(error: unknown, ...codes: string[]): boolean {
  const code = errorCode(error);
  return code !== undefined && codes.includes(code);
}
