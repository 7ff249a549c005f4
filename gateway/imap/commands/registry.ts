/** Every command there is: one line a family. */
import { acl } from './acl.ts';
import { append } from './append.ts';
import { capability } from './capability.ts';
import { fetch } from './fetch.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { noop } from './noop.ts';
import { select } from './select.ts';
import { compress } from './compress.ts';
import { copy } from './copy.ts';
import { enable } from './enable.ts';
import { expunge } from './expunge.ts';
import { id } from './id.ts';
import { idle } from './idle.ts';
import { search } from './search.ts';
import { cancelUpdate } from './cancelupdate.ts';
import { esearch } from './esearch.ts';
import { sort } from './sort.ts';
import { thread } from './thread.ts';
import { starttls } from './starttls.ts';
import { store } from './store.ts';
import { createMailbox } from './create.ts';
import { deleteMailbox } from './delete.ts';
import { language } from './language.ts';
import { list } from './list.ts';
import { metadata } from './metadata.ts';
import { namespace } from './namespace.ts';
import { quota } from './quota.ts';
import { renameMailbox } from './rename.ts';
import { replace } from './replace.ts';
import { status } from './status.ts';
import { uidbatches } from './uidbatches.ts';
import { subscriptions } from './subscribe.ts';
import { unauthenticate } from './unauthenticate.ts';
import { xlist } from './xlist.ts';
import { notify } from './notify.ts';
import type { Command, CommandFamily } from './command.ts';
import type { Offered } from '../extensions.ts';

export const FAMILIES: readonly CommandFamily[] = [
  capability,
  noop,
  logout,
  starttls,
  login,
  unauthenticate,
  compress,
  id,
  language,
  enable,
  select,
  append,
  replace,
  fetch,
  store,
  expunge,
  copy,
  search,
  uidbatches,
  sort,
  thread,
  esearch,
  cancelUpdate,
  idle,
  notify,
  createMailbox,
  deleteMailbox,
  renameMailbox,
  subscriptions,
  list,
  xlist,
  status,
  namespace,
  metadata,
  acl,
  quota,
];

/**
 * Commands by name, without those whose extension is not on offer. A name that two families claim is a mistake of ours
 * and found at start.
 */
export function commandsByName(
  families: readonly CommandFamily[],
  offered: Offered,
): ReadonlyMap<string, Command> {
  const byName = new Map<string, Command>();
  for (const command of families.flatMap(({ commands }) => commands)) {
    if (command.extension !== undefined && !offered.has(command.extension)) continue;
    if (byName.has(command.name)) throw new Error(`two families register the command ${command.name}`);
    byName.set(command.name, command);
  }
  return byName;
}
