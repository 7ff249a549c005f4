/** Differences in where parts begin and end, and in the bytes of sections. */
import { type Difference } from './differences.ts';
import { isList, isString, textOf } from '../../support/fetch-answer.ts';
import type { Evidence, Rule } from './rules.ts';
import { fieldsOf, isBoundary, isMimeField } from './strict-fields.ts';

export const crlf = (text: string): string => text.replaceAll(/\r?\n/g, '\r\n');

/** The section without its partial: `BODY[1]<2>` → `BODY[1]`. */
export const wholeOf = (item: string): string => item.replace(/<\d+>$/, '');

/** What Quire tells of a section. */
export const ours = (label: string, { quire }: Evidence): string => textOf(quire.get(label));

/** The part that a field of a body structure tells of, as a section. */
const bodyOf = ({ part }: Difference, evidence: Evidence): string => {
  if (part !== '') return ours(`BODY[${part}]`, evidence);
  // The message is its own part 1, unless it is a multipart.
  return ours('BODY[TEXT]', evidence);
};

/** Boundaries that any field of the text names, read as leniently as can be. */
function boundariesIn(text: string): string[] {
  return Array.from(
    text.matchAll(/boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s;]*))/gi),
    ([, quoted, bare]) => quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '',
  );
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Bytes of the multipart whose parts the two have found differently: its header and its body. */
function multipartAt(difference: Difference, evidence: Evidence): string {
  return `${ours(difference.header, evidence)}${bodyOf(difference, evidence)}`;
}

function contentTypesIn(text: string): string[] {
  return text
    .split(/(?<=\n)(?=[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Tt][Yy][Pp][Ee][ \t]*:)/)
    .flatMap((piece) => fieldsOf(piece).slice(0, 1))
    .filter(({ name }) => name === 'content-type')
    .map(({ value }) => value);
}

/** Reasons for which two readers may find different parts, told of the bytes alone. */
const SHAPE_REASONS: readonly { readonly name: string; readonly holds: (text: string) => boolean }[] = [
  {
    name: 'boundaries by no grammar',
    holds: (text) =>
      boundariesIn(text).some((boundary) => !isBoundary(boundary)) ||
      contentTypesIn(text).some((value) => /multipart/i.test(value) && !isMimeField('content-type', value)),
  },
  {
    name: 'boundaries with a charset or in segments',
    holds: (text) => contentTypesIn(text).some((value) => /boundary\*/i.test(value)),
  },
  {
    name: 'delimiters are whole lines',
    holds: (text) =>
      boundariesIn(text).some((boundary) =>
        new RegExp(`(?:^|\\n)--${escaped(boundary)}(?!--)(?![ \\t]*(?:\\r?\\n|$))`).test(text),
      ),
  },
];

const shapeRule = ({ name, holds }: (typeof SHAPE_REASONS)[number]): Rule => ({
  name,
  explains(difference, evidence) {
    // A section of a part that the two have found differently differs for the same reason.
    const shape = difference.field === 'shape' ? difference : shapeAbove(difference, evidence);
    if (shape !== undefined && holds(multipartAt(shape, evidence))) return true;
    // Where Quire shows all of a multipart as its one part, Dovecot may have found one, too, and another.
    return multipartsAbove(difference).some(
      (part) => hasNoDelimiter(part, evidence) && holds(textOfMultipart(part, evidence)),
    );
  },
});

/** Numbers of what holds the part in question as its first: that is what Quire makes of a multipart without parts. */
function multipartsAbove({ part }: Difference): string[] {
  const numbers = part === '' ? [] : part.split('.');
  return numbers.flatMap((number, index) => (number === '1' ? [numbers.slice(0, index).join('.')] : []));
}

/** Where the two have parted, if the difference lies below it. */
function shapeAbove({ item, part }: Difference, { shapes }: Evidence): Difference | undefined {
  if (item === 'ENVELOPE' || item === 'BODY' || item === 'BODYSTRUCTURE' || part === '') return undefined;
  return shapes.find((shape) => shape.part === '' || `${part}.`.startsWith(`${shape.part}.`));
}

