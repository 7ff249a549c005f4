import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FolderBlobStore } from '../../../shared/blob/folder-blob-store.ts';
import { FolderSync } from '../../../shared/blob/folder-sync.ts';
import { blobStoreContract, drained, inChunks, listed, read } from '../../support/blob-store-contract.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'quire-blobs-'));
});
afterAll(() => rm(root, { recursive: true }));

blobStoreContract('the folder store', () => FolderBlobStore.open(join(root, 'contract')));

const everyFile = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { withFileTypes: true, recursive: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);

describe('the folder store', () => {
  test('a file lies where its key says, and its owner alone may read it', async () => {
    const folder = join(root, 'readable');
    const blobs = await FolderBlobStore.open(folder);
    await blobs.put('blobs/0123/abcd', Buffer.from('mail'), 4);
    const found = await stat(join(folder, 'blobs/0123/abcd'));
    expect(found.size).toBe(4);
    expect(found.mode & 0o077).toBe(0);
  });

  test('a second process opens what the first has stored', async () => {
    const folder = join(root, 'two');
    await (await FolderBlobStore.open(folder)).put('a/b', Buffer.from('x'), 1);
    expect((await read(await FolderBlobStore.open(`${folder}/`), 'a/b')).toString()).toBe('x');
  });

  test('no put that failed leaves a file, not even a temporary one', async () => {
    const folder = join(root, 'failed');
    const blobs = await FolderBlobStore.open(folder);
    await expect(blobs.put('a/short', inChunks(Buffer.alloc(10), 3), 11)).rejects.toThrow('11 bytes');
    await expect(blobs.put('a/long', inChunks(Buffer.alloc(12), 3), 11)).rejects.toThrow('11 bytes');
    await blobs.put('a/there', Buffer.alloc(1), 1);
    await expect(blobs.put('a/there', Buffer.alloc(1), 1)).rejects.toThrow('already');
    expect(await everyFile(folder)).toEqual(['there']);
  });

  test('while a body still comes, nothing can be seen under its key', async () => {
    const folder = join(root, 'slow');
    const blobs = await FolderBlobStore.open(folder);
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(500);
      await expect(blobs.get('a/slow')).rejects.toThrow('no object');
      expect(await listed(blobs, '')).toEqual([]);
      yield Buffer.alloc(500);
    }
    await blobs.put('a/slow', body(), 1000);
    expect(await read(blobs, 'a/slow')).toHaveLength(1000);
  });

  test('opening sweeps temporary files that are an hour old, and only those', async () => {
    const folder = join(root, 'sweep');
    await mkdir(join(folder, 'blobs/x'), { recursive: true });
    const now = Date.now();
    const make = async (name: string, ageMinutes: number): Promise<void> => {
      await writeFile(join(folder, name), 'half');
      const time = new Date(now - ageMinutes * 60_000);
      await utimes(join(folder, name), time, time);
    };
    await make('blobs/x/.put-dead', 61);
    await make('blobs/x/.put-alive', 59);
    await make('blobs/x/stored', 10_000);
    await make('.put-dead', 100);
    await FolderBlobStore.open(folder, () => now);
    expect((await everyFile(folder)).sort()).toEqual(['.put-alive', 'stored']);
  });

  test('a key that continues another is refused with the reason', async () => {
    const blobs = await FolderBlobStore.open(join(root, 'nested'));
    await blobs.put('a', Buffer.alloc(1), 1);
    await expect(blobs.put('a/b', Buffer.alloc(1), 1)).rejects.toThrow(/no key may be another one continued/);
    await blobs.put('c/d', Buffer.alloc(1), 1);
    await expect(blobs.put('c', Buffer.alloc(1), 1)).rejects.toThrow(/no key may be another one continued/);
    await expect(blobs.get('c')).rejects.toThrow('no object under key c');
    await blobs.delete(['c', 'a/b']);
    expect((await listed(blobs, '')).map((entry) => entry.key)).toEqual(['a', 'c/d']);
  });

  test('a file that was cut from outside fails the read', async () => {
    const folder = join(root, 'cut');
    const blobs = await FolderBlobStore.open(folder);
    await blobs.put('a', Buffer.alloc(400_000), 400_000);
    const chunks = await blobs.get('a');
    await writeFile(join(folder, 'a'), 'short');
    await expect(drained(chunks)).rejects.toThrow('it was cut from outside');
  });

  test('those who ask for a sync while one runs share the next, and never take the running one for theirs', async () => {
    const folder = join(root, 'sync');
    await mkdir(folder);
    const syncs = new FolderSync(folder);
    const [running, second, third] = [syncs.sync(folder), syncs.sync(folder), syncs.sync(folder)];
    expect(second).not.toBe(running);
    expect(third).toBe(second);
    await Promise.all([running, second]);
    expect(syncs.sync(folder)).not.toBe(second);
    await syncs.sync(folder);
    await rm(folder, { recursive: true });
    await expect(syncs.sync(folder)).rejects.toThrow('ENOENT');
  });
});
