/** The accounts that a first start makes, so that there is somebody to send mail to. */
import type { Engine } from '../../shared/aws/engine.ts';
import { makeAccount } from '../../shared/aws/make-account.ts';
import type { Limits } from '../../shared/directory/directory.ts';
import { logIn } from '../../shared/directory/log-in.ts';
import { hashPassword } from '../../shared/directory/password.ts';
import { PasswordVerifier } from '../../shared/directory/password-verifier.ts';

const DOMAIN = 'example.test';
const ADDRESSES = [`alice@${DOMAIN}`, `bob@${DOMAIN}`];
const PASSWORD = 'quire-demo';

/** What a new account may use, until somebody says otherwise: WorkMail's 50 GB, and more messages than fit in them. */
export const NEW_ACCOUNT_LIMITS: Limits = {
  quotaBytes: 50 * 1024 ** 3,
  quotaMessages: 5_000_000,
  maxConnections: 50,
};

export interface DemoAccount {
  readonly address: string;
  readonly password: string;
}

/**
 * Makes them in a directory that has no other accounts, and returns those that still have their first password. One that
 * somebody has removed is not made again.
 */
export async function demoAccounts(engine: Engine): Promise<DemoAccount[]> {
  const { directory, logins } = engine;
  const known = new Set<string>();
  for await (const account of directory.users.list())
    for (const address of account.addresses) known.add(address);
  const alone = [...known].every((address) => ADDRESSES.includes(address));
  const made = alone ? ADDRESSES.filter((each) => !known.has(each)) : [];
  if (alone) await directory.domains.add(DOMAIN);
  if (made.length > 0) await makeAccounts(engine, made);
  const verifier = new PasswordVerifier({ now: () => performance.now() });
  const asMade = async (address: string): Promise<boolean> =>
    made.includes(address) ||
    (known.has(address) && (await logIn(logins, verifier, address, PASSWORD)).kind === 'welcome');
  const theirs = await Promise.all(ADDRESSES.map(asMade));
  return ADDRESSES.filter((_, index) => theirs[index]).map((address) => ({ address, password: PASSWORD }));
}

async function makeAccounts(engine: Engine, addresses: readonly string[]): Promise<void> {
  // One for all: it takes the sixth of a second, and who has the password of one has that of the others.
  const passwordHash = await hashPassword(PASSWORD);
  for (const address of addresses) {
    await engine.directory.users.add({
      address,
      passwordHash,
      // Its journal first: an account without one is taken for lost.
      account: await makeAccount(engine),
      limits: NEW_ACCOUNT_LIMITS,
    });
  }
}
