/** What an owner lets others do with a mailbox: those with whom messages go to and fro mostly much. */
import { RIGHTS } from '../../../shared/account/acl.ts';
import type { AccountId, MailboxId } from '../../../shared/account/ids.ts';
import type { AclOp } from '../../../shared/account/ops.ts';
import type { Replica } from '../../../shared/account/replica.ts';
import { addressOf } from './directory.ts';
import type { Person } from './people.ts';

const NEIGHBOUR = 0.9;
const STRANGER = 0.4;

/** Resolves with the rights that `reader` has from now on. */
export async function grant(
  { draw, account, others }: Person,
  replica: Replica,
  mailbox: MailboxId,
  reader: AccountId,
): Promise<string> {
  const likely = reader === account || others.includes(reader) ? NEIGHBOUR : STRANGER;
  const rights = RIGHTS.filter(() => draw.chance(likely)).join('');
  const op: AclOp = { op: 'acl', mailbox, entry: { identifier: addressOf(reader), account: reader, rights } };
  await replica.commit({
    decide: (state) => ({ ops: state.mailboxes.has(mailbox) ? [op] : [], value: null }),
  });
  return rights;
}
