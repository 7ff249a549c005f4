/** Multipart uploads of the loopback S3, as strict as S3 itself about parts: sizes, order, ETags, checksums. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Objects } from './loopback-s3.ts';
import { escapeXml, etagOf, fail, mayPut, sendXml, unescapeXml } from './loopback-s3.ts';

interface Upload {
  readonly path: string;
  /** Parts come with a checksum, and the completion repeats it. */
  readonly checksums: boolean;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly checksum: string | undefined }>;
}

export type Uploads = Map<string, Upload>;

interface Asked {
  /** Every part but the last has at least so many bytes. */
  readonly leastPart: number;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A request with `uploads` or `uploadId` in its query. */
export function answerUpload(objects: Objects, uploads: Uploads, asked: Asked): void {
  const { path, query, request, response } = asked;
  if (request.method === 'POST' && query.has('uploads')) {
    create(uploads, asked);
    return;
  }
  const id = query.get('uploadId') ?? '';
  const upload = uploads.get(id);
  if (upload?.path !== path) fail(response, 404, 'NoSuchUpload', 'The specified upload does not exist.');
  else if (request.method === 'PUT') putPart(upload, asked);
  else if (request.method === 'DELETE') {
    uploads.delete(id);
    response.writeHead(204).end();
  } else if (request.method === 'POST') {
    if (!mayPut(objects, path, request, response)) return;
    const bytes = completed(upload, asked);
    if (bytes === undefined) return;
    uploads.delete(id);
    objects.set(path, { bytes, modified: new Date() });
    sendXml(
      response,
      200,
      `<CompleteMultipartUploadResult><ETag>${escapeXml(etagOf(bytes))}</ETag></CompleteMultipartUploadResult>`,
    );
  } else fail(response, 501, 'NotImplemented', `${request.method ?? ''} of an upload`);
}

function create(uploads: Uploads, { path, request, response }: Asked): void {
  const id = randomUUID();
  const checksums = request.headers['x-amz-checksum-algorithm'] === 'CRC32';
  uploads.set(id, { path, checksums, parts: new Map() });
  sendXml(
    response,
    200,
    `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
  );
}

function putPart(upload: Upload, { query, body, request, response }: Asked): void {
  const sent = request.headers['x-amz-checksum-crc32'];
  const checksum = typeof sent === 'string' ? sent : undefined;
  if (upload.checksums !== (checksum !== undefined)) {
    fail(response, 400, 'InvalidRequest', 'Checksum Type mismatch occurred');
    return;
  }
  upload.parts.set(Number(query.get('partNumber')), { bytes: body, checksum });
  response
    .writeHead(200, {
      etag: etagOf(body),
      ...(checksum === undefined ? {} : { 'x-amz-checksum-crc32': checksum }),
    })
    .end();
}

/** The bytes of the object; undefined, and answered, if the request does not fit the parts. */
function completed(upload: Upload, { leastPart, body, response }: Asked): Buffer | undefined {
  const chosen: Buffer[] = [];
  let last = 0;
  for (const [, part = ''] of body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)) {
    const field = (name: string): string =>
      unescapeXml(new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(part)?.[1] ?? '');
    const number = Number(field('PartNumber'));
    const found = upload.parts.get(number);
    const wrong =
      number <= last
        ? 'InvalidPartOrder'
        : found === undefined || etagOf(found.bytes) !== field('ETag')
          ? 'InvalidPart'
          : (found.checksum ?? '') !== field('ChecksumCRC32')
            ? 'InvalidRequest'
            : undefined;
    if (wrong !== undefined || found === undefined) {
      fail(response, 400, wrong ?? 'InvalidPart', `part ${number}`);
      return undefined;
    }
    chosen.push(found.bytes);
    last = number;
  }
  if (chosen.length === 0 || chosen.slice(0, -1).some(({ length }) => length < leastPart)) {
    fail(response, 400, chosen.length === 0 ? 'MalformedXML' : 'EntityTooSmall', 'parts');
    return undefined;
  }
  return Buffer.concat(chosen);
}
