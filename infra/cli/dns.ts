/** `quire dns`: the records of a deployment's domains that somebody has to add. */
import { Command } from 'commander';
import type { Deployment, DomainDeployment } from '../config/check.ts';
import {
  clientRecords,
  type DnsRecord,
  domainOfHost,
  hostRecord,
  isMade,
  mailRecords,
  type Token,
  zoneLine,
} from '../dns/records.ts';
import type { Flags } from '../local/settings.ts';
import { DKIM_RECORDS, dkimOutput } from '../stacks/names.ts';
import { addConfigOption, deploymentOf, type Outputs, outputsOf } from './deployment.ts';

export function dnsCommand(): Command {
  return addConfigOption(
    new Command('dns')
      .description('the DNS records of your domains on AWS, as lines of a zone file')
      .option('--all', 'those as well that the stacks make in a hosted zone')
      .option('--offline', 'only what is known before the stacks are deployed'),
  ).action(dns);
}

async function dns(flags: Flags): Promise<void> {
  const deployment = await deploymentOf(flags);
  const asked = flags.offline !== true;
  const delivery = asked ? await outputsOf(deployment, 'Delivery') : {};
  const gateway = asked ? await outputsOf(deployment, 'Gateway') : {};
  process.stdout.write(dnsText(deployment, { ...delivery, ...gateway }, flags.all === true));
}

/** `outputs`: of the delivery and the gateway stack, as far as there are any. */
export function dnsText(deployment: Deployment, outputs: Outputs, all: boolean): string {
  const sections = deployment.domains.map((domain, index) => {
    const dkim = dkimOf(index, outputs);
    const records = [...mailRecords(domain, deployment, dkim), ...clientRecords(domain, deployment)];
    const lines = linesOf(domain, records, all);
    const missing =
      dkim.length === 0 && (all || !isMade(domain, 'dkim'))
        ? ['; three CNAME records of DKIM are known once the stacks are deployed']
        : [];
    return section(domain.name, [...lines, ...missing]);
  });
  return [...sections, hostSection(deployment, outputs, all)].join('\n');
}

function dkimOf(domain: number, outputs: Outputs): Token[] {
  return Array.from({ length: DKIM_RECORDS }, (_, place) => dkimOutput(domain, place)).flatMap((output) => {
    const [name, value] = [outputs[output.name], outputs[output.value]];
    return name === undefined || value === undefined ? [] : [{ name, value }];
  });
}

function linesOf(
  domain: DomainDeployment | undefined,
  records: readonly DnsRecord[],
  all: boolean,
): string[] {
  return records
    .filter(({ kind }) => all || !isMade(domain, kind))
    .flatMap((record) => [`; ${record.purpose}`, zoneLine(record)]);
}

function hostSection(deployment: Deployment, outputs: Outputs, all: boolean): string {
  const domain = domainOfHost(deployment);
  const loadBalancer = outputs.LoadBalancerName;
  const lines =
    loadBalancer === undefined
      ? all || !isMade(domain, 'host')
        ? [`; a CNAME record of ${deployment.host} is known once the stacks are deployed`]
        : []
      : linesOf(domain, [hostRecord(deployment, loadBalancer)], all);
  return section(deployment.host, lines);
}

function section(title: string, lines: readonly string[]): string {
  const body = lines.length === 0 ? ['; nothing to add: the stacks make its records'] : lines;
  return `${[`; --- ${title}`, ...body].join('\n')}\n`;
}
