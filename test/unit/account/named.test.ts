import { expect, test } from '@jest/globals';
import { mailboxIdsOf } from '../../../shared/account/named.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { openWholeState } from '../../../shared/account/whole-state.ts';
import { ExpungingAccount } from '../../support/expunging.ts';
import { commit } from '../../support/fold-ops.ts';
import { ACCOUNT } from '../../support/folding.ts';

test('segments are looked for by every number of a mailbox that was given out, and by none that an epoch jumped over', async () => {
  const { account } = await ExpungingAccount.told(1, 2);
  const put = (...ops: readonly Op[]) => commit(account.gateway(), () => ops);
  const create = (name: string, uidValidity: number) => ({
    op: 'create' as const,
    name,
    uidValidity,
    use: null,
  });
  await put(create('a', 10), create('b', 11));
  await put({ op: 'delete', mailbox: 3 as never });
  await put({ op: 'epoch', uidJump: 2 ** 20, uidValidity: 99 });
  const ids = async () => mailboxIdsOf(await openWholeState(account.purgeDeps, ACCOUNT));
  // INBOX, Archive, one that is deleted, and another.
  expect(await ids()).toEqual([1, 2, 3, 4]);
  await put(create('c', 100), create('d', 101));
  expect((await ids()).map((id) => (id > 2 ** 20 ? id - 2 ** 20 : id))).toEqual([1, 2, 3, 4, 5, 6]);
});
