/** The file that wraps data keys: it is made once, and nothing begins without it or with another. */
import { expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from './command-here.ts';
import { temporaryFolder } from './temporary-folder.ts';

const add = (data: string, address: string, ...more: string[]) =>
  run(['user', 'add', address, '--password-stdin', '--data', data, ...more], 'a-secret-of-hers\n');

test('one that is gone or another is refused, and the right one, put back, opens what it has sealed', async () => {
  const data = await temporaryFolder();
  const keyFile = path.join(data, 'data-keys.key');
  const kept = path.join(data, 'kept-elsewhere');
  expect((await add(data, 'carol@example.test')).status).toBe(0);
  await rename(keyFile, kept);

  const gone = await add(data, 'dora@example.test');
  expect(gone.status).toBe(1);
  expect(gone.errors).toBe(
    `quire: The key file ${keyFile} is gone, and accounts have keys that it has wrapped: put it back from where you keep it, for without it their mail cannot be read. Nothing was started.\n`,
  );
  expect(existsSync(keyFile)).toBe(false);

  await writeFile(keyFile, `${'0f'.repeat(32)}\n`);
  const started = await run([
    'start',
    '--data',
    data,
    '--smtp-port',
    '0',
    '--imap-port',
    '0',
    '--imaps-port',
    '0',
  ]);
  expect(started.status).toBe(1);
  expect(started.errors).toContain(
    `The key file ${keyFile} is not the one that has wrapped the keys of the accounts here: put that one back`,
  );

  await copyFile(kept, keyFile);
  expect((await run(['user', 'list', '--data', data])).output).toMatch(/^carol@example\.test\t[^\n]*\n$/);
});

test('where no key was ever wrapped, one is made, in a folder that is in use as well', async () => {
  const data = await temporaryFolder();
  const keyFile = path.join(data, 'data-keys.key');
  expect((await add(data, 'dora@example.test', '--no-data-keys')).status).toBe(0);
  await rm(keyFile);
  expect((await add(data, 'carol@example.test')).status).toBe(0);
  expect(existsSync(keyFile)).toBe(true);
});
