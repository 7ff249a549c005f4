import { describe, expect, test } from '@jest/globals';
import { encode } from 'cborg';
import fc from 'fast-check';
import {
  decodeSummary,
  encodeSummary,
  summarize,
  SummaryBuilder,
  SummaryFormatError,
} from '../../../shared/message/summary.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import { anyMail } from './arbitrary-mail.ts';
import { chunked, mail, summaryOf, text } from './mail.ts';

const ordinary = mail(
  'Return-Path: <alice@example.test>',
  'Received: from mail.example.test (mail.example.test [192.0.2.1]) by inbound-smtp.eu-west-1.amazonaws.com',
  ' with SMTP id abcdefghijklmnop for bob@example.test; Sun, 22 Nov 2026 13:05:07 +0000 (UTC)',
  'X-SES-Spam-Verdict: PASS',
  'Date: Sun, 22 Nov 2026 14:05:06 +0100',
  'From: Alice Example <alice@example.test>',
  'To: Bob Example <bob@example.test>',
  'Cc: carol@example.test',
  'Subject: Minutes of our meeting',
  'Message-ID: <d3b07384-d9a0-4c9f-8f5e-2b1c0a9e8d7f@example.test>',
  'In-Reply-To: <0e9d8c7b@example.test>',
  'References: <0e9d8c7b@example.test>',
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Dear Bob,',
  '',
  'here are the minutes =E2=80=93 as promised.',
  '',
  'Alice',
);

/** All that a summary tells, bytes as hexadecimal. */
function everythingOf(summary: Summary): unknown {
  const { size, headersComplete, parts, preview, sentDate, sentZone } = summary;
  const { envelope, envelopeUtf8, bodyStructure, bodyStructureUtf8, headers } = summary;
  const bytes = [envelope, envelopeUtf8, bodyStructure, bodyStructureUtf8, headers].map(
    (each) => each && Buffer.from(each).toString('latin1'),
  );
  return { size, headersComplete, parts, preview, sentDate, sentZone, bytes };
}

describe('a summary', () => {
  test('of an ordinary message', () => {
    const summary = summaryOf(ordinary);
    expect(summary.size).toBe(ordinary.length);
    expect(text(summary.bodyStructure)).toBe(
      '("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 67 5 NIL NIL NIL NIL)',
    );
    expect(summary.preview).toBe('Dear Bob, here are the minutes – as promised. Alice');
    expect(summary.sentDate).toBe(Date.UTC(2026, 10, 22, 13, 5, 6));
    expect(summary.sentZone).toBe(60);
    expect(summary.parts).toMatchObject({
      kind: 'text',
      encoding: 'quoted-printable',
      charset: 'utf-8',
      children: [],
    });
    expect(text(summary.headers)).toMatch(/^Return-Path: .*\r\nDate: /);
    expect(text(summary.headers)).toMatch(/quoted-printable\r\n\r\n$/);
    expect(text(summary.headers)).not.toContain('Received');
  });

  test('of an ordinary message takes about a kilobyte', () => {
    expect(encodeSummary(summaryOf(ordinary)).length).toBeLessThan(1200);
  });

  test('without a Date, or with one that is none', () => {
    for (const message of [mail('Subject: x', ''), mail('Date: yesterday', '')]) {
      expect(summaryOf(message)).toMatchObject({ sentDate: null, sentZone: 0 });
    }
  });

  test('is the same from a stream as from one piece', async () => {
    async function* stream(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
      yield* chunks;
    }
    await fc.assert(
      fc.asyncProperty(anyMail(), fc.array(fc.nat(), { maxLength: 10 }), async (message, cuts) => {
        expect(await summarize(stream(chunked(message, cuts)))).toEqual(summaryOf(message));
      }),
      { numRuns: 300 },
    );
  });
});

describe('an encoded summary', () => {
  test('decodes to what it was, whatever the message', () => {
    fc.assert(
      fc.property(anyMail(), (message) => {
        const summary = summaryOf(message);
        expect(everythingOf(decodeSummary(encodeSummary(summary)))).toEqual(everythingOf(summary));
      }),
      { numRuns: 1000 },
    );
  });

  test('a summary carries the digest of its message, and one without says so', () => {
    const digest = Buffer.alloc(32, 7);
    const summary = summaryOf(ordinary);
    const carried = decodeSummary(encodeSummary({ ...summary, digest }));
    expect(Buffer.from(carried.digest ?? []).equals(digest)).toBe(true);
    expect(decodeSummary(encodeSummary(summary)).digest).toBeUndefined();
    expect(carried.sentZone).toBe(summary.sentZone);
  });

  test('gives one section without looking at the others', () => {
    const bytes = Buffer.from(encodeSummary(summaryOf(ordinary)));
    const { envelope, bodyStructure } = decodeSummary(bytes);
    // The facts come last, and are garbage from here on.
    bytes.fill(0xff, bytes.length - 20);
    expect(decodeSummary(bytes).envelope).toEqual(envelope);
    expect(decodeSummary(bytes).bodyStructure).toEqual(bodyStructure);
    expect(() => decodeSummary(bytes).parts).toThrow(SummaryFormatError);
  });

  test('says that listed fields were left out', () => {
    const long = summaryOf(mail(`References: ${'<a@b> '.repeat(10_000)}`, ''));
    expect(long.headersComplete).toBe(false);
    expect(decodeSummary(encodeSummary(long)).headersComplete).toBe(false);
    expect(encodeSummary(long).length).toBeLessThan(500);
  });

  test('of a later version is refused by name', () => {
    const bytes = Uint8Array.from(encodeSummary(summaryOf(ordinary)));
    bytes[0] = 3;
    expect(() => decodeSummary(bytes)).toThrow('summary of version 3: this release knows versions up to 2');
    expect(() => decodeSummary(new Uint8Array(0))).toThrow(SummaryFormatError);
  });

  test('that is broken is refused, never half read', () => {
    const good = encodeSummary(summaryOf(ordinary));
    for (let length = 0; length < good.length; length++) {
      expect(() => decodeSummary(good.subarray(0, length))).toThrow(SummaryFormatError);
    }
    expect(() => decodeSummary(Buffer.concat([good, Buffer.from('x')]))).toThrow(SummaryFormatError);
    expect(() => decodeSummary(Uint8Array.of(2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80))).toThrow('no length');
  });
});

