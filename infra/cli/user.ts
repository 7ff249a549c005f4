/** `quire user`: who has an account, and what it may take. */
import { Command } from 'commander';
import { counted } from '../../shared/account/finding.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import { DAY_SECONDS, type Policy } from '../../shared/account/policy.ts';
import type { Engine } from '../../shared/aws/engine.ts';
import { makeAccount } from '../../shared/aws/make-account.ts';
import { parseAddress } from '../../shared/directory/address.ts';
import { inUse, noSuchUser } from '../../shared/directory/directory-errors.ts';
import type { Account, AccountDirectory, Limits } from '../../shared/directory/directory.ts';
import { isAccountId } from '../../shared/directory/items.ts';
import { hashPassword } from '../../shared/directory/password.ts';
import { NEW_ACCOUNT_LIMITS } from '../local/demo-accounts.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addDirectoryOptions, readPassword, withEngine } from './administration.ts';
import { layDown, nameOf, openAccountState, say, withAccount } from './kept.ts';
import { formatSize, parseCount, parseSize } from './size.ts';
import { formatMoment } from './time.ts';

const PASSWORD_STDIN = [
  '--password-stdin',
  'read the password from standard input instead of asking',
] as const;
const DEFAULT_SIZE = formatSize(NEW_ACCOUNT_LIMITS.quotaBytes);

/** Time enough to notice that it was the wrong one. */
const CLOSING_DAYS = 30;
const MAX_CLOSING_DAYS = 3_650;

export function userCommand(): Command {
  const user = new Command('user').description('the people who have an account');
  const sub = (name: string, description: string): Command => user.command(name).description(description);
  addDirectoryOptions(
    sub('add <address>', 'make an account; its domain becomes one of yours')
      .option('--name <name>', 'the name of the person')
      .option('--quota <size>', `what its messages may take, such as 500MB (default: ${DEFAULT_SIZE})`)
      .option(
        '--messages <count>',
        `how many messages there may be (default: ${NEW_ACCOUNT_LIMITS.quotaMessages})`,
      )
      .option(
        '--account <id>',
        'an account that the directory has lost, by the id under which its messages are stored',
      )
      .option(...PASSWORD_STDIN),
  ).action(add);
  addDirectoryOptions(
    sub(
      'list',
      'all accounts, one a line, tab-separated: address, state (active, disabled, closing until a time, closed), quota, messages allowed, name, id',
    ),
  ).action(list);
  addDirectoryOptions(
    sub('password <address>', 'give an account another password').option(...PASSWORD_STDIN),
  ).action(setPassword);
  addDirectoryOptions(
    sub('quota <address> <size>', 'change what the messages of an account may take, such as 50GB').option(
      '--messages <count>',
      'how many messages there may be (default: as it is)',
    ),
  ).action(setQuota);
  addDirectoryOptions(
    sub('admin <address>', 'let somebody set the quotas of all accounts over IMAP').option(
      '--revoke',
      'take that back',
    ),
  ).action(setAdministrator);
  addDirectoryOptions(sub('disable <address>', 'refuse logins and mail until it is enabled again')).action(
    (address: string, flags: Flags) => setDisabled(address, true, flags),
  );
  addDirectoryOptions(sub('enable <address>', 'undo disable')).action((address: string, flags: Flags) =>
    setDisabled(address, false, flags),
  );
  addDirectoryOptions(
    sub(
      'close <address-or-account>',
      'refuse logins and mail, and delete the account with all its mail when a delay is over',
    ).option('--after <days>', `how long "reopen" can take it back (default: ${CLOSING_DAYS})`),
  ).action(close);
  addDirectoryOptions(
    sub('reopen <address-or-account>', 'take a closing back, before its delay is over'),
  ).action(reopen);
  addDirectoryOptions(
    sub('remove <address>', 'close an account for good and free its address; its mail stays in the stores'),
  ).action(remove);
  return user;
}

/** The limits that the flags name, and the others of `limits`. */
function changedLimits(limits: Limits, size: unknown, messages: unknown, sizeName: string): Limits {
  return {
    ...limits,
    ...(typeof size === 'string' ? { quotaBytes: parseSize(size, sizeName) } : {}),
    ...(typeof messages === 'string' ? { quotaMessages: parseCount(messages, '--messages') } : {}),
  };
}

async function add(address: string, flags: Flags): Promise<void> {
  const { address: normalised, domain } = parseAddress(address);
  const limits = changedLimits(NEW_ACCOUNT_LIMITS, flags.quota, flags.messages, '--quota');
  const lost = lostAccountOf(flags);
  const passwordHash = await hashPassword(await readPassword(flags));
  await withEngine(flags, async (engine) => {
    const { directory } = engine;
    if (lost !== undefined) await requireStored(engine, lost);
    await directory.domains.add(domain);
    const { name } = flags;
    await directory.users.add({
      address,
      passwordHash,
      // Its journal first: an account without one is taken for lost. One that nobody comes to own costs an item.
      account: lost ?? (await makeAccount(engine)),
      limits,
      ...(typeof name === 'string' ? { displayName: name } : {}),
    });
    say(`${normalised} has an account.`);
  });
}

/** @throws {SetupError} if there is neither a journal nor an object under the id, which was mistyped then. */
async function requireStored({ journal, objects }: Engine, account: AccountId): Promise<void> {
  if ((await journal.newest(account, 'strong')) !== null) return;
  const { done } = await objects.list(account)[Symbol.asyncIterator]().next();
  if (done === true)
    throw new SetupError(
      `Nothing is stored under the id ${account}: "quire check --all" tells which accounts the directory has lost.`,
    );
}

