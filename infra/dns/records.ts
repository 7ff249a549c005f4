/**
 * The DNS records of a deployment. One list, from which stacks make records in hosted zones, and `quire dns` prints the
 * others for somebody to add.
 */
import type { Deployment, DomainDeployment } from '../config/check.ts';
import type { RecordKind } from '../config/config.ts';
import { receivingEndpoint } from '../config/regions.ts';

export type RecordType = 'MX' | 'TXT' | 'CNAME' | 'SRV';

export interface DnsRecord {
  readonly kind: RecordKind;
  /** Without a dot at the end. */
  readonly name: string;
  readonly type: RecordType;
  /** As a zone file has it, texts without quotes. */
  readonly value: string;
  /** What it is for, in a few words. */
  readonly purpose: string;
}

export interface Token {
  readonly name: string;
  readonly value: string;
}

/** Not before the client's next look: mail and clients may move within the hour. */
export const TTL_SECONDS = 3_600;

/** Records by which mail for the domain comes in, and by which others believe what it sends. `dkim`: as SES gives it. */
export function mailRecords(
  { name, dmarcPolicy }: DomainDeployment,
  { region }: Deployment,
  dkim: readonly Token[],
): DnsRecord[] {
  return [
    {
      kind: 'mx',
      name,
      type: 'MX',
      value: `10 ${receivingEndpoint(region)}.`,
      purpose: 'mail for the domain goes to SES',
    },
    {
      kind: 'spf',
      name,
      type: 'TXT',
      // Not `-all`: other hosts may send for the domain, and this file does not know them.
      value: 'v=spf1 include:amazonses.com ~all',
      purpose: 'SES may send for the domain (RFC 7208)',
    },
    ...dkim.map((token): DnsRecord => ({
      kind: 'dkim',
      name: token.name,
      type: 'CNAME',
      value: `${token.value}.`,
      purpose: 'the domain is yours, and SES signs for it (RFC 6376)',
    })),
    {
      kind: 'dmarc',
      name: `_dmarc.${name}`,
      type: 'TXT',
      value: `v=DMARC1; p=${dmarcPolicy}`,
      purpose: 'what others do with forged mail of the domain (RFC 7489)',
    },
  ];
}

/**
 * Records by which clients find the server (RFC 6186). A target of `.` says that a service is decidedly not there, and
 * spares clients the guessing (§3.4).
 */
export function clientRecords({ name }: DomainDeployment, { host, starttls }: Deployment): DnsRecord[] {
  const srv = (service: string, value: string, purpose: string): DnsRecord => ({
    kind: 'srv',
    name: `${service}._tcp.${name}`,
    type: 'SRV',
    value,
    purpose,
  });
  return [
    srv('_imaps', `0 1 993 ${host}.`, 'clients find IMAP over TLS (RFC 6186)'),
    starttls
      ? srv('_imap', `10 1 143 ${host}.`, 'clients find IMAP with STARTTLS')
      : srv('_imap', '0 0 0 .', 'there is no IMAP without TLS'),
    srv('_pop3', '0 0 0 .', 'there is no POP3'),
    srv('_pop3s', '0 0 0 .', 'there is no POP3'),
  ];
}

/** The name that clients connect to. In a hosted zone it is an alias instead, which costs no second question. */
export function hostRecord({ host }: Deployment, loadBalancer: string): DnsRecord {
  return {
    kind: 'host',
    name: host,
    type: 'CNAME',
    value: `${loadBalancer}.`,
    purpose: 'the name that mail clients connect to',
  };
}

/** The domain whose zone the host's name stands in, if it is one of the deployment's: the longest that fits. */
export function domainOfHost({ host, domains }: Deployment): DomainDeployment | undefined {
  return domains
    .filter(({ name }) => host.endsWith(`.${name}`))
    .sort((a, b) => b.name.length - a.name.length)[0];
}

/** Whether the stacks make records of this kind for the domain. */
export function isMade(domain: DomainDeployment | undefined, kind: RecordKind): boolean {
  return domain?.hostedZoneId !== undefined && !domain.leaveOut.includes(kind);
}

/** A line for a zone file. */
export function zoneLine({ name, type, value }: DnsRecord): string {
  const text = type === 'TXT' ? `"${value}"` : value;
  return `${name}. ${TTL_SECONDS} IN ${type} ${text}`;
}
