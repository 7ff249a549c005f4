/** Arguments of FETCH (RFC 3501 §6.4.5, RFC 9051 §6.4.5, RFC 7162, RFC 3516, RFC 8970). */
import type { FetchArguments, FetchItem, PartialRange, Section, SectionText } from './ast.ts';
import type { CommandCursor } from './parser.ts';
import { parseResultRange } from './result-range.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** No real message nests so deep; part numbers beyond name nothing. */
const MAX_PART_DEPTH = 256;

const FAST: readonly FetchItem[] = [{ kind: 'flags' }, { kind: 'internaldate' }, { kind: 'rfc822.size' }];
const ALL: readonly FetchItem[] = [...FAST, { kind: 'envelope' }];
const FULL: readonly FetchItem[] = [...ALL, { kind: 'bodystructure', extensible: false }];
const MACROS = new Map([
  ['ALL', ALL],
  ['FAST', FAST],
  ['FULL', FULL],
]);

/** `FETCH` and `UID FETCH`, from the space before the set to the end of the command. */
export function parseFetch(cursor: CommandCursor): FetchArguments {
  cursor.space('a sequence set');
  const set = cursor.sequenceSet();
  cursor.space('data items');
  const items = parseItems(cursor);
  const modifiers = cursor.at(' (') ? parseModifiers(cursor) : NO_MODIFIERS;
  cursor.end();
  return { set, items, ...modifiers };
}

type Modifiers = Pick<FetchArguments, 'changedSince' | 'vanished' | 'partial'>;

const NO_MODIFIERS: Modifiers = { changedSince: undefined, vanished: false, partial: undefined };

function parseModifiers(cursor: CommandCursor): Modifiers {
  const modifiers: { -readonly [K in keyof Modifiers]: Modifiers[K] } = { ...NO_MODIFIERS };
  cursor.space('modifiers');
  cursor.list('modifiers of FETCH', () => {
    const name = cursor.keyword('a modifier of FETCH');
    if (name === 'PARTIAL') {
      cursor.needs('PARTIAL', 'a modifier of FETCH');
      cursor.space('a range of messages');
      modifiers.partial = parseResultRange(cursor);
      return;
    }
    if (name === 'CHANGEDSINCE') {
      cursor.needs('CONDSTORE', name);
      cursor.space('a mod-sequence');
      modifiers.changedSince = cursor.number64('a mod-sequence');
    } else if (name === 'VANISHED') {
      cursor.needs('QRESYNC', name);
      modifiers.vanished = true;
    } else
      throw new ImapSyntaxError('unknown modifier of FETCH: CHANGEDSINCE, VANISHED and PARTIAL are known');
  });
  if (modifiers.vanished && modifiers.changedSince === undefined) {
    throw new ImapSyntaxError('VANISHED needs CHANGEDSINCE beside it (RFC 7162 section 3.2.6)');
  }
  return modifiers;
}

function parseItems(cursor: CommandCursor): readonly FetchItem[] {
  if (cursor.peek() === '(') return parseFetchAttributes(cursor);
  const name = cursor.itemName('a data item, a list of them, or ALL, FAST or FULL');
  return MACROS.get(name) ?? [parseItem(cursor, name)];
}

/** A list of data items without macros: what NOTIFY wants told of new messages (RFC 5465 §8). */
export function parseFetchAttributes(cursor: CommandCursor): readonly FetchItem[] {
  return cursor.list('data items', () => parseItem(cursor, cursor.itemName('a data item')));
}

