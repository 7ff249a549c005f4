/** Guards of checks, repairs, epochs and rebuilding. */
import type { Mutation } from './mutations.ts';

export const MENDING: readonly Mutation[] = [
  {
    name: 'restore-without-a-jump',
    what: 'I4: numbers and UIDs of the lost time are given out a second time after a restore',
    file: 'shared/account/epoch.ts',
    text: 'return Math.min(AT_LEAST + perSecond * seconds, AT_MOST);',
    replacement: 'return Math.min(1 + 0 * perSecond * seconds, AT_LEAST, AT_MOST);',
    test: {
      file: 'unit/check/begin-epoch.test.ts',
      name: 'what was given out in the lost hour is not given out again',
    },
  },
  {
    name: 'restore-without-a-fence',
    what: 'I4: a gateway that knew the lost time writes below the epoch, and is told OK',
    file: 'functions/check/begin-epoch.ts',
    text: 'await this.#deps.folds.occupy(this.#account, entry, this.#expiry());',
    replacement:
      'if (this.#account.length < 0) await this.#deps.folds.occupy(this.#account, entry, this.#expiry());',
    test: {
      file: 'unit/check/begin-epoch.test.ts',
      name: 'a gateway that knew the lost hour writes above the epoch, and sees what everybody sees',
    },
  },
  {
    name: 'name-again-from-the-backup-on',
    what: 'I7: a message that was stored before the backup, and its record after it, is in no index',
    file: 'functions/check/begin-epoch.ts',
    text: 'this.#asOf() - FRESH_MS - CLOCK_SKEW_MS',
    replacement: 'this.#asOf() - 0 * FRESH_MS - CLOCK_SKEW_MS',
    test: {
      file: 'unit/check/begin-epoch.test.ts',
      name: 'a message that had waited for its record when the backup was made is named again',
    },
  },
  {
    name: 'deliver-behind-a-fence',
    what: 'I4: a delivery takes the fence of an epoch for the end of the journal, and its mail is read by nobody',
    file: 'shared/account/delivery.ts',
    text: 'if (newest && !isEmptied(newest)) return newest;',
    replacement: 'if (newest) return newest;',
    test: {
      file: 'unit/check/begin-epoch.test.ts',
      name: 'a delivery that reads so early that it sees the fence and no epoch behind it goes on behind the epoch',
    },
  },
  {
    name: 'repair-over-a-hole',
    what: 'I1: a repair puts the missing record, and what stands behind it seems to follow on',
    file: 'functions/check/mend-account.ts',
    text: 'if (first.known && first.known.journal.behind.length > 0)',
    replacement: 'if (first.known && first.known.journal.behind.length > 1e9)',
    test: { file: 'unit/check/begin-epoch.test.ts', name: 'a repair of a hole is an epoch' },
  },
  {
    name: 'believe-torn-reads',
    what: 'I5: what a fold has taken away while an account is read counts as lost',
    file: 'functions/check/survey-account.ts',
    text: 'if ((await deps.folds.current(account)) === (opened.checkpoint?.fold ?? null)) return survey;',
    replacement: 'if (attempt > 0) return survey;',
    test: {
      file: 'unit/check/mend-account.test.ts',
      name: 'folds that come while an account is read are no finding',
    },
  },
  {
    name: 'give-up-on-a-throttle',
    what: 'I5: a message that could not be read at the moment is named by nobody, and swept',
    file: 'functions/check/recover.ts',
    text: 'if (isLost(error)) return null;',
    replacement: 'if (isLost(error) || error !== null) return null;',
    test: {
      file: 'unit/check/mend-account.test.ts',
      name: 'a store that fails while messages are read again ends the repair, and gives none of them up',
    },
  },
  {
    name: 'one-place-for-all-summaries',
    what: 'a fold gives the summary of one recovered message to all of them',
    file: 'functions/check/recover.ts',
    text: 'return { chunk: 0, at: word(0), slot: NO_OP + (word(8) % NO_OP) };',
    replacement: 'return { chunk: 0, at: 0 * word(0), slot: NO_OP };',
    test: {
      file: 'unit/check/begin-epoch.test.ts',
      name: 'a fold that comes between record and checkpoint of a repair gives each message its own summary',
    },
  },
  {
    name: 'rebuild-what-can-be-read',
    what: 'an account that could be mended loses its UIDs, flags and mailboxes',
    file: 'functions/check/rebuild-account.ts',
    text: "if (!report.findings.some(({ mendedBy }) => mendedBy === 'rebuild'))",
    replacement: "if (report.findings.some(({ kind }) => kind === 'unknown-version'))",
    test: {
      file: 'unit/check/rebuild-account.test.ts',
      name: 'what can be read, or mended, is not made anew',
    },
  },
  {
    name: 'give-up-a-damaged-pack',
    what: 'I5: where rows are lost, a pack that cannot be read is taken for one that nobody needs',
    file: 'functions/check/recover.ts',
    text: 'if (!first) return;',
    replacement: 'if (!first || account.length > 0) return;',
    test: {
      file: 'unit/check/damaged-pack.test.ts',
      name: 'by a repair of a segment',
    },
  },
  {
    name: 'pack-by-an-old-index',
    what: 'I5: a pack that was cut off since its index was read is written anew without its end',
    file: 'shared/blob/pack-store.ts',
    text: 'const index = decodeIndex(bytes, true);',
    replacement: 'const index = await this.index(account, pack);',
    test: {
      file: 'unit/check/damaged-pack.test.ts',
      name: 'that was cut off since its index was read is not packed anew without its end',
    },
  },
  {
    name: 'rebuild-without-a-hold',
    what: 'I5: what was under legal hold is deleted after its index was lost and made anew',
    file: 'functions/check/rebuild-account.ts',
    text: 'policy: { ...NO_POLICY, hold: true }',
    replacement: 'policy: NO_POLICY',
    test: {
      file: 'unit/check/rebuild-account.test.ts',
      name: 'comes back under legal hold, so that nothing goes before somebody says what holds for it',
    },
  },
  {
    name: 'forget-a-hold-behind-a-hole',
    what: 'I5: a legal hold goes with the record before its own',
    file: 'functions/check/begin-epoch.ts',
    text: '...policyBehind(state, this.#known.journal.behind)',
    replacement: '...policyBehind(state, [])',
    test: {
      file: 'unit/check/begin-epoch.test.ts',
      name: 'a hold, and a closing that was taken back, are kept where the record before theirs is lost',
    },
  },
  {
    name: 'believe-a-late-read-of-a-key',
    what: 'a key that was deleted is held again for five minutes, by a read that was late',
    file: 'shared/keys/key-ring.ts',
    text: "if (meanwhile?.stored?.kind === 'deleted' && meanwhile.looked >= looked)",
    replacement: "if (meanwhile?.stored?.kind === 'deleted' && meanwhile.looked > looked + 1e15)",
    test: {
      file: 'unit/keys/key-ring.test.ts',
      name: 'a process that has been told of it sooner uses the key no more, whatever a late read still shows',
    },
  },
];
