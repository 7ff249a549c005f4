/**
 * LIST patterns (RFC 9051 §6.3.9): `*` matches anything, `%` anything but the hierarchy delimiter. Matching costs at
 * most name × pattern steps: every place in the pattern that is still possible is followed at once, none is retried.
 * (Measured: 1,000 characters by 600 wildcards 27 ms, an ordinary name and pattern 1 µs. Over many names, take turns.)
 */
import {
  decodeListPattern,
  encodeModifiedUtf7,
  HIERARCHY_DELIMITER,
  type NameEncoding,
} from './mailbox-name.ts';

/** Answers whether a mailbox name (decoded, INBOX in upper case) matches. */
export type ListMatcher = (name: string) => boolean;

/**
 * A pattern in the letters of names, or one that holds a piece of an encoded run (`Entw&APw*`) and so can only be compared
 * with names as modified UTF-7 writes them: a wildcard stands for characters of the name *on the wire* (RFC 3501 §6.3.8).
 */
export type ListPattern = string | { readonly encoded: string };

/**
 * The pattern that a reference and a mailbox argument make together: plain concatenation, as nearly all servers do. Both as
 * sent; throws `ImapSyntaxError` for 8-bit characters that the client has not enabled.
 */
export function canonicalPattern(reference: string, pattern: string, encoding: NameEncoding): ListPattern {
  const sent = reference + pattern;
  return decodeListPattern(sent, encoding) ?? { encoded: sent };
}

/** Compiles a pattern of either kind. */
export function compilePattern(pattern: ListPattern): ListMatcher {
  if (typeof pattern === 'string') return compileListPattern(pattern);
  const matches = compileListPattern(pattern.encoded);
  return (name) => matches(encodeModifiedUtf7(name));
}

/** Compiles a decoded pattern. INBOX matches in any case, alone and as the first level of a name (RFC 9051 §6.3.9). */
export function compileListPattern(pattern: string, delimiter: string = HIERARCHY_DELIMITER): ListMatcher {
  // Neighbouring wildcards are one: `*` if there is one among them. A list of 60,000 "%" costs no more than one.
  const tokens = pattern.replaceAll(/[%*]+/g, (run) => (run.includes('*') ? '*' : '%'));
  if (tokens === '*') return () => true;
  if (tokens === '%') return (name) => !name.includes(delimiter);
  const folded = tokens.replace(/^inbox/i, 'INBOX');
  if (!/[%*]/.test(tokens)) return (name) => name === tokens || (isInbox(name, delimiter) && name === folded);
  return (name) =>
    matches(name, tokens, delimiter) || (isInbox(name, delimiter) && matchesInbox(name, tokens, delimiter));
}

function isInbox(name: string, delimiter: string): boolean {
  return name === 'INBOX' || name.startsWith(`INBOX${delimiter}`);
}

/** The first level compares without case: `in%` must find INBOX. */
function matchesInbox(name: string, tokens: string, delimiter: string): boolean {
  return matches(name, tokens, delimiter, 'INBOX'.length);
}

const STAR = 0x2a;
const PERCENT = 0x25;

/** `foldUpTo`: that many characters of the name, which are upper case, compare without case. */
function matches(name: string, tokens: string, delimiter: string, foldUpTo = 0): boolean {
  const delimiterCode = delimiter.charCodeAt(0);
  const codes = Uint16Array.from({ length: tokens.length }, (_, p) => tokens.charCodeAt(p));
  // possible[p]: the name read so far can be matched by the first p tokens.
  let possible = new Uint8Array(codes.length + 1);
  let next = new Uint8Array(codes.length + 1);
  possible[0] = 1;
  skipWildcards(possible, codes);
  for (let i = 0; i < name.length; i++) {
    const character = name.charCodeAt(i);
    let alive = false;
    next.fill(0);
    for (let p = 0; p < codes.length; p++) {
      if (possible[p] === 0) continue;
      const token = codes[p] ?? 0;
      if (token === STAR || (token === PERCENT && character !== delimiterCode)) next[p] = 1;
      else if (token === character || (i < foldUpTo && upperCase(token) === character)) next[p + 1] = 1;
      else continue;
      alive = true;
    }
    if (!alive) return false;
    skipWildcards(next, codes);
    [possible, next] = [next, possible];
  }
  return possible[codes.length] === 1;
}

/** A wildcard may match nothing. */
function skipWildcards(possible: Uint8Array, codes: Uint16Array): void {
  for (let p = 0; p < codes.length; p++) {
    if (possible[p] === 1 && (codes[p] === STAR || codes[p] === PERCENT)) possible[p + 1] = 1;
  }
}

/** ASCII only: `ı` is no `I`. */
function upperCase(code: number): number {
  return code >= 0x61 && code <= 0x7a ? code - 0x20 : code;
}
