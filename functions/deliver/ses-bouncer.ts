/** Bounces by SES: it makes the delivery status notification (RFC 3464), and sends it to who sent the message. */
import { type BouncedRecipientInfo, SendBounceCommand, type SESClient } from '@aws-sdk/client-ses';
import { withRetry } from '../../shared/aws/retry.ts';
import type { Bouncer, Unreachable } from './bounce.ts';

/** `host`: who reports it. SES takes a bounce within a day of the message, and only from a domain that it has verified. */
export function sesBouncer(ses: SESClient, host: string): Bouncer {
  return async ({ messageId, from, unreachable }) => {
    const command = new SendBounceCommand({
      OriginalMessageId: messageId,
      BounceSender: from,
      MessageDsn: { ReportingMta: `dns; ${host}` },
      BouncedRecipientInfoList: unreachable.map(recipientInfo),
    });
    await withRetry(() => ses.send(command));
  };
}

/** RFC 3463 §3.2, §3.3: no such mailbox; a mailbox that takes no mail. */
function recipientInfo({ recipient, reason }: Unreachable): BouncedRecipientInfo {
  if (reason !== 'disabled') return { Recipient: recipient, BounceType: 'DoesNotExist' };
  return { Recipient: recipient, RecipientDsnFields: { Action: 'failed', Status: '5.2.1' } };
}
