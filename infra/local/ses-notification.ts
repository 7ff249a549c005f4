/**
 * What SES tells about a message that it has put on S3: the notification of an S3 action, as it stands in an SQS message
 * when SNS delivers it raw ("Contents of notifications for Amazon SES email receiving", SES developer guide).
 */

/** SES cuts `headers` off above this, and says so in `headersTruncated`. Here the limit is ours: bytes of the message. */
const HEADERS_LIMIT = 10 * 1024;

export interface Verdict {
  readonly status: 'PASS' | 'FAIL' | 'GRAY' | 'PROCESSING_FAILED' | 'DISABLED';
}

export interface SesNotification {
  readonly notificationType: 'Received';
  readonly mail: {
    /** ISO 8601, UTC, with milliseconds; when the message was received. */
    readonly timestamp: string;
    /** Envelope sender; empty for a bounce (RFC 5321 §4.5.5). */
    readonly source: string;
    readonly messageId: string;
    /** All envelope recipients of the message. */
    readonly destination: readonly string[];
    readonly headersTruncated: boolean;
    readonly headers: readonly { readonly name: string; readonly value: string }[];
    readonly commonHeaders: Readonly<Record<string, string | readonly string[]>>;
  };
  readonly receipt: {
    readonly timestamp: string;
    readonly processingTimeMillis: number;
    /** Envelope recipients that the receipt rule has matched. */
    readonly recipients: readonly string[];
    readonly spamVerdict: Verdict;
    readonly virusVerdict: Verdict;
    readonly spfVerdict: Verdict;
    readonly dkimVerdict: Verdict;
    readonly dmarcVerdict: Verdict;
    readonly action: {
      readonly type: 'S3';
      readonly topicArn: string;
      readonly bucketName: string;
      readonly objectKey: string;
    };
  };
}

export interface Receipt {
  readonly messageId: string;
  /** Envelope sender; empty for a bounce. */
  readonly source: string;
  readonly recipients: readonly string[];
  /** Milliseconds since the epoch. */
  readonly received: number;
  readonly processed: number;
  readonly bucketName: string;
  readonly objectKey: string;
  /** The message's first bytes, at least up to the end of its header where that is within reach. */
  readonly start: Uint8Array;
}

/** Nothing was scanned here. SES says DISABLED where scanning is off, and PROCESSING_FAILED where it could not tell. */
const DISABLED: Verdict = { status: 'DISABLED' };

export function sesNotification(receipt: Receipt): SesNotification {
  const { headers, truncated } = headerFields(receipt.start);
  return {
    notificationType: 'Received',
    mail: {
      timestamp: new Date(receipt.received).toISOString(),
      source: receipt.source,
      messageId: receipt.messageId,
      destination: receipt.recipients,
      headersTruncated: truncated,
      headers,
      commonHeaders: commonHeaders(headers),
    },
    receipt: {
      timestamp: new Date(receipt.received).toISOString(),
      processingTimeMillis: receipt.processed - receipt.received,
      recipients: receipt.recipients,
      spamVerdict: DISABLED,
      virusVerdict: DISABLED,
      spfVerdict: DISABLED,
      dkimVerdict: DISABLED,
      dmarcVerdict: DISABLED,
      action: {
        type: 'S3',
        topicArn: 'arn:aws:sns:us-east-1:000000000000:quire-inbound',
        bucketName: receipt.bucketName,
        objectKey: receipt.objectKey,
      },
    },
  };
}

type Field = SesNotification['mail']['headers'][number];

/** The header, unfolded (RFC 5322 §2.2.3), as far as it lies within the limit. */
function headerFields(start: Uint8Array): { headers: Field[]; truncated: boolean } {
  const text = Buffer.from(start).toString('utf8');
  const end = /\r?\n\r?\n/.exec(text)?.index;
  const whole = text.slice(0, end ?? text.length);
  const lines = whole
    .slice(0, HEADERS_LIMIT)
    .replace(/\r?\n(?=[ \t])/g, '')
    .split(/\r?\n/);
  const truncated = whole.length > HEADERS_LIMIT;
  // The last line is cut somewhere.
  if (truncated) lines.pop();
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    // What has no name is no field: a broken header is carried in the message, not here.
    return colon <= 0 ? [] : [{ name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() }];
  });
  return { headers, truncated };
}

const SINGLE = { 'return-path': 'returnPath', sender: 'sender', date: 'date', subject: 'subject' } as const;
const LISTS = { from: 'from', 'reply-to': 'replyTo', to: 'to', cc: 'cc', bcc: 'bcc' } as const;

function commonHeaders(headers: readonly Field[]): Record<string, string | string[]> {
  const first = (name: string): string | undefined =>
    headers.find((field) => field.name.toLowerCase() === name)?.value;
  const found: Record<string, string | string[]> = {};
  for (const [name, key] of Object.entries(SINGLE)) {
    const value = first(name);
    if (value !== undefined) found[key] = key === 'returnPath' ? value.replace(/^<|>$/g, '') : value;
  }
  for (const [name, key] of Object.entries(LISTS)) {
    const value = first(name);
    if (value !== undefined) found[key] = mailboxes(value);
  }
  const messageId = first('message-id');
  if (messageId !== undefined) found.messageId = messageId;
  return found;
}

/** Splits an address list at its commas, outside quoted strings, comments and angle brackets (RFC 5322 §3.4). */
function mailboxes(list: string): string[] {
  const found: string[] = [];
  let current = '';
  let quoted = false;
  let depth = 0;
  for (let index = 0; index < list.length; index += 1) {
    const char = list.charAt(index);
    if (char === '\\') {
      current += char + list.charAt((index += 1));
      continue;
    }
    if (char === '"') quoted = !quoted;
    else if (!quoted && (char === '(' || char === '<')) depth += 1;
    else if (!quoted && (char === ')' || char === '>')) depth -= 1;
    if (char === ',' && !quoted && depth <= 0) {
      found.push(current);
      current = '';
    } else current += char;
  }
  found.push(current);
  return found.map((mailbox) => mailbox.trim()).filter((mailbox) => mailbox !== '');
}
