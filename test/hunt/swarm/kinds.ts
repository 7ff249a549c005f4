/** The kinds of sessions: what each has enabled decides in which words it is told of the mailbox. */
import type { Draw } from '../draw.ts';

export interface Kind {
  readonly name: string;
  /** Words of ENABLE. */
  readonly enables: readonly string[];
  /** Mod-sequences are told (RFC 7162 §3.1). */
  readonly condstore: boolean;
  /** VANISHED in place of EXPUNGE (RFC 7162 §3.2.10, RFC 9586 §3.2). */
  readonly vanished: boolean;
  /** No message number in either direction, UIDFETCH in place of FETCH (RFC 9586). */
  readonly uidOnly: boolean;
  /** ESEARCH in place of SEARCH, and no RECENT (RFC 9051, appendix E). */
  readonly rev2: boolean;
  /** Over COMPRESS (RFC 4978). */
  readonly compressed: boolean;
}

/** By the words of ENABLE, each as likely as its weight says. */
const WEIGHTS = {
  '': 4,
  CONDSTORE: 3,
  QRESYNC: 4,
  UIDONLY: 2,
  'UIDONLY CONDSTORE': 1,
  'UIDONLY QRESYNC': 2,
  IMAP4rev2: 2,
  'IMAP4rev2 QRESYNC': 1,
};
const COMPRESSED = 0.25;

export function drawKind(draw: Draw): Kind {
  const enables = draw.weighted(WEIGHTS).split(' ').filter(Boolean);
  const compressed = draw.chance(COMPRESSED);
  const qresync = enables.includes('QRESYNC');
  const uidOnly = enables.includes('UIDONLY');
  return {
    name: [...(enables.length > 0 ? enables : ['plain']), ...(compressed ? ['COMPRESS'] : [])].join('+'),
    enables,
    condstore: qresync || enables.includes('CONDSTORE'),
    vanished: qresync || uidOnly,
    uidOnly,
    rev2: enables.includes('IMAP4rev2'),
    compressed,
  };
}
