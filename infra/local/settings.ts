/**
 * The settings of a local instance, from three places: a flag, else a `QUIRE_*` variable of the environment, else the
 * default. Everything is checked here, before anything is started; the rest of the program sees values only.
 */
import { isIP } from 'node:net';
import path from 'node:path';
import { BLOB_FORMATS, type BlobFormat } from '../../shared/blob/message-blobs.ts';
import { LOG_LEVELS, type LogLevel } from '../../shared/log.ts';
import { DEFAULTS, SETTINGS, type SettingName } from './setting-table.ts';
import { bucketNameFault } from '../config/bucket-name.ts';
import { SetupError } from './setup-error.ts';

export { SETTINGS, type SettingName } from './setting-table.ts';

/** An S3 service in place of the folder. */
export interface S3Settings {
  /** Absent: AWS itself. */
  readonly endpoint?: string;
  readonly mailBucket: string;
  readonly inboundBucket: string;
}

export interface LocalSettings {
  /** Address of the IMAP and SMTP listeners. The embedded parts listen on 127.0.0.1 whatever it is. */
  readonly host: string;
  /** 0: any free port. */
  readonly imapPort: number;
  readonly imapsPort: number;
  readonly smtpPort: number;
  /** Absolute path of the data folder. */
  readonly data: string;
  /** Print one line of JSON on standard output once ready. */
  readonly json: boolean;
  /** Make the demonstration accounts at first start. */
  readonly demo: boolean;
  readonly logLevel: LogLevel;
  /** Log what is counted and measured, once a minute. */
  readonly metrics: boolean;
  /** Messages that one IMAP command works on (RFC 9738). Absent: no limit. */
  readonly messageLimit?: number;
  /** Days for which what was expunged can be brought back. Absent: the default of the functions. */
  readonly graceDays?: number;
  /** Bytes of a literal that an IMAP client may send without waiting (RFC 7888). Absent: as large as it likes. */
  readonly literalLimit?: number;
  /** Whether UNAUTHENTICATE is served (RFC 8437). */
  readonly unauthenticate: boolean;
  /** A DynamoDB API elsewhere, instead of the embedded one. */
  readonly dynamodbEndpoint?: string;
  /** An SQS API elsewhere, instead of the embedded one. */
  readonly sqsEndpoint?: string;
  readonly s3?: S3Settings;
  readonly mailTable: string;
  readonly directoryTable: string;
  readonly keysTable: string;
  /** How messages of accounts without a data key are stored. */
  readonly blobFormat: BlobFormat;
  /** Whether new accounts get a data key. */
  readonly dataKeys: boolean;
  /** A key of KMS that wraps data keys, in the place of the key file. */
  readonly kmsKey?: string;
}

/** What commander hands over: camel-cased names of the flags that were given. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a value came from, and its text. */
interface Given {
  readonly text: string;
  /** How the person wrote it: `--imap-port` or `QUIRE_IMAP_PORT`. */
  readonly name: string;
}

/**
 * Reads the settings. `folder` is what a relative data folder is relative to.
 * @throws {SetupError} one sentence about the first value that is wrong.
 */
export function readSettings(flags: Flags, environment: Environment, folder: string): LocalSettings {
  const given = (name: SettingName): Given | undefined => {
    const { flag, variable } = SETTINGS[name];
    const value = flags[name];
    if (typeof value === 'string') return { text: value, name: `--${flag}` };
    // Commander reports the default of a `--no-…` switch as true: only false was said by the person.
    if (value === false || (value === true && !flag.startsWith('no-'))) {
      return { text: String(value), name: `--${flag}` };
    }
    const text = environment[variable];
    // An empty variable is how many shells and unit files say "not set".
    return text === undefined || text === '' ? undefined : { text, name: variable };
  };
  const host = address(given('host')) ?? DEFAULTS.host;
  const demo = yesOrNo(given('demo')) ?? true;
  if (demo && !isLoopback(host)) {
    throw new SetupError(
      `The demonstration accounts have a password that everybody knows: to listen on ${host}, give --no-demo as well.`,
    );
  }
  const messageLimit = wholeNumber(given('messageLimit'), LEAST_MESSAGE_LIMIT);
  const literalLimit = wholeNumber(given('literalLimit'), LITERAL_MINUS_BYTES);
  const graceDays = wholeNumber(given('graceDays'), 1);
  const dynamodbEndpoint = url(given('dynamodbEndpoint'));
  const sqsEndpoint = url(given('sqsEndpoint'));
  const kmsKey = given('kmsKey')?.text;
  const s3 = s3Settings(given('s3Endpoint'), given('mailBucket'), given('inboundBucket'));
  return {
    host,
    imapPort: port(given('imapPort')) ?? DEFAULTS.imapPort,
    imapsPort: port(given('imapsPort')) ?? DEFAULTS.imapsPort,
    smtpPort: port(given('smtpPort')) ?? DEFAULTS.smtpPort,
    data: path.resolve(folder, given('data')?.text ?? DEFAULTS.data),
    json: yesOrNo(given('json')) ?? false,
    demo,
    logLevel: logLevel(given('logLevel')) ?? DEFAULTS.logLevel,
    metrics: yesOrNo(given('metrics')) ?? false,
    ...(messageLimit === undefined ? {} : { messageLimit }),
    ...(literalLimit === undefined ? {} : { literalLimit }),
    unauthenticate: yesOrNo(given('unauthenticate')) ?? true,
    ...(graceDays === undefined ? {} : { graceDays }),
    ...(dynamodbEndpoint === undefined ? {} : { dynamodbEndpoint }),
    ...(sqsEndpoint === undefined ? {} : { sqsEndpoint }),
    ...(s3 === undefined ? {} : { s3 }),
    mailTable: tableName(given('mailTable')) ?? DEFAULTS.mailTable,
    directoryTable: tableName(given('directoryTable')) ?? DEFAULTS.directoryTable,
    keysTable: tableName(given('keysTable')) ?? DEFAULTS.keysTable,
    ...sealing(given('blobFormat'), given('dataKeys')),
    ...(kmsKey === undefined ? {} : { kmsKey }),
  };
}

