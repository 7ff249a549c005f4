/**
 * The certificate of a local instance: self-signed, made at first start, kept in the data folder, so that a client that
 * was told to trust it once is not asked again. A person may put one of their own in its place. Only what Quire has
 * made itself is ever replaced; it is known by its subject.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { lstat, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Log } from '../../shared/log.ts';
import { dataPaths, replaceFile } from './data-folder.ts';
import { errorCode, SetupError } from './setup-error.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Apple's clients refuse certificates that are valid for longer than 825 days (support.apple.com/103769). */
const VALID_DAYS = 820;
/** Made anew this long before it ends: an instance may run for weeks. */
const RENEW_DAYS = 30;
/** Organisation of the certificates that Quire makes, and nobody else. */
const MAKER = 'self-signed by Quire';

/** PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * The certificate of the data folder; made if there is none, made anew if it is Quire's own and not valid, or not for
 * long, at `now` (ms). With one of a person's own that is not valid a warning is all: mail still arrives.
 * @throws {SetupError} if what lies there cannot be used.
 */
export async function loadCertificate(folder: string, now: number, log: Log): Promise<Certificate> {
  const found = await readPair(folder);
  if (found !== undefined) {
    const fault = timeFault(found.parsed, now);
    if (fault === undefined) return found.pair;
    if (!isOwn(found.parsed)) {
      log.warn(
        { file: dataPaths(folder).certificate },
        `the certificate ${fault}: put a new one in its place`,
      );
      return found.pair;
    }
    log.warn(`the self-signed certificate ${fault}; making a new one, clients will ask again`);
  }
  return putNew(folder, now, log);
}

/** The same for whoever is not alone on the folder: nothing is made. Undefined if there is none. */
export async function readCertificate(
  folder: string,
  now: number,
  log: Log,
): Promise<Certificate | undefined> {
  const found = await readPair(folder);
  const fault = found && timeFault(found.parsed, now);
  if (fault !== undefined) log.warn({ file: dataPaths(folder).certificate }, `the certificate ${fault}`);
  return found?.pair;
}

interface Pair {
  readonly pair: Certificate;
  readonly parsed: X509Certificate;
}

/** Undefined if there is none, or one of ours whose making was broken off. */
async function readPair(folder: string): Promise<Pair | undefined> {
  const { certificate: file, privateKey: keyFile } = dataPaths(folder);
  const [certificate, privateKey] = [await readPem(file), await readPem(keyFile)];
  if (certificate === undefined) {
    if (privateKey === undefined) return undefined;
    throw unusable(`${keyFile} lies there without its certificate`);
  }
  const parsed = attempt(`The certificate ${file}`, () => new X509Certificate(certificate));
  if (privateKey === undefined) {
    if (isOwn(parsed)) return undefined;
    throw unusable(`The certificate ${file} has no key beside it in ${keyFile}`);
  }
  const key = attempt(`The private key ${keyFile}`, () => createPrivateKey(privateKey));
  if (!parsed.checkPrivateKey(key)) {
    throw unusable(`The private key ${keyFile} is not the one of the certificate ${file}`);
  }
  return { pair: { certificate, privateKey }, parsed };
}

/** Undefined if there is no such file. A link that leads nowhere is somebody's, and an error. */
async function readPem(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' && !(await lstat(file).catch(() => undefined))) return undefined;
    throw unusable(`${file} cannot be read (${code ?? String(error)})`, error);
  }
}

function attempt<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw unusable(
      `${what} cannot be read (${error instanceof Error ? error.message : String(error)})`,
      error,
    );
  }
}

function unusable(problem: string, cause?: unknown): SetupError {
  return new SetupError(
    `${problem}: put both files right, or move both away to have a self-signed certificate made.`,
    { cause },
  );
}

function isOwn({ subject, issuer }: X509Certificate): boolean {
  return subject === issuer && subject.split('\n').includes(`O=${MAKER}`);
}

function timeFault({ validFromDate, validToDate }: X509Certificate, now: number): string | undefined {
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  if (now < from) return `is not valid before ${day(validFromDate)}`;
  if (now > to) return `has expired on ${day(validToDate)}`;
  return now > to - RENEW_DAYS * DAY_MS ? `expires on ${day(validToDate)}` : undefined;
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

async function putNew(folder: string, now: number, log: Log): Promise<Certificate> {
  const paths = dataPaths(folder);
  const made = await makeCertificate(now);
  // In this order a crash leaves a certificate of ours without a key, never a pair that does not match: that is a person's.
  await rm(paths.privateKey, { force: true });
  await replaceFile(paths.certificate, made.certificate, 0o644);
  await replaceFile(paths.privateKey, made.privateKey, 0o600);
  log.info({ file: paths.certificate }, 'made a self-signed certificate');
  return made;
}

async function makeCertificate(now: number): Promise<Certificate> {
  // A third of all modules of an instance, for its first start alone.
  const { generate } = await import('selfsigned');
  const subject = [
    { name: 'commonName', value: 'localhost' },
    { name: 'organizationName', value: MAKER },
  ];
  const made = await generate(subject, {
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
