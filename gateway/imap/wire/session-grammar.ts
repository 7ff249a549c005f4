/** Arguments of sign-in and of the commands about the session: LOGIN, AUTHENTICATE, ID, ENABLE. */
import type { AuthenticateArguments, IdArguments, LoginArguments } from './ast.ts';
import type { CommandCursor } from './parser.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** Fields of one ID command (RFC 2971 §3.3). */
const MAX_ID_FIELDS = 30;

/** A command without arguments: NOOP, CAPABILITY, LOGOUT, IDLE … */
export function parseNothing(cursor: CommandCursor): void {
  cursor.end();
}

export function parseLogin(cursor: CommandCursor): LoginArguments {
  cursor.space('a user name');
  const user = cursor.astring('a user name');
  cursor.space('a password');
  const password = cursor.astring('a password');
  cursor.end();
  return { user, password };
}

/** `AUTHENTICATE mechanism [initial response]` (RFC 4959). */
export function parseAuthenticate(cursor: CommandCursor): AuthenticateArguments {
  cursor.space('a SASL mechanism');
  const mechanism = cursor.keyword('a SASL mechanism');
  let initialResponse: string | undefined;
  if (cursor.at(' ') && !cursor.atTrailingSpace()) {
    cursor.needs('SASL-IR', 'an initial response');
    cursor.space('an initial response');
    initialResponse = cursor.atom('an initial response in base64, or "="');
    if (initialResponse === '=') initialResponse = '';
  }
  cursor.end();
  return { mechanism, initialResponse };
}

export function parseId(cursor: CommandCursor): IdArguments {
  cursor.space('a list of fields and values, or NIL');
  if (cursor.peek() !== '(') {
    if (cursor.keyword('a list of fields and values, or NIL') !== 'NIL') {
      throw new ImapSyntaxError('ID takes a list of fields and values, or NIL');
    }
    cursor.end();
    return null;
  }
  const fields = cursor.list(
    'fields and values',
    () => {
      const field = cursor.string('the name of a field');
      cursor.space('its value');
      return { field, value: cursor.nstring('its value, a string or NIL') };
    },
    'allowed',
  );
  cursor.end();
  if (fields.length > MAX_ID_FIELDS) throw new ImapSyntaxError(`ID takes at most ${MAX_ID_FIELDS} fields`);
  return fields;
}

/** `LANGUAGE [range …]`, as sent. */
export function parseLanguage(cursor: CommandCursor): string[] {
  const ranges: string[] = [];
  while (cursor.at(' ') && !cursor.atTrailingSpace()) {
    cursor.space('a language');
    ranges.push(cursor.astring('a language'));
  }
  cursor.end();
  return ranges;
}

/** `COMPRESS mechanism`, in upper case. */
export function parseCompress(cursor: CommandCursor): string {
  cursor.space('a mechanism');
  const mechanism = cursor.keyword('a mechanism');
  cursor.end();
  return mechanism;
}

/** `ENABLE capability …`, in upper case. */
export function parseEnable(cursor: CommandCursor): string[] {
  const capabilities: string[] = [];
  do {
    cursor.space('a capability');
    capabilities.push(cursor.keyword('a capability'));
  } while (cursor.at(' ') && !cursor.atTrailingSpace());
  cursor.end();
  return capabilities;
}
