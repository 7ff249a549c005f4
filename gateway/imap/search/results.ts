/** What a search answers: the SEARCH and SORT responses, ESEARCH with its return options, and what is saved. Pure. */
import type { SearchReturn } from '../wire/ast.ts';
import { placesOf } from '../wire/result-range.ts';
import { formatInOrder } from '../wire/sequence-set.ts';

/** Messages that were found, in the order asked for. */
export interface Results {
  /** As the client names them: message numbers or UIDs. */
  readonly numbers: readonly number[];
  /** Of each, if MODSEQ is among the keys (RFC 7162 §3.1.5); else empty. */
  readonly modSeqs: readonly number[];
  /** Of each, if RELEVANCY is to be returned; else empty. */
  readonly scores: readonly number[];
}

/** `SEARCH 2 84 882 (MODSEQ 917162500)`. */
export function plainText(name: 'SEARCH' | 'SORT', { numbers, modSeqs }: Results): string {
  const highest = modSeqs.length > 0 ? ` (MODSEQ ${highestOf(modSeqs)})` : '';
  return numbers.length === 0 ? name : `${name} ${numbers.join(' ')}${highest}`;
}

/** An ESEARCH response behind its correlators. Null: SAVE alone asks for no answer (RFC 9051 §6.4.4). */
export function esearchText(returns: SearchReturn, byUid: boolean, results: Results): string | null {
  const { min, max, all, count, save, partial, update, relevancy } = returns;
  if (save && !(min || max || all || count || partial || update || relevancy)) return null;
  const { numbers, modSeqs, scores } = results;
  const window = partial && placesOf(partial, numbers.length);
  const words = byUid ? ['UID'] : [];
  if (numbers.length > 0) {
    if (min) words.push(`MIN ${numbers[0] ?? 0}`);
    if (max) words.push(`MAX ${numbers.at(-1) ?? 0}`);
    if (all) words.push(`ALL ${formatInOrder(numbers)}`);
  }
  if (partial && window) {
    const set = formatInOrder(numbers.slice(window.start, window.end));
    words.push(`PARTIAL (${partial.text} ${set === '' ? 'NIL' : set})`);
  }
  if (count) words.push(`COUNT ${numbers.length}`);
  if (relevancy) {
    // Of what is listed, in its order (RFC 6203 §4).
    const told = window && !all ? scores.slice(window.start, window.end) : scores;
    words.push(`RELEVANCY (${told.join(' ')})`);
  }
  const told = returned(returns, modSeqs);
  if (told.length > 0) words.push(`MODSEQ ${highestOf(told)}`);
  return words.join(' ');
}

/**
 * Of `found`, in order, what MIN, MAX and PARTIAL return; all of it with ALL or COUNT, or with none of them. It is what
 * SAVE keeps (RFC 5182 §2.4, RFC 9394 §3.2), and what MODSEQ is the highest of (RFC 4731 §3.2).
 */
export function returned<T>({ min, max, all, count, partial }: SearchReturn, found: readonly T[]): T[] {
  if (all || count || !(min || max || partial)) return [...found];
  const window = partial ? placesOf(partial, found.length) : { start: 0, end: 0 };
  return found.filter(
    (_, place) =>
      (min && place === 0) ||
      (max && place === found.length - 1) ||
      (place >= window.start && place < window.end),
  );
}

function highestOf(modSeqs: readonly number[]): number {
  return modSeqs.reduce((highest, modSeq) => Math.max(highest, modSeq), 0);
}
