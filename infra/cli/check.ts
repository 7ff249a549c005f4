/** `quire check`: whether an account is whole, and what can be put right of it. */
import { Command } from 'commander';
import { type Finding, counted } from '../../shared/account/finding.ts';
import { expungeDeps } from '../../functions/expunge/index.ts';
import { type AccountReport, checkAccount } from '../../functions/check/check-account.ts';
import {
  checkDirectory,
  findingsOfListed,
  findingsOfUnlisted,
} from '../../functions/check/check-directory.ts';
import { everyAccount } from '../../functions/check/every-account.ts';
import { type KnownAccount, knownAccounts } from '../../functions/check/known-accounts.ts';
import { type MendDeps, mendAccount } from '../../functions/check/mend-account.ts';
import { Rate } from '../../functions/check/rate.ts';
import { rebuildAccount } from '../../functions/check/rebuild-account.ts';
import { GRACE_DAYS, dayOf } from '../../shared/account/due.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import type { Engine } from '../../shared/aws/engine.ts';
import type { Account } from '../../shared/directory/directory.ts';
import { isAccountId } from '../../shared/directory/items.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { AccountReportFile } from './account-report.ts';
import { addDirectoryOptions, withEngine } from './administration.ts';
import { say, userAt } from './kept.ts';
import { addOfflineOption, mustBeOffline } from './offline.ts';
import { logOf, settingsOf } from './options.ts';
import { parseCount } from './size.ts';

/** Requests a second of a check of all accounts, unless told otherwise: what nobody who reads mail notices. */
const RATE = 50;

export function checkCommand(): Command {
  const command = new Command('check')
    .argument('[account]', 'its address, or its id')
    .description(
      'read all that is kept of an account, recount it, and compare every message with what was stored; changes nothing without --repair',
    )
    .option('--repair', 'put right what can be derived, while the account is in use')
    .option(
      '--rebuild',
      'with --repair: where the index is lost, make it anew from the messages; clients load the account again',
    )
    .option(
      '--leave-unreadable',
      'with --repair: go on without objects that cannot be read; without --rebuild they are deleted for good in some days',
    )
    .option('--all', 'all accounts, one after the other, also those that the directory has lost')
    .option(
      '--report <file>',
      'with --all: write a line of JSON for each account, and go on where the file ends',
    )
    .option('--rate <number>', `with --all: requests a second (default: ${RATE})`)
    .option('--no-digests', 'look whether messages are there, and read only those whose summary is lost')
    .option('--json', 'print a line of JSON for each account');
  return addOfflineOption(addDirectoryOptions(command)).action(check);
}

type Checked = AccountReport & {
  /** Addresses, the login first. */
  readonly addresses: readonly string[];
  /** What a repair has done, in words. */
  readonly done?: readonly string[];
};

async function check(given: string | undefined, flags: Flags): Promise<void> {
  if ((given === undefined) !== (flags.all === true))
    throw new SetupError('Say which account, by its address or its id, or --all.');
  if (flags.rebuild === true && (flags.repair !== true || given === undefined))
    throw new SetupError('--rebuild goes with --repair, and is for one account at a time.');
  mustBeOfUse(given, flags);
  if (flags.rebuild === true) await mustBeOffline(flags, 'rebuilding an account');
  await withEngine(flags, async (engine) => {
    const left = given === undefined ? await checkAll(engine, flags) : await checkOne(engine, given, flags);
    if (left > 0) throw new SetupError(`${counted(left, 'finding')} to be looked after.`);
  });
}

/** @throws {SetupError} of an option that would be passed over in silence. */
function mustBeOfUse(given: string | undefined, flags: Flags): void {
  for (const option of ['rate', 'report'])
    if (given !== undefined && flags[option] !== undefined)
      throw new SetupError(`--${option} goes with --all: nothing was looked at.`);
  if (flags.leaveUnreadable === true && flags.repair !== true)
    throw new SetupError('--leave-unreadable goes with --repair: nothing was looked at.');
}

async function checkOne(engine: Engine, given: string, flags: Flags): Promise<number> {
  const user = isAccountId(given) ? await engine.directory.users.read(given) : await userAt(engine, given);
  const id = user?.id ?? (given as AccountId);
  const checked = await lookAt(engine, { id, user, stored: true }, flags);
  print(checked, flags);
  return unsettled(checked.findings);
}

async function checkAll(engine: Engine, flags: Flags): Promise<number> {
  const perSecond = typeof flags.rate === 'string' ? parseCount(flags.rate, '--rate') : RATE;
  if (perSecond === 0) throw new SetupError('--rate is 0: no request would ever be made.');
  const rate = new Rate(engine.rim, perSecond);
  const file = typeof flags.report === 'string' ? flags.report : null;
  const of = `repair: ${flags.repair === true}, digests: ${flags.digests !== false}`;
  const report = await AccountReportFile.open<Checked>(file, { report: 'quire check --all', of });
  let left = 0;
  let unlisted = 0;
  const told = (checked: Checked, { user }: KnownAccount): void => {
    left += unsettled(checked.findings);
    if (!user && unsettled(checked.findings) > 0) unlisted++;
    print(checked, flags);
  };
  const counts = await everyAccount({
    accounts: knownAccounts(engine),
    done: report.done,
    passed: (account) => {
      const earlier = report.done.get(account.id);
      if (earlier) told(earlier, account);
    },
    visit: (account) => lookAt(engine, account, flags, () => rate.wait()),
    tell: async (account, outcome) => {
      if ('error' in outcome) {
        const error = outcome.error instanceof Error ? outcome.error.message : String(outcome.error);
        await report.add({ account: account.id, error });
        process.stderr.write(
          `${nameOf(account.id, account.user?.addresses)} could not be checked: ${error}\n`,
        );
        return;
      }
      await report.add(outcome.result);
      told(outcome.result, account);
    },
  });
  const before = counts.skipped > 0 ? `, ${counts.skipped} of them by an earlier run` : '';
  process.stderr.write(`${counted(counts.visited + counts.skipped, 'account')} checked${before}.\n`);
  if (unlisted > 0) process.stderr.write(`${whatOfUnlisted(unlisted)}\n`);
  return left + counts.failed;
}

