/**
 * What a client has switched on decides how it is spoken to: CONDSTORE and QRESYNC (RFC 7162), UIDONLY (RFC 9586),
 * IMAP4rev2 (RFC 9051) and LANGUAGE (RFC 5255). The responses in which they differ are made here.
 */
import type { ResponseCode } from '../wire/response-code.ts';
import { NumberSet } from '../wire/sequence-set.ts';
import type { Session } from './session.ts';

export interface Dialect {
  /** CONDSTORE: a FETCH response that nobody asked for carries UID and MODSEQ (RFC 7162 §3.2.4). */
  readonly modSeqs: boolean;
  /** QRESYNC: VANISHED in place of EXPUNGE, and HIGHESTMODSEQ wherever the client could lose count. */
  readonly qresync: boolean;
  /** UIDONLY: no message number is told or taken. */
  readonly uidOnly: boolean;
  /** IMAP4rev2 (RFC 9051, appendix E): neither RECENT nor \Recent nor UNSEEN, LIST in SELECT, ESEARCH in place of SEARCH. */
  readonly rev2: boolean;
  /** Says a text in the language that the client has chosen. */
  readonly words: (text: string) => string;
}

/** RFC 3501 without extensions. */
export const PLAIN: Dialect = {
  modSeqs: false,
  qresync: false,
  uidOnly: false,
  rev2: false,
  words: (text) => text,
};

/** How a FETCH response begins: its items and `)` follow. */
export function fetchHead({ uidOnly }: Dialect, number: number, uid: number): string {
  return uidOnly ? `* ${uid} UIDFETCH (` : `* ${number} FETCH (`;
}

/** The item UID of a FETCH response that nobody asked for; UIDFETCH has it at its beginning (RFC 9586 §3.3). */
export function uidItem({ uidOnly }: Dialect, uid: number): string[] {
  return uidOnly ? [] : [`UID ${uid}`];
}

/** Messages are gone. `numbers`, ascending, as the client has them, and their UIDs. */
export function goneLines(
  { qresync, uidOnly }: Dialect,
  numbers: readonly number[],
  uidOf: (number: number) => number,
): string[] {
  if (qresync || uidOnly) return vanishedLines(NumberSet.ofSorted(numbers.map(uidOf)), false);
  // Each EXPUNGE moves down the numbers behind it (RFC 9051 §7.5.1).
  return numbers.map((number, index) => `* ${number - index} EXPUNGE\r\n`);
}

/** Clients take lines of 8,192 octets (RFC 7162 §4): a range of UIDs has 21 digits at most, and a comma. */
const RANGES_PER_LINE = 350;

/** `earlier`: they were gone before the client opened the mailbox (RFC 7162 §3.2.10). */
export function vanishedLines(uids: NumberSet, earlier: boolean): string[] {
  const head = earlier ? '* VANISHED (EARLIER) ' : '* VANISHED ';
  return uids.inPieces(RANGES_PER_LINE).map((piece) => `${head}${piece.toString()}\r\n`);
}

/**
 * The code of the tagged OK of a command that has taken messages out of the selected mailbox (RFC 7162 §3.2.7, RFC 6851
 * §4.4): everything up to it will have been told by then.
 */
export function highestModSeqCode({ dialect, selected }: Session): { readonly code?: ResponseCode } {
  const mailbox = dialect.qresync ? selected.current : undefined;
  return mailbox ? { code: { code: 'HIGHESTMODSEQ', value: mailbox.highestModSeq } } : {};
}
