import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { filterHeaderFields } from '../../../shared/message/header-fields.ts';
import { LISTED_FIELDS } from '../../../shared/message/listed-fields.ts';
import type { SectionSource } from '../../../shared/message/section.ts';
import { parseSection, resolveSection } from '../../../shared/message/section.ts';
import { anyMail } from './arbitrary-mail.ts';
import { mail, summaryOf, text } from './mail.ts';

/** A section such as `1.2.MIME` or `HEADER.FIELDS (To Cc)`. */
function source(message: Uint8Array, section: string): SectionSource | null {
  const [, spec = '', names] = /^([^ ]*)(?: \((.*)\))?$/.exec(section) ?? [];
  const parsed = parseSection(spec);
  if (!parsed) throw new Error(`no section: ${section}`);
  return resolveSection(summaryOf(message), { ...parsed, fields: names?.split(' ') ?? [] });
}

/** What BODY[section] would be, or null for NIL. */
function fetched(message: Uint8Array, section: string): string | null {
  const found = source(message, section);
  if (!found) return null;
  if (found.from === 'summary') return text(found.bytes);
  const range = message.subarray(found.start, found.end);
  return text(found.from === 'blob' ? range : filterHeaderFields(range, found.names, found.not));
}

/** The message that RFC 3501 §6.4.5 and RFC 9051 §6.4.5.1 number the parts of. */
const nested = (subject: string, ...body: string[]): string[] => [
  'Content-Type: message/rfc822',
  '',
  `Subject: ${subject}`,
  ...body,
];
const complex = mail(
  'Subject: outer',
  'Content-Type: multipart/mixed; boundary=m',
  '',
  '--m',
  'Content-Type: text/plain',
  '',
  'part 1',
  '--m',
  'Content-Type: application/octet-stream',
  '',
  'part 2',
  '--m',
  ...nested('three', 'Content-Type: multipart/mixed; boundary=n', ''),
  '--n',
  'Content-Type: text/plain',
  '',
  'part 3.1',
  '--n',
  'Content-Type: application/octet-stream',
  '',
  'part 3.2',
  '--n--',
  '--m',
  'Content-Type: multipart/mixed; boundary=o',
  '',
  '--o',
  'Content-Type: image/gif',
  '',
  'part 4.1',
  '--o',
  ...nested('four-two', 'Content-Type: multipart/mixed; boundary=p', ''),
  '--p',
  'Content-Type: text/plain',
  '',
  'part 4.2.1',
  '--p',
  'Content-Type: multipart/alternative; boundary=q',
  '',
  '--q',
  'Content-Type: text/plain',
  '',
  'part 4.2.2.1',
  '--q',
  'Content-Type: text/richtext',
  '',
  'part 4.2.2.2',
  '--q--',
  '--p--',
  '--o--',
  '--m--',
);

describe('the part specifiers of RFC 9051 §6.4.5.1', () => {
  test.each([
    ['1', 'part 1'],
    ['2', 'part 2'],
    ['3.HEADER', 'Subject: three\r\nContent-Type: multipart/mixed; boundary=n\r\n\r\n'],
    ['3.1', 'part 3.1'],
    ['3.2', 'part 3.2'],
    ['4.1', 'part 4.1'],
    ['4.1.MIME', 'Content-Type: image/gif\r\n\r\n'],
    ['4.2.HEADER', 'Subject: four-two\r\nContent-Type: multipart/mixed; boundary=p\r\n\r\n'],
    ['4.2.MIME', 'Content-Type: message/rfc822\r\n\r\n'],
    ['4.2.1', 'part 4.2.1'],
    ['4.2.2.1', 'part 4.2.2.1'],
    ['4.2.2.2', 'part 4.2.2.2'],
    ['4.2.HEADER.FIELDS (subject)', 'Subject: four-two\r\n\r\n'],
    ['4.2.HEADER.FIELDS.NOT (SUBJECT)', 'Content-Type: multipart/mixed; boundary=p\r\n\r\n'],
  ])('%s', (section, expected) => {
    expect(fetched(complex, section)).toBe(expected);
  });

  test('TEXT and whole parts', () => {
    expect(fetched(complex, '')).toBe(text(complex));
    expect(fetched(complex, 'HEADER')).toBe(
      'Subject: outer\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n',
    );
    expect(`${fetched(complex, 'HEADER') ?? ''}${fetched(complex, 'TEXT') ?? ''}`).toBe(text(complex));
    expect(`${fetched(complex, '3.HEADER') ?? ''}${fetched(complex, '3.TEXT') ?? ''}`).toBe(
      fetched(complex, '3'),
    );
    expect(fetched(complex, '3.TEXT')).toMatch(/^--n\r\n.*--n--$/s);
    expect(fetched(complex, '4')).toMatch(/^--o\r\n.*--o--$/s);
  });

  test.each([
    '5',
    '1.1',
    '3.3',
    '2.HEADER',
    '1.TEXT',
    '4.HEADER',
    '4.TEXT',
    '4.1.HEADER.FIELDS (Subject)',
    '3.1.1',
    '4.2.2.3',
  ])('%s: there is no such part', (section) => {
    expect(fetched(complex, section)).toBeNull();
  });
});

