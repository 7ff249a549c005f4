/** What goes wrong in the directory, and how a person is told. */
/**
 * - `exists`: the address is taken; - `account-exists`: so is the account id;
 * - `no-such-user`, `no-such-alias`, `no-such-domain`, `no-such-target`: what is named is not there;
 * - `external`: a target outside of our domains; - `loop`: the alias would lead to itself;
 * - `in-use`: something leads to it or is in it; - `closing`: only taking the closing back does that;
 * - `too-large`: more targets or levels than allowed;
 * - `invalid`: a value that cannot be stored; - `changed`: another administrator was faster, look again.
 */
export type DirectoryErrorKind =
  | 'exists'
  | 'account-exists'
  | 'no-such-user'
  | 'no-such-alias'
  | 'no-such-domain'
  | 'no-such-target'
  | 'external'
  | 'loop'
  | 'in-use'
  | 'closing'
  | 'too-large'
  | 'invalid'
  | 'changed';

/** What was asked cannot be done; the message tells a person why and what to do. */
export class DirectoryError extends Error {
  readonly kind: DirectoryErrorKind;
  constructor(kind: DirectoryErrorKind, message: string) {
    super(message);
    this.name = 'DirectoryError';
    this.kind = kind;
  }
}

/** An item that this release cannot read (I8): it changes nothing that it does not understand. */
export class DirectoryItemError extends Error {
  constructor(pk: string, problem: string) {
    super(`directory item ${JSON.stringify(pk)}: ${problem}`);
    this.name = 'DirectoryItemError';
  }
}

export function noSuchDomain(domain: string): DirectoryError {
  return new DirectoryError(
    'no-such-domain',
    `${domain} is not one of this system's domains, or is being removed; add the domain first`,
  );
}

export function inUse(address: string, referrers: readonly string[]): DirectoryError {
  const shown = referrers.slice(0, 10).map((each) => (each.startsWith('@') ? `catch-all of ${each}` : each));
  const more = referrers.length > shown.length ? `, and ${referrers.length - shown.length} more` : '';
  return new DirectoryError(
    'in-use',
    `mail to ${shown.join(', ')}${more} is led to ${address}; change that first`,
  );
}

export function addressExists(address: string, as: 'user' | 'alias'): DirectoryError {
  return new DirectoryError(
    'exists',
    `the address ${address} exists already, as ${as === 'user' ? 'a user' : 'an alias'}`,
  );
}

export function changedTooOften(address: string): DirectoryError {
  return new DirectoryError(
    'changed',
    `${address} is being changed by somebody else; look at it and try again`,
  );
}

export function noSuchUser(address: string): DirectoryError {
  return new DirectoryError('no-such-user', `there is no user with the address ${address}`);
}
