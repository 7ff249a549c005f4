/** `quire expunge`: what the expunge function does when its time comes, done now. */
import { Command } from 'commander';
import { counted } from '../../shared/account/finding.ts';
import { expunge, visitAccount } from '../../functions/expunge/expunge.ts';
import { dayOf } from '../../shared/account/due.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addGraceOption, nameOf, say, userAt, withExpunge } from './kept.ts';

export function expungeCommand(): Command {
  const command = new Command('expunge')
    .argument('[address-or-account]', 'look after this account, though it may not be due')
    .description(
      'expunge what is not to be kept any longer, and delete for good what was expunged before the grace: of all accounts that are due',
    )
    .option('--all', 'look after every account of the directory, due or not');
  return addGraceOption(command).action(run);
}

async function run(address: string | undefined, flags: Flags): Promise<void> {
  if (address !== undefined && flags.all === true)
    throw new SetupError('Give an address or --all, not both: nothing was changed.');
  await withExpunge(flags, async (engine, deps) => {
    if (address === undefined && flags.all !== true) {
      const { accounts, closed, failed, ...done } = await expunge(deps, Infinity);
      const gone = closed === 0 ? '' : `; ${counted(closed, 'account')} closed, with all that was there`;
      say(`${counted(accounts, 'account')} looked after: ${result(done)}${gone}.`);
      if (failed > 0)
        throw new SetupError(`${counted(failed, 'account')} could not be looked after: see above.`);
      return;
    }
    const again = dayOf(deps.rim.now() / 1000);
    const one = async (of: string, account: AccountId): Promise<void> => {
      const report = await visitAccount(deps, account, { sweep: true, again, until: Infinity });
      const said = report.closed
        ? 'closed, with all that it had'
        : report.held
          ? 'a legal hold stands, nothing was touched'
          : result(report);
      say(`${of}: ${said}.`);
    };
    if (address !== undefined) {
      const user = await userAt(engine, address);
      await one(nameOf(user), user.id);
      return;
    }
    let failed = 0;
    for await (const user of engine.directory.users.list()) {
      if (user.state === 'closed') continue;
      const name = nameOf(user);
      await one(name, user.id).catch((error: unknown) => {
        failed++;
        process.stderr.write(`${name} could not be looked after: ${messageOf(error)}\n`);
      });
    }
    if (failed > 0) throw new SetupError(`${counted(failed, 'account')} could not be looked after.`);
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface Result {
  readonly expired: number;
  readonly purged: number;
  readonly swept: number;
}

function result({ expired, purged, swept }: Result): string {
  const kept = `${counted(expired, 'message')} expunged by retention, ${counted(purged, 'message')} deleted for good`;
  return swept === 0
    ? kept
    : `${kept}, ${counted(swept, 'object or item', 'objects and items')} that nothing names`;
}