describe('messages that are no multipart', () => {
  const plain = mail('Subject: s', '', 'body');

  test('part 1 is the body', () => {
    expect(fetched(plain, '1')).toBe('body\r\n');
    expect(fetched(plain, '1.MIME')).toBe('Subject: s\r\n\r\n');
    for (const section of ['2', '1.1', '1.HEADER', '1.TEXT']) expect(fetched(plain, section)).toBeNull();
  });

  test('a message that is a message/rfc822 has part 1, and in it parts', () => {
    const forwarded = Buffer.concat([mail('Content-Type: message/rfc822', ''), complex]);
    expect(fetched(forwarded, '1')).toBe(text(complex));
    expect(fetched(forwarded, '1.HEADER')).toBe(fetched(complex, 'HEADER'));
    expect(fetched(forwarded, '1.4.2.2.1')).toBe('part 4.2.2.1');
    expect(fetched(forwarded, '2')).toBeNull();
    const single = Buffer.concat([mail('Content-Type: message/rfc822', ''), plain]);
    expect(fetched(single, '1.1')).toBe('body\r\n');
    expect(fetched(single, '1.1.1')).toBeNull();
  });
});

describe('section specifications', () => {
  test.each([
    '',
    '1',
    '1.2.3',
    '1.MIME',
    '1.2.HEADER',
    'HEADER',
    'header.fields',
    'HEADER.FIELDS.NOT',
    'TEXT',
    '10.TEXT',
  ])('[%s] is one', (spec) => {
    expect(parseSection(spec)).not.toBeNull();
  });
  test.each([
    '0',
    '01',
    '1.',
    '.1',
    '1..2',
    'MIME',
    'HEADERS',
    '1HEADER',
    'HEADER.1',
    'TEXT.',
    '1.2.',
    ' 1',
    '99999999999',
  ])('[%s] is none', (spec) => {
    expect(parseSection(spec)).toBeNull();
  });
});

describe('header fields', () => {
  const header = 'To: a\r\n b\r\nX-Other: x\r\nfrom : c\r\ngarbage\r\n of garbage\r\nTo: d\r\n\r\n';

  test('keep their order, folds and case; names match in any case', () => {
    expect(text(filterHeaderFields(Buffer.from(header), ['TO', 'From', 'to']))).toBe(
      'To: a\r\n b\r\nfrom : c\r\nTo: d\r\n\r\n',
    );
  });

  test('NOT gives the rest, lines that are no fields too', () => {
    expect(text(filterHeaderFields(Buffer.from(header), ['to', 'from'], true))).toBe(
      'X-Other: x\r\ngarbage\r\n of garbage\r\n\r\n',
    );
    const folded = Buffer.from(' of no field\r\nTo: a\r\n\r\n');
    expect(text(filterHeaderFields(folded, ['to'], true))).toBe(' of no field\r\n\r\n');
    expect(text(filterHeaderFields(folded, ['to']))).toBe('To: a\r\n\r\n');
  });

  test('the blank line is always there if the message has one, and never else', () => {
    expect(text(filterHeaderFields(Buffer.from(header), ['none']))).toBe('\r\n');
    expect(text(filterHeaderFields(Buffer.from('To: a\n\n'), ['none']))).toBe('\n');
    expect(text(filterHeaderFields(Buffer.from('To: a'), ['none']))).toBe('');
  });

  test('listed ones come from the summary, others from the header of the message', () => {
    const message = mail('Received: x', 'To: a', 'X-Odd: b', 'Subject: s', '', 'body');
    expect(source(message, 'HEADER.FIELDS (to SUBJECT)')).toMatchObject({ from: 'summary' });
    expect(fetched(message, 'HEADER.FIELDS (subject TO)')).toBe('To: a\r\nSubject: s\r\n\r\n');
    expect(source(message, 'HEADER.FIELDS (to x-odd)')).toMatchObject({ from: 'header', start: 0 });
    expect(fetched(message, 'HEADER.FIELDS (to x-odd)')).toBe('To: a\r\nX-Odd: b\r\n\r\n');
    expect(source(message, 'HEADER.FIELDS.NOT (to)')).toMatchObject({ from: 'header', not: true });
  });

  test('listed ones that are too long for a summary come from the message', () => {
    const message = mail(`References: ${'<a@b> '.repeat(10_000)}`, 'To: a', '', 'body');
    expect(source(message, 'HEADER.FIELDS (To)')).toMatchObject({ from: 'header' });
    expect(fetched(message, 'HEADER.FIELDS (To)')).toBe('To: a\r\n\r\n');
  });

  test('of any message, the summary gives the very bytes that the header does', () => {
    const names = fc.subarray(['From', 'to', 'SUBJECT', 'Date', 'content-type', 'Message-ID']);
    fc.assert(
      fc.property(anyMail(), names, (message, fields) => {
        const { parts } = summaryOf(message);
        const whole = filterHeaderFields(message.subarray(0, parts.bodyStart), fields);
        expect(fetched(message, `HEADER.FIELDS (${fields.join(' ')})`)).toBe(text(whole));
      }),
      { numRuns: 1000 },
    );
  });
});

test('the fields that clients list are listed', () => {
  const apple =
    'date subject from to cc message-id in-reply-to references content-type x-priority x-uniform-type-identifier ' +
    'x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location ' +
    'x-bimi-indicator-hash authentication-results dkim-signature';
  const thunderbird =
    'From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To';
  const mutt =
    'DATE FROM SENDER SUBJECT TO CC MESSAGE-ID REFERENCES CONTENT-TYPE CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO ' +
    'LINES LIST-POST LIST-SUBSCRIBE LIST-UNSUBSCRIBE X-LABEL X-ORIGINAL-TO AUTOCRYPT';
  for (const name of [apple, thunderbird, mutt].join(' ').toLowerCase().split(' ')) {
    expect([name, LISTED_FIELDS.has(name)]).toEqual([name, true]);
  }
});
