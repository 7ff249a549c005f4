/**
 * The certificate of a local instance: self-signed, made at first start, kept in the data folder, so that a client that
 * was told to trust it once is not asked again.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { hostname } from 'node:os';
import { generate } from 'selfsigned';
import type { Log } from '../../shared/log.ts';
import { dataPaths, readIfPresent, replaceFile } from './data-folder.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Apple's clients refuse certificates that are valid for longer than 825 days (support.apple.com/103769). */
const VALID_DAYS = 820;
/** Made anew this long before it ends: an instance may run for weeks. */
const RENEW_DAYS = 30;

/** PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Reads the certificate of the data folder, or makes one if there is none, or none that can be used at `now` (ms). */
export async function loadCertificate(folder: string, now: number, log: Log): Promise<Certificate> {
  const paths = dataPaths(folder);
  const certificate = await readIfPresent(paths.certificate);
  const privateKey = await readIfPresent(paths.privateKey);
  if (certificate !== undefined || privateKey !== undefined) {
    const fault = faultOf(certificate, privateKey, now);
    if (fault === undefined && certificate !== undefined && privateKey !== undefined) {
      await chmod(paths.privateKey, 0o600);
      return { certificate, privateKey };
    }
    log.warn(
      { fault },
      'the certificate in the data folder cannot be used; making a new one, clients will ask again',
    );
  }
  const made = await makeCertificate(now);
  // The key first: a certificate without its key is made anew, and nobody has seen it yet.
  await replaceFile(paths.privateKey, made.privateKey, 0o600);
  await replaceFile(paths.certificate, made.certificate, 0o644);
  log.info({ file: paths.certificate }, 'made a self-signed certificate');
  return made;
}

function faultOf(
  certificate: string | undefined,
  privateKey: string | undefined,
  now: number,
): string | undefined {
  if (certificate === undefined) return 'its file is missing';
  if (privateKey === undefined) return 'its key is missing';
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(privateKey)))
      return 'its key belongs to another certificate';
    if (now < parsed.validFromDate.getTime()) return 'it is not valid yet';
    return now > parsed.validToDate.getTime() - RENEW_DAYS * DAY_MS
      ? 'it has expired or soon will'
      : undefined;
  } catch (error) {
    return `it cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function makeCertificate(now: number): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // A day back: the clock of a phone on the same network may lag.
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now + VALID_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          ...(/^[a-z0-9.-]+$/i.test(hostname()) ? [{ type: 2 as const, value: hostname() }] : []),
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { certificate: made.cert, privateKey: made.private };
}
