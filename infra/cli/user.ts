/** `quire user`: who has an account. */
import { Command } from 'commander';
import { beginAccount } from '../../shared/account/new-account.ts';
import { parseAddress } from '../../shared/directory/address.ts';
import { hashPassword } from '../../shared/directory/password.ts';
import { NEW_ACCOUNT_LIMITS } from '../local/demo-accounts.ts';
import type { Flags } from '../local/settings.ts';
import { addDirectoryOptions, readPassword, withEngine } from './administration.ts';

const PASSWORD_STDIN = ['--password-stdin', 'read the password from standard input'] as const;

export function userCommand(): Command {
  const user = new Command('user').description('who has an account');
  const sub = (name: string, description: string): Command =>
    addDirectoryOptions(user.command(name).description(description));
  sub('add <address>', 'make an account; its domain is made ours if it is not')
    .option(...PASSWORD_STDIN)
    .option('--name <name>', 'the name of the person')
    .action(add);
  sub('list', 'all accounts, one a line: address, state, name').action(list);
  sub('password <address>', 'give an account another password')
    .option(...PASSWORD_STDIN)
    .action(setPassword);
  sub('disable <address>', 'refuse logins and mail until it is enabled again').action(
    (address: string, flags: Flags) => setDisabled(address, true, flags),
  );
  sub('enable <address>', 'undo disable').action((address: string, flags: Flags) =>
    setDisabled(address, false, flags),
  );
  sub('remove <address>', 'close an account and free its address; its mail is kept for now').action(remove);
  return user;
}

async function add(address: string, flags: Flags): Promise<void> {
  const { address: normalised, domain } = parseAddress(address);
  const passwordHash = await hashPassword(await readPassword(flags));
  await withEngine(flags, async ({ directory, journal, rim }) => {
    await directory.domains.add(domain);
    const { name } = flags;
    await directory.users.add({
      address,
      passwordHash,
      // Its journal first: an account without one is taken for lost. One that nobody comes to own costs an item.
      account: await beginAccount(journal, rim),
      limits: NEW_ACCOUNT_LIMITS,
      ...(typeof name === 'string' ? { displayName: name } : {}),
    });
    say(`${normalised} has an account.`);
  });
}

async function list(flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory }) => {
    const lines: string[] = [];
    for await (const { addresses, state, displayName } of directory.users.list()) {
      lines.push([addresses.join(', '), state, displayName].join('\t').trimEnd());
    }
    for (const line of lines.sort()) say(line);
  });
}

async function setPassword(address: string, flags: Flags): Promise<void> {
  const passwordHash = await hashPassword(await readPassword(flags));
  await withEngine(flags, async ({ directory }) => {
    await directory.users.setPassword(address, passwordHash);
    say(`${address} has another password.`);
  });
}

async function setDisabled(address: string, disabled: boolean, flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory }) => {
    await directory.users.setDisabled(address, disabled);
    say(`${address} is ${disabled ? 'disabled' : 'enabled'}.`);
  });
}

async function remove(address: string, flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory }) => {
    await directory.users.remove(address);
    say(`${address} is closed.`);
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
