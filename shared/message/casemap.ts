/**
 * The collation i;unicode-casemap (RFC 5051), by which SEARCH, SORT and THREAD compare text (RFC 5255 §4.5): equality,
 * substring and order are those of the mapped strings.
 */

import { isAscii } from './encoded-word.ts';

/** Lower and title case of the Latin digraphs that have a title case of their own. */
const DIGRAPHS: readonly (readonly [first: number, last: number, title: number])[] = [
  [0x01c4, 0x01c6, 0x01c5],
  [0x01c7, 0x01c9, 0x01c8],
  [0x01ca, 0x01cc, 0x01cb],
  [0x01f1, 0x01f3, 0x01f2],
];

/** Mapped characters: most texts use few. */
const mapped = new Map<string, string>();
const MAX_MAPPED = 8192;

/**
 * `text` as the RFC prepares it (§2): each code point in title case, then decomposed for compatibility, by itself, so
 * that pieces mapped one by one make the whole. It says nothing of special casing: ß does not meet SS.
 */
export function casemap(text: string): string {
  if (isAscii(text)) return text.toUpperCase();
  const upper = text.replace(/[a-z]+/g, (run) => run.toUpperCase());
  return upper.replace(/[^\x00-\x7f]/gu, mapCharacter);
}

/** Order of mapped strings by the octets of their UTF-8, which is the order of code points, not of UTF-16 units. */
export function compareCasemapped(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const one = a.charCodeAt(at);
    const other = b.charCodeAt(at);
    if (one !== other) return codePointRank(one) - codePointRank(other);
  }
  return a.length - b.length;
}

/** Halves of surrogate pairs stand for code points above all others. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function mapCharacter(character: string): string {
  const known = mapped.get(character);
  if (known !== undefined) return known;
  const result = titleCase(character).normalize('NFKD');
  if (mapped.size >= MAX_MAPPED) mapped.clear();
  mapped.set(character, result);
  return result;
}

/** The simple title case of UnicodeData.txt, which JavaScript tells only of upper case, and there with special casing. */
function titleCase(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digraph = DIGRAPHS.find(([first, last]) => code >= first && code <= last);
  if (digraph) return String.fromCodePoint(digraph[2]);
  // Greek letters with iota subscript: their full upper case is two letters, their title case one.
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8);
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCodePoint(code + 9);
  // Georgian has an upper case and no title case.
  if ((code >= 0x10d0 && code <= 0x10fa) || (code >= 0x10fd && code <= 0x10ff)) return character;
  const upper = character.toUpperCase();
  return upper.length === String.fromCodePoint(upper.codePointAt(0) ?? 0).length ? upper : character;
}
