/** The languages in which the server can speak (RFC 5255 §3.2), and which of them a client means. */
import type { Spoken } from '../wire/response-writer.ts';
import { CATALOGUE } from './catalogue.ts';

export interface Language extends Spoken {
  /** As LANGUAGE names it. */
  readonly tag: string;
  /** What the prefix of other users' mailboxes may be shown as (RFC 5255 §3.4); in English it is left as it is. */
  readonly otherUsers: string | undefined;
}

/** What stands for a value in the texts of the catalogue; with the star, for one that is translated as well. */
const HOLES = /\{\*?\}/g;

const asItIs = (text: string): string => text;

/** `i-default` is what is spoken when nobody has asked (RFC 2277 §4.5): English, in ASCII. */
export const LANGUAGES: readonly Language[] = [
  { tag: 'i-default', translate: asItIs, otherUsers: undefined },
  { tag: 'en', translate: asItIs, otherUsers: undefined },
  { tag: 'de', translate: translator(1), otherUsers: 'Andere Benutzer/' },
  { tag: 'fr', translate: translator(2), otherUsers: 'Autres utilisateurs/' },
];

/** A text with holes: what English makes of it, and the pieces around the values in the other language. */
interface Sentence {
  readonly pattern: RegExp;
  readonly pieces: readonly string[];
  readonly isPhrase: readonly boolean[];
}

function translator(column: 1 | 2): (text: string) => string {
  const fixed = new Map<string, string>();
  const open: Sentence[] = [];
  for (const entry of CATALOGUE) {
    const [english] = entry;
    const holes = english.match(HOLES) ?? [];
    if (holes.length === 0) fixed.set(english, entry[column]);
    else
      open.push({
        pattern: patternOf(english),
        pieces: entry[column].split(HOLES),
        isPhrase: holes.map((hole) => hole === '{*}'),
      });
  }
  const translate = (text: string): string => {
    const known = fixed.get(text);
    if (known !== undefined) return known;
    for (const { pattern, pieces, isPhrase } of open) {
      const values = pattern.exec(text)?.slice(1);
      if (!values) continue;
      const told = values.map((value, index) => (isPhrase[index] ? translate(value) : value));
      return pieces.map((piece, index) => piece + (told[index] ?? '')).join('');
    }
    return text;
  };
  return translate;
}

function patternOf(english: string): RegExp {
  const pieces = english.split(HOLES).map((piece) => piece.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pieces.join('(.*)')}$`, 's');
}

/** RFC 4647 §2.1, or what has a meaning of its own. */
export function isLanguageRange(text: string): boolean {
  return /^(?:\*|[a-z]{1,8})(?:-(?:\*|[a-z0-9]{1,8}))*$/i.test(text);
}

/**
 * The first of `ranges` that is spoken: exactly, or by what is left when its subtags are taken away from the end
 * (RFC 4647 §3.4, lookup). `default` is what the administrator prefers, which is nothing in particular.
 */
export function languageFor(ranges: readonly string[]): Language | undefined {
  for (const range of ranges.map((sent) => sent.toLowerCase())) {
    if (range === 'default' || range === '*') return LANGUAGES[0];
    const subtags = range.split('-').filter((subtag) => subtag !== '*');
    for (let length = subtags.length; length > 0; length--) {
      const tag = subtags.slice(0, length).join('-');
      const found = LANGUAGES.find((language) => language.tag === tag);
      if (found) return found;
    }
  }
  return undefined;
}
