/** Guards of what goes by itself: the sweep, and accounts that are closed. */
import type { Mutation } from './mutations.ts';

export const KEEPING: readonly Mutation[] = [
  {
    name: 'sweep-what-is-young',
    what: 'I2: the sweep takes a blob whose record is about to come',
    file: 'functions/expunge/sweep.ts',
    text: 'time <= rim.now() - UNNAMED_MS && time >= epochAt * 1000',
    replacement: 'time <= rim.now() && time >= epochAt * 1000',
    test: {
      file: 'unit/expunge/sweep.test.ts',
      name: 'takes what nothing named for two days, and nothing else',
    },
  },
  {
    name: 'sweep-after-a-restore',
    what: 'I2: messages go whose records were lost with the table',
    file: 'functions/expunge/sweep.ts',
    text: ' && time >= epochAt * 1000',
    replacement: ' && time >= 0 * epochAt',
    test: {
      file: 'unit/expunge/sweep.test.ts',
      name: 'leaves alone what is older than the last restore from a backup',
    },
  },
  {
    name: 'sweep-what-may-come-back',
    what: 'I5: what can still be brought back is taken for garbage',
    file: 'shared/account/named.ts',
    text: 'for (const { row } of buried) blobs.add(row.blob);',
    replacement: '',
    test: {
      file: 'unit/expunge/sweep.test.ts',
      name: 'takes what nothing named for two days, and nothing else',
    },
  },
  {
    name: 'close-in-spite-of-a-hold',
    what: 'I5: an account under legal hold goes',
    file: 'shared/account/closing.ts',
    text: 'return !closed && !hold && closing !== null',
    replacement: 'return !closed && closing !== null',
    test: {
      file: 'unit/expunge/close.test.ts',
      name: 'a closing that is taken back, or held, does not happen',
    },
  },
  {
    name: 'commit-to-a-closed-account',
    what: 'I4: mail is acknowledged in an account whose journal is gone',
    file: 'shared/account/record-builder.ts',
    text: 'if (ops.length > 0 && this.#trial.policy.closed) throw new AccountClosedError();',
    replacement: '',
    test: {
      file: 'unit/expunge/close.test.ts',
      name: 'keeps all of its numbers (I4): who was away meets them, and finds no mailbox',
    },
  },
];
