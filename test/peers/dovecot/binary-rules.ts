/** Differences in what BINARY says (RFC 3516). */
import { type Difference } from './differences.ts';
import { isString, textOf } from '../../support/fetch-answer.ts';
import { crlf, ours, wholeOf } from './part-rules.ts';
import { partsOf } from '../../support/part-numbers.ts';
import type { Evidence, Rule } from './rules.ts';
import { fieldsOf, isMimeField } from './strict-fields.ts';

const ITEM = /^BINARY(?:\.SIZE)?\[[\d.]*\](?:<(\d+)>)?$/;

/** The label of the whole decoded section. */
const sectionOf = ({ item }: Difference): string => wholeOf(item).replace('.SIZE', '');

function encodingsOf({ part }: Difference, evidence: Evidence): string[] {
  return fieldsOf(ours(`BODY[${part}.MIME]`, evidence))
    .filter(({ name }) => name === 'content-transfer-encoding')
    .map(({ value }) => value);
}

/** Quire's answer is the section, its part or its size, if the section is these bytes. */
function tellsOf(section: string, { item, quire }: Difference): boolean {
  if (item.startsWith('BINARY.SIZE')) return quire === section.length;
  const start = Number(ITEM.exec(item)?.[1] ?? 0);
  const text = textOf(quire);
  return isString(quire) && (item.endsWith('>') ? section.slice(start).startsWith(text) : section === text);
}

/** NUL is sent as 0x80 by BODY. */
const asBody = (text: string): string => text.replaceAll('\0', '\x80');

export const BINARY_RULES: readonly Rule[] = [
  {
    name: 'literal8 only for NUL',
    explains: ({ item, quire, dovecot }) =>
      item.startsWith('BINARY[') &&
      isString(quire) &&
      isString(dovecot) &&
      quire.text === dovecot.text &&
      dovecot.form === 'literal8' &&
      !quire.text.includes('\0'),
  },
  {
    name: 'no answer from Dovecot',
    explains: ({ item, dovecot }) => ITEM.test(item) && textOf(dovecot) === 'connection lost',
  },
  {
    name: 'damaged encodings',
    explains: (difference, evidence) =>
      textOf(difference.dovecot).startsWith('NO ') &&
      textOf(evidence.dovecot.get(sectionOf(difference))) === 'NO [PARSE]' &&
      /^\s*(?:base64|quoted-printable)/i.test(encodingsOf(difference, evidence)[0] ?? '') &&
      tellsOf(textOf(evidence.quire.get(sectionOf(difference))), difference),
  },
  {
    name: 'damage of another part',
    explains(difference, evidence) {
      const section = sectionOf(difference);
      const refusal = /^NO \[(?:PARSE|UNKNOWN-CTE)\]/;
      const isElsewhere = [...evidence.dovecot].some(
        ([label, told]) => label.startsWith('BINARY[') && label !== section && refusal.test(textOf(told)),
      );
      return (
        difference.item.startsWith('BINARY.SIZE') &&
        refusal.test(textOf(difference.dovecot)) &&
        isElsewhere &&
        tellsOf(textOf(evidence.quire.get(section)), difference)
      );
    },
  },
  {
    name: 'sizes that match',
    explains(difference, evidence) {
      const label = sectionOf(difference);
      const { item, quire, dovecot } = difference;
      const theirs = evidence.dovecot.get(label);
      return (
        item.startsWith('BINARY.SIZE') &&
        typeof dovecot === 'number' &&
        textOf(theirs).length !== dovecot &&
        quire === textOf(evidence.quire.get(label)).length
      );
    },
  },
  {
    name: 'the first of fields that come once',
    explains: (difference, evidence) =>
      ITEM.test(difference.item) && encodingsOf(difference, evidence).length > 1,
  },
  {
    name: 'encodings by no grammar',
    explains: (difference, evidence) =>
      ITEM.test(difference.item) &&
      encodingsOf(difference, evidence).some((value) => !isMimeField('content-transfer-encoding', value)),
  },
  {
    name: 'BINARY of what has parts',
    explains(difference, evidence) {
      const { item, part } = difference;
      if (!ITEM.test(item) || !hasParts(part, evidence)) return false;
      const { quire } = difference;
      const sent = isString(quire)
        ? { ...difference, quire: { ...quire, text: asBody(quire.text) } }
        : difference;
      return tellsOf(ours(`BODY[${part}]`, evidence), sent);
    },
  },
  {
    name: 'BINARY of an encoded message',
    explains(difference, evidence) {
      const isEncoded = /^\s*(?:base64|quoted-printable)/i.test(encodingsOf(difference, evidence)[0] ?? '');
      const isMessage = partsOf(evidence.quire.get('BODYSTRUCTURE')).messages.has(difference.part);
      return (
        ITEM.test(difference.item) &&
        isEncoded &&
        isMessage &&
        tellsOf(textOf(evidence.quire.get(sectionOf(difference))), difference)
      );
    },
  },
  {
    name: 'line ends of decoded text',
    explains(difference, evidence) {
      if (!ITEM.test(difference.item)) return false;
      const label = sectionOf(difference);
      const [quire, dovecot] = [textOf(evidence.quire.get(label)), textOf(evidence.dovecot.get(label))];
      return quire === crlf(dovecot) && quire !== dovecot && tellsOf(quire, difference);
    },
  },
  {
    name: 'line feeds',
    explains(difference, evidence) {
      if (!ITEM.test(difference.item)) return false;
      const label = sectionOf(difference);
      const [quire, dovecot] = [textOf(evidence.quire.get(label)), textOf(evidence.dovecot.get(label))];
      return crlf(quire) === dovecot && quire !== dovecot && tellsOf(quire, difference);
    },
  },
];

/** The part is a multipart, or holds a message. */
function hasParts(part: string, { quire }: Evidence): boolean {
  const { all, messages } = partsOf(quire.get('BODYSTRUCTURE'));
  return messages.has(part) || [...all].some((other) => other.startsWith(`${part}.`));
}
