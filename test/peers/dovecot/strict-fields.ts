/**
 * The grammar of header fields as the RFCs write it, obsolete syntax included, and nothing beyond: it tells mail that has
 * one right reading from mail that has none. Chars are bytes. Knows nothing of the code under test.
 */

/** A header's fields in order, names in lower case, values as they stand. */
export function fieldsOf(header: string): { readonly name: string; readonly value: string }[] {
  const found: { name: string; value: string }[] = [];
  for (const line of header.split(/(?<=\n)/)) {
    const last = found.at(-1);
    const field = /^([!-9;-~]+)[ \t]*:([^]*)$/.exec(line);
    if (/^[ \t]/.test(line) && last) last.value += line;
    else if (field) found.push({ name: (field[1] ?? '').toLowerCase(), value: field[2] ?? '' });
    else if (/^\r?\n$/.test(line)) break;
  }
  return found;
}

/** RFC 5322 §2.2.3, and the line end of the field itself. */
export function unfolded(value: string): string {
  return value.replace(/\r?\n$/, '').replaceAll(/\r?\n(?=[ \t])/g, '');
}

/** Comments as blanks (RFC 5322 §3.2.2); null if one is never closed. Quoted strings are left alone. */
export function withoutComments(text: string): string | null {
  let out = '';
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const quoted = depth === 0 && char === '"' ? /^"(?:[^"\\]|\\[^])*"/.exec(text.slice(at))?.[0] : undefined;
    if (quoted !== undefined) {
      out += quoted;
      at += quoted.length - 1;
    } else if (char === '\\' && depth > 0) at++;
    else if (char === '(') depth++;
    else if (char === ')' && depth > 0) out += --depth === 0 ? ' ' : '';
    else if (depth === 0) out += char;
  }
  return depth === 0 ? out : null;
}

const ATOM = String.raw`[A-Za-z0-9!#$%&'*+/=?^_\x60{|}~\x80-\xff-]+`;
const QUOTED = String.raw`"(?:[^"\\\0\r\n]|\\[^\0\r\n])*"`;
const WORD = `(?:${ATOM}|${QUOTED})`;
const LOCAL = String.raw`${WORD}(?:\s*\.\s*${WORD})*`;
const DOMAIN = String.raw`(?:${ATOM}(?:\s*\.\s*${ATOM})*|\[[^[\]\\\0\r\n]*\])`;
const ADDRESS = String.raw`${LOCAL}\s*@\s*${DOMAIN}`;
/** Words, dots and blanks: written so that each character matches in one way only. */
const PHRASE = String.raw`\s*(?:[A-Za-z0-9!#$%&'*+/=?^_\x60{|}~\x80-\xff-]|${QUOTED})(?:[A-Za-z0-9!#$%&'*+/=?^_\x60{|}~\x80-\xff.\s-]|${QUOTED})*`;
const ROUTE = String.raw`(?:[\s,]*@\s*${DOMAIN})(?:[\s,]*,\s*@\s*${DOMAIN})*\s*:`;
const ANGLE = String.raw`<\s*(?:${ROUTE}\s*)?${ADDRESS}\s*>`;
const MAILBOX = String.raw`(?:(?:${PHRASE})?\s*${ANGLE}|${ADDRESS})`;
const MAILBOXES = String.raw`(?:\s*,)*\s*${MAILBOX}(?:\s*,\s*(?:${MAILBOX})?)*`;
const GROUP = String.raw`${PHRASE}\s*:(?:${MAILBOXES}|[\s,]*)\s*;`;
const ITEM = `(?:${GROUP}|${MAILBOX})`;
const ADDRESSES = new RegExp(String.raw`^(?:\s*,)*\s*${ITEM}(?:\s*,\s*(?:${ITEM})?)*\s*$`);

/** RFC 5322 §3.4 and §4.4, with the 8-bit text of RFC 6532. */
export function isAddressList(value: string): boolean {
  const text = withoutComments(unfolded(value));
  return text !== null && ADDRESSES.test(text);
}

const TOKEN = String.raw`[^\s()<>@,;:\\"/[\]?=\0-\x1f\x7f-\xff]+`;
const PARAMS = String.raw`(?:\s*;\s*${TOKEN}\s*=\s*(?:${TOKEN}|${QUOTED}))*\s*`;
const GRAMMARS: Readonly<Record<string, RegExp>> = {
  'content-type': new RegExp(String.raw`^\s*${TOKEN}\s*/\s*${TOKEN}${PARAMS}$`),
  'content-disposition': new RegExp(String.raw`^\s*${TOKEN}${PARAMS}$`),
  'content-transfer-encoding': new RegExp(String.raw`^\s*${TOKEN}\s*$`),
  'content-language': new RegExp(String.raw`^\s*[A-Za-z0-9-]+(?:\s*,\s*[A-Za-z0-9-]+)*\s*$`),
};

/** A star in the name of a parameter that is no segment's and no charset's (RFC 2231 §7). */
const ODD_STAR = new RegExp(String.raw`;\s*(?![^\s*=]+(?:\*\d+)?\*?\s*=)[^\s=;"]*\*`);

/** RFC 2045 §5.1 and §6.1, RFC 2183 §2, RFC 3282 §2; other fields of MIME have no grammar that mail breaks. */
export function isMimeField(name: string, value: string): boolean {
  const grammar = GRAMMARS[name];
  const text = withoutComments(unfolded(value));
  return grammar === undefined || (text !== null && grammar.test(text) && !ODD_STAR.test(text));
}

/** RFC 2046 §5.1.1. */
export function isBoundary(boundary: string): boolean {
  return /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/.test(boundary);
}
