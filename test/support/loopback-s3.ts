/**
 * A small S3 on loopback, in memory, for tests on machines without Ceph: put (If-None-Match), multipart uploads, get with
 * ranges, head, DeleteObjects and ListObjectsV2, over real HTTP. Signatures are not checked; any bucket exists.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';
import type { Uploads } from './loopback-s3-uploads.ts';
import { answerUpload } from './loopback-s3-uploads.ts';

export interface LoopbackS3 {
  /** To be given as the endpoint of S3. */
  readonly endpoint: string;
  /** Objects by `bucket/key`, for a test to look at or to damage. */
  readonly objects: Map<string, { readonly bytes: Buffer; readonly modified: Date }>;
  /** Multipart uploads that were neither completed nor aborted, by id. */
  readonly uploads: Uploads;
  /** Resolves once no answer is under way any more: each was sent to its end, or its connection was closed. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export type Objects = LoopbackS3['objects'];

/** S3's own, unless a test wants less of them: what it proves of many pages, or of many parts, it proves of small ones. */
const LIMITS = {
  /** Keys on one page of a list. */
  pageSize: 1_000,
  /** Bytes of every part but the last. */
  leastPart: 5 * 1024 * 1024,
};
type Limits = Readonly<typeof LIMITS>;

export async function startLoopbackS3(fewer: Partial<Limits> = {}): Promise<LoopbackS3> {
  const limits = { ...LIMITS, ...fewer };
  const objects: Objects = new Map();
  const uploads: Uploads = new Map();
  let open = 0;
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    open++;
    response.once('close', () => {
      open--;
      if (open === 0) for (const resolve of waiting.splice(0)) resolve();
    });
    answer(objects, uploads, limits, request, response).catch((error: unknown) => {
      // A body that broke off: nothing is stored, and nobody waits for an answer.
      if (!request.complete) request.destroy();
      else fail(response, 500, 'InternalError', String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    uploads,
    idle: () => new Promise((resolve) => (open === 0 ? resolve() : waiting.push(resolve))),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  objects: Objects,
  uploads: Uploads,
  { pageSize, leastPart }: Limits,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const url = new URL(request.url ?? '/', 'http://s3');
  const path = decodeURIComponent(url.pathname.slice(1)).replace(/\/$/, '');
  const body = await readAll(request);
  const { method = '' } = request;
  if (url.searchParams.has('uploads') || url.searchParams.has('uploadId'))
    answerUpload(objects, uploads, { leastPart, path, query: url.searchParams, body, request, response });
  else if (method === 'PUT') put(objects, path, body, request, response);
  else if (method === 'POST' && url.searchParams.has('delete')) deleteMany(objects, path, body, response);
  else if (url.searchParams.get('list-type') === '2')
    list(objects, path, url.searchParams, pageSize, response);
  else if (method === 'GET' || method === 'HEAD') get(objects, path, request, response);
  else fail(response, 501, 'NotImplemented', `${method} ${url.pathname}`);
}

function put(
  objects: Objects,
  path: string,
  bytes: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (!mayPut(objects, path, request, response)) return;
  if (path.includes('/')) objects.set(path, { bytes, modified: new Date() });
  response.writeHead(200, { etag: etagOf(bytes) }).end();
}

/** False, and answered, if the request wants no object there and there is one. */
export function mayPut(
  objects: Objects,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (request.headers['if-none-match'] !== '*' || !objects.has(path)) return true;
  fail(response, 412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  return false;
}

function get(objects: Objects, path: string, request: IncomingMessage, response: ServerResponse) {
  const found = objects.get(path);
  if (!found) {
    fail(response, 404, 'NoSuchKey', 'The specified key does not exist.');
    return;
  }
  const size = found.bytes.length;
  const headers = { etag: etagOf(found.bytes), 'last-modified': found.modified.toUTCString() };
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  const suffix = range?.[1] === '' ? Number(range[2]) : undefined;
  const start = suffix === undefined ? Number(range?.[1] ?? 0) : Math.max(0, size - suffix);
  const end = Math.min(range?.[2] && suffix === undefined ? Number(range[2]) + 1 : size, size);
  if (range && start >= size) {
    fail(response, 416, 'InvalidRange', 'The requested range is not satisfiable');
    return;
  }
  const part = range ? { 'content-range': `bytes ${start}-${end - 1}/${size}` } : {};
  response.writeHead(range ? 206 : 200, { ...headers, ...part, 'content-length': end - start });
  response.end(request.method === 'HEAD' ? undefined : found.bytes.subarray(start, end));
}

function deleteMany(objects: Objects, bucket: string, body: Buffer, response: ServerResponse) {
  for (const [, key] of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)) {
    objects.delete(`${bucket}/${unescapeXml(key ?? '')}`);
  }
  sendXml(response, 200, '<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></DeleteResult>');
}

function list(
  objects: Objects,
  bucket: string,
  query: URLSearchParams,
  pageSize: number,
  response: ServerResponse,
) {
  const prefix = `${bucket}/${query.get('prefix') ?? ''}`;
  const after = Buffer.from(query.get('continuation-token') ?? '', 'hex');
  const delimiter = query.get('delimiter');
  /** What the key is listed as: itself, or all up to the delimiter. */
  const listedAs = (path: string): string => {
    const end = delimiter === null ? -1 : path.indexOf(delimiter, prefix.length);
    return end < 0 ? path : path.slice(0, end + 1);
  };
  const keys = [...new Set([...objects.keys()].filter((path) => path.startsWith(prefix)).map(listedAs))]
    .map((path) => ({ path, bytes: Buffer.from(path) }))
    .filter(({ bytes }) => Buffer.compare(bytes, after) > 0)
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const page = keys.slice(0, Math.min(pageSize, Number(query.get('max-keys') ?? pageSize)));
  const contents = page.map(({ path }) => {
    const name = escapeXml(path.slice(bucket.length + 1));
    if (delimiter !== null && path.endsWith(delimiter))
      return `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`;
    const { bytes, modified } = objects.get(path) ?? { bytes: Buffer.alloc(0), modified: new Date(0) };
    return (
      `<Contents><Key>${name}</Key><Size>${bytes.length}</Size>` +
      `<LastModified>${modified.toISOString()}</LastModified><ETag>${escapeXml(etagOf(bytes))}</ETag></Contents>`
    );
  });
  const last = page.at(-1);
  const more = last !== undefined && page.length < keys.length;
  const next = more ? `<NextContinuationToken>${last.bytes.toString('hex')}</NextContinuationToken>` : '';
  const xml = `<IsTruncated>${more}</IsTruncated>${next}<KeyCount>${page.length}</KeyCount>${contents.join('')}`;
  sendXml(
    response,
    200,
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${xml}</ListBucketResult>`,
  );
}

export function fail(response: ServerResponse, status: number, code: string, message: string) {
  sendXml(response, status, `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`);
}

export function sendXml(response: ServerResponse, status: number, xml: string) {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Nobody may read anything out of it, and an MD5 of each part is most of what a large put takes. */
export function etagOf(bytes: Buffer): string {
  return `"${crc32(bytes).toString(16)}-${bytes.length}"`;
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export function unescapeXml(text: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text
    .replace(/&#(x?)([0-9a-f]+);/gi, (_all, hex: string, digits: string) =>
      String.fromCodePoint(parseInt(digits, hex === '' ? 10 : 16)),
    )
    .replace(/&(\w+);/g, (all, name: string) => named[name] ?? all);
}
