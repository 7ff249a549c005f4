/** `quire compact`: what the compaction does for an account when it is due, done now. */
import { Command } from 'commander';
import { type CompactedAccount, compactAccount } from '../../functions/compact/compact-account.ts';
import { counted } from '../../shared/account/finding.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addDirectoryOptions, withEngine } from './administration.ts';
import { nameOf, say, userAt } from './kept.ts';

export function compactCommand(): Command {
  return addDirectoryOptions(
    new Command('compact')
      .argument('<address-or-account>')
      .description(
        'fold the journal of an account, delete what it has superseded for a day, and pack what lies unread',
      ),
  ).action(compact);
}

async function compact(address: string, flags: Flags): Promise<void> {
  await withEngine(flags, async (engine) => {
    const { journal, folds, messages, rim, work } = engine;
    const user = await userAt(engine, address);
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
    say(`${nameOf(user)}: ${told(result)}`);
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
