import { describe, expect, test } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  findInstance,
  publishInstance,
  type Endpoints,
  type Instance,
} from '../../../infra/local/instance.ts';
import { watchInstance } from '../../../infra/local/instance-watch.ts';
import { createLog } from '../../../shared/log.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ENDPOINTS: Endpoints = {
  imap: { host: '127.0.0.1', port: 1 },
  imaps: { host: '127.0.0.1', port: 2 },
  smtp: { host: '127.0.0.1', port: 3 },
  dynamodb: { endpoint: 'http://127.0.0.1:4', pid: 4, mailTable: 'mail', directoryTable: 'directory' },
  sqs: { endpoint: 'http://127.0.0.1:5' },
  blobs: { mail: '/mail', inbound: '/inbound' },
  sealing: { blobFormat: 'framed', dataKeys: true, keysTable: 'keys', keyFile: '/keys' },
};

/** A watch of an instance that is this process; `look` lets it look once, and returns when it has. */
async function watched() {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'instance.json');
  await publishInstance(folder, ENDPOINTS);
  const instance = (await findInstance(folder)) as Instance;
  const lines: string[] = [];
  const ended = new AbortController();
  let asleep = Promise.withResolvers<() => void>();
  const outcome = watchInstance({
    folder,
    instance,
    log: createLog({ level: 'warn', pretty: false, target: { write: (line) => lines.push(line) } }),
    signal: ended.signal,
    sleep: (_milliseconds, signal) =>
      new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        asleep.resolve(resolve);
      }),
  });
  const look = async (): Promise<unknown> => {
    const wake = await asleep.promise;
    asleep = Promise.withResolvers();
    wake();
    // Until it sleeps again, or has an outcome.
    return Promise.race([outcome, asleep.promise.then(() => 'still there')]);
  };
  return { folder, file, instance, lines, look, outcome, end: () => ended.abort() };
}

describe('the watch of an instance', () => {
  test('goes on while it runs, its store started again or not', async () => {
    const { folder, look, end, outcome } = await watched();
    expect(await look()).toBe('still there');
    await publishInstance(folder, { ...ENDPOINTS, dynamodb: { ...ENDPOINTS.dynamodb, pid: 5 } });
    expect(await look()).toBe('still there');
    end();
    expect(await outcome).toBeUndefined();
  });

  test('sees that it has ended', async () => {
    const { file, look } = await watched();
    await rm(file);
    expect(await look()).toBe('gone');
  });

  test('sees that its process is no more, whoever has its number now', async () => {
    const { file, instance, look } = await watched();
    const { pid } = instance.process;
    await writeFile(file, JSON.stringify({ ...instance, process: { pid, started: 'long ago' } }));
    expect(await look()).toBe('gone');
  });

  test('sees that another has taken its place', async () => {
    const { folder, file, instance } = await watched();
    const before: Instance = { ...instance, process: { ...instance.process, started: 'long ago' } };
    const outcome = watchInstance({
      folder,
      instance: before,
      log: createLog({ level: 'silent', pretty: false }),
      signal: new AbortController().signal,
      sleep: () => Promise.resolve(),
    });
    expect(await outcome).toBe('replaced');
    await rm(file);
  });

  test('a file that cannot be read is no reason to end', async () => {
    const { file, lines, look, end } = await watched();
    await writeFile(file, '{');
    expect(await look()).toBe('still there');
    expect(lines.join('')).toContain('cannot see whether the instance still runs');
    end();
  });
});
