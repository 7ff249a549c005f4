/** `quire domain`: the domains that mail is taken for, and where mail to their unknown addresses goes. */
import { Command } from 'commander';
import { AddressError, normaliseDomain, parseAddress } from '../../shared/directory/address.ts';
import { noSuchDomain } from '../../shared/directory/directory-errors.ts';
import type { Domain, DomainDirectory } from '../../shared/directory/directory.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addDirectoryOptions, withEngine } from './administration.ts';

export function domainCommand(): Command {
  const domain = new Command('domain').description(
    'the domains that mail is taken for, and their catch-alls',
  );
  addDirectoryOptions(
    domain.command('add <name>').description('take mail for a domain; "quire user add" does it by itself'),
  ).action(add);
  addDirectoryOptions(
    domain.command('list').description('all domains, one a line, tab-separated: name, catch-all'),
  ).action(list);
  addDirectoryOptions(
    domain.command('remove <name>').description('take no more mail for a domain that has no addresses left'),
  ).action(remove);
  addDirectoryOptions(
    domain
      .command('catch-all <name> [target]')
      .description(
        'lead mail to unknown addresses of a domain to one of yours; without a target, say where it goes',
      )
      .option('--none', 'refuse mail to unknown addresses (as of a new domain)'),
  ).action(catchAll);
  return domain;
}

async function add(name: string, flags: Flags): Promise<void> {
  const domain = checked(name);
  await withEngine(flags, async ({ directory }) => {
    const isNew = await directory.domains.add(domain);
    process.stdout.write(isNew ? `Mail for ${domain} is taken.\n` : `${domain} was there already.\n`);
  });
}

async function list(flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory }) => {
    const lines: string[] = [];
    for await (const { domain, catchAll = '' } of directory.domains.list())
      lines.push(`${domain}\t${catchAll}`.trimEnd());
    for (const line of lines.sort()) process.stdout.write(`${line}\n`);
  });
}

async function remove(name: string, flags: Flags): Promise<void> {
  const domain = checked(name);
  await withEngine(flags, async ({ directory }) => {
    await directory.domains.remove(domain);
    process.stdout.write(`Mail for ${domain} is no longer taken.\n`);
  });
}

async function catchAll(name: string, target: string | undefined, flags: Flags): Promise<void> {
  const domain = checked(name);
  if (target !== undefined && flags.none === true)
    throw new SetupError('Give a target or --none, not both: nothing was changed.');
  const address = target === undefined ? undefined : parseAddress(target).address;
  await withEngine(flags, async ({ directory: { domains } }) => {
    if (address !== undefined || flags.none === true) await domains.setCatchAll(domain, address);
    const { catchAll: leadsTo } = await find(domains, domain);
    process.stdout.write(
      leadsTo === undefined
        ? `Mail to unknown addresses of ${domain} is refused.\n`
        : `Mail to unknown addresses of ${domain} goes to ${leadsTo}.\n`,
    );
  });
}

async function find(domains: DomainDirectory, wanted: string): Promise<Domain> {
  for await (const each of domains.list()) if (each.domain === wanted) return each;
  throw noSuchDomain(wanted);
}

function checked(name: string): string {
  try {
    return normaliseDomain(name);
  } catch (error) {
    // Its own sentence speaks of an address.
    if (error instanceof AddressError)
      throw new SetupError(`${JSON.stringify(name)} is not a domain.`, { cause: error });
    throw error;
  }
}
