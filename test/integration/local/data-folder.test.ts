import { describe, expect, test } from '@jest/globals';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { lockDataFolder, makeDataFolder } from '../../../infra/local/data-folder.ts';
import {
  findInstance,
  publishInstance,
  withdrawInstance,
  type Endpoints,
} from '../../../infra/local/instance.ts';
import { identityOf } from '../../../infra/local/process-identity.ts';
import { SetupError } from '../../../infra/local/setup-error.ts';
import { killAtOnce, startPart } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('the data folder', () => {
  test('below a file it cannot be made: one sentence that names it and the flag', async () => {
    const file = path.join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    const attempt = makeDataFolder(path.join(file, 'data'));
    await expect(attempt).rejects.toThrow(SetupError);
    await expect(attempt).rejects.toThrow(/file\/data cannot be written \(ENOTDIR\).*--data/);
  });

  test('is locked against a second process, which is told who has it', async () => {
    const folder = await temporaryFolder();
    const { child } = await startPart('lock', folder, 'quire start');
    const attempt = lockDataFolder(folder, 'quire user');
    await expect(attempt).rejects.toThrow(SetupError);
    await expect(attempt).rejects.toThrow(
      new RegExp(`in use by quire start \\(process ${String(child.pid)}\\)`),
    );
  });

  test('a lock whose process was killed is taken over, and released', async () => {
    const folder = await temporaryFolder();
    const { child } = await startPart('lock', folder, 'quire start');
    await killAtOnce(child);
    const lock = await lockDataFolder(folder, 'quire start');
    await expect(lockDataFolder(folder, 'quire start')).rejects.toThrow(SetupError);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('a lock with the pid of a living process that started at another time is stale', async () => {
    const folder = await temporaryFolder();
    const lock = JSON.stringify({ pid: process.pid, started: 'before the reboot', holder: 'quire start' });
    await writeFile(path.join(folder, 'lock-7.json'), lock);
    await (await lockDataFolder(folder, 'quire start')).release();
  });

  test('of many that find a stale lock at once, one gets it', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'lock-7.json'), '{"pid":1,"started":"never","holder":"quire start"}');
    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, () => lockDataFolder(folder, 'quire start')),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['lock-8.json']);
  });
});

describe('the identity of a process', () => {
  test('is the same whenever one asks, another for every process, and none once it has ended', async () => {
    const { child } = await startPart('lock', await temporaryFolder(), 'quire start');
    const pid = child.pid ?? 0;
    const identity = identityOf(pid);
    expect(identity).toBeDefined();
    expect(identityOf(pid)).toEqual(identity);
    expect(identity?.started).not.toBe(identityOf(process.pid)?.started);
    await killAtOnce(child);
    expect(identityOf(pid)).toBeUndefined();
  });
});

describe('instance.json', () => {
  const endpoints: Endpoints = {
    imap: { host: '127.0.0.1', port: 1143 },
    imaps: { host: '127.0.0.1', port: 1993 },
    smtp: { host: '127.0.0.1', port: 1025 },
    dynamodb: { endpoint: 'http://127.0.0.1:1', pid: 1, mailTable: 'mail', directoryTable: 'directory' },
    sqs: { endpoint: 'http://127.0.0.1:2' },
    blobs: { mail: '/a', inbound: '/b' },
    sealing: { blobFormat: 'framed', dataKeys: true, keysTable: 'keys', keyFile: '/keys' },
  };

  test('tells of an instance that runs, and no longer after it was withdrawn', async () => {
    const folder = await temporaryFolder();
    expect(await findInstance(folder)).toBeUndefined();
    await publishInstance(folder, endpoints);
    expect(await findInstance(folder)).toMatchObject({ ...endpoints, process: { pid: process.pid } });
    await withdrawInstance(folder);
    expect(await findInstance(folder)).toBeUndefined();
  });

  test('left by a killed instance, it tells of none', async () => {
    const folder = await temporaryFolder();
    const dead = { ...endpoints, process: { pid: process.pid, started: 'before the reboot' } };
    await writeFile(path.join(folder, 'instance.json'), JSON.stringify(dead));
    expect(await findInstance(folder)).toBeUndefined();
  });
});