describe('a summary of version 1, which older releases wrote', () => {
  const { size, envelope, bodyStructure, headers, preview, sentDate, sentZone } = summaryOf(ordinary);
  /** As that version wrote it: one list, of which the part is [kind, gap, header, body, encoding, charset]. */
  const headerBytes = ordinary.indexOf('\r\n\r\n') + 4;
  const part = [0, 0, headerBytes, size - headerBytes, 4, 0];
  const fields: readonly unknown[] = [
    1,
    size,
    envelope,
    null,
    bodyStructure,
    headers,
    part,
    preview,
    sentDate,
    sentZone,
  ];

  test('is read for ever', () => {
    expect(everythingOf(decodeSummary(encode(fields)))).toEqual(everythingOf(summaryOf(ordinary)));
    expect(decodeSummary(encode(fields.with(3, envelope))).envelopeUtf8).toEqual(Uint8Array.from(envelope));
    expect(decodeSummary(encode(fields.with(5, [headers]))).headersComplete).toBe(false);
  });

  test('that is broken is refused, never half read', () => {
    for (let index = 0; index < fields.length; index++) {
      const wrong = encode(fields.with(index, { wrong: true }));
      expect(() => decodeSummary(wrong)).toThrow(SummaryFormatError);
    }
    expect(() => decodeSummary(encode(fields.with(6, [9, 0, 0, 0, 0, 0])))).toThrow('a part of kind 9');
    expect(() => decodeSummary(encode(fields.with(6, [0, 0, 0, 0, 99, 0])))).toThrow('unknown code');
  });
});

test('a builder can be written to by a stream that uses its buffer again', () => {
  const builder = new SummaryBuilder();
  const buffer = Buffer.alloc(16);
  for (let at = 0; at < ordinary.length; at += 16) {
    const length = ordinary.copy(buffer, 0, at, at + 16);
    builder.write(buffer.subarray(0, length));
  }
  expect(builder.end()).toEqual(summaryOf(ordinary));
});

describe('a preview', () => {
  const previewOf = (...lines: string[]): string => summaryOf(mail(...lines)).preview;

  test('is at most 200 characters, and never half of one', () => {
    const long = Buffer.concat([
      mail('Content-Type: text/plain; charset=utf-8', ''),
      Buffer.from('😀'.repeat(300)),
    ]);
    expect(summaryOf(long).preview).toBe('😀'.repeat(200));
  });

  test('decodes base64 and charset', () => {
    const body = Buffer.from('Grüße', 'latin1').toString('base64');
    expect(
      previewOf(
        'Content-Type: text/plain; charset=iso-8859-1',
        'Content-Transfer-Encoding: base64',
        '',
        body,
      ),
    ).toBe('Grüße');
  });

  test('of HTML is its text', () => {
    expect(
      previewOf(
        'Content-Type: text/html; charset=utf-8',
        '',
        '<html><head><title>no</title><style>p { color: red }</style></head><body><!-- no > -->',
        '<p>Hello,&nbsp;<b>wo</b>rld &amp; all &#8211; &#x41;</p><script>no("<p>")</script><p>1 < 2</p>&zwnj;&nbsp;&unknown;',
      ),
    ).toBe('Hello, world & all – A 1 < 2 &unknown;');
  });

  test('comes from the first text part that says something, and from no attachment', () => {
    expect(
      previewOf(
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        'Content-Disposition: attachment',
        '',
        'attached',
        '--b',
        '',
        '  ',
        '--b',
        'Content-Type: text/html',
        '',
        '<p>This one',
        '--b--',
      ),
    ).toBe('This one');
  });

  test('stops where its part stops', () => {
    expect(
      previewOf('Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'one', '--b', '', 'two', '--b--'),
    ).toBe('one');
  });

  test('is empty if there is no text', () => {
    expect(previewOf('Content-Type: image/png', '', 'x')).toBe('');
    expect(previewOf('Content-Transfer-Encoding: x-unknown', '', 'x')).toBe('');
    expect(previewOf('')).toBe('');
  });
});
