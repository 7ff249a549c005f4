/** Which messages a search is about, as far as sets say so, and which of them MESSAGELIMIT lets it look at (RFC 9738 §3.1). */
import { limited, messageLimit } from '../session/message-limit.ts';
import type { Session } from '../session/session.ts';
import type { SearchKey } from '../wire/ast.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { NumberSet } from '../wire/sequence-set.ts';

interface Place {
  /** The UIDs by message number. */
  readonly uids: Uint32Array;
  readonly saved: NumberSet;
}

export interface Scope {
  /** Messages below this UID are not looked at. */
  readonly from: number;
  /** Set if there are such among those that the search is about. */
  readonly code?: ResponseCode;
}

/** What counts is what is searched, not what is found. */
export function scopeOf(session: Session, key: SearchKey, place: Place): Scope {
  if (place.uids.length <= messageLimit(session)) return { from: 0 };
  const { uids, code } = limited(session, namedBy(key, place));
  return code ? { from: uids[0] ?? 0, code } : { from: 0 };
}

/** Of the messages of a place, those that the sets among keys that must all match name. */
function namedBy(key: SearchKey, place: Place): Uint32Array {
  const keys = key.kind === 'and' ? key.keys : [key];
  return keys.reduce((uids, each) => setOf(each, place)?.intersect(uids) ?? uids, place.uids);
}

function setOf(key: SearchKey, { uids, saved }: Place): NumberSet | null {
  switch (key.kind) {
    case 'uids':
      return key.uids;
    case 'uid':
      return key.set.resolve(uids.at(-1) ?? 0, saved);
    case 'sequence':
      return key.set.saved ? saved : uidsOf(key.set.resolve(uids.length), uids);
    default:
      return null;
  }
}

function uidsOf(numbers: NumberSet, uids: Uint32Array): NumberSet {
  const there = numbers.clipped(1, uids.length);
  return NumberSet.ofRanges(
    [...there.ranges()].map(({ low, high }) => ({ low: uids[low - 1] ?? 0, high: uids[high - 1] ?? 0 })),
  );
}
