import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { s3Client } from '../../../shared/aws/clients.ts';
import { S3BlobStore } from '../../../shared/blob/s3-blob-store.ts';
import { SMALL_PART, blobStoreContract } from '../../support/blob-store-contract.ts';
import type { LoopbackS3 } from '../../support/loopback-s3.ts';
import { startLoopbackS3 } from '../../support/loopback-s3.ts';
import { RequestLog } from '../../support/request-log.ts';

const log = new RequestLog();
let s3: LoopbackS3;
let blobs: S3BlobStore;
let close: () => void;

beforeAll(async () => {
  s3 = await startLoopbackS3({ pageSize: 100, leastPart: SMALL_PART });
  const settings = { region: 'us-east-1', endpoints: { s3: s3.endpoint } };
  const client = s3Client(settings, { wrapTransport: log.wrap });
  close = () => client.destroy();
  blobs = new S3BlobStore(client, 'mail', { partBytes: SMALL_PART });
});
// Whatever became of a put, no parts stay behind.
afterEach(() => expect(s3.uploads.size).toBe(0));
afterAll(async () => {
  close();
  await s3.stop();
});

blobStoreContract('the S3 store on a loopback server', () => blobs);

describe('the S3 store gives its connections back', () => {
  // More than the buffers of two sockets hold, so that the server cannot be done unless it is read or cut off.
  const HUGE = Buffer.alloc(32 * 1024 * 1024);

  test('when the reader leaves before, at, or after the first chunk', async () => {
    s3.objects.set('mail/huge', { bytes: HUGE, modified: new Date() });
    log.reset();
    await (await blobs.get('huge'))[Symbol.asyncIterator]().return?.();
    for await (const chunk of await blobs.get('huge')) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    const reader = (await blobs.get('huge'))[Symbol.asyncIterator]();
    await reader.next();
    const pending = reader.next();
    await reader.return?.();
    await pending.catch(() => undefined);
    await s3.idle();
    // A reader who has left is no broken connection, to be read on from.
    expect(log.report().calls).toEqual({ 's3.GetObject': 3 });
  });

  test('when the signal fires, even if nobody reads', async () => {
    s3.objects.set('mail/huge', { bytes: HUGE, modified: new Date() });
    const controller = new AbortController();
    await blobs.get('huge', undefined, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await s3.idle();
  });
});
