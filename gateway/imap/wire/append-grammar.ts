/**
 * Arguments of APPEND (RFC 9051 §6.3.12, RFC 3502) and REPLACE (RFC 8508 §5), with UTF8 literals (RFC 6855 §4, which
 * RFC 9755 leaves to older clients) and CATENATE (RFC 4469 §5).
 *
 * The grammar is run through twice: for each literal that is announced, as far as that literal, and at last whole. It is
 * a generator that stops where a literal may stand.
 */
import type {
  AppendArguments,
  AppendData,
  AppendTarget,
  AppendedMessage,
  CatenatePart,
  LiteralPlace,
  ReplaceArguments,
} from './ast.ts';
import type { Literal } from './command.ts';
import type { CommandCursor } from './parser.ts';
import { SequenceSet } from './sequence-set.ts';

type Steps<T> = Generator<LiteralPlace, T, void>;

/** `APPEND`, from the space before the mailbox to the end. */
export function parseAppend(cursor: CommandCursor): AppendArguments {
  return whole(appendSteps(cursor, false));
}

/** `REPLACE` and `UID REPLACE`, from the space before the number to the end. */
export function parseReplace(cursor: CommandCursor): ReplaceArguments {
  const set = replacedMessage(cursor);
  return { set, ...whole(replaceSteps(cursor)) };
}

/** What the literal is that is being announced, where the text of an APPEND ends. */
export function placeInAppend(cursor: CommandCursor): LiteralPlace {
  return atItsEnd(appendSteps(cursor, true), cursor);
}

/** The same of a REPLACE, with the message that it replaces. */
export function placeInReplace(cursor: CommandCursor): {
  readonly set: SequenceSet;
  readonly place: LiteralPlace;
} {
  const set = replacedMessage(cursor);
  return { set, place: atItsEnd(replaceSteps(cursor), cursor) };
}

function whole<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function atItsEnd(steps: Steps<unknown>, cursor: CommandCursor): LiteralPlace {
  for (;;) {
    const step = steps.next();
    if (step.done) throw cursor.expected('a literal');
    if (cursor.atEnd()) return step.value;
  }
}

/** `announcing`: a literal follows the text, so that a space at its end is none that is trailing. */
function* appendSteps(cursor: CommandCursor, announcing: boolean): Steps<AppendArguments> {
  const mailbox = yield* mailboxStep(cursor);
  const messages: AppendedMessage[] = [];
  do {
    if (messages.length > 0) cursor.needs('MULTIAPPEND', 'a second message');
    messages.push(yield* messageSteps(cursor, mailbox, messages));
  } while (cursor.at(' ') && (announcing || !cursor.atTrailingSpace()));
  cursor.end();
  return { mailbox, messages };
}

function replacedMessage(cursor: CommandCursor): SequenceSet {
  cursor.space('a message number or UID');
  return SequenceSet.parse(cursor.accept('*') ? '*' : String(cursor.nzNumber('a message number or UID')));
}

function* replaceSteps(cursor: CommandCursor): Steps<Omit<ReplaceArguments, 'set'>> {
  const mailbox = yield* mailboxStep(cursor);
  const message = yield* messageSteps(cursor, mailbox, []);
  cursor.end();
  return { mailbox, message };
}

function* mailboxStep(cursor: CommandCursor): Steps<string> {
  cursor.space('a mailbox name');
  yield { kind: 'string' };
  return cursor.mailbox();
}

/** Flags, date, and the message; `before` are the messages before it. */
function* messageSteps(
  cursor: CommandCursor,
  mailbox: string,
  before: readonly AppendedMessage[],
): Steps<AppendedMessage> {
  cursor.space('flags, a date and time, or a literal');
  let flags: string[] = [];
  if (cursor.peek() === '(') {
    flags = cursor.flagList();
    cursor.space('a date and time or a literal');
  }
  let date: AppendedMessage['date'];
  if (cursor.peek() === '"') {
    date = cursor.dateTime();
    cursor.space('a literal with the message');
  }
  const sent = before.reduce((sum, { data }) => sum + bytesOf(data), 0);
  const target = { mailbox, flags, date, before: { messages: before.length, bytes: sent } };
  return { flags, date, data: yield* dataSteps(cursor, target) };
}

function* dataSteps(cursor: CommandCursor, target: AppendTarget): Steps<AppendData> {
  if (cursor.accept('CATENATE (')) {
    cursor.needs('CATENATE', 'CATENATE');
    return { kind: 'catenate', parts: yield* catenateSteps(cursor, target) };
  }
  const utf8 = cursor.accept('UTF8 (');
  yield { kind: 'message', ...target, utf8 };
  const literal = cursor.literal('a literal with the message');
  if (utf8) cursor.expect(')', '")" after the UTF8 literal');
  return { kind: 'message', utf8, literal };
}

/** `TEXT literal` and `URL string`, up to the `)`. */
function* catenateSteps(cursor: CommandCursor, target: AppendTarget): Steps<CatenatePart[]> {
  const parts: CatenatePart[] = [];
  do {
    if (cursor.accept('TEXT ')) {
      const bytes = bytesOf({ kind: 'catenate', parts });
      yield { kind: 'text', ...target, bytes };
      parts.push({ kind: 'text', literal: cursor.literal('a literal with text of the message') });
    } else {
      cursor.expect('URL ', 'TEXT and a literal, or URL and a string');
      yield { kind: 'string' };
      parts.push({ kind: 'url', url: cursor.astring('a URL') });
    }
  } while (cursor.accept(' '));
  cursor.expect(')', 'a space and another part, or ")"');
  return parts;
}

/** Bytes of literals in it; what URLs add is not known yet. */
function bytesOf(data: AppendData): number {
  if (data.kind === 'message') return sizeOf(data.literal);
  return data.parts.reduce((sum, part) => sum + (part.kind === 'text' ? sizeOf(part.literal) : 0), 0);
}

function sizeOf(literal: Literal): number {
  return literal.kind === 'streamed' ? literal.size : literal.body.length;
}
