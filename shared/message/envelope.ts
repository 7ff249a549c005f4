import { domainToASCII, domainToUnicode } from 'node:url';
import type { Address } from './address.ts';
import { parseAddresses } from './address.ts';
import { encodeWords, isAscii } from './encoded-word.ts';
import type { WireText } from './imap-string.ts';
import { imapNString, imapString, wireBytes } from './imap-string.ts';
import type { EnvelopeFields } from './parts.ts';
import { ENVELOPE_FIELDS } from './parts.ts';

/**
 * The value of FETCH ENVELOPE, the bytes for the socket (RFC 9051 §7.5.2): date, subject, from, sender, reply-to, to,
 * cc, bcc, in-reply-to, message-id. Sender and Reply-To are From where the header has none or an empty one.
 */
export function envelopeBytes(fields: EnvelopeFields, wire: WireText): Uint8Array {
  return wireBytes(envelopeText(fields, wire));
}

/** The envelope for a connection with UTF8=ACCEPT, or null if it is `ascii`, the one for any other. */
export function utf8EnvelopeBytes(fields: EnvelopeFields, ascii: Uint8Array): Uint8Array | null {
  if (ENVELOPE_FIELDS.every((name) => isAscii(fields[name] ?? ''))) return null;
  const utf8 = envelopeBytes(fields, 'utf8');
  // 8-bit text may stand where no envelope shows it.
  return Buffer.compare(utf8, ascii) === 0 ? null : utf8;
}

/** As `envelopeBytes`, one char per byte, to be put into a BODYSTRUCTURE. */
export function envelopeText(fields: EnvelopeFields, wire: WireText): string {
  const from = addressList(fields.from, wire);
  const orFrom = (list: string): string => (list === 'NIL' ? from : list);
  const members = [
    imapNString(fields.date, wire),
    imapNString(fields.subject, wire),
    from,
    orFrom(addressList(fields.sender, wire)),
    orFrom(addressList(fields['reply-to'], wire)),
    addressList(fields.to, wire),
    addressList(fields.cc, wire),
    addressList(fields.bcc, wire),
    imapNString(fields['in-reply-to'], wire),
    imapNString(fields['message-id'], wire),
  ];
  return `(${members.join(' ')})`;
}

function addressList(text: string | null, wire: WireText): string {
  const addresses = text === null ? [] : parseAddresses(text);
  return addresses.length === 0
    ? 'NIL'
    : `(${addresses.map((address) => addressText(address, wire)).join('')})`;
}

function addressText(address: Address, wire: WireText): string {
  switch (address.kind) {
    case 'groupStart':
      return `(NIL NIL ${imapString(address.name, wire)} NIL)`;
    case 'groupEnd':
      return '(NIL NIL NIL NIL)';
    case 'mailbox': {
      const { name, route, local, host } = address;
      return `(${imapNString(name, wire)} ${imapNString(route, wire)} ${imapString(local, wire)} ${hostText(host, wire)})`;
    }
  }
}

/**
 * An internationalised domain has an ASCII form; a local part has none, and leaves as an encoded word. So does a host whose
 * ASCII form says less than it does: `bänk.test/x` is not bänk.test, and an invisible character makes another name.
 */
function hostText(host: string, wire: WireText): string {
  if (wire === 'utf8' || isAscii(host)) return imapString(host, wire);
  const ascii = domainToASCII(host);
  const isWhole = ascii !== '' && domainToUnicode(ascii) === host.normalize('NFC').toLowerCase();
  return imapString(isWhole ? ascii : encodeWords(host), wire);
}
