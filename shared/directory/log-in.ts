/** From a name and a password to an account: what LOGIN and AUTHENTICATE do, whichever front door they come through. */
import type { Login, LoginDirectory } from './directory.ts';
import type { PasswordVerifier } from './password-verifier.ts';

export type LogInOutcome =
  /** `rehash`: store a new hash of the password (`AccountDirectory.setPassword` with `replacing`) where that is allowed. */
  | { readonly kind: 'welcome'; readonly login: Login; readonly rehash: boolean }
  /** No such user, or another password: the two are not told apart, nor by the time it takes. */
  | { readonly kind: 'refused' }
  /** Known only to those who have the password. */
  | { readonly kind: 'disabled'; readonly login: Login };

/** One directory read and, unless it is cached, one hash. Rejects as the two do. */
export async function logIn(
  directory: LoginDirectory,
  verifier: PasswordVerifier,
  name: string,
  password: string,
): Promise<LogInOutcome> {
  const login = await directory.findLogin(name);
  const verdict = await verifier.verify(name, login?.passwordHash, password);
  if (login === undefined || verdict.kind === 'wrong') return { kind: 'refused' };
  return login.disabled ? { kind: 'disabled', login } : { kind: 'welcome', login, rehash: verdict.rehash };
}
