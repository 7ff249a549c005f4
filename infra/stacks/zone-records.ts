/** Makes DNS records in a domain's hosted zone: those that the configuration does not leave to somebody. */
import type { Stack } from 'aws-cdk-lib';
import { CfnRecordSet, HostedZone, type IHostedZone } from 'aws-cdk-lib/aws-route53';
import type { DomainDeployment } from '../config/check.ts';
import { type DnsRecord, isMade, TTL_SECONDS } from '../dns/records.ts';

/** The zone is not looked up: its id is in the configuration. */
export function zoneOf(stack: Stack, { name, hostedZoneId }: DomainDeployment): IHostedZone | undefined {
  if (hostedZoneId === undefined) return undefined;
  const id = `Zone-${name}`;
  const known = stack.node.tryFindChild(id) as IHostedZone | undefined;
  return known ?? HostedZone.fromHostedZoneAttributes(stack, id, { hostedZoneId, zoneName: name });
}

export function makeRecords(stack: Stack, domain: DomainDeployment, records: readonly DnsRecord[]): void {
  const made = records.filter(({ kind }) => isMade(domain, kind));
  for (const [index, { kind, name, type, value }] of made.entries()) {
    new CfnRecordSet(stack, `Record-${domain.name}-${kind}-${index}`, {
      hostedZoneId: domain.hostedZoneId ?? '',
      name: `${name}.`,
      type,
      ttl: String(TTL_SECONDS),
      resourceRecords: [type === 'TXT' ? `"${value}"` : value],
    });
  }
}
