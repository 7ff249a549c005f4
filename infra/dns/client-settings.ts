/**
 * Settings for mail clients, so that a person types an address and a password and nothing else: Thunderbird's
 * autoconfiguration (also read by K-9, Evolution and others), and a configuration profile for Apple's devices. Neither holds
 * a password.
 *
 * Quire takes no mail to send. Both files name SES's own SMTP endpoint, with a password of SES's that is not the mailbox's:
 * a client without an outgoing server cannot finish its set-up, and a profile without one is not installed.
 */
import { createHash } from 'node:crypto';
import type { Deployment, DomainDeployment } from '../config/check.ts';
import { sendingEndpoint } from '../config/regions.ts';

/** Where Thunderbird looks for it: `https://autoconfig.<domain>/mail/config-v1.1.xml`, and below `/.well-known/`. */
export const AUTOCONFIG_PATH = 'mail/config-v1.1.xml';

/** SES's port of submission with STARTTLS. */
const SMTP_PORT = 587;

/** "Autoconfiguration file format" 1.1. `%EMAILADDRESS%` is the client's to fill in. */
export function autoconfig({ name }: DomainDeployment, { host, region, starttls }: Deployment): string {
  const incoming = (port: number, socketType: string): string => `    <incomingServer type="imap">
      <hostname>${xml(host)}</hostname>
      <port>${port}</port>
      <socketType>${socketType}</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </incomingServer>
`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${xml(name)}">
    <domain>${xml(name)}</domain>
    <displayName>${xml(name)}</displayName>
    <displayShortName>${xml(name)}</displayShortName>
${incoming(993, 'SSL')}${starttls ? incoming(143, 'STARTTLS') : ''}    <outgoingServer type="smtp">
      <hostname>${sendingEndpoint(region)}</hostname>
      <port>${SMTP_PORT}</port>
      <socketType>STARTTLS</socketType>
      <authentication>password-cleartext</authentication>
    </outgoingServer>
  </emailProvider>
</clientConfig>
`;
}

/**
 * A configuration profile with one mail account ("com.apple.mail.managed", Apple's Device Management reference). The device
 * asks for the password. An address that is left out is asked for as well.
 */
export function appleProfile(
  domain: DomainDeployment,
  { host, region }: Deployment,
  address?: string,
): string {
  const id = [...domain.name.split('.').reverse(), 'quire'].join('.');
  const account = [
    ...entries({
      EmailAccountType: 'EmailTypeIMAP',
      EmailAccountDescription: domain.name,
      ...(address !== undefined && { EmailAddress: address, IncomingMailServerUsername: address }),
      IncomingMailServerAuthentication: 'EmailAuthPassword',
      IncomingMailServerHostName: host,
      IncomingMailServerPortNumber: 993,
      IncomingMailServerUseSSL: true,
      OutgoingMailServerAuthentication: 'EmailAuthPassword',
      OutgoingMailServerHostName: sendingEndpoint(region),
      OutgoingMailServerPortNumber: SMTP_PORT,
      OutgoingMailServerUseSSL: true,
      OutgoingPasswordSameAsIncomingPassword: false,
    }),
    ...payload('com.apple.mail.managed', `${id}.mail`, domain.name, address),
  ];
  const profile = payload('Configuration', id, `Mail of ${domain.name}`, address);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
${account.map((line) => `      ${line}`).join('\n')}
    </dict>
  </array>
${profile.map((line) => `  ${line}`).join('\n')}
</dict>
</plist>
`;
}

function payload(type: string, identifier: string, name: string, address = ''): string[] {
  return entries({
    PayloadType: type,
    PayloadIdentifier: identifier,
    PayloadUUID: uuidOf(`${identifier} ${address}`),
    PayloadDisplayName: name,
    PayloadVersion: 1,
  });
}

function entries(values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const element =
      typeof value === 'boolean'
        ? `<${String(value)}/>`
        : typeof value === 'number'
          ? `<integer>${value}</integer>`
          : `<string>${xml(value)}</string>`;
    return [`<key>${key}</key>`, element];
  });
}

/** The same for the same account, so that a profile that is installed again replaces the first (RFC 9562 §5.8). */
function uuidOf(name: string): string {
  const hash = createHash('sha256').update(name).digest();
  const bytes = Buffer.from(hash.subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex').toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function xml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
