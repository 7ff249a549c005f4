/** Whether the journal is whole: which records follow on the checkpoint, and what stands where nothing may. */
import type { Checkpoint } from './checkpoint.ts';
import { type Finding, counted } from './finding.ts';
import type { RecordNumber } from './ids.ts';
import { type JournalEntry, type JournalRecord, isEmptied } from './record.ts';

export interface ExaminedJournal {
  readonly findings: readonly Finding[];
  /** Records above the checkpoint, up to the first gap. */
  readonly tail: readonly JournalRecord[];
  /** What stands behind the gap. */
  readonly behind: readonly JournalEntry[];
  /** Every record up to the checkpoint, if all of them still stand; else null. */
  readonly whole: readonly JournalRecord[] | null;
  /** Every record from the first one that is not to be emptied yet up to the checkpoint, if all of them stand; else null. */
  readonly covered: readonly JournalRecord[] | null;
  /** Numbers at or below the checkpoint whose keys are free and must not be (I4). */
  readonly free: readonly RecordNumber[];
  /** Records that should have been emptied. */
  readonly standing: readonly JournalRecord[];
}

export function examineJournal(base: Checkpoint, entries: readonly JournalEntry[]): ExaminedJournal {
  const findings: Finding[] = [];
  const { tail, behind } = followingOn(base, entries);
  const [first] = behind;
  if (first) findings.push(holeBelow(first, base.state.number + tail.length));
  const covered = entries.filter(({ number }) => number <= base.state.number);
  const free = freeKeys(base, covered);
  if (free.length > 0) findings.push(freed(free));
  const standing = covered.filter(
    (entry): entry is JournalRecord => entry.number <= base.emptiedTo && !isEmptied(entry),
  );
  if (standing.length > 0) findings.push(notEmptied(standing));
  return {
    findings,
    tail,
    behind,
    whole: wholeOf(base, covered),
    covered: standingAbove(base, covered),
    free,
    standing,
  };
}

function followingOn(
  base: Checkpoint,
  entries: readonly JournalEntry[],
): Pick<ExaminedJournal, 'tail' | 'behind'> {
  const tail: JournalRecord[] = [];
  const above = entries.filter(({ number }) => number > base.state.number);
  for (const entry of above) {
    if (isEmptied(entry) || entry.number !== base.state.number + tail.length + 1) break;
    tail.push(entry);
  }
  return { tail, behind: above.slice(tail.length) };
}

/** Below `emptiedTo` TTL may have taken a key after its year. */
function freeKeys(base: Checkpoint, covered: readonly JournalEntry[]): RecordNumber[] {
  const taken = new Set(covered.map(({ number }) => number));
  const free: RecordNumber[] = [];
  for (let number = base.emptiedTo + 1; number <= base.state.number; number++)
    if (!taken.has(number as RecordNumber)) free.push(number as RecordNumber);
  return free;
}

function wholeOf(base: Checkpoint, covered: readonly JournalEntry[]): readonly JournalRecord[] | null {
  const records = covered.filter((entry): entry is JournalRecord => !isEmptied(entry));
  const inOrder = records.every(({ number }, index) => number === index + 1);
  return inOrder && records.length === base.state.number ? records : null;
}

function standingAbove(base: Checkpoint, covered: readonly JournalEntry[]): readonly JournalRecord[] | null {
  const above = covered.filter(({ number }) => number > base.emptiedTo);
  const records = above.filter((entry): entry is JournalRecord => !isEmptied(entry));
  return records.length === base.state.number - base.emptiedTo ? records : null;
}

function holeBelow(first: JournalEntry, last: number): Finding {
  const missing = last + 1;
  return {
    kind: 'journal-hole',
    what:
      first.number === missing
        ? `record ${missing} is emptied, and no checkpoint contains it`
        : `record ${missing} is missing below record ${first.number}`,
    means: `Nobody can open the account; what was changed after record ${last} is uncertain.`,
    mendedBy: 'repair',
  };
}

function freed(free: readonly RecordNumber[]): Finding {
  return {
    kind: 'key-free',
    what: `${counted(free.length, 'key')} of records below the checkpoint ${free.length === 1 ? 'is' : 'are'} free, the first is ${free[0]}`,
    means: 'Nothing is lost; a gateway that was away for long could write where nobody reads.',
    mendedBy: 'repair',
  };
}

function notEmptied(standing: readonly JournalRecord[]): Finding {
  return {
    kind: 'record-standing',
    what: `${counted(standing.length, 'record')} below ${standing.at(-1)?.number} should have been emptied and ${standing.length === 1 ? 'stands' : 'stand'} yet`,
    means:
      'Either an emptying was interrupted, or a gateway that knew the account before a restore has written there.',
    mendedBy: 'repair',
  };
}
