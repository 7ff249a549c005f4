/** Who hears that mail reached nobody: senders whose domain vouches for them, once, and nobody who was forged. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Bounce, mayBeTold, tellSender } from '../../../functions/deliver/bounce.ts';
import { type Notification, parseNotification } from '../../../functions/deliver/notification.ts';
import { createLog } from '../../../shared/log.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { type NotificationFields, notificationOf } from '../../support/ses.ts';

const log = createLog({ level: 'silent', pretty: false });
const NOBODY = [{ recipient: 'nobody@example.test', reason: 'unknown' }] as const;

function notification(fields: Partial<NotificationFields> = {}): Notification {
  const body = notificationOf({
    messageId: 'm1',
    objectKey: 'example.test/m1',
    recipients: ['nobody@example.test'],
    ...fields,
  });
  const parsed = parseNotification(body);
  if (!parsed) throw new Error('no notification');
  return parsed;
}

let inbound: MemoryBlobStore;
let sent: Bounce[];
beforeEach(() => {
  inbound = new MemoryBlobStore();
  sent = [];
});

const tell = (
  fields: Partial<NotificationFields> = {},
  unreachable: Parameters<typeof tellSender>[1] = NOBODY,
) =>
  tellSender(notification(fields), unreachable, {
    inbound,
    bouncer: async (bounce) => void sent.push(bounce),
    log,
  });

describe('a sender may be told', () => {
  test.each([
    ['SPF vouches for it', {}, true],
    ['SPF fails: the sender is forged, or nobody knows', { spf: 'FAIL' }, false],
    ['SPF is undecided', { spf: 'GRAY' }, false],
    ['SPF could not be looked up', { spf: 'PROCESSING_FAILED' }, false],
    ['the domain disowns the message by DMARC', { dmarc: 'FAIL' }, false],
    ['it is spam', { spam: 'FAIL' }, false],
    ['it is a bounce itself', { source: '' }, false],
    ['it comes from a daemon', { source: 'MAILER-DAEMON@a.test' }, false],
  ])('%s', (_why, fields, expected) => {
    expect(mayBeTold(notification(fields))).toBe(expected);
  });
});

describe('the sender of mail to nobody', () => {
  test('is told from the domain that was written to, with every address that leads nowhere', async () => {
    await tell({}, [...NOBODY, { recipient: 'gone@example.test', reason: 'disabled' }]);
    expect(sent).toEqual([
      {
        messageId: 'm1',
        from: 'mailer-daemon@example.test',
        unreachable: [
          { recipient: 'nobody@example.test', reason: 'unknown' },
          { recipient: 'gone@example.test', reason: 'disabled' },
        ],
      },
    ]);
  });

  test('is told once, however often the notification comes', async () => {
    await tell();
    await tell();
    expect(sent).toHaveLength(1);
    expect([...inbound.objects.keys()]).toEqual(['aside/undeliverable/example.test/m1.bounced']);
  });

  test('is not told of a bounce to our own daemon, or there would be no end of it', async () => {
    await tell({}, [{ recipient: 'mailer-daemon@example.test', reason: 'unknown' }]);
    expect(sent).toEqual([]);
  });

  test('is not told when forged', async () => {
    await tell({ spf: 'FAIL' });
    expect(sent).toEqual([]);
    expect(inbound.objects.size).toBe(0);
  });

  const failing = (name: string) =>
    tellSender(notification(), NOBODY, {
      inbound,
      bouncer: async () => {
        throw Object.assign(new Error('no'), { name });
      },
      log,
    });

  test('is told later when SES is too busy: the notification comes again', async () => {
    await expect(failing('ThrottlingException')).rejects.toThrow('no');
    await tell();
    expect(sent).toHaveLength(1);
  });

  test('is not told by an account in the sandbox, and the mail is settled even so', async () => {
    await expect(failing('MessageRejected')).resolves.toBeUndefined();
    expect(inbound.objects.size).toBe(0);
  });
});
