/** `quire compact`: what the compaction does for an account when it is due, done now. */
import { Command } from 'commander';
import { type CompactedAccount, compactAccount } from '../../functions/compact/compact-account.ts';
import { counted } from '../../shared/account/finding.ts';
import { parseAddress } from '../../shared/directory/address.ts';
import { noSuchUser } from '../../shared/directory/directory-errors.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addDirectoryOptions, withEngine } from './administration.ts';

export function compactCommand(): Command {
  return addDirectoryOptions(
    new Command('compact')
      .argument('<address>')
      .description(
        'fold the journal of an account, delete what it has superseded for a day, and pack what lies unread',
      ),
  ).action(compact);
}

async function compact(address: string, flags: Flags): Promise<void> {
  await withEngine(flags, async ({ directory, journal, folds, messages, rim, work }) => {
    const user = await directory.users.find(address);
    if (user === undefined) throw noSuchUser(parseAddress(address).address);
    const diverging: number[] = [];
    const deps = {
      journal,
      folds,
      summaries: messages,
      packs: messages.packs,
      packing: messages.format !== 'raw',
      rim,
      report: (_: unknown, { record }: { readonly record: number }): void => void diverging.push(record),
      onCommit: work.leaveIfDue.bind(work),
    };
    const result = await compactAccount(deps, user.id);
    process.stdout.write(`${parseAddress(address).address}: ${told(result)}\n`);
    if (diverging.length > 0)
      throw new SetupError(
        `Journal and messages diverge at record ${diverging[0] ?? 0}: run "quire check ${address}".`,
      );
  });
}

function told({ fold, pack }: CompactedAccount): string {
  const folded = {
    nothing: () => 'nothing to fold',
    lost: () => 'another fold came first',
    folded: ({ records, number, emptied, deleted }: Extract<CompactedAccount['fold'], { kind: 'folded' }>) =>
      `${counted(records, 'record')} folded, up to ${number}; ${emptied} emptied, ${counted(deleted, 'superseded item')} deleted`,
  };
  const first = fold.kind === 'folded' ? folded.folded(fold) : folded[fold.kind]();
  const { packs, messages, bytes, replaced } = pack;
  const packed =
    packs > 0
      ? `${counted(messages, 'message')} packed into ${counted(packs, 'pack')} of ${counted(bytes, 'byte')} in all`
      : 'nothing to pack';
  return `${first}; ${packed}${replaced > 0 ? `; ${counted(replaced, 'pack')} given up` : ''}.`;
}
