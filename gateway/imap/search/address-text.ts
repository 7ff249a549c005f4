/** Addresses of the envelope as FROM, TO, CC and BCC search them (RFC 9051 §6.4.4): names and addresses, no comments. Pure. */
import { decodeWords } from '../../../shared/message/decode.ts';
import { type EnvelopeAddress, readEnvelope } from '../../../shared/message/envelope-reader.ts';
import type { Summary } from '../../../shared/message/summary.ts';

/** `Ann <ann@example.com>, bob@example.com`; null if the envelope has none. */
export function addressText(
  { envelope, envelopeUtf8 }: Summary,
  field: 'from' | 'to' | 'cc' | 'bcc',
): string | null {
  const addresses = readEnvelope(envelopeUtf8 ?? envelope)[field];
  return addresses.length === 0 ? null : addresses.map(written).join(', ');
}

/** Of a group's start the mailbox is its name; its end has nothing. */
function written({ name, route, mailbox, host }: EnvelopeAddress): string {
  const address = host ? `${mailbox ?? ''}@${host}` : decodeWords(mailbox ?? '');
  if (!name && !route) return address;
  return `${decodeWords(name ?? '')} <${route ? `${route}:` : ''}${address}>`;
}
