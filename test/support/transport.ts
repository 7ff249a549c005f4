/** What the SDK's HTTP requests and answers are made of, for the wrappers that count them and that break them. */
import './error-realm.ts';
import { Readable } from 'node:stream';
import type { Transport } from '../../shared/aws/clients.ts';

export type HttpRequest = Parameters<Transport['handle']>[0];
export type HttpOptions = Parameters<Transport['handle']>[1];
export type HttpAnswer = Awaited<ReturnType<Transport['handle']>>;
export type HttpResponse = HttpAnswer['response'];

export type Service = 'dynamodb' | 's3' | 'sqs';
export type JsonObject = Record<string, unknown>;

/** One request, as far as the wrappers need to understand it. */
export interface Call {
  readonly service: Service;
  /** As in the API's documentation: `PutItem`, `GetObject`, `SendMessage` … */
  readonly operation: string;
  readonly request: HttpRequest;
  /** The body of a DynamoDB or SQS request; empty for S3. */
  readonly json: JsonObject;
}

export function callOf(request: HttpRequest): Call {
  const target = headerOf(request, 'x-amz-target');
  if (target === undefined) return { service: 's3', operation: s3Operation(request), request, json: {} };
  const operation = target.slice(target.indexOf('.') + 1);
  const service = target.startsWith('DynamoDB') ? 'dynamodb' : 'sqs';
  const json = JSON.parse(bodyText(request.body)) as JsonObject;
  return { service, operation, request, json };
}

function s3Operation(request: HttpRequest): string {
  const query = request.query;
  const named = query['x-id'];
  if (typeof named === 'string') return named;
  if (request.method === 'POST' && 'delete' in query) return 'DeleteObjects';
  if (request.method === 'POST' && 'uploads' in query) return 'CreateMultipartUpload';
  if (request.method === 'POST' && 'uploadId' in query) return 'CompleteMultipartUpload';
  if (request.method === 'GET' && 'list-type' in query) return 'ListObjectsV2';
  if (request.method === 'HEAD') return 'HeadObject';
  return `${request.method} ${Object.keys(query).join('&')}`.trim();
}

export function headerOf(message: { headers: Record<string, string> }, name: string): string | undefined {
  return Object.entries(message.headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

/** Bodies of DynamoDB, SQS and of DeleteObjects are never streams. */
export function bodyText(body: unknown): string {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return bytesOf(body).toString('utf8');
  throw new Error(`a request body of type ${typeof body} where text was expected`);
}

/** By its memory: the SDK's own byte arrays warn when they are taken for text, as `Buffer.from(body)` tries to. */
function bytesOf(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** The same request with another body. Its signature no longer fits, which local stores do not check. */
export function withBody(request: HttpRequest, body: string | Uint8Array): HttpRequest {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the SDK hands over instances of its class, always
  const copy = request.clone();
  const headers = Object.entries(copy.headers).filter(([key]) => key.toLowerCase() !== 'content-length');
  copy.headers = { ...Object.fromEntries(headers), 'content-length': String(Buffer.byteLength(body)) };
  copy.body = body;
  return copy;
}

export function withJson(request: HttpRequest, json: JsonObject): HttpRequest {
  return withBody(request, JSON.stringify(json));
}

/** The whole body of an answer, or of a request that streams. */
export async function readBody(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return bytesOf(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function readJson(response: HttpResponse): Promise<JsonObject> {
  const body = await readBody(response.body);
  return body.length === 0 ? {} : (JSON.parse(body.toString('utf8')) as JsonObject);
}

/** `response` with another JSON body. */
export function jsonAnswer(
  response: Pick<HttpResponse, 'statusCode' | 'headers'>,
  json: JsonObject,
): HttpAnswer {
  return answer(response.statusCode, Buffer.from(JSON.stringify(json)), headerOf(response, 'content-type'));
}

export function answer(statusCode: number, body: Buffer, type = 'application/x-amz-json-1.0'): HttpAnswer {
  const headers = { 'content-type': type, 'content-length': String(body.length) };
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the SDK tells it by its shape
  return { response: { statusCode, headers, body: Readable.from([body], { objectMode: false }) } };
}

/** Code and status of an error, in the words of each service. */
export interface ServiceError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly more?: JsonObject;
}

const NAMESPACES = { dynamodb: 'com.amazonaws.dynamodb.v20120810', sqs: 'com.amazonaws.sqs' };

export function errorAnswer(service: Service, error: ServiceError): HttpAnswer {
  const { status, code, message, more } = error;
  if (service === 's3') {
    const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    return answer(status, Buffer.from(xml), 'application/xml');
  }
  const json = { __type: `${NAMESPACES[service]}#${code}`, message, ...more };
  return answer(status, Buffer.from(JSON.stringify(json)));
}

/** A transport that handles requests by `handle` and is `inner` in everything else. */
export function wrapping(inner: Transport, handle: Transport['handle']): Transport {
  return {
    handle,
    metadata: inner.metadata,
    destroy: () => inner.destroy(),
    updateHttpClientConfig: (key, value) => inner.updateHttpClientConfig(key, value),
    httpHandlerConfigs: () => inner.httpHandlerConfigs(),
  };
}
