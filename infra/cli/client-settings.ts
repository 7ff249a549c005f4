/** `quire client-settings`: files by which mail clients set themselves up. */
import { Command } from 'commander';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAddress } from '../../shared/directory/address.ts';
import { appleProfile, autoconfig, AUTOCONFIG_PATH } from '../dns/client-settings.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addConfigOption, deploymentOf } from './deployment.ts';

export function clientSettingsCommand(): Command {
  return addConfigOption(
    new Command('client-settings')
      .description(
        "write files by which mail clients set themselves up: Thunderbird's for each domain of yours on AWS, and a profile for Apple's devices",
      )
      .argument('[address]', 'whose profile; without it the device asks for the address')
      .option('--out <folder>', 'where to write them', 'client-settings'),
  ).action(clientSettings);
}

async function clientSettings(address: string | undefined, flags: Flags): Promise<void> {
  const deployment = await deploymentOf(flags);
  const parsed = address === undefined ? undefined : parseAddress(address);
  const domains = deployment.domains.filter(({ name }) => parsed === undefined || name === parsed.domain);
  if (domains.length === 0)
    throw new SetupError(`${parsed?.address ?? ''} is in no domain of this deployment.`);
  for (const domain of domains) {
    const folder = path.join(String(flags.out), domain.name);
    await write(path.join(folder, AUTOCONFIG_PATH), autoconfig(domain, deployment));
    const profile = `${parsed?.address ?? domain.name}.mobileconfig`;
    await write(path.join(folder, profile), appleProfile(domain, deployment, parsed?.address));
  }
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  process.stdout.write(`${file}\n`);
}
