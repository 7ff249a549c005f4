/**
 * The SNS notification of an SES S3 action, as SQS carries it ("Contents of notifications for Amazon SES email
 * receiving", SES developer guide). Everything that delivery relies on is checked here: what a message means is never
 * guessed from a notification that is not understood.
 */

export const VERDICTS = ['PASS', 'FAIL', 'GRAY', 'PROCESSING_FAILED', 'DISABLED'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A DMARC policy, of a message that failed it (RFC 7489 §6.3). */
export type DmarcPolicy = 'none' | 'quarantine' | 'reject';

export interface Notification {
  /** Of the message: the same in every notification of it, whichever rule matched. */
  readonly messageId: string;
  /** Envelope sender; empty for a bounce. */
  readonly source: string;
  /** When SES had it, milliseconds since the epoch. */
  readonly received: number;
  /** The recipients that this notification's rule matched. */
  readonly recipients: readonly string[];
  readonly spam: Verdict;
  /** Of the envelope sender's domain. */
  readonly spf: Verdict;
  readonly virus: Verdict;
  readonly dmarc: Verdict;
  readonly dmarcPolicy: DmarcPolicy | null;
  /** Key of the raw message in the inbound bucket. */
  readonly objectKey: string;
}

/** The notification cannot be understood: it goes to the dead-letter queue, and the message stays where it is. */
export class NotificationError extends Error {
  constructor(detail: string) {
    super(`not a notification of an SES S3 action: ${detail}`);
    this.name = 'NotificationError';
  }
}

/** Null for what SNS and SES send to try out a new topic. Throws `NotificationError`. */
export function parseNotification(body: string): Notification | null {
  const root = objectOf(jsonOf(body), 'the body');
  if (root.notificationType === 'AmazonSnsSubscriptionSucceeded') return null;
  // Without raw delivery, SNS wraps what SES said.
  if (root.Type === 'Notification' && typeof root.Message === 'string')
    return parseNotification(root.Message);
  if (root.notificationType !== 'Received')
    throw new NotificationError(`notificationType is ${JSON.stringify(root.notificationType)}`);
  const mail = objectOf(root.mail, 'mail');
  const receipt = objectOf(root.receipt, 'receipt');
  const action = objectOf(receipt.action, 'receipt.action');
  if (action.type !== 'S3')
    throw new NotificationError(`the action is ${JSON.stringify(action.type)}, not S3`);
  const received = Date.parse(stringOf(mail.timestamp, 'mail.timestamp'));
  if (Number.isNaN(received)) throw new NotificationError('mail.timestamp is no date');
  return {
    messageId: stringOf(mail.messageId, 'mail.messageId'),
    source: typeof mail.source === 'string' ? mail.source : '',
    received,
    recipients: stringsOf(receipt.recipients, 'receipt.recipients'),
    spam: verdictOf(receipt.spamVerdict),
    spf: verdictOf(receipt.spfVerdict),
    virus: verdictOf(receipt.virusVerdict),
    dmarc: verdictOf(receipt.dmarcVerdict),
    dmarcPolicy: policyOf(receipt.dmarcPolicy),
    objectKey: stringOf(action.objectKey, 'receipt.action.objectKey'),
  };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new NotificationError('the body is no JSON');
  }
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NotificationError(`${name} is no object`);
  return value as Record<string, unknown>;
}

function stringOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw new NotificationError(`${name} is missing`);
  return value;
}

function stringsOf(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) throw new NotificationError(`${name} is empty`);
  return value.map((entry: unknown) => stringOf(entry, name));
}

/** A verdict that is missing, or of a kind that SES has since invented, says nothing about the message. */
function verdictOf(value: unknown): Verdict {
  const status = typeof value === 'object' && value !== null && 'status' in value ? value.status : undefined;
  return VERDICTS.find((verdict) => verdict === status) ?? 'PROCESSING_FAILED';
}

function policyOf(value: unknown): DmarcPolicy | null {
  const policy = typeof value === 'string' ? value.toLowerCase() : null;
  return policy === 'none' || policy === 'quarantine' || policy === 'reject' ? policy : null;
}
