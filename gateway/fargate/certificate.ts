/**
 * The certificate of a gateway in which TLS ends: from a secret, which whoever renews the certificate writes anew. It is read
 * again every hour; a new one serves the next handshake, and one that cannot be used is told of and changes nothing.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Log } from '../../shared/log.ts';

export const RELOAD_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Reads the secret's value. */
export type ReadSecret = () => Promise<string>;

export class SecretCertificate {
  readonly #read: ReadSecret;
  readonly #log: Log;
  #secret: string;
  #context: SecureContext;

  private constructor(read: ReadSecret, log: Log, secret: string) {
    this.#read = read;
    this.#log = log;
    this.#secret = secret;
    this.#context = contextOf(secret);
  }

  /** Rejects, in one sentence, if there is none that can be used: without it nobody could connect. */
  static async load(read: ReadSecret, log: Log): Promise<SecretCertificate> {
    const certificate = new SecretCertificate(read, log, await read());
    certificate.#tell('serving with the certificate');
    return certificate;
  }

  /** Of the certificate as it was read last. */
  get context(): SecureContext {
    return this.#context;
  }

  /** Until the certificate ends, at `now` (ms); below 0 when it has ended. */
  daysLeft(now: number): number {
    const { validTo } = new X509Certificate(pemOf(this.#secret).certificate);
    return (Date.parse(validTo) - now) / DAY_MS;
  }

  /** Never rejects. */
  async reload(): Promise<void> {
    try {
      const secret = await this.#read();
      if (secret === this.#secret) return;
      this.#context = contextOf(secret);
      this.#secret = secret;
      this.#tell('the certificate was renewed');
    } catch (error) {
      this.#log.error({ err: error }, 'the certificate could not be read again; the last one serves on');
    }
  }

  #tell(what: string): void {
    const { subject, validTo } = new X509Certificate(pemOf(this.#secret).certificate);
    this.#log.info({ subject, validTo }, what);
  }
}

function contextOf(secret: string): SecureContext {
  const { certificate, privateKey } = pemOf(secret);
  try {
    return createSecureContext({ cert: certificate, key: privateKey });
  } catch (error) {
    // OpenSSL's words do not quote the key.
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the secret's certificate and key cannot be used: ${reason}`, { cause: error });
  }
}

function pemOf(secret: string): { certificate: string; privateKey: string } {
  let value: unknown;
  try {
    value = JSON.parse(secret);
  } catch {
    // Without its cause, which would quote the secret.
    throw new Error(
      'the secret is no JSON: it must be {"certificate": "<PEM chain>", "privateKey": "<PEM>"}',
    );
  }
  const { certificate, privateKey } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (typeof certificate !== 'string' || typeof privateKey !== 'string')
    throw new Error('the secret must hold two texts, "certificate" and "privateKey"');
  return { certificate, privateKey };
}
