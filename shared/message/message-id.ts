/** Message IDs as THREAD compares them (RFC 5256 §3): without the quoting that RFC 5322 allows. */
import { Cursor } from './cursor.ts';

/**
 * The valid Message IDs in the text of a Message-ID, In-Reply-To or References field, in order, without angle brackets.
 * What is between them is passed over: addresses, dates and comments have been seen there.
 */
export function messageIds(text: string): string[] {
  const ids: string[] = [];
  const cursor = new Cursor(text);
  for (;;) {
    cursor.until('<');
    if (!cursor.take('<')) return ids;
    const id = bracketed(cursor);
    if (id !== null) ids.push(id);
  }
}

/** What stands before `>`; null if it is no Message ID: then reading goes on at the `<` that comes next. */
function bracketed(cursor: Cursor): string | null {
  let id = '';
  for (;;) {
    cursor.skipBlanks();
    const part = cursor.quotedString() ?? cursor.until(' \t"<>(');
    id += part;
    if (cursor.take('>')) return isMessageId(id) ? id : null;
    const next = cursor.peek();
    if (next === '' || next === '<') return null;
    if (part !== '' || next === ' ' || next === '\t') continue;
    // A quote or a bracket that is never closed is a letter.
    id += next;
    cursor.pos++;
  }
}

/** Something on both sides of an at-sign. */
function isMessageId(id: string): boolean {
  const at = id.lastIndexOf('@');
  return at > 0 && at < id.length - 1;
}
