/** Threads as the THREAD response writes them (RFC 5256 §4): a walk without recursion, for chains are long. */
import type { Thread } from './references.ts';

/** `thread-list`s, one behind the other; '' if there is none. */
export function threadText(threads: readonly Thread[]): string {
  const parts: string[] = [];
  /** What is still to be written, the last first: text, or a thread without its brackets. */
  const open: (string | Thread)[] = [];
  const push = (lists: readonly Thread[]): void => {
    for (const list of lists.toReversed()) open.push(')', list, '(');
  };
  push(threads);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === 'string') {
      parts.push(next);
      continue;
    }
    const { number, children } = next;
    if (number !== null) parts.push(String(number));
    const [only, ...others] = children;
    if (number !== null && only) parts.push(' ');
    if (only && others.length === 0) open.push(only);
    else push(children);
  }
  return parts.join('');
}
