import { describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { connect, createServer } from 'node:tls';
import { loadCertificate } from '../../../infra/local/certificate.ts';
import { createLog } from '../../../shared/log.ts';
import { temporaryFolder } from './temporary-folder.ts';

const NOW = Date.now();
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

function listeningLog() {
  const lines: string[] = [];
  return {
    lines,
    log: createLog({ level: 'info', pretty: false, target: { write: (line) => lines.push(line) } }),
  };
}

describe('the certificate of a local instance', () => {
  test('is made once, for localhost and both loopback addresses, with a key that only the owner reads', async () => {
    const folder = await temporaryFolder();
    const { log } = listeningLog();
    const made = await loadCertificate(folder, NOW, log);
    expect(await loadCertificate(folder, NOW, log)).toEqual(made);
    const parsed = new X509Certificate(made.certificate);
    expect(parsed.checkHost('localhost')).toBe('localhost');
    expect(parsed.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(parsed.checkIP('::1')).toBe('::1');
    expect((await stat(path.join(folder, 'private-key.pem'))).mode & 0o777).toBe(0o600);
  });

  test('a client that trusts it gets a connection', async () => {
    const { certificate, privateKey } = await loadCertificate(
      await temporaryFolder(),
      NOW,
      listeningLog().log,
    );
    const server = createServer({ cert: certificate, key: privateKey }, (socket) => socket.end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: certificate });
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toBe('hello');
    socket.destroy();
    server.close();
    await once(server, 'close');
  });

  test.each<[string, (folder: string) => Promise<void>, number, RegExp]>([
    ['expired', () => Promise.resolve(), NOW + 3 * YEAR_MS, /expired/],
    ['of the future', () => Promise.resolve(), NOW - YEAR_MS, /not valid yet/],
    [
      'corrupt',
      (folder) => writeFile(path.join(folder, 'certificate.pem'), 'garbage'),
      NOW,
      /cannot be read/,
    ],
    ['with a foreign key', replaceKey, NOW, /another certificate/],
  ])('one that is %s is made anew, and the log says why', async (_what, spoil, now, reason) => {
    const folder = await temporaryFolder();
    const { lines, log } = listeningLog();
    const first = await loadCertificate(folder, NOW, log);
    await spoil(folder);
    const second = await loadCertificate(folder, now, log);
    expect(second.certificate).not.toBe(first.certificate);
    expect(lines.join('')).toMatch(reason);
    expect(await readFile(path.join(folder, 'certificate.pem'), 'utf8')).toBe(second.certificate);
  });
});

async function replaceKey(folder: string): Promise<void> {
  const { privateKey } = await loadCertificate(await temporaryFolder(), NOW, listeningLog().log);
  await writeFile(path.join(folder, 'private-key.pem'), privateKey);
}
