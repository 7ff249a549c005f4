/** `quire retention`: for how long an account keeps messages, and why none of them goes. */
import { Command } from 'commander';
import { counted } from '../../shared/account/finding.ts';
import { findMailbox } from '../../shared/account/mailbox-names.ts';
import { SPECIAL_USES, type SpecialUse } from '../../shared/account/ops.ts';
import {
  type RetentionDays,
  type RetentionScope,
  retentionOf,
  scopeKey,
} from '../../shared/account/policy.ts';
import type { AccountState, Mailbox } from '../../shared/account/state.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addDirectoryOptions } from './administration.ts';
import { layDown, nameOf, openAccountState, say, withAccount } from './kept.ts';
import { formatMoment } from './time.ts';

export function retentionCommand(): Command {
  const command = new Command('retention')
    .argument('<address-or-account>')
    .argument('[days]', 'a number, "forever", or "default": as without a rule of its own')
    .description(
      'say for how many days messages stay in a mailbox after they came into it (30 in Trash and Junk, for ever elsewhere); without days, list what holds',
    )
    .option('--mailbox <name>', 'of this mailbox; its rule comes before all others')
    .option('--use <use>', `of the mailbox of a special use: ${SPECIAL_USES.join(', ')}`);
  return addDirectoryOptions(command).action(run);
}

async function run(address: string, days: string | undefined, flags: Flags): Promise<void> {
  if (flags.mailbox !== undefined && flags.use !== undefined)
    throw new SetupError('Give --mailbox or --use, not both: nothing was changed.');
  const kept = days === undefined ? null : { days: daysOf(days) };
  await withAccount(flags, address, async (user, _engine, deps) => {
    const { state } = await openAccountState(deps, user.id);
    if (state.policy.closed) throw new SetupError(`${address} is closed for good.`);
    const scope = scopeOf(state, flags);
    if (kept === null) {
      for (const line of listed(state, scope)) say(line);
      return;
    }
    await layDown(deps, user.id, () => [{ op: 'policy', change: { scope, days: kept.days } }]);
    const where =
      'mailbox' in scope
        ? `the mailbox ${JSON.stringify(flags.mailbox)}`
        : 'use' in scope
          ? scope.use
          : 'mailboxes without a rule of their own';
    say(`${nameOf(user)}: ${where}: ${rule(kept.days)}.`);
  });
}

/** Undefined: no rule. */
function daysOf(text: string): RetentionDays | undefined {
  if (text === 'forever') return null;
  if (text === 'default') return undefined;
  const days = Number(text);
  if (/^\d{1,5}$/.test(text) && days >= 1) return days;
  throw new SetupError(
    `The days are "${text}", but they are a whole number from 1 to 99999, "forever" or "default".`,
  );
}

function scopeOf(state: AccountState, { mailbox, use }: Flags): RetentionScope {
  if (typeof mailbox === 'string') {
    const found = findMailbox(state, mailbox);
    if (!found) throw new SetupError(`There is no mailbox ${JSON.stringify(mailbox)}: nothing was changed.`);
    return { mailbox: found.id };
  }
  if (typeof use === 'string') return { use: useOf(use) };
  return { account: true };
}

function useOf(text: string): SpecialUse {
  const use = SPECIAL_USES.find((known) => known.toLowerCase() === text.replace(/^\\/, '').toLowerCase());
  if (use) return use;
  throw new SetupError(`There is no special use "${text}": it is one of ${SPECIAL_USES.join(', ')}.`);
}

/** Tab-separated, of the mailboxes that are asked for: mailbox, days, whose rule it is; then what stands above all rules. */
function listed(state: AccountState, asked: RetentionScope): string[] {
  const { policy } = state;
  const isAsked = ({ id, use }: Mailbox): boolean =>
    'mailbox' in asked ? id === asked.mailbox : 'use' in asked ? use === asked.use : true;
  const lines = [...state.mailboxes.values()].filter(isAsked).map((mailbox) => {
    const { id, name, use } = mailbox;
    const has = (scope: RetentionScope): boolean => policy.retention.has(scopeKey(scope));
    const of = has({ mailbox: id })
      ? 'of the mailbox'
      : use && has({ use })
        ? `of ${use}`
        : has({ account: true })
          ? 'of the account'
          : 'default';
    return `${name}\t${retentionOf(policy, mailbox) ?? 'forever'}\t${of}`;
  });
  lines.sort();
  if (policy.hold) lines.push('A legal hold stands: nothing goes until it is released.');
  if (policy.closing !== null)
    lines.push(`The account is being closed: all of it goes on ${formatMoment(policy.closing / 1000)}.`);
  return lines;
}

function rule(days: RetentionDays | undefined): string {
  if (days === undefined) return 'as by default';
  return days === null ? 'messages stay for ever' : `messages stay for ${counted(days, 'day')}`;
}
