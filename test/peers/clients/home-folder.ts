/** A fresh folder for a test file: home of the client's settings and state; removed at the end. */
import { afterAll } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const made: string[] = [];

export async function homeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quire-peer-'));
  made.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});
