/** Whether the directory agrees with itself about an account: the account, its addresses, and its logins. */
import type { Finding } from '../../shared/account/finding.ts';
import type { Account, AccountDirectory, Login, LoginDirectory } from '../../shared/directory/directory.ts';

export interface DirectoryCheckDeps {
  readonly directory: Pick<AccountDirectory, 'users'>;
  readonly logins: LoginDirectory;
}

export async function checkDirectory(deps: DirectoryCheckDeps, account: Account): Promise<Finding[]> {
  // Its addresses are free, and may be another's by now.
  if (account.state === 'closed') return [];
  const findings: Finding[] = [];
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

/** `quire user` sets the items of an account together. */
function differs(what: string, means: string): Finding {
  return { kind: 'directory-differs', what, means: `${means} Set it again: quire user.`, mendedBy: 'nobody' };
}
