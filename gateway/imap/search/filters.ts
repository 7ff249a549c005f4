/** Searches that are stored by name, as annotations of the server (RFC 5466). */
import { annotation } from '../../../shared/account/annotations.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { AccountState } from '../../../shared/account/state.ts';

const VALUES = '/filters/values/';

/** Values by name, as byte strings. A private filter hides the shared one of its name (RFC 5466 §3.1). */
export function filterOf(state: AccountState, user: AccountId): (name: string) => string | undefined {
  return (name) => {
    const entry = `${VALUES}${name.toLowerCase()}`;
    const value =
      annotation(state.annotations, user, entry) ?? annotation(state.annotations, 'shared', entry);
    return value && Buffer.from(value).toString('latin1');
  };
}
