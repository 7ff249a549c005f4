/**
 * Texts that are nearly there (RFC 6203): words are compared, in any order, and may be misspelt, inflected or parts of
 * others. Exact searching looks for a stretch of text; this one forgives. Pure.
 */
import { casemap } from '../../../shared/message/casemap.ts';

/** Relevancy, 1 to 100 (RFC 6203 §4); 0 is no match. */
export type Score = number;

const EXACT = 100;
/** `work` in `working`. */
const PREFIX = 90;
/** `press` in `express`; and whatever an exact search finds. */
export const PART = 75;
/** `working` for `work`: the text has the shorter form. */
const STEM = 70;
/** Of a misspelt word, less by the share of its letters that are wrong. */
const MISSPELT = 85;

/** A word beyond this is no word (RFC 6203 §8: long words and random text must not cost more than others). */
const MAX_WORD = 64;
const MAX_QUERY_WORDS = 16;
/** Words whose score is remembered for each word asked for: texts repeat their words. */
const MAX_REMEMBERED = 4096;

const WORDS = /[\p{L}\p{N}\p{M}]+/gu;
const MARKS = /\p{M}+/gu;
const SHARP_S = /[ßẞ]/g;

/** The words of a text as they are compared: without case and without diacritics. */
function* wordsOf(text: string): Generator<string> {
  for (const [word] of casemap(text).matchAll(WORDS)) {
    const plain = word.replace(MARKS, '').replace(SHARP_S, 'SS').toUpperCase();
    if (plain !== '') yield plain.slice(0, MAX_WORD);
  }
}

/** Whether there is anything to compare: what has no word can be searched exactly only. */
export function hasWords(text: string): boolean {
  return !wordsOf(text).next().done;
}

/** One word that is asked for, and how near each word of a text comes to it. */
class SoughtWord {
  readonly #word: string;
  readonly #remembered = new Map<string, Score>();

  constructor(word: string) {
    this.#word = word;
  }

  score(word: string): Score {
    const known = this.#remembered.get(word);
    if (known !== undefined) return known;
    const score = nearness(this.#word, word);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(word, score);
    return score;
  }
}

/** How near `word` of a text comes to `sought`. */
export function nearness(sought: string, word: string): Score {
  if (word === sought) return EXACT;
  if (sought.length >= 2 && word.startsWith(sought)) return PREFIX;
  if (sought.length >= 3 && word.includes(sought)) return PART;
  if (word.length >= 4 && word.length * 2 >= sought.length && sought.startsWith(word)) return STEM;
  const allowed = mistakesIn(sought);
  const mistakes =
    Math.abs(word.length - sought.length) <= allowed ? distance(sought, word, allowed) : Infinity;
  return mistakes <= allowed ? Math.round(MISSPELT * (1 - mistakes / sought.length)) : 0;
}

/** Short words differ by one letter from very many others. */
function mistakesIn(word: string): number {
  if (word.length < 4) return 0;
  return word.length < 8 ? 1 : 2;
}

/** Letters to add, drop, change or swap with their neighbour; Infinity if more than `limit`. */
function distance(a: string, b: string, limit: number): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    if (Math.min(...row) > limit) return Infinity;
    [before, last] = [last, row];
  }
  return last[b.length] ?? Infinity;
}

/** What one fuzzy text has met so far: of each of its words the best. */
class SoughtText {
  readonly text: string;
  readonly #words: readonly SoughtWord[];
  readonly #best: Score[];

  constructor(text: string) {
    this.text = text;
    const words = [...wordsOf(text)].slice(0, MAX_QUERY_WORDS);
    this.#words = words.map((word) => new SoughtWord(word));
    this.#best = words.map(() => 0);
  }

  see(word: string): void {
    this.#words.forEach((sought, index) => {
      if (this.#best[index] !== EXACT)
        this.#best[index] = Math.max(this.#best[index] ?? 0, sought.score(word));
    });
  }

  /** Every word has to be there somehow. */
  get score(): Score {
    if (this.#best.length === 0 || this.#best.includes(0)) return 0;
    return Math.round(this.#best.reduce((sum, best) => sum + best, 0) / this.#best.length);
  }

  forget(): void {
    this.#best.fill(0);
  }
}

/** Looks for several texts in one that comes in pieces. Words are what counts, so that a break between texts is a blank. */
export class FuzzyFinder {
  readonly #sought: readonly SoughtText[];
  /** A word that may go on in the next piece. */
  #tail = '';

  constructor(texts: Iterable<string>) {
    this.#sought = [...texts].map((text) => new SoughtText(text));
  }

  /** Scores by text, once everything has been written. */
  get scores(): ReadonlyMap<string, Score> {
    return new Map(this.#sought.map(({ text, score }) => [text, score]));
  }

  /** Nothing that comes could change a score. */
  get done(): boolean {
    return this.#sought.every(({ score }) => score === EXACT);
  }

  write(text: string): void {
    if (this.done) return;
    const window = this.#tail + text;
    const open = /[\p{L}\p{N}\p{M}]+$/u.exec(window.slice(-MAX_WORD))?.[0] ?? '';
    this.#tail = open;
    this.#see(window.slice(0, window.length - open.length));
  }

  break(): void {
    this.#see(this.#tail);
    this.#tail = '';
  }

  #see(text: string): void {
    for (const word of wordsOf(text)) for (const sought of this.#sought) sought.see(word);
  }
}

/** How near a whole text comes to another. What an exact search finds is near enough, though it may be parts of words. */
export class FuzzyText {
  readonly #sought: SoughtText;
  readonly #exact: string;

  constructor(text: string) {
    this.#sought = new SoughtText(text);
    this.#exact = casemap(text);
  }

  scoreOf(text: string): Score {
    this.#sought.forget();
    for (const word of wordsOf(text)) this.#sought.see(word);
    return Math.max(this.#sought.score, casemap(text).includes(this.#exact) ? PART : 0);
  }
}

/** Dates beyond a range by days, sizes by tenths of it: the farther, the less relevant (RFC 6203 §5). */
export function scoreBeyond(distance: number, tolerance: number): Score {
  if (distance <= 0) return EXACT;
  return distance > tolerance ? 0 : Math.max(1, Math.round(EXACT * (1 - distance / (tolerance + 1))));
}