export const PART_RULES: readonly Rule[] = [
  {
    name: 'no such part',
    explains: ({ quire, dovecot }) => quire === null && isString(dovecot) && dovecot.text === '',
  },
  ...SHAPE_REASONS.map(shapeRule),
  {
    name: 'a multipart without parts',
    explains(difference, evidence) {
      const { field, part, quire, dovecot } = difference;
      const multipart = part.replace(/\.?1$/, '');
      const isFirst = /(?:^|\.)1$/.test(part);
      if (!isFirst || !hasNoDelimiter(multipart, evidence)) return false;
      // What a digest does not hold is an empty message to Dovecot, and its text to Quire.
      if (field === 'type') return isList(dovecot) && dovecot[6] === 0;
      if (typeof quire === 'number') return dovecot === 0 && /^(?:octets|lines|)$/.test(field);
      return isString(quire) && isString(dovecot) && dovecot.text === '';
    },
  },
  {
    name: 'line feeds',
    explains(difference, evidence) {
      const { item, field, quire, dovecot } = difference;
      if (!/(?:^|[^\r])\n/.test(evidence.mail)) return false;
      if (item === 'RFC822.SIZE') return crlf(ours('BODY[]', evidence)).length === dovecot;
      if (field === 'octets') return crlf(bodyOf(difference, evidence)).length === dovecot;
      if (!isString(quire) || !isString(dovecot) || item.startsWith('BINARY')) return false;
      const start = /<(\d+)>$/.exec(item)?.[1];
      const whole = crlf(ours(wholeOf(item), evidence));
      // Without the blank line of a part without a body.
      if (/\.(?:MIME|HEADER)\]$/.test(item) && whole === `${dovecot.text}\r\n`) return true;
      if (start === undefined) return whole === dovecot.text;
      return whole.slice(Number(start)).startsWith(dovecot.text) && dovecot.text !== '';
    },
  },
  {
    name: 'carriage returns',
    explains: ({ item, quire, dovecot }) =>
      isString(quire) &&
      isString(dovecot) &&
      (/HEADER|MIME/.test(item)
        ? quire.text.replaceAll('\r\r\n', '\r\n') === dovecot.text
        : quire.text.endsWith('\r') && dovecot.text === `${quire.text}\r\n`),
  },
  {
    name: 'the blank line of a part without a body',
    explains: ({ item, quire, dovecot }) =>
      /\.(?:MIME|HEADER)\]$/.test(item) &&
      isString(quire) &&
      isString(dovecot) &&
      quire.text === `${dovecot.text}\r\n`,
  },
  {
    name: 'no blank line where there is none',
    explains: ({ item, header, quire, dovecot }, evidence) =>
      item.includes('HEADER.FIELDS') &&
      !/(?:^|\n)\r?\n$/.test(ours(header, evidence)) &&
      isString(quire) &&
      isString(dovecot) &&
      (dovecot.text === `${quire.text}\r\n` || dovecot.text === `${quire.text}\r\n\r\n`),
  },
];

/** Header and body of the multipart with these numbers. */
function multipartWith(
  numbers: string,
  evidence: Evidence,
): { readonly header: string; readonly body: string } {
  if (numbers === '') return { header: ours('BODY[HEADER]', evidence), body: ours('BODY[TEXT]', evidence) };
  const isInMessage = isString(evidence.quire.get(`BODY[${numbers}.HEADER]`));
  return {
    header: ours(`BODY[${numbers}.${isInMessage ? 'HEADER' : 'MIME'}]`, evidence),
    body: ours(`BODY[${numbers}${isInMessage ? '.TEXT' : ''}]`, evidence),
  };
}

function textOfMultipart(numbers: string, evidence: Evidence): string {
  const { header, body } = multipartWith(numbers, evidence);
  return header + body;
}

/** The body of the multipart with these numbers holds no delimiter of its boundary, or ends before the first. */
function hasNoDelimiter(multipart: string, evidence: Evidence): boolean {
  const { header, body } = multipartWith(multipart, evidence);
  const type = fieldsOf(header).find(({ name }) => name === 'content-type')?.value ?? '';
  if (!/^\s*multipart\//i.test(type)) return false;
  const [boundary] = boundariesIn(type);
  if (boundary === undefined) return true;
  const [open = ''] = body.split(new RegExp(`(?:^|\\n)--${escaped(boundary)}--`));
  return !new RegExp(`(?:^|\\n)--${escaped(boundary)}[ \\t]*(?:\\r?\\n|$)`).test(open);
}
