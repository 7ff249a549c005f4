/**
 * The ways in which a transcript is run: with nothing switched on, with CONDSTORE, QRESYNC or UIDONLY enabled, and over
 * TLS with COMPRESS. What differs by the letter of the RFCs alone is translated here, so that one transcript serves all.
 */
import { EXTENSIONS, type ExtensionName } from '../../gateway/imap/extensions.ts';
import type { ImapClient } from './imap-client.ts';

export type Variant = 'plain' | 'condstore' | 'qresync' | 'uidonly' | 'tls';

const ENABLED: Readonly<Record<Variant, string | null>> = {
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

/** Those in which messages have numbers: UIDONLY takes them away (RFC 9586 §3). */
export const NUMBERED: readonly Variant[] = VARIANTS.filter((variant) => variant !== 'uidonly');

/** Without what `extension` itself is about: to take it out must not be noticed by the variant. */
export function variantsFor(variants: readonly Variant[], extension: ExtensionName): readonly Variant[] {
  return variants.filter((variant) => ENABLED[variant] !== extension);
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

/** A line that must come, as the variant has it: under UIDONLY a FETCH response names the UID (RFC 9586 §3.3). */
export function inVariant(line: string, variant: Variant): string {
  if (variant !== 'uidonly') return line;
  const found = /^\* \d+ FETCH \(UID (\d+) ?(.*)$/.exec(line);
  return found ? `* ${found[1] ?? ''} UIDFETCH (${found[2] ?? ''}` : line;
}
