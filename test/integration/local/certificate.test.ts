import { describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { connect, createServer } from 'node:tls';
import { generate } from 'selfsigned';
import { loadCertificate, readCertificate } from '../../../infra/local/certificate.ts';
import { SetupError } from '../../../infra/local/setup-error.ts';
import { createLog } from '../../../shared/log.ts';
import { temporaryFolder } from './temporary-folder.ts';

const NOW = Date.now();
const DAY_MS = 24 * 60 * 60 * 1000;
const YEAR_MS = 365 * DAY_MS;

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

  test.each<[string, number, RegExp]>([
    ['expired', NOW + 3 * YEAR_MS, /has expired on 20/],
    ['about to expire', NOW + 800 * DAY_MS, /expires on 20/],
    ['of the future', NOW - YEAR_MS, /is not valid before 20/],
  ])('one of its own that is %s is made anew, and the log says why', async (_what, now, reason) => {
    const folder = await temporaryFolder();
    const { lines, log } = listeningLog();
    const first = await loadCertificate(folder, NOW, log);
    const second = await loadCertificate(folder, now, log);
    expect(second.certificate).not.toBe(first.certificate);
    expect(lines.join('')).toMatch(reason);
    expect(await loadCertificate(folder, now, log)).toEqual(second);
    expect((await stat(path.join(folder, 'private-key.pem'))).mode & 0o777).toBe(0o600);
  });

  test('one of its own whose making was broken off is made again', async () => {
    const folder = await temporaryFolder();
    const { log } = listeningLog();
    const first = await loadCertificate(folder, NOW, log);
    await rm(path.join(folder, 'private-key.pem'));
    const second = await loadCertificate(folder, NOW, log);
    expect(second.certificate).not.toBe(first.certificate);
    expect(await loadCertificate(folder, NOW, log)).toEqual(second);
  });

  test('who only reads makes none, and no new one', async () => {
    const folder = await temporaryFolder();
    const { lines, log } = listeningLog();
    expect(await readCertificate(folder, NOW, log)).toBeUndefined();
    const made = await loadCertificate(folder, NOW, log);
    expect(await readCertificate(folder, NOW + 3 * YEAR_MS, log)).toEqual(made);
    expect(lines.join('')).toMatch(/has expired on 20/);
  });
});

describe("a person's own certificate", () => {
  /** Self-signed for localhost, as `openssl req -x509 -subj /CN=localhost` makes it. */
  async function ownCertificate(folder: string) {
    const made = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      notBeforeDate: new Date(NOW - DAY_MS),
      notAfterDate: new Date(NOW + 90 * DAY_MS),
    });
    await writeFile(path.join(folder, 'certificate.pem'), made.cert);
    await writeFile(path.join(folder, 'private-key.pem'), made.private);
    return { certificate: made.cert, privateKey: made.private };
  }
  const contents = async (folder: string) =>
    Promise.all(
      (await readdir(folder))
        .sort()
        .map(async (name) => [name, await readFile(path.join(folder, name), 'utf8')]),
    );

  test.each<[string, number, RegExp]>([
    ['valid', NOW, /^$/],
    ['about to expire', NOW + 80 * DAY_MS, /the certificate expires on 20[^"]*: put a new one in its place/],
    ['expired', NOW + YEAR_MS, /the certificate has expired on 20/],
    ['of the future', NOW - YEAR_MS, /the certificate is not valid before 20/],
  ])('that is %s is used as it is', async (_what, now, warning) => {
    const folder = await temporaryFolder();
    const own = await ownCertificate(folder);
    const { lines, log } = listeningLog();
    expect(await loadCertificate(folder, now, log)).toEqual(own);
    expect(lines.join('')).toMatch(warning);
  });

  const file = (folder: string, name: string) => path.join(folder, name);
  test.each<[string, (folder: string) => Promise<void>, RegExp]>([
    [
      'is corrupt',
      (folder) => writeFile(file(folder, 'certificate.pem'), 'garbage'),
      /certificate\.pem cannot be read/,
    ],
    [
      'is empty',
      (folder) => writeFile(file(folder, 'certificate.pem'), ''),
      /certificate\.pem cannot be read/,
    ],
    [
      'has a corrupt key',
      (folder) => writeFile(file(folder, 'private-key.pem'), 'garbage'),
      /private-key\.pem cannot be read/,
    ],
    ['has no key', (folder) => rm(file(folder, 'private-key.pem')), /has no key beside it/],
    ['is missing beside its key', (folder) => rm(file(folder, 'certificate.pem')), /without its certificate/],
    ['has a key of another', replaceKey, /is not the one of the certificate/],
    ['is a link that leads nowhere', danglingLink, /certificate\.pem cannot be read \(ENOENT\)/],
  ])('that %s is one sentence, and nothing is changed', async (_what, spoil, sentence) => {
    const folder = await temporaryFolder();
    await ownCertificate(folder);
    await spoil(folder);
    const before = await contents(folder).catch(() => null);
    const { log } = listeningLog();
    const failure: unknown = await loadCertificate(folder, NOW, log).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SetupError);
    expect((failure as SetupError).message).toMatch(sentence);
    expect((failure as SetupError).message).toMatch(
      /move both away to have a self-signed certificate made\.$/,
    );
    expect(await contents(folder).catch(() => null)).toEqual(before);
  });

  test('of which only the key was put beside a certificate of Quire is not overwritten either', async () => {
    const folder = await temporaryFolder();
    const { log } = listeningLog();
    await loadCertificate(folder, NOW, log);
    await replaceKey(folder);
    const before = await contents(folder);
    await expect(loadCertificate(folder, NOW + 3 * YEAR_MS, log)).rejects.toThrow(SetupError);
    expect(await contents(folder)).toEqual(before);
  });
});

async function replaceKey(folder: string): Promise<void> {
  const { privateKey } = await loadCertificate(await temporaryFolder(), NOW, listeningLog().log);
  await writeFile(path.join(folder, 'private-key.pem'), privateKey);
}

async function danglingLink(folder: string): Promise<void> {
  await rm(path.join(folder, 'certificate.pem'));
  await symlink(path.join(folder, 'nowhere'), path.join(folder, 'certificate.pem'));
}
