/** The table of settings of a local instance: their flags, variables, help and defaults. */
import { GRACE_DAYS } from '../../shared/account/due.ts';
import { LOG_LEVELS } from '../../shared/log.ts';

interface Setting {
  readonly flag: string;
  /** What the flag takes, as the help shows it; none for a switch. */
  readonly argument?: string;
  readonly variable: string;
  readonly help: string;
  /** As the help shows it. */
  readonly default?: string;
}

/** What is not said elsewhere. */
export const DEFAULTS = {
  host: '127.0.0.1',
  imapPort: 1143,
  imapsPort: 1993,
  smtpPort: 1025,
  data: '.quire',
  logLevel: 'info',
  mailTable: 'mail',
  directoryTable: 'directory',
  keysTable: 'keys',
  blobFormat: 'framed',
} as const;

/** Every setting, as help and README list them. Switches that are on by default are turned off by `--no-…`. */
export const SETTINGS = {
  host: {
    flag: 'host',
    argument: 'address',
    variable: 'QUIRE_HOST',
    help: 'address to listen on',
    default: DEFAULTS.host,
  },
  imapPort: {
    flag: 'imap-port',
    argument: 'port',
    variable: 'QUIRE_IMAP_PORT',
    help: 'port of IMAP; 0 for any free one',
    default: String(DEFAULTS.imapPort),
  },
  imapsPort: {
    flag: 'imaps-port',
    argument: 'port',
    variable: 'QUIRE_IMAPS_PORT',
    help: 'port of IMAP over TLS; 0 for any free one',
    default: String(DEFAULTS.imapsPort),
  },
  smtpPort: {
    flag: 'smtp-port',
    argument: 'port',
    variable: 'QUIRE_SMTP_PORT',
    help: 'port of SMTP; 0 for any free one',
    default: String(DEFAULTS.smtpPort),
  },
  data: {
    flag: 'data',
    argument: 'folder',
    variable: 'QUIRE_DATA',
    help: 'folder in which everything is kept',
    default: DEFAULTS.data,
  },
  json: {
    flag: 'json',
    variable: 'QUIRE_JSON',
    help: 'print one line of JSON on standard output once ready, and logs as JSON',
    default: 'lines for a person',
  },
  demo: {
    flag: 'no-demo',
    variable: 'QUIRE_DEMO',
    help: 'make no demonstration accounts',
    default: 'the first start makes two',
  },
  logLevel: {
    flag: 'log-level',
    argument: 'level',
    variable: 'QUIRE_LOG_LEVEL',
    help: `what is logged on standard error: ${LOG_LEVELS.join(', ')}`,
    default: DEFAULTS.logLevel,
  },
  metrics: {
    flag: 'metrics',
    variable: 'QUIRE_METRICS',
    help: 'log what is counted and measured, once a minute',
    default: 'no',
  },
  messageLimit: {
    flag: 'message-limit',
    argument: 'messages',
    variable: 'QUIRE_MESSAGE_LIMIT',
    help: 'most messages that one IMAP command works on',
    default: 'no limit',
  },
  literalLimit: {
    flag: 'literal-limit',
    argument: 'bytes',
    variable: 'QUIRE_LITERAL_LIMIT',
    help: 'most bytes of a literal that an IMAP client sends without waiting; 4096 tells LITERAL- in the place of LITERAL+',
    default: 'no limit',
  },
  unauthenticate: {
    flag: 'no-unauthenticate',
    variable: 'QUIRE_UNAUTHENTICATE',
    help: 'do not serve the IMAP command UNAUTHENTICATE, by which one connection serves several users',
    default: 'served',
  },
  graceDays: {
    flag: 'grace-days',
    argument: 'days',
    variable: 'QUIRE_GRACE_DAYS',
    help: 'for how long what was expunged can be brought back',
    default: String(GRACE_DAYS),
  },
  dynamodbEndpoint: {
    flag: 'dynamodb-endpoint',
    argument: 'url',
    variable: 'QUIRE_DYNAMODB_ENDPOINT',
    help: 'a DynamoDB API elsewhere',
    default: 'the embedded one',
  },
  sqsEndpoint: {
    flag: 'sqs-endpoint',
    argument: 'url',
    variable: 'QUIRE_SQS_ENDPOINT',
    help: 'an SQS API elsewhere',
    default: 'the embedded one',
  },
  s3Endpoint: {
    flag: 's3-endpoint',
    argument: 'url',
    variable: 'QUIRE_S3_ENDPOINT',
    help: 'an S3 API elsewhere, with both buckets',
    default: 'AWS, if buckets are given',
  },
  mailBucket: {
    flag: 'mail-bucket',
    argument: 'name',
    variable: 'QUIRE_MAIL_BUCKET',
    help: 'keep messages in this bucket; both buckets or neither',
    default: 'in the data folder',
  },
  inboundBucket: {
    flag: 'inbound-bucket',
    argument: 'name',
    variable: 'QUIRE_INBOUND_BUCKET',
    help: 'keep arriving mail in this bucket',
    default: 'in the data folder',
  },
  mailTable: {
    flag: 'mail-table',
    argument: 'name',
    variable: 'QUIRE_MAIL_TABLE',
    help: 'DynamoDB table of journals',
    default: DEFAULTS.mailTable,
  },
  directoryTable: {
    flag: 'directory-table',
    argument: 'name',
    variable: 'QUIRE_DIRECTORY_TABLE',
    help: 'DynamoDB table of users, aliases and domains',
    default: DEFAULTS.directoryTable,
  },
  keysTable: {
    flag: 'keys-table',
    argument: 'name',
    variable: 'QUIRE_KEYS_TABLE',
    help: 'DynamoDB table of data keys',
    default: DEFAULTS.keysTable,
  },
  blobFormat: {
    flag: 'blob-format',
    argument: 'format',
    variable: 'QUIRE_BLOB_FORMAT',
    help: 'how messages are stored: framed (compressed), or raw, as they came; raw takes --no-data-keys',
    default: DEFAULTS.blobFormat,
  },
  kmsKey: {
    flag: 'kms-key',
    argument: 'id',
    variable: 'QUIRE_KMS_KEY',
    help: 'wrap data keys by this key of AWS KMS, by id or ARN',
    default: 'by the key file of the data folder',
  },
  dataKeys: {
    flag: 'no-data-keys',
    variable: 'QUIRE_DATA_KEYS',
    help: 'give new accounts no key that their mail is encrypted with',
    default: 'each gets one',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
