/** Arguments of APPEND (RFC 9051 §6.3.12, RFC 3502, RFC 6855 §4). */
import type { AppendArguments, AppendedMessage, AppendPrefix } from './ast.ts';
import type { CommandCursor } from './parser.ts';

/** `APPEND`, from the space before the mailbox to the end. */
export function parseAppend(cursor: CommandCursor): AppendArguments {
  cursor.space('a mailbox name');
  const mailbox = cursor.mailbox();
  const messages: AppendedMessage[] = [];
  do {
    if (messages.length > 0) cursor.needs('MULTIAPPEND', 'a second message');
    const { flags, date, utf8 } = parseOptions(cursor);
    messages.push({ flags, date, utf8, literal: cursor.literal('a literal with the message') });
    if (utf8) cursor.expect(')', '")" after the UTF8 literal');
  } while (cursor.at(' ') && !cursor.atTrailingSpace());
  cursor.end();
  return { mailbox, messages };
}

/**
 * What stands before the literal that is being announced: for the policy that decides what to do with it. Undefined if
 * the literal is still the mailbox's name.
 */
export function parseAppendPrefix(cursor: CommandCursor): AppendPrefix | undefined {
  cursor.space('a mailbox name');
  if (cursor.atEnd()) return undefined;
  const mailbox = cursor.mailbox();
  for (;;) {
    const options = parseOptions(cursor);
    if (cursor.atEnd()) return { mailbox, ...options };
    cursor.literal('a literal with the message');
    if (options.utf8) cursor.expect(')', '")" after the UTF8 literal');
    cursor.needs('MULTIAPPEND', 'a second message');
  }
}

/** Flags, date and the opening of a UTF8 literal, up to the literal itself. */
function parseOptions(cursor: CommandCursor): Omit<AppendPrefix, 'mailbox'> {
  cursor.space('flags, a date and time, or a literal');
  let flags: string[] = [];
  if (cursor.peek() === '(') {
    flags = cursor.flagList();
    cursor.space('a date and time or a literal');
  }
  let date: AppendPrefix['date'];
  if (cursor.peek() === '"') {
    date = cursor.dateTime();
    cursor.space('a literal with the message');
  }
  return { flags, date, utf8: cursor.accept('UTF8 (') };
}
