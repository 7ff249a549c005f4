/** The journal that other tests run on keeps the contract of the real one. */
import { journalStoreContract } from '../../support/journal-store-contract.ts';
import { MemoryFoldStore } from '../../support/memory-fold-store.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';

const journal = new MemoryJournalStore();
journalStoreContract('the journal in memory', () => ({
  journal,
  folds: new MemoryFoldStore(journal),
  putNewer: async (account, number) => {
    journal.account(account).newer.add(number);
  },
}));
