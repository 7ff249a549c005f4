/** A certificate for tests, made once a process. */
import { createSecureContext, type SecureContext } from 'node:tls';
import { generate } from 'selfsigned';
import type { TlsSettings } from '../../gateway/imap/server/tls.ts';

let context: Promise<SecureContext> | undefined;

export async function testTls(): Promise<TlsSettings> {
  context ??= generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', curve: 'P-256' }).then(
    (made) => createSecureContext({ key: made.private, cert: made.cert }),
  );
  const made = await context;
  return { context: () => made };
}
