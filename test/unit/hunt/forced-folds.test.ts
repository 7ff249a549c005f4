/** The folds that `npm run hunt -- folded` forces do what they are said to do. */
import { afterEach, expect, test } from '@jest/globals';
import { isEmptied } from '../../../shared/account/record.ts';
import { FOLD_MODES, foldStoreOf } from '../../support/forced-folds.ts';
import { TestGateway } from '../../support/gateway.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';

const before = process.env.QUIRE_FOLDED;
afterEach(() => {
  if (before === undefined) delete process.env.QUIRE_FOLDED;
  else process.env.QUIRE_FOLDED = before;
});

test.each(FOLD_MODES)(
  '%s: each record is in a checkpoint of its moment, and emptied if asked',
  async (mode) => {
    process.env.QUIRE_FOLDED = mode;
    const journal = new MemoryJournalStore();
    const gateway = await TestGateway.start({ journal });
    const account = await gateway.addUser();
    const client = await gateway.signIn('INBOX');
    for (const name of ['One', 'Two', 'Three']) await client.run(`CREATE ${name}`);
    const entries = [...journal.account(account).entries.values()];
    const standing = entries.filter((entry) => !isEmptied(entry)).map(({ number }) => number);
    const all = entries.map(({ number }) => number);
    expect(standing).toEqual(mode === 'emptied' ? all.slice(-1) : all);
    expect(await foldStoreOf(journal).current(account)).not.toBe('');
    await gateway.stop();
  },
);
