/** What stands in a search key, however deep. Pure. */
import type { SearchKey } from '../wire/ast.ts';

/** Whether a key of that kind stands anywhere in `key`. */
export function usesKey(key: SearchKey, kind: SearchKey['kind']): boolean {
  return someKey(key, (each) => each.kind === kind);
}

/** Whether message numbers stand anywhere in `key`: they must not move before the answer has been read (RFC 7162 §3.2.10.2). */
export function usesNumbers(key: SearchKey): boolean {
  return someKey(key, (each) => each.kind === 'sequence' && !each.set.saved);
}

/** Whether `$` stands anywhere in `key`. */
export function usesSaved(key: SearchKey): boolean {
  return someKey(key, (each) => (each.kind === 'sequence' || each.kind === 'uid') && each.set.saved);
}

function someKey(key: SearchKey, test: (key: SearchKey) => boolean): boolean {
  if (test(key)) return true;
  switch (key.kind) {
    case 'and':
      return key.keys.some((each) => someKey(each, test));
    case 'or':
      return someKey(key.left, test) || someKey(key.right, test);
    case 'not':
    case 'fuzzy':
      return someKey(key.key, test);
    default:
      return test(key);
  }
}
