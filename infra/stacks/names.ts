/** Names that more than one stack, or the command line, has to know before anything exists. */
import type { Deployment } from '../config/check.ts';

export const STACKS = ['Storage', 'Delivery', 'Gateway', 'Maintenance', 'Observability'] as const;
export type StackKind = (typeof STACKS)[number];

export function stackName(deployment: string, kind: StackKind): string {
  return `${deployment}-${kind}`;
}

/** SES names rule sets by account and region. */
export function ruleSetName({ name }: Pick<Deployment, 'name'>): string {
  return `${name.toLowerCase()}-mail`;
}

/** Of both buckets: what copies them to the region that stands by. */
export const REPLICATION_RULE = 'standby';

/** Log groups lie below one path, which the key's policy names. */
export function logGroupName({ name }: Pick<Deployment, 'name'>, part: string): string {
  return `/quire/${name}/${part}`;
}

/** Outputs of a domain's DKIM records, by the domain's place in the configuration and the record's among three. */
export function dkimOutput(
  domain: number,
  record: number,
): { readonly name: string; readonly value: string } {
  return { name: `Dkim${domain}Name${record}`, value: `Dkim${domain}Value${record}` };
}
export const DKIM_RECORDS = 3;
