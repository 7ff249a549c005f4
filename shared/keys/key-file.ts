/** The file that wraps the data keys of an installation on one machine. */
import { randomBytes } from 'node:crypto';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DATA_KEY_BYTES } from './data-key.ts';

/** The file is there and holds no key, or is not there. */
export class KeyFileError extends Error {
  readonly gone: boolean;
  constructor(file: string, what: string, gone = false) {
    super(
      `the key file ${file} ${what}: put it back from where you keep it, for without it no mail can be read`,
    );
    this.name = 'KeyFileError';
    this.gone = gone;
  }
}

/** The key in `file`. Rejects with `KeyFileError`. */
export async function readKeyFile(file: string): Promise<Uint8Array> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as { code?: unknown } | null)?.code === 'ENOENT')
      throw new KeyFileError(file, 'is gone', true);
    throw error;
  });
  const digits = text.trim();
  if (!new RegExp(`^[0-9a-f]{${2 * DATA_KEY_BYTES}}$`).test(digits))
    throw new KeyFileError(file, 'holds no key');
  return Buffer.from(digits, 'hex');
}

/**
 * Makes the file if there is none: whole and durable from the moment it can be seen, readable by its owner alone. One that
 * is there is never overwritten, not even by a process that looked a moment earlier.
 */
export async function ensureKeyFile(file: string): Promise<void> {
  if (await exists(file)) return;
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(DATA_KEY_BYTES).toString('hex')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  const folder = await open(dirname(file));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await readKeyFile(file);
    return true;
  } catch (error) {
    if (error instanceof KeyFileError && error.gone) return false;
    throw error;
  }
}
