/**
 * The ways in which a transcript is run: with nothing switched on, with CONDSTORE, QRESYNC or UIDONLY enabled, and over
 * TLS with COMPRESS. What differs by the letter of the RFCs alone is translated here, so that one transcript serves all.
 */
import { EXTENSIONS, type ExtensionName } from '../../gateway/imap/extensions.ts';
import type { ImapClient } from './imap-client.ts';

export type Variant = 'plain' | 'condstore' | 'qresync' | 'uidonly' | 'tls';

/** What a client of the variant enables. */
export const ENABLED: Readonly<Record<Variant, string | null>> = {
  plain: null,
  condstore: 'CONDSTORE',
  qresync: 'QRESYNC',
  uidonly: 'UIDONLY',
  tls: null,
};

const served = (name: string): boolean => EXTENSIONS.some((extension) => extension.name === name);

/** All that this release serves. */
export const VARIANTS: readonly Variant[] = (Object.keys(ENABLED) as Variant[]).filter(
  (variant) => ENABLED[variant] === null || served(ENABLED[variant] ?? ''),
);

// Fewer than all of them, each with its reason: `docs/CONFORMANCE.md` says which test is narrowed to which ("Variants"),
// and `test/unit/imap/variants.test.ts` compares the two.

/** Those in which messages have numbers: UIDONLY takes them away (RFC 9586 §3). */
export const NUMBERED: readonly Variant[] = VARIANTS.filter((variant) => variant !== 'uidonly');

/** Those in which a message goes by its number: with QRESYNC, too, VANISHED has UIDs (RFC 7162 §3.2.10). */
export const EXPUNGED_BY_NUMBER: readonly Variant[] = NUMBERED.filter((variant) => variant !== 'qresync');

/** Nothing can be enabled before sign-in (RFC 5161 §3.1), nor is anything when ENABLE itself is looked at. */
export const BEFORE_SIGN_IN: readonly Variant[] = ['plain', 'tls'];

/** Without COMPRESS, which the variant over TLS has begun: of the test that begins it, or pipelines behind its end. */
export const UNCOMPRESSED: readonly Variant[] = VARIANTS.filter((variant) => variant !== 'tls');

/** For what takes hundreds of messages, and looks at how many they are: the same test for few of them runs in all. */
export const COSTLY: readonly Variant[] = ['plain'];

/** In the clear, where TLS can begin. */
export const IN_THE_CLEAR: readonly Variant[] = ['plain'];

/** Without what `extension` itself is about: to take it out must not be noticed by the variant. */
export function variantsFor(variants: readonly Variant[], extension: ExtensionName): readonly Variant[] {
  return variants.filter((variant) => ENABLED[variant] !== extension);
}

/** Of random tests: each variant tries something else, for what it costs to try the same five times. */
export function seedOf(variant: Variant): number {
  return VARIANTS.indexOf(variant) + 1;
}

/** What a client of the variant says once it has signed in. */
export async function switchOn(client: ImapClient, variant: Variant): Promise<void> {
  const word = ENABLED[variant];
  if (word !== null) await client.enable(word);
  if (variant === 'tls' && served('COMPRESS=DEFLATE')) await client.compress();
}

/** Words by which a client shows that it reads mod-sequences (RFC 7162 §3.1). */
export const MODSEQ_WORDS = /MODSEQ|CHANGEDSINCE|UNCHANGEDSINCE|CONDSTORE|QRESYNC/i;

/**
 * A FETCH response as a client sees it that does not look at mod-sequences; null for one that tells nothing else. Such
 * come only to clients that have enabled CONDSTORE, and after a silent STORE there is nothing else in them.
 */
export function withoutModSeq(line: string): string | null {
  if (/^\* OK \[HIGHESTMODSEQ \d+\] all is told up to here$/.test(line)) return null;
  if (/^\S+ OK \[HIGHESTMODSEQ \d+\] /.test(line) && !line.startsWith('* '))
    return line.replace(/\[HIGHESTMODSEQ \d+\] /, '');
  // RFC 7162 §3.2.4: with the flags that a FETCH has set, UID and MODSEQ come whether asked for or not.
  const seen = / UID \d+ (FLAGS \([^)]*\)) MODSEQ \(\d+\)\)$/;
  if (seen.test(line)) return line.replace(seen, ' $1)');
  if (!/^\* \d+ (UID)?FETCH \(/.test(line)) return line;
  const shown = line.replace(/ MODSEQ \(\d+\)/, '').replace(/\(MODSEQ \(\d+\) ?/, '(');
  return shown !== line && /FETCH \((UID \d+)?\)$/.test(shown) ? null : shown;
}

/** Words by which a client shows that it reads object identifiers (RFC 8474). */
export const OBJECTID_WORDS = /MAILBOXID|EMAILID|THREADID/i;

/** A line as a client sees it that does not look at MAILBOXID; null for one that tells nothing else. */
export function withoutMailboxId(line: string): string | null {
  if (line.startsWith('* OK [MAILBOXID ')) return null;
  return line.replace(/^(\S+ OK )\[MAILBOXID \(\S+\)\] /, '$1');
}

/** Under UIDONLY the UID begins the response; whether it is told once more depends on who asked (RFC 9586 §3.3). */
export function withoutSecondUid(line: string): string {
  return line.replace(/^(\* (\d+) UIDFETCH \()UID \2(?: |(?=\)))/, '$1');
}

/** `S[qresync]: …` as `S: …` in that variant, and as nothing in the others. */
export function lineOfVariant(line: string, variant: Variant): string {
  const marked = /^([CS])\[([a-z! ]+)\](:.*)$/.exec(line);
  if (!marked) return line;
  const [, side = '', marks = '', rest = ''] = marked;
  const words = marks.split(' ');
  const applies = words.some((word) => word.startsWith('!'))
    ? !words.includes(`!${variant}`)
    : words.includes(variant);
  return applies ? side + rest : '';
}

/**
 * A line that must come, as the variant has it: under UIDONLY a FETCH response names the UID (RFC 9586 §3.3), and every
 * search was by UID. Without a UID in the transcript its number is taken for one, as in `commandInVariant`.
 */
export function inVariant(line: string, variant: Variant): string {
  if (variant !== 'uidonly') return line;
  const byUid = /^\* \d+ FETCH \(UID (\d+) ?(.*)$/.exec(line);
  if (byUid) return `* ${byUid[1] ?? ''} UIDFETCH (${byUid[2] ?? ''}`;
  return line
    .replace(/^(\* \d+) FETCH \(/, '$1 UIDFETCH (')
    .replace(/^(\* ESEARCH \(TAG "[^"]*"\))(?! UID)/, '$1 UID');
}

/** A command without its tag, which takes message numbers unless UID stands before it. */
const BY_NUMBER = /^(FETCH|STORE|COPY|MOVE|SEARCH|SORT|THREAD|REPLACE) /i;

/**
 * A command as the variant has it: UIDONLY knows it by its UID form alone (RFC 9586 §3). The numbers in it stay: as long as
 * nothing was expunged they are the UIDs as well; where they are not, the transcript has a line for the variant. What
 * is said of UIDs alone, and of the refusal of numbers, is sent by `ImapClient.send`.
 */
export function commandInVariant(command: string, variant: Variant): string {
  return variant === 'uidonly' && BY_NUMBER.test(command) ? `UID ${command}` : command;
}
