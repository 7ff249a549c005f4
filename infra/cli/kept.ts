/** What the commands share that say how long the mail of an account is kept. */
import type { Command } from 'commander';
import type { MaintenanceSettings } from '../../functions/maintenance-settings.ts';
import type { ExpungeDeps } from '../../functions/expunge/expunge.ts';
import { expungeDeps } from '../../functions/expunge/index.ts';
import { GRACE_DAYS, dayOf } from '../../shared/account/due.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import type { Op } from '../../shared/account/ops.ts';
import { commitOnWholeState, openWholeState, type WholeState } from '../../shared/account/whole-state.ts';
import type { Engine } from '../../shared/aws/engine.ts';
import { parseAddress } from '../../shared/directory/address.ts';
import { noSuchUser } from '../../shared/directory/directory-errors.ts';
import type { Account } from '../../shared/directory/directory.ts';
import { isAccountId } from '../../shared/directory/items.ts';
import { findGrace } from '../local/grace.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addDirectoryOptions, withEngine } from './administration.ts';
import { addSettings, logOf, settingsOf } from './options.ts';

export function addGraceOption(command: Command): Command {
  return addSettings(addDirectoryOptions(command), ['graceDays'], 'How long expunged mail is kept:');
}

/**
 * As said, else as the instance of the data folder has it.
 * @throws {SetupError} on AWS, if it is not said: the default may be shorter than what the functions there go by.
 */
export async function graceOf(flags: Flags): Promise<MaintenanceSettings> {
  const { data, graceDays } = settingsOf({ ...flags, demo: false });
  if (graceDays === undefined && (flags.stack === true || flags.aws === true))
    throw new SetupError(
      'Say --grace-days as well, as the expunge function on AWS has it (QUIRE_GRACE_DAYS, 7 if it has none): a shorter one would purge what can still be brought back.',
    );
  return { graceDays: graceDays ?? (await findGrace(data)) ?? GRACE_DAYS };
}

/** Runs `work` with what the expunge function has. */
export async function withExpunge(
  flags: Flags,
  work: (engine: Engine, deps: ExpungeDeps) => Promise<void>,
): Promise<void> {
  const grace = await graceOf(flags);
  const log = logOf(settingsOf({ logLevel: 'warn', ...flags, demo: false }));
  await withEngine(flags, (engine) => work(engine, expungeDeps(engine, grace, log)));
}

/** Runs `work` on one account; it purges nothing. */
export async function withAccount(
  flags: Flags,
  address: string,
  work: (user: Account, engine: Engine, deps: ExpungeDeps) => Promise<void>,
): Promise<void> {
  const log = logOf(settingsOf({ logLevel: 'warn', ...flags, demo: false }));
  await withEngine(flags, async (engine) => {
    const deps = expungeDeps(engine, { graceDays: GRACE_DAYS }, log);
    await work(await userAt(engine, address), engine, deps);
  });
}

/**
 * By address, or by id: one that was removed has no address any more.
 * @throws {DirectoryError} or {SetupError} if there is no such account.
 */
export async function userAt({ directory: { users } }: Engine, given: string): Promise<Account> {
  const user = isAccountId(given) ? await users.read(given) : await users.find(given);
  if (user) return user;
  if (isAccountId(given)) throw new SetupError(`The directory knows no account ${given}.`);
  throw noSuchUser(parseAddress(given).address);
}

/** For a person. What was the address of an account that is gone may be another's. */
export function nameOf({ id, addresses: [address], state }: Account): string {
  return address === undefined || state === 'closed' ? `account ${id}` : address;
}

export function openAccountState(deps: ExpungeDeps, account: AccountId): Promise<WholeState> {
  return openWholeState(deps, account);
}

/** Lays down policy, and has the account looked after by it in the next run of the expunge function. */
export async function layDown(
  deps: ExpungeDeps,
  account: AccountId,
  decide: (whole: WholeState) => readonly Op[],
): Promise<void> {
  await commitOnWholeState(deps, account, (whole) => ({ ops: decide(whole), value: null }));
  await deps.calendar.leave(account, dayOf(deps.rim.now() / 1000));
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