async function lookAt(
  engine: Engine,
  { id, user, stored }: KnownAccount,
  flags: Flags,
  gate?: () => Promise<void>,
): Promise<Checked> {
  const { journal, folds, messages, rim } = engine;
  const log = logOf(settingsOf({ logLevel: 'warn', ...flags, demo: false }));
  const { onCommit } = expungeDeps(engine, { graceDays: GRACE_DAYS }, log);
  const digests = flags.digests === false ? 'doubtful' : 'all';
  const leaveUnreadable = flags.leaveUnreadable === true;
  const deps: MendDeps = {
    ...{ journal, folds, messages, rim, digests, gate, leaveUnreadable },
    ...(onCommit ? { onCommit } : {}),
  };
  const addresses = user?.addresses ?? [];
  const withDirectory = async (report: AccountReport): Promise<readonly Finding[]> =>
    user
      ? [...(await checkDirectory(engine, user, report.closing)), ...findingsOfListed(report, user)]
      : findingsOfUnlisted(report, stored);
  if (flags.repair !== true) {
    const { report } = await checkAccount(deps, id);
    return { ...report, findings: await withDirectory(report), addresses };
  }
  const rebuilt = flags.rebuild === true ? await rebuild(deps, id, user) : [];
  // What is kept of due dates was in the table as well.
  if (flags.rebuild === true) await engine.calendar.leave(id, dayOf(rim.now() / 1000));
  const { left, done } = await mendAccount(deps, id);
  return { ...left, findings: await withDirectory(left), addresses, done: [...rebuilt, ...done] };
}

function whatOfUnlisted(count: number): string {
  const [them, it] = count === 1 ? ['1 of them', 'it'] : [`${count} of them`, 'each'];
  return `The directory does not know ${them}: if it was lost, put it back from a backup; else give ${it} to its user again (quire user add <address> --account <id>).`;
}

async function rebuild(deps: MendDeps, id: AccountId, user: Account | undefined): Promise<string[]> {
  const result = await rebuildAccount(deps, id, { created: user?.created ?? 0 });
  if (result.kind === 'refused')
    throw new SetupError(`Nothing was rebuilt: ${result.why}. Without --rebuild, quire check tells more.`);
  const unreadable = result.unreadable.map((blob) => `left object ${blob}, which cannot be read`);
  return [
    `made the index anew from ${counted(result.messages, 'message')}`,
    'put it under legal hold, for what was laid down for it is not known any more: lay down rules of retention or a closing again, then end the hold with "quire hold --release", unless there was one',
    ...unreadable,
  ];
}

/** Findings that somebody has to do something about. */
function unsettled(findings: readonly Finding[]): number {
  return findings.filter(({ mendedBy }) => mendedBy !== 'itself').length;
}

function print(checked: Checked, flags: Flags): void {
  if (flags.json === true) {
    say(JSON.stringify(checked));
    return;
  }
  const { messages, expunged, mailboxes, records, read, unnamed, closed, findings, done = [] } = checked;
  const facts = [
    `${counted(messages, 'message')} in ${counted(mailboxes, 'mailbox', 'mailboxes')}`,
    ...(expunged > 0 ? [`${expunged} expunged`] : []),
    `record ${records}`,
    `${counted(read, 'message')} read`,
    ...(unnamed > 0 ? [`${counted(unnamed, 'object')} named by nobody`] : []),
  ];
  const name = nameOf(checked.account, checked.addresses);
  // Every account has a first record: without one nothing of it could be counted.
  const isUnread = records === 0 && findings.length > 0;
  say(`${name}: ${closed ? 'closed for good' : isUnread ? 'cannot be opened' : facts.join(', ')}.`);
  for (const each of done) say(`  done: ${each}`);
  for (const finding of findings) say(inWords(finding));
  if (findings.length === 0) say('  nothing is wrong');
}

const MENDED_BY: Readonly<Record<Finding['mendedBy'], string>> = {
  repair: 'quire check --repair mends it',
  rebuild: 'quire check --repair --rebuild makes the index anew',
  itself: 'nothing is to be done',
  nobody: 'no command mends it',
};

function inWords({ kind, what, means, mendedBy }: Finding): string {
  return `  ${kind}: ${what}\n    ${means} (${MENDED_BY[mendedBy]})`;
}

function nameOf(id: AccountId, addresses: readonly string[] = []): string {
  return addresses[0] ?? `account ${id}`;
}
