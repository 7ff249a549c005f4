/** What SES, SNS and SQS would hand to the delivery function. */
import type { SqsEvent, SqsRecord } from '../../functions/lambda-types.ts';

export interface NotificationFields {
  readonly messageId: string;
  readonly recipients: readonly string[];
  readonly objectKey: string;
  readonly source?: string;
  readonly spam?: string;
  readonly virus?: string;
  readonly spf?: string;
  readonly dmarc?: string;
  readonly dmarcPolicy?: string;
}

/** The notification of an S3 action, as its documentation shows it. */
export function notificationOf(fields: NotificationFields): string {
  const { messageId, recipients, objectKey, source = 'sender@a.test' } = fields;
  return JSON.stringify({
    notificationType: 'Received',
    receipt: {
      timestamp: '2026-01-27T16:00:00.000Z',
      processingTimeMillis: 222,
      recipients,
      spamVerdict: { status: fields.spam ?? 'PASS' },
      virusVerdict: { status: fields.virus ?? 'PASS' },
      spfVerdict: { status: fields.spf ?? 'PASS' },
      dkimVerdict: { status: 'PASS' },
      dmarcVerdict: { status: fields.dmarc ?? 'PASS' },
      ...(fields.dmarcPolicy === undefined ? {} : { dmarcPolicy: fields.dmarcPolicy }),
      action: {
        type: 'S3',
        topicArn: 'arn:aws:sns:us-east-1:000000000000:inbound',
        bucketName: 'inbound',
        objectKey,
      },
    },
    mail: {
      timestamp: '2026-01-27T16:00:00.000Z',
      source,
      messageId,
      destination: recipients,
      headersTruncated: false,
      headers: [],
      commonHeaders: {},
    },
  });
}

/** An invocation with these messages; `attempt` as SQS counts receives. */
export function sqsEvent(bodies: readonly string[], attempt = 1): SqsEvent {
  return {
    Records: bodies.map((body, index): SqsRecord => ({
      messageId: `sqs-${index}`,
      receiptHandle: `handle-${index}`,
      body,
      attributes: { ApproximateReceiveCount: String(attempt), SentTimestamp: '1769529600000' },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:quire-delivery',
      awsRegion: 'us-east-1',
    })),
  };
}
