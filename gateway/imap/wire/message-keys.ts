/** Search keys that name messages by identifier, by save date or by one UID (RFC 8474 §6, RFC 8514 §4.3, RFC 9738 §3.2). */
import type { DateRelation, SearchKey } from './ast.ts';
import type { CommandCursor } from './parser.ts';
import { MAX_NUMBER, NumberSet } from './sequence-set.ts';
import { ImapSyntaxError } from './syntax-error.ts';

const SAVED = new Map<string, DateRelation>([
  ['SAVEDBEFORE', 'before'],
  ['SAVEDON', 'on'],
  ['SAVEDSINCE', 'since'],
]);

/** The key of that name, its arguments ahead; undefined if it is none of these. */
export function parseMessageKey(cursor: CommandCursor, name: string): SearchKey | undefined {
  const relation = SAVED.get(name);
  if (relation !== undefined) {
    cursor.needs('SAVEDATE', name);
    cursor.space('a date');
    return { kind: 'date', of: 'saved', relation, date: cursor.date() };
  }
  switch (name) {
    case 'SAVEDATESUPPORTED':
      // Every mailbox has them.
      cursor.needs('SAVEDATE', name);
      return { kind: 'all' };
    case 'EMAILID':
    case 'THREADID':
      cursor.needs('OBJECTID', name);
      cursor.space('an object identifier');
      return { kind: name === 'EMAILID' ? 'emailid' : 'threadid', id: parseObjectId(cursor) };
    case 'UIDAFTER':
    case 'UIDBEFORE': {
      cursor.needs('MESSAGELIMIT', name);
      cursor.space('a UID');
      const uid = cursor.nzNumber('a UID');
      const [low, high] = name === 'UIDAFTER' ? [uid + 1, MAX_NUMBER] : [1, uid - 1];
      return { kind: 'uids', uids: NumberSet.ofRanges(low <= high ? [{ low, high }] : []) };
    }
    default:
      return undefined;
  }
}

function parseObjectId(cursor: CommandCursor): string {
  const id = cursor.atom('an object identifier');
  if (/^[A-Za-z0-9_-]{1,255}$/.test(id)) return id;
  throw new ImapSyntaxError('an object identifier has 1 to 255 letters, digits, "_" or "-"');
}