/** @throws {SetupError} if it is no account's id. */
function lostAccountOf({ account }: Flags): AccountId | undefined {
  if (typeof account !== 'string') return undefined;
  if (isAccountId(account)) return account;
  throw new SetupError(`--account is "${account}", but an account's id is 20 hexadecimal digits.`);
}

async function list(flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory }) => {
    const lines: string[] = [];
    for await (const { id, addresses, state, closing, limits, displayName } of directory.users.list()) {
      const shown = closing ? `closing until ${formatMoment(closing.at / 1000)}` : state;
      const quota = [formatSize(limits.quotaBytes), String(limits.quotaMessages)];
      lines.push([addresses.join(', '), shown, ...quota, displayName, id].join('\t'));
    }
    for (const line of lines.sort()) say(line);
  });
}

async function setQuota(address: string, size: string, flags: Flags): Promise<void> {
  // Whatever is wrong with them is said before anything is looked up.
  changedLimits(NEW_ACCOUNT_LIMITS, size, flags.messages, 'The size');
  await withEngine(flags, async ({ directory: { users } }) => {
    const account = await users.find(address);
    if (account === undefined) throw noSuchUser(parseAddress(address).address);
    const limits = changedLimits(account.limits, size, flags.messages, 'The size');
    await users.setLimits(address, limits);
    say(
      `${parseAddress(address).address} may have ${formatSize(limits.quotaBytes)} in ${counted(limits.quotaMessages, 'message')}.`,
    );
  });
}

async function setPassword(address: string, flags: Flags): Promise<void> {
  const passwordHash = await hashPassword(await readPassword(flags));
  await withEngine(flags, async ({ directory }) => {
    await directory.users.setPassword(address, passwordHash);
    say(`${address} has another password.`);
  });
}

async function setAdministrator(address: string, flags: Flags): Promise<void> {
  const administrator = flags.revoke !== true;
  await withEngine(flags, async ({ directory }) => {
    await directory.users.setAdministrator(address, administrator);
    say(`${address} is ${administrator ? 'an' : 'no'} administrator, from the next sign-in on.`);
  });
}

async function setDisabled(address: string, disabled: boolean, flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory }) => {
    await directory.users.setDisabled(address, disabled);
    say(`${address} is ${disabled ? 'disabled' : 'enabled'}.`);
  });
}

async function close(address: string, flags: Flags): Promise<void> {
  const days = typeof flags.after === 'string' ? parseCount(flags.after, '--after') : CLOSING_DAYS;
  if (days < 1 || days > MAX_CLOSING_DAYS)
    throw new SetupError(`--after is ${days}, but it must be from 1 to ${MAX_CLOSING_DAYS} days.`);
  await withAccount(flags, address, async (user, { directory }, deps) => {
    const { id } = user;
    const name = nameOf(user);
    // They would keep the address from going with the account.
    const leading = isRemoved(user) ? [] : await leadingTo(directory, name);
    if (leading.length > 0) throw inUse(name, leading);
    // One that cannot be opened is left as it is.
    const { policy } = (await openAccountState(deps, id)).state;
    if (policy.closed) throw new SetupError(`${name} is closed for good: its mail is being deleted.`);
    const due = deps.rim.now() + days * DAY_SECONDS * 1000;
    if (!isRemoved(user)) await directory.users.beginClosing(name, due);
    await layDown(deps, id, () => [{ op: 'policy', change: { closing: due } }]);
    const until = formatMoment(due / 1000);
    const unless = policy.hold ? 'but not before its legal hold is released' : 'unless it is reopened';
    say(`${name} takes no logins and no mail any more. All of it goes after ${until}, ${unless}.`);
  });
}

async function reopen(address: string, flags: Flags): Promise<void> {
  await withAccount(flags, address, async (user, { directory }, deps) => {
    const name = nameOf(user);
    const refuse = (policy: Policy): void => {
      if (policy.closed) throw new SetupError(`${name} is closed for good: its mail is being deleted.`);
      // What the directory says may be of a command that died before the journal said it, or after.
      if (policy.closing === null && !user.closing)
        throw new SetupError(`${name} is not being closed: nothing was changed.`);
    };
    // It is decided on the newest state: whoever closes it for good at this moment comes first, or not at all.
    await layDown(deps, user.id, ({ state }) => {
      refuse(state.policy);
      return [{ op: 'policy', change: { closing: null } }];
    });
    if (isRemoved(user)) {
      say(`The mail of ${name}, which was removed, is kept.`);
      return;
    }
    const { state } = await directory.users.endClosing(name);
    say(`${name} is ${state === 'disabled' ? 'kept, and disabled as it was before' : 'open again'}.`);
  });
}

/** Its address is free, and may be another's. */
const isRemoved = ({ state }: Account): boolean => state === 'closed';

async function leadingTo({ aliases, domains }: AccountDirectory, address: string): Promise<string[]> {
  const leading: string[] = [];
  for await (const { address: alias, targets } of aliases.list())
    if (targets.includes(address)) leading.push(alias);
  for await (const { domain, catchAll } of domains.list())
    if (catchAll === address) leading.push(`@${domain}`);
  return leading;
}

async function remove(address: string, flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory, sharing }) => {
    const closing = (await directory.users.find(address))?.closing;
    const { id } = await directory.users.remove(address);
    await sharing.withdraw(id, address);
    if (closing) {
      const until = formatMoment(closing.at / 1000);
      say(
        `${address} is closed. All mail of account ${id} goes after ${until}, as was laid down: "quire user reopen ${id}" keeps it.`,
      );
      return;
    }
    say(`${address} is closed. Its mail is kept as account ${id}: "quire user close ${id}" deletes it.`);
  });
}
