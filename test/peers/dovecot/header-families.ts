/** Families about the fields of a header. */
import {
  ADDRESSES,
  BROKEN_ADDRESSES,
  DATES,
  ENCODED_WORDS,
  FOLDS,
  RAW_8BIT,
  TEXTS,
} from './random-pieces.ts';
import { leaf, type Maker, messageHeader, text } from './mail-writer.ts';

const addressFields = ['From', 'Sender', 'Reply-To', 'To', 'Cc', 'Bcc'];

export const HEADER_FAMILIES: Readonly<Record<string, Maker>> = {
  'plain text': (draw) => messageHeader(draw) + leaf(draw),

  addresses: (draw) =>
    text(
      addressFields
        .filter(() => draw.chance(0.6))
        .map((name) => `${name}: ${draw.some(ADDRESSES, 1, 3).join(', ')}`),
    ),

  'broken addresses': (draw) =>
    text(draw.some(addressFields, 1, 3).map((name) => `${name}: ${draw.of(BROKEN_ADDRESSES)}`)),

  'folded fields': (draw) => {
    const fold = (value: string): string =>
      value.replaceAll(/ /g, () => (draw.chance(0.5) ? draw.of(FOLDS) : ' '));
    return text([
      `Subject:${draw.of(FOLDS)}${fold(draw.of(TEXTS))}`,
      `From: ${fold(draw.of(ADDRESSES))}`,
      `To:${draw.of(['', ' ', '\t', draw.of(FOLDS)])}${fold(draw.of(ADDRESSES))}`,
      `Date: ${fold(draw.of(DATES))}`,
    ]);
  },

  'odd fields': (draw) =>
    text(
      draw.some(
        [
          'Subject : blank before the colon',
          'Subject:no blank',
          'Subject:',
          'SUBJECT: upper case',
          'Subject: first\r\nSubject: second',
          'From: a@b\r\nFrom: c@d',
          'To: a@b\r\nCc: x@y\r\nTo: c@d',
          'no colon at all',
          ': no name',
          ' begins with a blank',
          'Odd\x01Name: x',
          `${'Long-Name'.repeat(30)}: x`,
          'Message-ID: no brackets',
          'Message-ID: <a@b> (comment)',
          'Message-ID:\r\n <folded@id>',
          'In-Reply-To: <a@b> <c@d>',
          'In-Reply-To: Your message of Thursday',
          'References: <a@b>\r\n <c@d>',
          'Date: Thu, 1 Feb 2024 12:00:00 +0000\r\nDate: Fri, 2 Feb 2024 12:00:00 +0000',
          'Subject:   blanks around   ',
          'Subject: "quoted \\" text"',
          '>From mangled',
          'From ann@example.test Thu Feb  1 12:00:00 2024',
        ],
        1,
        4,
      ),
    ),

  '8-bit headers': (draw) =>
    text([
      `Subject: ${draw.of(RAW_8BIT)}`,
      `From: ${draw.of(RAW_8BIT)} <a@b>`,
      `To: "${draw.of(RAW_8BIT)}" <${draw.chance(0.3) ? draw.of(RAW_8BIT).replaceAll(/\s/g, '') : 'x'}@example.test>`,
      ...(draw.chance(0.3) ? [`Content-Description: ${draw.of(RAW_8BIT)}`] : []),
    ]),

  'encoded words': (draw) =>
    text([`Subject: ${draw.some(ENCODED_WORDS, 1, 3).join(' ')}`, `From: ${draw.of(ENCODED_WORDS)} <a@b>`]),
};
