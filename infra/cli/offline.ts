/** Commands that must not run beside anything that knows what an account was before: an option by which that is said. */
import type { Command } from 'commander';
import { findInstance } from '../local/instance.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { settingsOf } from './options.ts';

export function addOfflineOption(command: Command): Command {
  return command.option(
    '--offline',
    'on AWS, where it must be said: no gateway and no function works on these tables at present',
  );
}

/** @throws {SetupError} if an instance runs on the data folder, or it is not said for AWS. */
export async function mustBeOffline(flags: Flags, what: string): Promise<void> {
  if (flags.aws === true || flags.stack === true) {
    if (flags.offline === true) return;
    throw new SetupError(
      `Gateways and functions that still know the account as it was would write where nobody reads: for ${what}, stop them as docs/DEPLOY.md says, and say --offline.`,
    );
  }
  const { data } = settingsOf({ ...flags, demo: false });
  if (await findInstance(data))
    throw new SetupError(
      `An instance runs on ${data}: stop it first, for ${what} needs that nobody else is there.`,
    );
}
