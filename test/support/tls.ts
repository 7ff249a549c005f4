/** A certificate for tests, made once a process. */
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsSettings } from '../../gateway/imap/server/tls.ts';

let context: Promise<SecureContext> | undefined;

export async function testTls(): Promise<TlsSettings> {
  context ??= makeContext();
  const made = await context;
  return { context: () => made };
}

async function makeContext(): Promise<SecureContext> {
  // Most test files have a gateway, and few of them TLS: it is a tenth of what those load.
  const { generate } = await import('selfsigned');
  const subject = [{ name: 'commonName', value: 'localhost' }];
  const made = await generate(subject, { keyType: 'ec', curve: 'P-256' });
  return createSecureContext({ key: made.private, cert: made.cert });
}
