/**
 * The one place that decides whether a failed AWS call is tried again, and when. The SDK's own retries are off
 * (`clients.ts`): hidden ones would repeat a conditional put whose outcome the journal has to settle itself (I3).
 */
import { setTimeout as delay } from 'node:timers/promises';

/**
 * - `throttle`: refused for load, without effect;
 * - `conflict`: refused because another transaction holds an item, without effect;
 * - `condition`: the condition of a write was false: an answer rather than a fault;
 * - `transient`: the service or the network failed. See `outcomeUnknown`;
 * - `fatal`: asking again will not help (validation, access, abort, unknown).
 */
export type AwsFailure = 'throttle' | 'conflict' | 'condition' | 'transient' | 'fatal';

const THROTTLES = new Set([
  'ProvisionedThroughputExceededException',
  'ProvisionedThroughputExceeded',
  'ThrottlingException',
  'ThrottlingError',
  'Throttling',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'TooManyRequestsException',
  'SlowDown',
  'PriorRequestNotComplete',
  'BandwidthLimitExceeded',
]);
const CONFLICTS = new Set([
  'TransactionConflictException',
  'TransactionConflict',
  'TransactionInProgressException',
  // Two conditional puts of one S3 key at once.
  'ConditionalRequestConflict',
]);
const CONDITIONS = new Set([
  'ConditionalCheckFailedException',
  'ConditionalCheckFailed',
  'PreconditionFailed',
]);
const TRANSIENT_NAMES = new Set([
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'InternalError',
]);
const TRANSIENT_CODES = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
]);
/** The request never reached the service. */
const UNREACHED_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** Refused before any effect; the SDK has set its clock by the answer, so that the next attempt is signed right. */
const CLOCK_SKEW = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture']);

/** What kind of failure an error thrown by an SDK client is. */
export function classifyFailure(error: unknown): AwsFailure {
  const { name, code, status } = features(error);
  if (name === 'TransactionCanceledException') return classifyCancellation(error);
  if (name === 'AbortError') return 'fatal';
  if (THROTTLES.has(name)) return 'throttle';
  if (CONFLICTS.has(name)) return 'conflict';
  if (CONDITIONS.has(name)) return 'condition';
  if (TRANSIENT_NAMES.has(name) || CLOCK_SKEW.has(name)) return 'transient';
  if (TRANSIENT_CODES.has(code) || UNREACHED_CODES.has(code)) return 'transient';
  if (status === 429) return 'throttle';
  return status !== undefined && status >= 500 ? 'transient' : 'fatal';
}

/** A false condition decides, even where another item of the transaction met a conflict. */
function classifyCancellation(error: unknown): AwsFailure {
  const codes = cancellationCodes(error);
  if (codes.some((code) => CONDITIONS.has(code))) return 'condition';
  if (codes.some((code) => CONFLICTS.has(code))) return 'conflict';
  if (codes.some((code) => THROTTLES.has(code))) return 'throttle';
  return 'fatal';
}

/** Why each item of a cancelled transaction was refused, in the order of the request; `None` for those that were not. */
export function cancellationCodes(error: unknown): string[] {
  return features(error).reasons;
}

/**
 * Whether a write that failed with this error may have taken effect, or may take effect yet: a 5xx, a timeout, a
 * connection that broke, or an abort (I3).
 */
export function outcomeUnknown(error: unknown): boolean {
  const { name, code } = features(error);
  if (name === 'AbortError') return true;
  return classifyFailure(error) === 'transient' && !UNREACHED_CODES.has(code) && !CLOCK_SKEW.has(name);
}

interface ErrorFeatures {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly CancellationReasons?: readonly { readonly Code?: string }[];
}

/** By shape, not by class: an error may come from another realm or another copy of the SDK. */
function features(error: unknown): {
  name: string;
  code: string;
  status: number | undefined;
  reasons: string[];
} {
  const { name, code, $metadata, CancellationReasons } = (error ?? {}) as ErrorFeatures;
  return {
    name: typeof name === 'string' ? name : '',
    code: typeof code === 'string' ? code : '',
    status: $metadata?.httpStatusCode,
    reasons: (CancellationReasons ?? []).map((reason) => reason.Code ?? 'None'),
  };
}

/** Where waiting and chance come from, so that a test runs without either. */
export interface RetryClock {
  /** Resolves after `ms` milliseconds; rejects with the signal's reason if that fires first. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** A number in [0, 1). */
  readonly random: () => number;
}

export const systemRetryClock: RetryClock = {
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {});
  },
  random: Math.random,
};

export interface RetryPolicy {
  /** Calls in all, the first included. */
  readonly attempts: number;
  /** The first pause is at most this long, each further one at most twice the one before. */
  readonly baseMs: number;
  readonly capMs: number;
}

/** About three seconds in all, on average, before giving up. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 8, baseMs: 25, capMs: 2_000 };

/**
 * How long to wait after failed attempt number `attempt` (from 1): anything up to an exponentially growing bound. Full
 * jitter spreads those who failed together better than a pause with a fixed part
 * [AWS Architecture Blog, "Exponential Backoff And Jitter"].
 */
export function backoffMs(attempt: number, policy: RetryPolicy, random: () => number): number {
  return random() * Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1));
}

export interface RetryOptions {
  readonly policy?: RetryPolicy;
  readonly clock?: RetryClock;
  readonly signal?: AbortSignal | undefined;
  /** Which failures to try again; by default throttles, conflicts and transient ones. */
  readonly again?: (failure: AwsFailure, error: unknown) => boolean;
}

/**
 * Calls `call` until it succeeds, fails with what will not pass, or has been tried as often as the policy says; then
 * rejects with the last error. Only for calls that may be repeated: a conditional write whose outcome is unknown needs
 * an `again` that refuses, or a caller who recognises its own write.
 */
export async function withRetry<T>(
  call: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { policy = DEFAULT_RETRY, clock = systemRetryClock, signal, again = isPassing } = options;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await call(attempt);
    } catch (error) {
      if (attempt >= policy.attempts || !again(classifyFailure(error), error)) throw error;
    }
    await clock.sleep(backoffMs(attempt, policy, clock.random), signal);
  }
}

function isPassing(failure: AwsFailure): boolean {
  return failure === 'throttle' || failure === 'conflict' || failure === 'transient';
}
