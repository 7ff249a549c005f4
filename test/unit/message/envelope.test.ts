import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeWords } from '../../../shared/message/decode.ts';
import { encodeWords } from '../../../shared/message/encoded-word.ts';
import { anyMail } from './arbitrary-mail.ts';
import { checkEnvelope, readImap } from './imap-reader.ts';
import { mail, summaryOf, text } from './mail.ts';

function envelopeOf(...lines: string[]): string {
  const { envelope } = summaryOf(mail(...lines, '', 'body'));
  checkEnvelope(readImap(envelope));
  return text(envelope);
}

/** The subject of an envelope that has nothing else. */
function subjectOf(raw: Buffer | string): string {
  const { envelope } = summaryOf(
    Buffer.concat([Buffer.from('Subject:'), Buffer.from(raw), Buffer.from('\r\n\r\n')]),
  );
  const match = /^\(NIL (.*) NIL NIL NIL NIL NIL NIL NIL NIL\)$/s.exec(text(envelope));
  return match?.[1] ?? text(envelope);
}

describe('ENVELOPE', () => {
  test('the example of RFC 3501 §8', () => {
    expect(
      envelopeOf(
        'Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
        'From: Terry Gray <gray@cac.washington.edu>',
        'Subject: IMAP4rev1 WG mtg summary and minutes',
        'To: imap@cac.washington.edu',
        'cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>',
        'Message-Id: <B27397-0100000@cac.washington.edu>',
        'MIME-Version: 1.0',
        'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII',
      ),
    ).toBe(
      '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" ' +
        '(("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
        '(("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
        '(("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
        '((NIL NIL "imap" "cac.washington.edu")) ' +
        '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) ' +
        'NIL NIL "<B27397-0100000@cac.washington.edu>")',
    );
  });

  test('Sender and Reply-To of their own, and empty ones that fall back to From', () => {
    const from = '((NIL NIL "f" "x"))';
    expect(envelopeOf('From: f@x', 'Sender: s@x', 'Reply-To: r@x')).toBe(
      `(NIL NIL ${from} ((NIL NIL "s" "x")) ((NIL NIL "r" "x")) NIL NIL NIL NIL NIL)`,
    );
    expect(envelopeOf('From: f@x', 'Sender:', 'Reply-To: ,')).toBe(
      `(NIL NIL ${from} ${from} ${from} NIL NIL NIL NIL NIL)`,
    );
  });

  test('absent is NIL, present but empty is ""', () => {
    expect(envelopeOf('Subject:', 'In-Reply-To: ')).toBe('(NIL "" NIL NIL NIL NIL NIL NIL "" NIL)');
  });

  test('a group', () => {
    expect(envelopeOf('To: Team: a@x, b@x;, c@x')).toBe(
      '(NIL NIL NIL NIL NIL ((NIL NIL "Team" NIL)(NIL NIL "a" "x")(NIL NIL "b" "x")(NIL NIL NIL NIL)(NIL NIL "c" "x")) NIL NIL NIL NIL)',
    );
  });

  test('two From fields read as one, so that no client shows another sender than was checked', () => {
    expect(envelopeOf('From: a@x', 'From: b@x')).toContain('((NIL NIL "a" "x")(NIL NIL "b" "x"))');
  });

  test('of two Subjects the first counts', () => {
    expect(envelopeOf('Subject: one', 'Subject: two')).toContain('"one"');
  });

  test('folds are undone, quotes and backslashes escaped', () => {
    expect(subjectOf(' say "hi"\r\n\tto \\ all\r\n ')).toBe('"say \\"hi\\"\tto \\\\ all"');
  });

  test('a long value goes as a literal', () => {
    expect(subjectOf('x'.repeat(1001))).toBe(`{1001}\r\n${'x'.repeat(1001)}`);
    expect(subjectOf('x'.repeat(1000))).toBe(`"${'x'.repeat(1000)}"`);
  });

  test('NUL, bare CR and bare LF never appear', () => {
    expect(subjectOf('a\0b\rc')).toBe('"ab c"');
    expect(envelopeOf('To: "a\0b\rc" <d\0@e>')).toContain('("ab c" NIL "d" "e")');
  });
});

