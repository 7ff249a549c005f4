/** `quire restore`: what every account needs after its tables were put back from a backup, before anybody is served. */
import { Command } from 'commander';
import { counted } from '../../shared/account/finding.ts';
import { type EpochOptions, type EpochResult, beginEpoch } from '../../functions/check/begin-epoch.ts';
import { dropOrphanedMarkers } from '../../functions/check/drop-markers.ts';
import { everyAccount } from '../../functions/check/every-account.ts';
import { knownAccounts } from '../../functions/check/known-accounts.ts';
import { Rate } from '../../functions/check/rate.ts';
import { dayOf } from '../../shared/account/due.ts';
import type { Engine } from '../../shared/aws/engine.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { AccountReportFile, type ReportLine } from './account-report.ts';
import { addDirectoryOptions, withEngine } from './administration.ts';
import { say } from './kept.ts';
import { addOfflineOption, mustBeOffline } from './offline.ts';
import { parseCount } from './size.ts';
import { formatMoment, parseMoment } from './time.ts';

const RATE = 200;

export function restoreCommand(): Command {
  const command = new Command('restore')
    .description(
      'after tables were put back from a backup, and before anybody is served: begin a new epoch in every account, so that no UID and no record number is given out a second time',
    )
    .requiredOption(
      '--as-of <time>',
      'the moment that the backup is of, or before it: 2026-11-28T09:30Z, or how long ago: 90m, 36h, 3d',
    )
    .option(
      '--redeliver',
      'leave mail that came since to be delivered again from the inbound store, instead of naming its objects again',
    )
    .option('--report <file>', 'write a line of JSON for each account, and go on where the file ends')
    .option('--rate <number>', `requests a second (default: ${RATE})`)
    .option(
      '--fence <count>',
      'record numbers to take behind the last good one of each account (default: twice what it wrote in as long a time before)',
    );
  return addOfflineOption(addDirectoryOptions(command)).action(restore);
}

async function restore(flags: Flags): Promise<void> {
  const asOf = parseMoment(String(flags.asOf), '--as-of', Math.floor(Date.now() / 1000));
  const fence = typeof flags.fence === 'string' ? parseCount(flags.fence, '--fence') : undefined;
  const perSecond = typeof flags.rate === 'string' ? parseCount(flags.rate, '--rate') : RATE;
  if (perSecond === 0) throw new SetupError('--rate is 0: no request would ever be made.');
  await mustBeOffline(flags, 'a restore');
  const redeliver = flags.redeliver === true;
  const file = typeof flags.report === 'string' ? flags.report : null;
  const report: RestoreReport = await AccountReportFile.open(file, {
    report: 'quire restore',
    of: `as of ${formatMoment(asOf)}, redeliver: ${redeliver}`,
  });
  await withEngine(flags, async (engine) => {
    const rate = new Rate(engine.rim, perSecond);
    const gate = (): Promise<void> => rate.wait();
    if (redeliver) {
      // First: an epoch takes the keys by which a record that is missing is told.
      const dropped = await dropOrphanedMarkers({ ...engine, gate }, asOf * 1000);
      say(`${counted(dropped, 'marker')} of deliveries without their record dropped.`);
    }
    const failed = await beginEpochs(engine, report, { asOf: asOf * 1000, fence, redeliver }, gate);
    if (failed > 0)
      throw new SetupError(
        `${counted(failed, 'account')} could not be restored: quire check tells more of each.`,
      );
  });
}

type RestoreReport = AccountReportFile<ReportLine>;

async function beginEpochs(
  engine: Engine,
  report: RestoreReport,
  options: EpochOptions,
  gate: () => Promise<void>,
): Promise<number> {
  let impossible = 0;
  const counts = await everyAccount({
    accounts: knownAccounts(engine),
    done: report.done,
    visit: (account) => beginEpoch({ ...engine, gate }, account.id, options),
    tell: async (account, outcome) => {
      const { user } = account;
      const name = user?.addresses[0] ?? `account ${account.id}`;
      if ('result' in outcome && outcome.result.kind === 'begun') {
        await engine.calendar.leave(account.id, dayOf(engine.rim.now() / 1000));
        await report.add({ account: account.id, ...outcome.result });
        say(`${name}: ${begun(outcome.result)}`);
        return;
      }
      const erased = 'result' in outcome && isErased(outcome.result);
      // Of a removed account that was closed for good nothing is missed; of one that nobody has, nothing is there.
      if ('result' in outcome && (user ? user.state === 'closed' && erased : !account.stored)) return;
      if ('result' in outcome && !erased) impossible++;
      const error = 'result' in outcome ? whyNot(outcome.result) : String(outcome.error);
      await report.add({ account: account.id, error });
      say(`${name}: ${error}`);
    },
  });
  const before = counts.skipped > 0 ? `, ${counts.skipped} of them by an earlier run` : '';
  say(`${counted(counts.visited + counts.skipped, 'account')} gone through${before}.`);
  return impossible + counts.failed;
}

/** Its data key was deleted on purpose: nobody waits for it. */
function isErased(result: EpochResult): boolean {
  return result.kind === 'impossible' && result.findings.some(({ kind }) => kind === 'key-deleted');
}

function whyNot(result: EpochResult): string {
  return result.kind === 'begun'
    ? ''
    : result.findings.map(({ what, means }) => `${what}. ${means}`).join(' ');
}

function begun({ last, number, behind, recovered, closing }: EpochResult & { kind: 'begun' }): string {
  const cut = behind > 0 ? `, ${counted(behind, 'record')} behind a gap cut off` : '';
  const named = recovered > 0 ? `; ${counted(recovered, 'message')} of the time since named again` : '';
  const goes = closing === null ? '' : `; all of it goes after ${formatMoment(closing / 1000)}`;
  return `goes on at record ${number} after record ${last}${cut}${named}${goes}`;
}
