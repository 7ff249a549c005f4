/** Inputs that nobody should send. All are byte strings. */
import type { Draw } from '../draw.ts';

/** What grammars stumble over. */
const PIECES = [
  '(',
  ')',
  '"',
  '{',
  '}',
  '{0}\r\n',
  '{3+}\r\n',
  '{3}\r\n',
  '~{2+}\r\n',
  '\\',
  '[',
  ']',
  '<',
  '>',
  '\xff',
  '\xc3\xa9',
  '\0',
  ' ',
  '  ',
  '*',
  '%',
  '&',
  '&AOk-',
  '$',
  '4294967296',
  '18446744073709551616',
  '0',
  '-1',
  '.',
  ',',
  ':',
  'NIL',
  '\r',
  '\n',
  '\r\n',
  '\t',
  '\x7f',
  '{99999999999999999999}',
  '1:*',
  '+',
  '=',
  '/',
  '((((((((',
  ')))',
  'UID ',
  '\\*',
  'a'.repeat(300),
] as const;

const WORDS = [
  'FETCH',
  'UID',
  'SEARCH',
  'APPEND',
  'CATENATE',
  'LIST',
  'RETURN',
  'STATUS',
  'STORE',
  'REPLACE',
  'IDLE',
  'DONE',
  'LOGIN',
  'AUTHENTICATE',
  'ENABLE',
  'INBOX',
  'BODY[',
  'HEADER.FIELDS',
  'FLAGS',
  'OR',
  'NOT',
  'CHARSET',
  'SAVE',
  'PARTIAL',
  'SORT',
  'THREAD',
  'SETACL',
  'GETMETADATA',
  'NOTIFY',
  'COMPRESS',
  'STARTTLS',
  'ESEARCH',
  'CANCELUPDATE',
  'UNAUTHENTICATE',
  'LANGUAGE',
  'CONVERT',
] as const;

/** `valid`, changed in one place: bytes taken out, put in, doubled or swapped. */
export function mutated(draw: Draw, valid: string): string {
  const at = draw.below(valid.length + 1);
  const length = draw.below(5);
  const [before, cut, after] = [valid.slice(0, at), valid.slice(at, at + length), valid.slice(at + length)];
  switch (draw.below(5)) {
    case 0:
      return before + after;
    case 1:
      return before + draw.pick(PIECES) + cut + after;
    case 2:
      return before + draw.pick(PIECES) + after;
    case 3:
      return before + cut + cut + cut + after;
    default:
      return before + Array.from(cut).reverse().join('') + String.fromCharCode(draw.below(256)) + after;
  }
}

/** Words and pieces in any order. */
export function soup(draw: Draw): string {
  const words = Array.from({ length: 1 + draw.below(12) }, () =>
    draw.pick(draw.chance(0.5) ? PIECES : WORDS),
  );
  return words.join(draw.chance(0.7) ? ' ' : '');
}

export function noise(draw: Draw): string {
  return Array.from({ length: draw.below(80) }, () => String.fromCharCode(draw.below(256))).join('');
}
