/**
 * Structured logs. They go to standard error, so that standard output stays a program's own (`--json`). A person's
 * terminal gets readable lines, everything else one JSON object a line, in pino's form.
 *
 * Secrets and the contents of mail are never logged. The rule is the caller's; the list below is the net under it:
 * what carries one of these names is cut out, up to three objects deep.
 */
import { createRequire } from 'node:module';
import { pino, type Logger } from 'pino';

export type Log = Logger;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SECRET_NAMES = [
  'password',
  'passphrase',
  'secret',
  'secretAccessKey',
  'sessionToken',
  'privateKey',
  'authorization',
  'credentials',
  'hash',
  'salt',
  // Mail: the raw message, its text, what a client sent in a literal.
  'raw',
  'body',
  'content',
  'literal',
];
const REDACTED = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** What the network says of itself: a stack tells no more than how Node came to know. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/** As Node tells it; of the place, what it knew. */
export interface NetworkFailure {
  readonly code: string;
  readonly message: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

/** Whether a call failed because its host could not be reached, or because the connection broke. */
export function isNetworkFailure(error: unknown): error is NetworkFailure {
  return (
    typeof error === 'object' &&
    error !== null &&
    'message' in error &&
    'code' in error &&
    NETWORK_CODES.has(String(error.code))
  );
}

/** How a line tells of a call that failed. */
export function failureFields(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  return isNetworkFailure(error) ? { reason: error.message } : { err: error };
}

/** Where log lines go. */
export interface LogTarget {
  write(line: string): unknown;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Lines for a person instead of JSON. */
  readonly pretty: boolean;
  /** Default: standard error. */
  readonly target?: LogTarget;
}

/**
 * Makes the root logger of a process; take `log.child({ part: 'smtp' })` for each part of it. Lines are written in this
 * thread and at once: the last ones before an exit are the ones that matter.
 */
export function createLog(options: LogOptions): Log {
  const target: LogTarget = options.target ?? process.stderr;
  const settings = { level: options.level, base: null, redact: { paths: REDACTED, censor: '[redacted]' } };
  if (!options.pretty) return pino(settings, { write: (line) => void target.write(line) });
  let format: ((line: string) => string) | undefined;
  return pino(settings, { write: (line) => void target.write((format ??= prettyFormat(target))(line)) });
}

/** Not loaded before there is a line: most commands have none, and the bundles for AWS are without it. */
function prettyFormat(target: LogTarget): (line: string) => string {
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  return prettyFactory({
    colorize: target === process.stderr && process.stderr.isTTY,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'part',
    messageFormat: '{if part}[{part}] {end}{msg}',
    singleLine: true,
  });
}
