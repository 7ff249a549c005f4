import { describe, expect, test } from '@jest/globals';
import { sesNotification, type Receipt } from '../../../infra/local/ses-notification.ts';

const receipt = (header: string): Receipt => ({
  messageId: 'd6iitobk75ur44p8kdnnp7g2n800',
  source: 'jane@example.com',
  recipients: ['ann@example.test'],
  received: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  processed: Date.UTC(2026, 0, 2, 3, 4, 5, 700),
  bucketName: 'inbound',
  objectKey: 'all/d6iitobk75ur44p8kdnnp7g2n800',
  start: Buffer.from(header),
});

describe("SES's notification of an S3 action", () => {
  test('has every field that the SES developer guide lists', () => {
    const header =
      'Return-Path: <jane@example.com>\r\n' +
      'Received: from mail (mail [192.0.2.1])\r\n by localhost\r\n' +
      'From: "Doe, Jane" <jane@example.com>\r\n' +
      'To: ann@example.test, Bob (the, builder) <bob@example.test>\r\n' +
      'Subject: Hello\r\n world\r\nMessage-ID: <1@example.com>\r\n\r\nFrom: not a header\r\n';
    const disabled = { status: 'DISABLED' };
    expect(sesNotification(receipt(header))).toEqual({
      notificationType: 'Received',
      mail: {
        timestamp: '2026-01-02T03:04:05.678Z',
        source: 'jane@example.com',
        messageId: 'd6iitobk75ur44p8kdnnp7g2n800',
        destination: ['ann@example.test'],
        headersTruncated: false,
        headers: [
          { name: 'Return-Path', value: '<jane@example.com>' },
          { name: 'Received', value: 'from mail (mail [192.0.2.1]) by localhost' },
          { name: 'From', value: '"Doe, Jane" <jane@example.com>' },
          { name: 'To', value: 'ann@example.test, Bob (the, builder) <bob@example.test>' },
          { name: 'Subject', value: 'Hello world' },
          { name: 'Message-ID', value: '<1@example.com>' },
        ],
        commonHeaders: {
          returnPath: 'jane@example.com',
          subject: 'Hello world',
          from: ['"Doe, Jane" <jane@example.com>'],
          to: ['ann@example.test', 'Bob (the, builder) <bob@example.test>'],
          messageId: '<1@example.com>',
        },
      },
      receipt: {
        timestamp: '2026-01-02T03:04:05.678Z',
        processingTimeMillis: 22,
        recipients: ['ann@example.test'],
        spamVerdict: disabled,
        virusVerdict: disabled,
        spfVerdict: disabled,
        dkimVerdict: disabled,
        dmarcVerdict: disabled,
        action: {
          type: 'S3',
          topicArn: expect.stringMatching(/^arn:aws:sns:/),
          bucketName: 'inbound',
          objectKey: 'all/d6iitobk75ur44p8kdnnp7g2n800',
        },
      },
    });
  });

  test('a header above 10 KB is cut at a field, and it says so', () => {
    const { mail } = sesNotification(receipt(`Subject: x\r\nX-Long: ${'y'.repeat(11_000)}\r\nTo: z\r\n\r\n`));
    expect(mail.headersTruncated).toBe(true);
    expect(mail.headers).toEqual([{ name: 'Subject', value: 'x' }]);
  });

  test('bytes that are no header give none, and nothing is thrown', () => {
    for (const bytes of [
      '',
      '\r\n\r\n',
      'no colon here\r\n: no name\r\n\r\n',
      '\u0000\u00ff',
      'To: "unclosed, <',
    ]) {
      expect(() => sesNotification(receipt(bytes))).not.toThrow();
    }
    expect(sesNotification(receipt('no colon\r\n: no name\r\n\r\n')).mail.headers).toEqual([]);
  });
});