/** Whether only this machine can reach `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function address(given: Given | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (isIP(given.text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(given.text)) return given.text;
  throw new SetupError(`${given.name} is "${given.text}", but it must be an IP address or a host name.`);
}

function port(given: Given | undefined): number | undefined {
  if (given === undefined) return undefined;
  const value = /^\d{1,5}$/.test(given.text) ? Number(given.text) : NaN;
  if (value <= 65535) return value;
  throw new SetupError(`${given.name} is "${given.text}", but a port is a whole number from 0 to 65535.`);
}

/** RFC 9738 §3 wants no lower limit: clients that do not know of it would show parts of mailboxes. */
const LEAST_MESSAGE_LIMIT = 1000;
/** LITERAL- allows so many bytes, and never fewer (RFC 7888 §5). */
const LITERAL_MINUS_BYTES = 4096;

function wholeNumber(given: Given | undefined, least: number): number | undefined {
  if (given === undefined) return undefined;
  const value = /^\d{1,9}$/.test(given.text) ? Number(given.text) : NaN;
  if (value >= least) return value;
  throw new SetupError(`${given.name} is "${given.text}", but it must be a whole number from ${least} on.`);
}

/**
 * For who opens all three; the system's own answer would be that another program has the port.
 * @throws {SetupError} if two are the same.
 */
export function checkPortsDiffer(ports: Pick<LocalSettings, 'imapPort' | 'imapsPort' | 'smtpPort'>): void {
  const seen = new Map<number, string>();
  for (const name of ['imapPort', 'imapsPort', 'smtpPort'] as const) {
    const flag = `--${SETTINGS[name].flag}`;
    const other = seen.get(ports[name]);
    if (other !== undefined) {
      throw new SetupError(`${other} and ${flag} are both ${ports[name]}: give each a port of its own.`);
    }
    if (ports[name] !== 0) seen.set(ports[name], flag);
  }
}

function yesOrNo(given: Given | undefined): boolean | undefined {
  if (given === undefined) return undefined;
  switch (given.text.toLowerCase()) {
    case 'true':
    case 'yes':
    case '1':
      return true;
    case 'false':
    case 'no':
    case '0':
      return false;
    default:
      throw new SetupError(`${given.name} is "${given.text}", but it must be yes or no.`);
  }
}

function logLevel(given: Given | undefined): LogLevel | undefined {
  if (given === undefined) return undefined;
  const level = LOG_LEVELS.find((known) => known === given.text);
  if (level !== undefined) return level;
  throw new SetupError(`${given.name} is "${given.text}", but it must be one of ${LOG_LEVELS.join(', ')}.`);
}

function url(given: Given | undefined): string | undefined {
  if (given === undefined) return undefined;
  const parsed = URL.canParse(given.text) ? new URL(given.text) : undefined;
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol)) {
    if (parsed.username === '' && parsed.password === '') return given.text.replace(/\/+$/, '');
    throw new SetupError(
      `${given.name} must not hold a user or a password: AWS credentials have their own settings.`,
    );
  }
  throw new SetupError(
    `${given.name} is "${given.text}", but it must be a URL such as http://127.0.0.1:8000.`,
  );
}

/** DynamoDB: 3 to 255 letters, digits, `_`, `-`, `.`. */
function tableName(given: Given | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (/^[A-Za-z0-9_.-]{3,255}$/.test(given.text)) return given.text;
  throw new SetupError(
    `${given.name} is "${given.text}", but a table's name has 3 to 255 letters, digits, "_", "-" or ".".`,
  );
}

function sealing(
  format: Given | undefined,
  keys: Given | undefined,
): Pick<LocalSettings, 'blobFormat' | 'dataKeys'> {
  const blobFormat = BLOB_FORMATS.find((known) => known === (format?.text ?? DEFAULTS.blobFormat));
  if (blobFormat === undefined)
    throw new SetupError(
      `${format?.name ?? ''} is "${format?.text ?? ''}", but it must be one of ${BLOB_FORMATS.join(', ')}.`,
    );
  const dataKeys = yesOrNo(keys) ?? true;
  if (blobFormat === 'raw' && dataKeys)
    throw new SetupError(
      'Raw messages are not encrypted: with --blob-format raw, give --no-data-keys as well.',
    );
  return { blobFormat, dataKeys };
}

function bucketName(given: Given): string {
  const fault = bucketNameFault(given.text);
  if (fault === null) return given.text;
  throw new SetupError(`${given.name} is "${given.text}", but a bucket's name ${fault}.`);
}

function s3Settings(
  endpoint: Given | undefined,
  mail: Given | undefined,
  inbound: Given | undefined,
): S3Settings | undefined {
  if (mail === undefined && inbound === undefined && endpoint === undefined) return undefined;
  if (mail === undefined || inbound === undefined) {
    throw new SetupError('To keep mail on S3, give both --mail-bucket and --inbound-bucket.');
  }
  if (mail.text === inbound.text) {
    throw new SetupError(
      `${mail.name} and ${inbound.name} must be two buckets: what arrives is deleted once delivered.`,
    );
  }
  const parsed = url(endpoint);
  return {
    ...(parsed === undefined ? {} : { endpoint: parsed }),
    mailBucket: bucketName(mail),
    inboundBucket: bucketName(inbound),
  };
}