function parseItem(cursor: CommandCursor, name: string): FetchItem {
  switch (name) {
    case 'MODSEQ':
      cursor.needs('CONDSTORE', 'MODSEQ');
      return { kind: 'modseq' };
    case 'FLAGS':
    case 'ENVELOPE':
    case 'INTERNALDATE':
    case 'UID':
    case 'RFC822.SIZE':
    case 'RFC822':
    case 'RFC822.HEADER':
    case 'RFC822.TEXT':
      return { kind: lowerCase(name) };
    case 'EMAILID':
    case 'THREADID':
      cursor.needs('OBJECTID', name);
      return { kind: lowerCase(name) };
    case 'SAVEDATE':
      cursor.needs('SAVEDATE', name);
      return { kind: 'savedate' };
    case 'BODYSTRUCTURE':
      return { kind: 'bodystructure', extensible: true };
    case 'BODY':
      if (cursor.peek() !== '[') return { kind: 'bodystructure', extensible: false };
      return { kind: 'body', section: parseSection(cursor), peek: false, partial: parsePartial(cursor) };
    case 'BODY.PEEK':
      return { kind: 'body', section: parseSection(cursor), peek: true, partial: parsePartial(cursor) };
    case 'BINARY':
    case 'BINARY.PEEK': {
      cursor.needs('BINARY', name);
      const part = parseBinarySection(cursor);
      return { kind: 'binary', part, peek: name === 'BINARY.PEEK', partial: parsePartial(cursor) };
    }
    case 'BINARY.SIZE':
      cursor.needs('BINARY', name);
      return { kind: 'binary.size', part: parseBinarySection(cursor) };
    case 'PREVIEW':
      cursor.needs('PREVIEW', name);
      return { kind: 'preview', lazy: parseLazy(cursor) };
    default:
      throw new ImapSyntaxError(`unknown data item ${shown(name)} in FETCH`);
  }
}

function lowerCase<T extends string>(name: T): Lowercase<T> {
  return name.toLowerCase() as Lowercase<T>;
}

/** The name of an item is no secret, but it may be long. */
function shown(name: string): string {
  return name.length <= 40 ? name : `${name.slice(0, 40)}...`;
}

/** `PREVIEW (LAZY)` (RFC 8970 §3.1). */
function parseLazy(cursor: CommandCursor): boolean {
  if (!cursor.at(' (')) return false;
  // A list after a lone item may also be FETCH's modifiers: only LAZY is taken here.
  return cursor.accept(' (LAZY)');
}

function parseBinarySection(cursor: CommandCursor): readonly number[] {
  const section = parseSection(cursor);
  if (section.text.kind !== 'all') throw new ImapSyntaxError('a section of BINARY holds part numbers only');
  return section.part;
}

/** `[…]`: part numbers, then what of the part. */
export function parseSection(cursor: CommandCursor): Section {
  cursor.expect('[', '"[" and a section');
  const part: number[] = [];
  for (;;) {
    if (!/^[0-9]/.test(cursor.peek())) break;
    part.push(cursor.nzNumber('a part number'));
    if (part.length > MAX_PART_DEPTH)
      throw new ImapSyntaxError(`part numbers more than ${MAX_PART_DEPTH} deep`);
    if (!cursor.accept('.')) {
      cursor.expect(']', '"." or "]" after a part number');
      return { part, text: { kind: 'all' } };
    }
  }
  if (part.length === 0 && cursor.accept(']')) return { part, text: { kind: 'all' } };
  const text = parseSectionText(cursor, part.length > 0);
  cursor.expect(']', '"]" at the end of the section');
  return { part, text };
}

function parseSectionText(cursor: CommandCursor, ofPart: boolean): SectionText {
  const name = cursor.itemName('a part number, HEADER, HEADER.FIELDS, TEXT or MIME');
  switch (name) {
    case 'HEADER':
    case 'TEXT':
      return { kind: lowerCase(name) };
    case 'MIME':
      if (!ofPart) throw new ImapSyntaxError('MIME needs a part number before it (RFC 9051 section 6.4.5.1)');
      return { kind: 'mime' };
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT': {
      cursor.space('header field names');
      const fields = cursor.list('header field names', () => cursor.astring('a header field name'));
      return { kind: 'header.fields', not: name === 'HEADER.FIELDS.NOT', fields };
    }
    default:
      throw new ImapSyntaxError(
        `unknown section ${shown(name)}: HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT and MIME are known`,
      );
  }
}

function parsePartial(cursor: CommandCursor): PartialRange | undefined {
  if (!cursor.accept('<')) return undefined;
  const offset = cursor.number64('the first octet');
  cursor.expect('.', '"." and a number of octets');
  const length = cursor.number64('a number of octets');
  if (length === 0)
    throw new ImapSyntaxError('a partial fetch must ask for at least one octet (RFC 9051 section 6.4.5)');
  cursor.expect('>', '">" after the number of octets');
  return { offset, length };
}
