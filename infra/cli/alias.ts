/** `quire alias`: addresses that lead to others; one with several targets is a group. */
import { Command } from 'commander';
import type { Flags } from '../local/settings.ts';
import { addDirectoryOptions, withEngine } from './administration.ts';

export function aliasCommand(): Command {
  const alias = new Command('alias').description(
    'addresses that lead to others; with several targets, groups',
  );
  const sub = (name: string, description: string): Command =>
    addDirectoryOptions(alias.command(name).description(description));
  sub('add <address> <target...>', 'make an alias, or add targets to one').action(add);
  sub('list', 'all aliases, one a line, tab-separated: address, targets').action(list);
  sub('remove <address> [target...]', 'take targets away; all of them, if none is named').action(remove);
  return alias;
}

async function add(address: string, targets: readonly string[], flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory }) => {
    const alias = await directory.aliases.add(address, targets);
    process.stdout.write(`${alias.address} leads to ${alias.targets.join(', ')}.\n`);
  });
}

async function list(flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory }) => {
    const lines: string[] = [];
    for await (const { address, targets } of directory.aliases.list()) {
      lines.push(`${address}\t${targets.join(', ')}\n`);
    }
    process.stdout.write(lines.sort().join(''));
  });
}

async function remove(address: string, targets: readonly string[], flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory }) => {
    await directory.aliases.remove(address, targets.length === 0 ? undefined : targets);
    process.stdout.write(
      targets.length === 0
        ? `${address} is gone.\n`
        : `${address} leads no longer to ${targets.join(', ')}.\n`,
    );
  });
}
