/**
 * A reader of IMAP values that knows nothing of the code under test, strict after RFC 9051 §9: what it refuses, a
 * client may refuse.
 */
export type ImapValue = string | number | null | ImapValue[];

/** Reads the one value that `bytes` are; throws if they are none, or if anything follows. */
export function readImap(bytes: Uint8Array, { utf8 = false } = {}): ImapValue {
  const text = Buffer.from(bytes).toString('latin1');
  let at = 0;

  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}: ${JSON.stringify(text.slice(Math.max(0, at - 30), at + 30))}`);
  };

  const string = (): string => {
    let out = '';
    for (at++; text[at] !== '"'; at++) {
      if (text[at] === '\\') {
        at++;
        if (text[at] !== '"' && text[at] !== '\\') fail('escape of what needs none');
      }
      const char = text[at] ?? fail('unclosed string');
      if (char === '\0' || char === '\r' || char === '\n') fail('control in a string');
      if (char > '\x7f' && !utf8) fail('raw 8-bit');
      out += char;
    }
    at++;
    return out;
  };

  const literal = (): string => {
    const match = /^\{(\d+)\}\r\n/.exec(text.slice(at, at + 20)) ?? fail('bad literal');
    const size = Number(match[1]);
    const out = text.slice(at + match[0].length, at + match[0].length + size);
    if (out.length !== size || out.includes('\0')) fail('bad literal content');
    if (!utf8 && /[^\0-\x7f]/.test(out)) fail('raw 8-bit in a literal');
    at += match[0].length + size;
    return out;
  };

  const value = (): ImapValue => {
    if (text[at] === '"') return string();
    if (text[at] === '{') return literal();
    if (text.startsWith('NIL', at)) {
      at += 3;
      return null;
    }
    const digits = /^\d+/.exec(text.slice(at, at + 20));
    if (digits) {
      at += digits[0].length;
      return Number(digits[0]);
    }
    if (text[at] !== '(') return fail('no value');
    const list: ImapValue[] = [];
    at++;
    while (text[at] !== ')') {
      // Addresses and nested bodies stand side by side, everything else is parted by one blank.
      if (list.length > 0 && !(text[at] === '(' && Array.isArray(list.at(-1)))) {
        if (text[at] !== ' ') fail('no blank between values');
        at++;
      }
      list.push(value());
    }
    at++;
    if (list.length === 0) fail('empty list');
    return list;
  };

  const result = value();
  if (at !== text.length) fail('more than one value');
  return result;
}

const isString = (value: ImapValue | undefined): boolean => typeof value === 'string';
const isNString = (value: ImapValue | undefined): boolean => value === null || isString(value);

function expectThat(holds: boolean, what: string, value: unknown): void {
  if (!holds) throw new Error(`not ${what}: ${JSON.stringify(value).slice(0, 300)}`);
}

/** Throws unless `value` is an envelope by the grammar of RFC 9051 §9. */
export function checkEnvelope(value: ImapValue | undefined): void {
  expectThat(Array.isArray(value) && value.length === 10, 'an envelope', value);
  for (const [index, member] of (value as ImapValue[]).entries()) {
    if (index < 2 || index > 7) {
      expectThat(isNString(member), 'an nstring', member);
    } else if (member !== null) {
      expectThat(Array.isArray(member) && member.length > 0, 'an address list', member);
      let inGroup = false;
      for (const address of member as ImapValue[]) {
        expectThat(
          Array.isArray(address) && address.length === 4 && address.every(isNString),
          'an address',
          address,
        );
        const [, , local, host] = address as ImapValue[];
        if (host !== null) expectThat(local !== null, 'a mailbox', address);
        else {
          expectThat(inGroup === (local === null), 'a group in its place', address);
          inGroup = local !== null;
        }
      }
      expectThat(!inGroup, 'a closed group', member);
    }
  }
}

function checkParams(value: ImapValue | undefined): void {
  if (value === null) return;
  expectThat(Array.isArray(value) && value.length % 2 === 0 && value.every(isString), 'parameters', value);
}

export interface BodyGrammar {
  /** BODYSTRUCTURE with all extension data, else BODY. */
  readonly extended: boolean;
  /** A message/global is a message, as in RFC 9051; in RFC 3501 it is a type like any other. */
  readonly utf8?: boolean;
}

/** Throws unless `value` is a body. */
export function checkBody(value: ImapValue | undefined, grammar: BodyGrammar): void {
  const { extended } = grammar;
  expectThat(Array.isArray(value), 'a body', value);
  const fields = [...(value as ImapValue[])];
  if (Array.isArray(fields[0])) {
    while (Array.isArray(fields[0])) checkBody(fields.shift(), grammar);
    expectThat(isString(fields.shift()), 'a subtype', value);
    if (extended) {
      checkParams(fields.shift());
      checkTail(fields);
    }
  } else {
    checkOnePart(fields, grammar);
  }
  expectThat(fields.length === 0, 'the end of a body', fields);
}

function checkOnePart(fields: ImapValue[], grammar: BodyGrammar): void {
  const [type, subtype] = fields.splice(0, 2);
  expectThat(isString(type) && isString(subtype), 'a media type', [type, subtype]);
  expectThat(type !== 'MULTIPART', 'a multipart without parts', type);
  checkParams(fields.shift());
  expectThat(fields.splice(0, 2).every(isNString), 'id and description', fields);
  expectThat(isString(fields.shift()), 'an encoding', fields);
  expectThat(typeof fields.shift() === 'number', 'octets', fields);
  if (type === 'MESSAGE' && (subtype === 'RFC822' || (subtype === 'GLOBAL' && grammar.utf8 === true))) {
    checkEnvelope(fields.shift());
    checkBody(fields.shift(), grammar);
    expectThat(typeof fields.shift() === 'number', 'lines', fields);
  } else if (type === 'TEXT') {
    expectThat(typeof fields.shift() === 'number', 'lines', fields);
  }
  if (!grammar.extended) return;
  expectThat(isNString(fields.shift()), 'MD5', fields);
  checkTail(fields);
}

function checkTail(fields: ImapValue[]): void {
  const [disposition, language, location] = fields.splice(0, 3);
  if (disposition !== null) {
    expectThat(Array.isArray(disposition) && disposition.length === 2, 'a disposition', disposition);
    expectThat(isString((disposition as ImapValue[])[0]), 'a disposition type', disposition);
    checkParams((disposition as ImapValue[])[1]);
  }
  const isLanguage = isNString(language) || (Array.isArray(language) && language.every(isString));
  expectThat(isLanguage, 'languages', language);
  expectThat(isNString(location), 'a location', location);
}
