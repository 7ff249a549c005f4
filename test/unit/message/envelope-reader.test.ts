import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readEnvelope } from '../../../shared/message/envelope-reader.ts';
import { anyMail } from './arbitrary-mail.ts';
import { mail, summaryOf } from './mail.ts';

describe('an envelope is read back', () => {
  test('with everything in it', () => {
    const { envelope } = summaryOf(
      mail(
        'Date: Mon, 1 Jan 2024 00:00:00 +0000',
        'Subject: a "quoted" \\ thing',
        'From: "Doe, J." <j@example.test>, second@example.test',
        'To: friends: <@r.test:a@b.test>;',
        'Message-ID: <id@example.test>',
        'In-Reply-To: <other@example.test>',
        '',
      ),
    );
    expect(readEnvelope(envelope)).toEqual({
      date: 'Mon, 1 Jan 2024 00:00:00 +0000',
      subject: 'a "quoted" \\ thing',
      from: [
        { name: 'Doe, J.', route: null, mailbox: 'j', host: 'example.test' },
        { name: null, route: null, mailbox: 'second', host: 'example.test' },
      ],
      to: [
        { name: null, route: null, mailbox: 'friends', host: null },
        { name: null, route: '@r.test', mailbox: 'a', host: 'b.test' },
        { name: null, route: null, mailbox: null, host: null },
      ],
      cc: [],
      bcc: [],
      inReplyTo: '<other@example.test>',
      messageId: '<id@example.test>',
    });
  });

  test('with nothing in it', () => {
    expect(readEnvelope(summaryOf(mail('')).envelope)).toEqual({
      date: null,
      subject: null,
      from: [],
      to: [],
      cc: [],
      bcc: [],
      inReplyTo: null,
      messageId: null,
    });
  });

  test('with strings that went as literals', () => {
    const subject = 'x'.repeat(5000);
    expect(readEnvelope(summaryOf(mail(`Subject: ${subject}`, '')).envelope).subject).toBe(subject);
  });

  test('whatever message it was made of', () => {
    fc.assert(
      fc.property(anyMail(), (message) => {
        const { envelope, envelopeUtf8 } = summaryOf(message);
        const read = readEnvelope(envelope);
        expect(read.from.length).toBe(readEnvelope(envelopeUtf8 ?? envelope).from.length);
      }),
    );
  });

  test.each(['', 'NIL', '(NIL', '("a', '(x NIL)'])('what is none is refused: %s', (text) => {
    expect(() => readEnvelope(Buffer.from(text))).toThrow('no envelope');
  });
});
