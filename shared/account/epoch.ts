/**
 * Epochs: how far an account jumps after its table was restored from a backup, so that nothing which was given out in the
 * lost time is given out again: record numbers (and with them mod-sequences), UIDs, ids of mailboxes, UIDVALIDITY.
 *
 * What was lost is not known, but how long the lost time was. A record is put when the one before it stands, a round trip
 * of some four milliseconds at best; so no account ever wrote more than `PER_SECOND` a second. A single record may give
 * out a hundred thousand UIDs (COPY): for such bursts there is `AT_LEAST`. From the same backup a second time, the lost time
 * is longer, and so is the jump, by more than what was written between the two.
 */
import type { EpochOp } from './ops.ts';
import type { RecordNumber } from './ids.ts';

const PER_SECOND = 256;
const AT_LEAST = 2 ** 20;
/** References to records have 32 bits, as UIDs have. */
const AT_MOST = 2 ** 31;

/** Where the whole life of an account is lost: nobody writes so much year in, year out. */
const PER_SECOND_OF_A_LIFE = 8;

/** How far to jump over a lost time of so many milliseconds. */
export function jumpOver(lostMs: number, perSecond = PER_SECOND): number {
  const seconds = Math.max(0, Math.ceil(lostMs / 1000));
  return Math.min(AT_LEAST + perSecond * seconds, AT_MOST);
}

/** The number of the epoch's record, beyond `last` and all that may have come after it. */
export function epochNumber(last: number, lostMs: number): RecordNumber {
  return checked(last + jumpOver(lostMs));
}

/** The number of the first record of an account that is made anew, whose old journal is lost. */
export function rebornNumber(last: number, lifeMs: number): RecordNumber {
  return checked(last + jumpOver(lifeMs, PER_SECOND_OF_A_LIFE));
}

function checked(number: number): RecordNumber {
  if (number >= 2 ** 32)
    throw new Error(`an epoch at record ${number} is beyond what this release can number`);
  return number as RecordNumber;
}

/** `now`: milliseconds since the epoch. */
export function epochOp(now: number, lostMs: number): EpochOp {
  return { op: 'epoch', uidJump: jumpOver(lostMs), uidValidity: Math.ceil(now / 1000) };
}
