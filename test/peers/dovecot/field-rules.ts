/** Differences in the text of fields. */
import { domainToUnicode } from 'node:url';
import { type Difference, same } from './differences.ts';
import { isList, isString, textOf, type WireValue } from '../../support/fetch-answer.ts';
import type { Evidence, Rule } from './rules.ts';
import { fieldsOf, isMimeField, unfolded } from './strict-fields.ts';

/** The header field that a field of ENVELOPE or BODYSTRUCTURE is made of. */
export function sourceField(field: string): string {
  switch (field) {
    case 'type':
    case 'subtype':
    case 'params':
    case 'shape':
      return 'content-type';
    case 'encoding':
      return 'content-transfer-encoding';
    case 'id':
    case 'description':
    case 'md5':
    case 'disposition':
    case 'language':
    case 'location':
      return `content-${field}`;
    default:
      return field;
  }
}

/** Values of the header field in question, as they stand in the message. */
export function sourcesOf({ field, header }: Difference, { quire }: Evidence): string[] {
  const name = sourceField(field);
  return fieldsOf(textOf(quire.get(header)))
    .filter((each) => each.name === name)
    .map(({ value }) => value);
}

const NON_ASCII = /[\x80-\xff]/;
/** In a Content-Type, or in that name; it is sent as 0x80. */
const NUL_IN_TYPE = /^content-type[^\n]*(?:\n[ \t][^\n]*)*\x80/im;
const collapsed = (text: string): string => text.replaceAll(/[ \t\r\n]+/g, ' ').trim();

/** Where encoded words begin and end, blanks come and go. */
const unspaced = (text: string): string => text.replaceAll(/\s/g, '').toUpperCase();

/** Both are texts, or both are lists of the same form, and each text of Quire's `becomes` that of Dovecot. */
export function textsMatch(
  quire: WireValue | undefined,
  dovecot: WireValue | undefined,
  becomes: (ours: string, theirs: string) => boolean,
): boolean {
  if (isString(quire) && isString(dovecot))
    return quire.text === dovecot.text || becomes(quire.text, dovecot.text);
  if (isList(quire) && isList(dovecot))
    return (
      quire.length === dovecot.length &&
      quire.every((each, index) => textsMatch(each, dovecot[index], becomes))
    );
  return quire === dovecot;
}

