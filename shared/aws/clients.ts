/** The SDK's clients, made in one place: endpoints, timeouts, connections kept alive, and no retries of their own. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SESClient } from '@aws-sdk/client-ses';
import { SQSClient } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Metrics } from '../metrics/metrics.ts';
import { type MeteredService, meterRequests } from './request-meter.ts';

export interface AwsSettings {
  readonly region: string;
  /** Where a service is not AWS's own: a URL each. */
  readonly endpoints?: {
    readonly dynamodb?: string;
    readonly s3?: string;
    readonly sqs?: string;
    readonly ses?: string;
    readonly kms?: string;
  };
  /** Unset: the environment's own (on AWS, the role's), or a placeholder for an endpoint on loopback. */
  readonly credentials?: AwsCredentials;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What carries a signed HTTP request of the SDK to the service: Node's HTTP, or a test's wrapper round it. */
export type Transport = Pick<
  NodeHttpHandler,
  'handle' | 'destroy' | 'metadata' | 'updateHttpClientConfig' | 'httpHandlerConfigs'
>;

export interface ClientOptions {
  /** Wraps the transport that the client would have used; a test injects faults and counts calls here. */
  readonly wrapTransport?: (transport: Transport) => Transport;
  /** Told what requests cost. */
  readonly metrics?: Metrics;
}

/** Retries are `retry.ts`'s alone. */
const SDK_ATTEMPTS = 1;

/** All in milliseconds. `request` runs until the head of the answer, the sending of the body included. */
interface Timeouts {
  readonly connection: number;
  readonly request?: number;
  /** No byte either way for so long. */
  readonly idle: number;
}

/** DynamoDB answers in milliseconds; what takes a second is lost, and the sooner it is asked again the better. */
const DYNAMODB_TIMEOUTS: Timeouts = { connection: 1_000, request: 5_000, idle: 5_000 };
/** A body of 40 MB may take its time, so only silence counts. S3 itself gives up after about 20 s of it. */
const S3_TIMEOUTS: Timeouts = { connection: 2_000, idle: 20_000 };
/** Long polling waits 20 s at most before the answer comes. */
const SQS_TIMEOUTS: Timeouts = { connection: 2_000, request: 30_000, idle: 30_000 };

/** It answers in milliseconds, as DynamoDB does. */
const KMS_TIMEOUTS: Timeouts = { connection: 1_000, request: 5_000, idle: 5_000 };

const SES_TIMEOUTS: Timeouts = { connection: 2_000, request: 10_000, idle: 10_000 };

const MAX_SOCKETS = { dynamodb: 256, s3: 128, sqs: 64, ses: 8, kms: 32 };

export function dynamoDbClient(settings: AwsSettings, options: ClientOptions = {}): DynamoDBClient {
  return metered(
    new DynamoDBClient(common(settings, 'dynamodb', DYNAMODB_TIMEOUTS, options)),
    'dynamodb',
    options,
  );
}

export function s3Client(settings: AwsSettings, options: ClientOptions = {}): S3Client {
  const elsewhere = settings.endpoints?.s3 !== undefined;
  const client = new S3Client({
    ...common(settings, 's3', S3_TIMEOUTS, options),
    // Endpoints other than AWS rarely have a host name a bucket, and some (Ceph 16) refuse streams with a checksum
    // after the body, which is the SDK's default, with 411.
    forcePathStyle: elsewhere,
    ...(elsewhere
      ? { requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' }
      : {}),
  });
  return metered(client, 's3', options);
}

export function sqsClient(settings: AwsSettings, options: ClientOptions = {}): SQSClient {
  return metered(new SQSClient(common(settings, 'sqs', SQS_TIMEOUTS, options)), 'sqs', options);
}

/** For data keys: once an hour for each account that is in use. */
export function kmsClient(settings: AwsSettings, options: ClientOptions = {}): KMSClient {
  return new KMSClient(common(settings, 'kms', KMS_TIMEOUTS, options));
}

/** For a bounce now and then. */
export function sesClient(settings: AwsSettings): SESClient {
  return new SESClient(common(settings, 'ses', SES_TIMEOUTS, {}));
}

function metered<C extends DynamoDBClient | S3Client | SQSClient>(
  client: C,
  service: MeteredService,
  { metrics }: ClientOptions,
): C {
  if (metrics) meterRequests(client, service, metrics);
  return client;
}

function common(
  settings: AwsSettings,
  service: keyof typeof MAX_SOCKETS,
  timeouts: Timeouts,
  options: ClientOptions,
): {
  region: string;
  endpoint?: string;
  credentials?: AwsCredentials;
  maxAttempts: number;
  logger: typeof SILENT_LOGGER;
  requestHandler: Transport;
} {
  const endpoint = settings.endpoints?.[service];
  const credentials = settings.credentials ?? (isLoopback(endpoint) ? PLACEHOLDER_CREDENTIALS : undefined);
  const transport = nodeTransport(timeouts, MAX_SOCKETS[service]);
  return {
    region: settings.region,
    maxAttempts: SDK_ATTEMPTS,
    logger: SILENT_LOGGER,
    requestHandler: options.wrapTransport?.(transport) ?? transport,
    ...(endpoint === undefined ? {} : { endpoint: checkedUrl(endpoint, service) }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

function nodeTransport(timeouts: Timeouts, maxSockets: number): NodeHttpHandler {
  const agent = { keepAlive: true, maxSockets };
  return new NodeHttpHandler({
    httpAgent: new HttpAgent(agent),
    httpsAgent: new HttpsAgent(agent),
    connectionTimeout: timeouts.connection,
    socketTimeout: timeouts.idle,
    ...(timeouts.request === undefined
      ? {}
      : { requestTimeout: timeouts.request, throwOnRequestTimeout: true }),
  });
}

/** Without a logger the SDK prints warnings on the console; callers report every failure themselves. */
const SILENT_LOGGER = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Local stores ask for a signature and do not check it. */
const PLACEHOLDER_CREDENTIALS: AwsCredentials = { accessKeyId: 'local', secretAccessKey: 'local' };

function isLoopback(endpoint: string | undefined): boolean {
  if (endpoint === undefined || !URL.canParse(endpoint)) return false;
  const { hostname } = new URL(endpoint);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

function checkedUrl(endpoint: string, service: string): string {
  if (URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)) return endpoint;
  throw new Error(`the ${service} endpoint ${JSON.stringify(endpoint)} is not an http or https URL`);
}
