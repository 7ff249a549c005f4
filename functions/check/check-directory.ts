/** Whether the directory agrees with itself about an account: the account, its addresses, and its logins. */
import type { Finding } from '../../shared/account/finding.ts';
import type { Account, AccountDirectory, Login, LoginDirectory } from '../../shared/directory/directory.ts';
import type { AccountReport } from './check-account.ts';

export interface DirectoryCheckDeps {
  readonly directory: Pick<AccountDirectory, 'users'>;
  readonly logins: LoginDirectory;
}

/** `closing`: what the account's journal says of it, if that is known (`AccountReport`). */
export async function checkDirectory(
  deps: DirectoryCheckDeps,
  account: Account,
  closing?: number | null,
): Promise<Finding[]> {
  // Its addresses are free, and may be another's by now.
  if (account.state === 'closed') return [];
  const findings: Finding[] = [];
  if (closing !== undefined && closing !== (account.closing?.at ?? null))
    findings.push(
      differs(
        `the directory says that the account ${fate(account.closing?.at)}, and its journal that it ${fate(closing)}`,
        'The journal decides; a command was cut off, or a table was put back.',
        'quire user close, or quire user reopen',
      ),
    );
  for (const address of account.addresses) {
    const owner = await deps.directory.users.find(address);
    if (owner?.id !== account.id)
      findings.push(
        differs(`${address} leads to ${owner ? 'another account' : 'nobody'}`, 'Its mail does not arrive.'),
      );
    const login = await deps.logins.findLogin(address);
    const wrong = complaintAbout(account, login);
    if (wrong !== null)
      findings.push(
        differs(
          `the login of ${address} ${wrong}`,
          'Who signs in may be refused, or held to other limits than their mail.',
        ),
      );
  }
  return findings;
}

/**
 * What is to be looked after of an account that the directory knows. One that was removed keeps its mail until it is closed
 * for good, and then its key is gone: nobody misses that.
 */
export function findingsOfListed({ findings }: AccountReport, { state }: Account): readonly Finding[] {
  return state === 'closed' ? findings.filter(({ kind }) => kind !== 'key-deleted') : findings;
}

/**
 * What is to be said of an account that the directory does not know, beside what was found in its index. `stored`: whether
 * there are messages of it.
 */
export function findingsOfUnlisted(
  { findings, closed, laidDown, messages, expunged }: AccountReport,
  stored: boolean,
): readonly Finding[] {
  // Of neither the directory needs to know.
  if (closed || findings.some(({ kind }) => kind === 'key-deleted')) return findings;
  const isEmpty = findings.every(({ kind }) => kind === 'account-missing') && messages + expunged === 0;
  return !stored && isEmpty && !laidDown ? [UNUSED] : [NOT_LISTED, ...findings];
}

const NOT_LISTED: Finding = {
  kind: 'directory-differs',
  what: 'the directory does not know the account',
  means:
    'Nobody can sign in to it, and no mail arrives. Put the directory back from a backup, or give the account to somebody: quire user add with --account.',
  mendedBy: 'nobody',
};

const UNUSED: Finding = {
  kind: 'directory-differs',
  what: 'the directory does not know the account, there is no mail in it, and nothing is laid down for it',
  means:
    'A quire user add that was refused, or did not end, leaves one behind; if the directory was lost, it may be a new user’s, who is to be added again.',
  mendedBy: 'itself',
};

function fate(closing: number | null | undefined): string {
  return closing === null || closing === undefined
    ? 'stays'
    : `goes after ${new Date(closing).toISOString().slice(0, 19)}Z`;
}

function complaintAbout(account: Account, login: Login | undefined): string | null {
  if (!login) return 'is missing';
  if (login.account !== account.id) return 'leads to another account';
  if (login.disabled !== (account.state === 'disabled'))
    return `is ${login.disabled ? 'disabled' : 'enabled'}, and the account is not`;
  const { limits } = account;
  const same =
    login.limits.quotaBytes === limits.quotaBytes &&
    login.limits.quotaMessages === limits.quotaMessages &&
    login.limits.maxConnections === limits.maxConnections;
  return same ? null : 'has other limits than the account';
}

function differs(what: string, means: string, command = 'quire user'): Finding {
  return { kind: 'directory-differs', what, means: `${means} Set it again: ${command}.`, mendedBy: 'nobody' };
}