describe('8-bit headers', () => {
  const utf8 = Buffer.from(' Grüße aus Köln und mehr');
  const latin1 = Buffer.from(' Grüße aus Köln und mehr', 'latin1');

  test('leave as encoded words, whether UTF-8 or Latin-1 came in', () => {
    const expected = '"=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?= und mehr"';
    expect(subjectOf(utf8)).toBe(expected);
    expect(subjectOf(latin1)).toBe(expected);
  });

  test('bytes that only Windows-1252 has', () => {
    expect(subjectOf(Buffer.from([0x80, 0x20, 0x93]))).toBe(`"${encodeWords('€ “')}"`);
  });

  test('leave as UTF-8 to who accepts it, and only then is there a second envelope', () => {
    const message = Buffer.from('From: Jürgen <jürgen@exämple.test>\r\n\r\n');
    const { envelope, envelopeUtf8 } = summaryOf(message);
    expect(text(envelope)).toContain(
      '(("=?utf-8?Q?J=C3=BCrgen?=" NIL "=?utf-8?Q?j=C3=BCrgen?=" "xn--exmple-cua.test"))',
    );
    expect(Buffer.from(envelopeUtf8 ?? []).toString('utf8')).toContain(
      '(("Jürgen" NIL "jürgen" "exämple.test"))',
    );
    expect(summaryOf(mail('From: a@b', '')).envelopeUtf8).toBeUndefined();
  });

  test.each([
    ['bänk.test/x', '=?utf-8?Q?b=C3=A4nk=2Etest/x?='],
    ['bänk.test#x', '=?utf-8?Q?b=C3=A4nk=2Etest=23x?='],
    ['ä%62.test', '=?utf-8?B?w6QlNjIudGVzdA==?='],
    ['exa\u00admple.test', '=?utf-8?Q?exa=C2=ADmple=2Etest?='],
    ['１.test', '=?utf-8?B?77yRLnRlc3Q=?='],
    ['EXÄMPLE.test', 'xn--exmple-cua.test'],
    ['straße.test', 'xn--strae-oqa.test'],
  ])('a host goes out in ASCII only if that says all of it: %s', (host, expected) => {
    const { envelope } = summaryOf(Buffer.from(`From: a@${host}\r\n\r\n`));
    expect(text(envelope)).toContain(`((NIL NIL "a" "${expected}"))`);
  });

  test('encoded words that are there already are left alone', () => {
    expect(subjectOf(' =?utf-8?Q?J=C3=BCrgen?=')).toBe('"=?utf-8?Q?J=C3=BCrgen?="');
  });
});

describe('encoded words', () => {
  test('are at most 75 characters, one blank apart, and say the same when decoded', () => {
    const words = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 90 }), { maxLength: 6 });
    fc.assert(
      fc.property(words, (parts) => {
        const plain = parts
          .join(' ')
          .replace(/\s+/gu, ' ')
          .replace(/=\?/g, '')
          .replace(/[\x00-\x1f\x7f]/g, '')
          .trim();
        const encoded = encodeWords(plain);
        expect(encoded).toMatch(/^[\x20-\x7e]*$/);
        for (const word of encoded.match(/=\?utf-8\?[QB]\?[^?]*\?=/g) ?? [])
          expect(word.length).toBeLessThanOrEqual(75);
        expect(decodeWords(encoded)).toBe(plain);
      }),
      { numRuns: 500 },
    );
  });

  test('keep the blank next to an encoded word that was there', () => {
    for (const neighbour of ['=?utf-8?Q?a?= ü', 'ü =?utf-8?Q?a?=']) {
      const encoded = encodeWords(neighbour);
      expect(encoded).toMatch(/^=\?[^ ]*\?= =\?[^ ]*\?=$/);
      expect(decodeWords(encoded)).toBe(neighbour.replace('=?utf-8?Q?a?=', 'a'));
    }
  });
});

test('whatever the message, both envelopes are well-formed, and only one may hold 8-bit', () => {
  fc.assert(
    fc.property(anyMail(), (message) => {
      const { envelope, envelopeUtf8 } = summaryOf(message);
      checkEnvelope(readImap(envelope));
      if (!envelopeUtf8) return;
      checkEnvelope(readImap(envelopeUtf8, { utf8: true }));
      expect(Buffer.from(envelopeUtf8).equals(envelope)).toBe(false);
      expect(Buffer.from(Buffer.from(envelopeUtf8).toString('utf8')).equals(envelopeUtf8)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
