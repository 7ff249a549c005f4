/** Message flags: system flags as bits, keywords as interned sets (RFC 9051 §2.3.2). */

/** \Recent is no bit: it is a floor of UIDs, see `Mailbox.recentFloor`. */
export const SEEN = 1;
export const ANSWERED = 2;
export const FLAGGED = 4;
export const DELETED = 8;
export const DRAFT = 16;

/** System flags by their bit, in the order in which FLAGS lists them. */
export const SYSTEM_FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [ANSWERED, '\\Answered'],
  [FLAGGED, '\\Flagged'],
  [DELETED, '\\Deleted'],
  [SEEN, '\\Seen'],
  [DRAFT, '\\Draft'],
];

/**
 * Keywords of one mailbox are at most this many: each new one is listed in every SELECT and kept for the mailbox's
 * life, so that a client that invents keywords without end gets NO [LIMIT] instead of a slow mailbox.
 */
export const MAX_KEYWORDS = 256;

export interface Flags {
  /** Bits of `SYSTEM_FLAGS`. */
  readonly system: number;
  /** Keywords as first spelled in this mailbox, sorted by code unit, without repetition. */
  readonly keywords: readonly string[];
}

/** How STORE combines flags (RFC 9051 §6.4.6). */
export type FlagMode = 'add' | 'remove' | 'replace';

/** Keywords compare without regard to ASCII case (RFC 9051 §2.3.2). */
export function foldKeyword(keyword: string): string {
  return keyword.toLowerCase();
}

/** Sorted, and without repetition in any case; the first spelling wins. */
export function normaliseKeywords(keywords: readonly string[]): readonly string[] {
  const seen = new Map<string, string>();
  for (const keyword of keywords)
    if (!seen.has(foldKeyword(keyword))) seen.set(foldKeyword(keyword), keyword);
  return [...seen.values()].sort();
}

export function combineSystem(current: number, mode: FlagMode, change: number): number {
  if (mode === 'add') return current | change;
  if (mode === 'remove') return current & ~change;
  return change;
}

export function combineKeywords(
  current: readonly string[],
  mode: FlagMode,
  change: readonly string[],
): readonly string[] {
  if (mode === 'replace') return normaliseKeywords(change);
  if (change.length === 0) return current;
  if (mode === 'add') return normaliseKeywords([...current, ...change]);
  const gone = new Set(change.map(foldKeyword));
  return current.filter((keyword) => !gone.has(foldKeyword(keyword)));
}

/**
 * The distinct keyword sets of one mailbox. A message's column holds the index of its set, so that any number of
 * keywords costs four bytes a message, and a search for one looks at the sets, not at the messages.
 * Index 0 is the empty set. Sets are only ever added, so that columns of different ages may share one table.
 */
export class KeywordSets {
  readonly #sets: (readonly string[])[] = [[]];
  readonly #byKey = new Map<string, number>([['', 0]]);

  get size(): number {
    return this.#sets.length;
  }

  at(index: number): readonly string[] {
    return this.#sets[index] ?? [];
  }

  /** Index of the set; `keywords` must be normalised. */
  intern(keywords: readonly string[]): number {
    const key = keywords.join(' ');
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#sets.push(keywords);
    this.#byKey.set(key, this.#sets.length - 1);
    return this.#sets.length - 1;
  }
}
