/**
 * A fold after every commit, for suites that know nothing of folds: `QUIRE_FOLDED=each` folds, `QUIRE_FOLDED=emptied` also
 * empties records and deletes what was superseded at once, instead of a day later. Whatever a client is told must be the
 * same. Read here alone.
 */
import { foldAccount } from '../../functions/compact/fold-account.ts';
import type { JournalStore } from '../../shared/account/journal-store.ts';
import type { Rim } from '../../shared/account/rim.ts';
import type { MessageStore } from '../../shared/blob/message-store.ts';
import { MemoryFoldStore } from './memory-fold-store.ts';
import { MemoryJournalStore } from './memory-journal-store.ts';
import { TestRim } from './rim.ts';

export const FOLD_MODES = ['each', 'emptied'] as const;
export type FoldMode = (typeof FOLD_MODES)[number];

/** What the environment asks for. */
export function forcedFolds(): FoldMode | null {
  return FOLD_MODES.find((mode) => mode === process.env.QUIRE_FOLDED) ?? null;
}

const folded = new WeakSet<object>();
const foldStores = new WeakMap<MemoryJournalStore, MemoryFoldStore>();

/** The one store of folds of `journal`: what a suite folds or purges by itself lies with what the forced folds have put. */
export function foldStoreOf(journal: MemoryJournalStore): MemoryFoldStore {
  const folds = foldStores.get(journal) ?? new MemoryFoldStore(journal);
  foldStores.set(journal, folds);
  return folds;
}

/** `journal` with a fold after every put, before the writer hears of it; as it is if nobody asks, or it cannot be folded. */
export function withForcedFolds(
  journal: JournalStore,
  messages: MessageStore,
  clock: Pick<Rim, 'now'>,
): JournalStore {
  const mode = forcedFolds();
  if (mode === null || !(journal instanceof MemoryJournalStore) || folded.has(journal)) return journal;
  const folds = foldStoreOf(journal);
  // A clock of its own: the pace of folds must not move the test's.
  const chance = new TestRim(7);
  const rim: Rim = {
    now: () => clock.now(),
    random: chance.random,
    randomHex: (bytes) => chance.randomHex(bytes),
    sleep: () => Promise.resolve(),
  };
  const deps = {
    ...{ journal, folds, summaries: messages, packs: messages.packs, rim },
    ...(mode === 'emptied' && { keepMs: 0 }),
  };
  const put: JournalStore['put'] = async (account, records, markers) => {
    const outcome = await journal.put(account, records, markers);
    // A fold that fails is another function's failure: no writer hears of it.
    if (outcome.kind === 'written') await foldAccount(deps, account).catch(() => undefined);
    return outcome;
  };
  const watched = new Proxy(journal, {
    get: (target, name) => {
      if (name === 'put') return put;
      const member: unknown = Reflect.get(target, name, target);
      // What a test has put in the place of a method is its own, and is found again as it is.
      const isMethod = typeof member === 'function' && !Object.hasOwn(target, name);
      return isMethod ? (member.bind(target) as unknown) : member;
    },
  });
  folded.add(watched);
  return watched;
}
