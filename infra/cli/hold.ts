/** `quire hold`: a legal hold, under which nothing of an account is deleted. */
import { Command } from 'commander';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addDirectoryOptions } from './administration.ts';
import { layDown, nameOf, openAccountState, say, withAccount } from './kept.ts';

export function holdCommand(): Command {
  const command = new Command('hold')
    .argument('<address-or-account>')
    .description(
      'keep everything that an account has and has expunged, until the hold is released: nothing is deleted for good, nothing goes by retention, the account is not closed',
    )
    .option('--release', 'end the hold; what has become due meanwhile goes in the next run');
  return addDirectoryOptions(command).action(run);
}

async function run(address: string, flags: Flags): Promise<void> {
  const hold = flags.release !== true;
  await withAccount(flags, address, async (user, _engine, deps) => {
    const { policy } = (await openAccountState(deps, user.id)).state;
    if (policy.closed) throw new SetupError(`${address} is closed for good: there is nothing to hold.`);
    if (policy.hold !== hold) await layDown(deps, user.id, () => [{ op: 'policy', change: { hold } }]);
    const name = nameOf(user);
    const already = policy.hold === hold ? ' already' : '';
    say(
      hold ? `${name} is under legal hold${already}.` : `${name} is${already || ' now'} under no legal hold.`,
    );
  });
}
