/** What a deployment's domains say in DNS, and what mail clients are told. */
import { describe, expect, test } from '@jest/globals';
import { checkConfig, type Deployment } from '../../../infra/config/check.ts';
import type { QuireConfig } from '../../../infra/config/config.ts';
import { dnsText } from '../../../infra/cli/dns.ts';
import { appleProfile, autoconfig } from '../../../infra/dns/client-settings.ts';
import { EXAMPLE } from '../../support/infra/synthesised.ts';

const deployment = (changes: Partial<QuireConfig> = {}): Deployment =>
  checkConfig({ ...EXAMPLE, ...changes });
const OUTPUTS = {
  ...Object.fromEntries(
    [0, 1, 2].flatMap((record) => [
      [`Dkim0Name${record}`, `token${record}._domainkey.example.org`],
      [`Dkim0Value${record}`, `token${record}.dkim.amazonses.com`],
    ]),
  ),
  LoadBalancerName: 'quire-1234.elb.us-east-1.amazonaws.com',
};
const lines = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith(';'));

describe('quire dns', () => {
  test('prints every record of a domain without a hosted zone', () => {
    expect(lines(dnsText(deployment(), OUTPUTS, false))).toEqual([
      'example.org. 3600 IN MX 10 inbound-smtp.us-east-1.amazonaws.com.',
      'example.org. 3600 IN TXT "v=spf1 include:amazonses.com ~all"',
      'token0._domainkey.example.org. 3600 IN CNAME token0.dkim.amazonses.com.',
      'token1._domainkey.example.org. 3600 IN CNAME token1.dkim.amazonses.com.',
      'token2._domainkey.example.org. 3600 IN CNAME token2.dkim.amazonses.com.',
      '_dmarc.example.org. 3600 IN TXT "v=DMARC1; p=none"',
      '_imaps._tcp.example.org. 3600 IN SRV 0 1 993 mail.example.org.',
      '_imap._tcp.example.org. 3600 IN SRV 0 0 0 .',
      '_pop3._tcp.example.org. 3600 IN SRV 0 0 0 .',
      '_pop3s._tcp.example.org. 3600 IN SRV 0 0 0 .',
      'mail.example.org. 3600 IN CNAME quire-1234.elb.us-east-1.amazonaws.com.',
    ]);
  });

  test('prints nothing of a domain whose zone has them, but what is left to a person', () => {
    const domains = [{ name: 'example.org', hostedZoneId: 'Z0123456789', leaveOut: ['mx'] as const }];
    expect(lines(dnsText(deployment({ domains }), OUTPUTS, false))).toEqual([
      'example.org. 3600 IN MX 10 inbound-smtp.us-east-1.amazonaws.com.',
    ]);
    expect(lines(dnsText(deployment({ domains }), OUTPUTS, true))).toHaveLength(11);
  });

  test('says what is not known before the stacks are deployed', () => {
    const text = dnsText(deployment(), {}, false);
    expect(text).toContain('; three CNAME records of DKIM are known once the stacks are deployed\n');
    expect(text).toContain('; a CNAME record of mail.example.org is known once the stacks are deployed\n');
  });

  test('offers STARTTLS after TLS where there is a port for it', () => {
    const tls = {
      at: 'gateway',
      secretArn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:x-AbCdEf',
    } as const;
    expect(lines(dnsText(deployment({ tls, starttls: true }), {}, false))).toContain(
      '_imap._tcp.example.org. 3600 IN SRV 10 1 143 mail.example.org.',
    );
  });

  test('a policy for forged mail is passed on', () => {
    const domains = [{ name: 'example.org', dmarcPolicy: 'reject' as const }];
    expect(dnsText(deployment({ domains }), {}, false)).toContain('"v=DMARC1; p=reject"');
  });
});

describe('mail clients', () => {
  const [
    domain = { name: '', leaveOut: [], identity: 'make', dmarcPolicy: 'none', recipients: [] } as const,
  ] = deployment().domains;

  test('Thunderbird: IMAP over TLS with the whole address as user name', () => {
    expect(autoconfig(domain, deployment())).toContain(`    <incomingServer type="imap">
      <hostname>mail.example.org</hostname>
      <port>993</port>
      <socketType>SSL</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </incomingServer>`);
  });

  test("Apple's devices: a profile for one address, without a password, which replaces itself", () => {
    const profile = appleProfile(domain, deployment(), 'alice@example.org');
    const value = (key: string): string | undefined =>
      new RegExp(`<key>${key}</key>\\s*<(?:string|integer)>([^<]*)`).exec(profile)?.[1];
    expect(value('EmailAddress')).toBe('alice@example.org');
    expect(value('IncomingMailServerHostName')).toBe('mail.example.org');
    expect(value('IncomingMailServerPortNumber')).toBe('993');
    expect(value('OutgoingMailServerHostName')).toBe('email-smtp.us-east-1.amazonaws.com');
    expect(profile).not.toMatch(/<key>\w*Password<\/key>\s*<string>/);
    expect(appleProfile(domain, deployment(), 'alice@example.org')).toBe(profile);
    expect(value('PayloadUUID')).toMatch(
      /^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/,
    );
  });

  test('names with characters of XML are written as text', () => {
    const text = appleProfile(domain, deployment(), "o'hara&sons@example.org");
    expect(text).toContain('<string>o&#39;hara&#38;sons@example.org</string>');
  });
});