/** What encoded words in UTF-8 and internationalised domains say; other text is itself. */
function wordsDecoded(text: string): string {
  if (/(?:^|\.)xn--/.test(text)) return Buffer.from(domainToUnicode(text)).toString('latin1');
  return text
    .replaceAll(/(=\?utf-8\?[BQ]\?[^?]*\?=)\s+(?==\?utf-8\?)/gi, '$1')
    .replaceAll(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi, (_, kind: string, content: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(content, 'base64').toString('latin1')
        : content
            .replaceAll('_', ' ')
            .replaceAll(/=([0-9A-F]{2})/gi, (_hex, hex: string) =>
              String.fromCharCode(Number.parseInt(hex, 16)),
            ),
    );
}

/** 8-bit bytes as UTF-8: they are it already, or were Windows-1252. */
function asUtf8(bytes: string): string[] {
  const windows = new TextDecoder('windows-1252').decode(Buffer.from(bytes, 'latin1'));
  return [bytes, Buffer.from(windows, 'utf8').toString('latin1')];
}

/** Parameters by name, without `*`, each with what it may say in UTF-8. */
function saidBy(params: WireValue | undefined): readonly (readonly string[])[] | null {
  if (params === null) return [];
  if (!isList(params)) return null;
  return Array.from({ length: params.length / 2 }, (_, index) => {
    const name = textOf(params[2 * index]).toLowerCase();
    const value = textOf(params[2 * index + 1]);
    const extended = /^([^']*)'[^']*'(.*)$/s.exec(value);
    if (!name.endsWith('*') || !extended)
      return asUtf8(value).map((text) => `${name.replace(/\*$/, '')}=${text}`);
    return [`${name.slice(0, -1)}=${textIn(extended[1] ?? '', percentDecoded(extended[2] ?? ''))}`];
  });
}

function percentDecoded(value: string): string {
  return value.replaceAll(/%([0-9A-F]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function textIn(charset: string, bytes: string): string {
  try {
    return Buffer.from(new TextDecoder(charset).decode(Buffer.from(bytes, 'latin1'))).toString('latin1');
  } catch {
    return bytes;
  }
}

/** The same parameters in any order; charsets are named without regard to case. */
function sayTheSame(quire: WireValue | undefined, dovecot: WireValue | undefined): boolean {
  const [ours, theirs] = [saidBy(quire), saidBy(dovecot)];
  if (!ours || ours.length !== theirs?.length) return false;
  const lower = theirs.map((texts) => texts.map((text) => text.toLowerCase()));
  return ours.every((texts) =>
    lower.some((others) => texts.some((text) => others.includes(text.toLowerCase()))),
  );
}

/** Names of parameters as they stand, segments included. */
const namesIn = (value: string): string[] =>
  Array.from(unfolded(value).matchAll(/;\s*([^\s;="()]+)\s*=/g), ([, name = '']) =>
    name.toLowerCase().replace(/\*$/, ''),
  );

const paramsOf = (field: string, value: WireValue | undefined): WireValue | undefined =>
  field === 'disposition' && isList(value) ? value[1] : value;

/** Fields whose text is told as it is, and in which a person sees the blanks. */
const TEXT_FIELDS: ReadonlySet<string> = new Set([
  'subject',
  'date',
  'in-reply-to',
  'message-id',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
]);

export const FIELD_RULES: readonly Rule[] = [
  {
    name: 'case',
    explains: ({ field, quire, dovecot }) =>
      ['type', 'subtype', 'params', 'encoding', 'disposition'].includes(field) &&
      // Names of parameters only: every second text of a list.
      sameBut(quire, dovecot, (text) => text.toUpperCase()),
  },
  {
    name: 'NUL in a header',
    explains(difference, evidence) {
      if (!evidence.mail.includes('\0')) return false;
      // What is below a part whose Content-Type has one differs with it. It is sent as 0x80.
      const isBelow = /^(?:|shape|type|octets|lines)$/.test(difference.field);
      if (isBelow && headersAbove(difference, evidence).some((header) => NUL_IN_TYPE.test(header)))
        return true;
      if (!textOf(evidence.quire.get(difference.header)).includes('\x80')) return false;
      const sources = sourcesOf(difference, evidence);
      // It may also stand in the name of the field, which then is none.
      return sources.length === 0 || sources.some((value) => value.includes('\x80'));
    },
  },
  {
    name: 'the first of fields that come once',
    explains(difference, evidence) {
      const sources = sourcesOf(difference, evidence);
      const isAddress = /^(?:from|sender|reply-to|to|cc|bcc)$/.test(difference.field);
      return sources.length > 1 && !isAddress;
    },
  },
  {
    name: 'fields beside no Content-Type',
    explains: (difference, { quire }) =>
      (difference.field === 'encoding'
        ? textOf(difference.dovecot) === '7bit'
        : difference.dovecot === null &&
          /^(?:id|description|md5|disposition|language|location)$/.test(difference.field)) &&
      !fieldsOf(textOf(quire.get(difference.header))).some(({ name }) => name === 'content-type'),
  },
  {
    name: 'blanks of folded text',
    explains: ({ field, quire, dovecot }) =>
      TEXT_FIELDS.has(field) &&
      textsMatch(quire, dovecot, (ours, theirs) => collapsed(ours) === collapsed(theirs)),
  },
  {
    name: 'blanks around a value',
    explains: ({ field, quire, dovecot }) =>
      /^(?:id|description|md5)$/.test(field) && textOf(quire) === textOf(dovecot).trim(),
  },
  {
    name: 'blanks in a URI',
    explains: ({ field, quire, dovecot }) =>
      field === 'location' && isString(quire) && quire.text === textOf(dovecot).replaceAll(/\s/g, ''),
  },
  {
    name: '8-bit text in headers',
    explains(difference, evidence) {
      const { quire, dovecot } = difference;
      if (!sourcesOf(difference, evidence).some((value) => NON_ASCII.test(value))) return false;
      return textsMatch(quire, dovecot, (ours, theirs) =>
        asUtf8(theirs).some((text) => unspaced(wordsDecoded(ours)) === unspaced(text)),
      );
    },
  },
  {
    name: 'one language',
    explains: ({ field, quire, dovecot }) =>
      field === 'language' &&
      isString(quire) &&
      isList(dovecot) &&
      dovecot.length === 1 &&
      same(quire, dovecot[0]),
  },
  {
    name: 'parameters with a charset',
    explains: ({ field, quire, dovecot }) =>
      (field === 'params' || field === 'disposition') &&
      sayTheSame(paramsOf(field, quire), paramsOf(field, dovecot)),
  },
  {
    name: 'a parameter twice',
    explains(difference, evidence) {
      const names = sourcesOf(difference, evidence).slice(0, 1).flatMap(namesIn);
      const inSegments = names
        .filter((name) => /\*\d+$/.test(name))
        .map((name) => name.replace(/\*\d+$/, ''));
      const isTwice = new Set(names).size < names.length || inSegments.some((name) => names.includes(name));
      return /^(?:params|disposition)$/.test(difference.field) && isTwice;
    },
  },
  {
    name: 'segments that do not count from 0',
    explains(difference, evidence) {
      const names = sourcesOf(difference, evidence).flatMap(namesIn);
      const numbers = names
        .map((name) => Number(/\*(\d+)$/.exec(name)?.[1] ?? -1))
        .filter((number) => number >= 0);
      return (
        /^(?:params|disposition)$/.test(difference.field) &&
        numbers.toSorted((a, b) => a - b).some((number, index) => number !== index)
      );
    },
  },
  {
    name: 'MIME fields by no grammar',
    explains(difference, evidence) {
      const name = sourceField(difference.field);
      if (sourcesOf(difference, evidence).some((value) => !isMimeField(name, value))) return true;
      return (
        difference.field === '' &&
        contentTypesAbove(difference, evidence).some((type) => !isMimeField('content-type', type))
      );
    },
  },
];

/** Content-Type of the message and of each part that the difference lies in. */
function contentTypesAbove(difference: Difference, evidence: Evidence): string[] {
  return headersAbove(difference, evidence)
    .flatMap(fieldsOf)
    .filter(({ name }) => name === 'content-type')
    .map(({ value }) => value);
}

function headersAbove({ part }: Difference, { quire }: Evidence): string[] {
  const numbers = part === '' ? [] : part.split('.');
  const above = numbers.map((_, index) => numbers.slice(0, index + 1).join('.'));
  const labels = ['BODY[HEADER]', ...above.flatMap((each) => [`BODY[${each}.MIME]`, `BODY[${each}.HEADER]`])];
  return labels.map((label) => textOf(quire.get(label)));
}

function sameBut(
  quire: WireValue | undefined,
  dovecot: WireValue | undefined,
  normal: (text: string) => string,
): boolean {
  return textsMatch(quire, dovecot, (ours, theirs) => normal(ours) === normal(theirs));
}
