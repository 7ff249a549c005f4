/** Puts into S3 on bad days: each request lost before or after its effect, alone and to the end. */
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { s3Client } from '../../../shared/aws/clients.ts';
import { BlobExistsError } from '../../../shared/blob/blob-store.ts';
import { S3BlobStore } from '../../../shared/blob/s3-blob-store.ts';
import { PART_BYTES } from '../../../shared/blob/s3-put.ts';
import { SMALL_PART, inChunks } from '../../support/blob-store-contract.ts';
import type { Fault, FaultRule } from '../../support/fault-transport.ts';
import { FaultTransport } from '../../support/fault-transport.ts';
import type { LoopbackS3 } from '../../support/loopback-s3.ts';
import { startLoopbackS3 } from '../../support/loopback-s3.ts';
import { RequestLog } from '../../support/request-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const SIZE = 2 * SMALL_PART + 12_345;
const BYTES = Buffer.alloc(SIZE, 'every byte of it matters ');
const KEY = 'blobs/account/blob';
const clock = { sleep: () => Promise.resolve(), random: () => 0.5 };
const SMALL = { clock, partBytes: SMALL_PART };

let s3: LoopbackS3;
const opened: S3Client[] = [];

beforeAll(async () => {
  s3 = await startLoopbackS3({ leastPart: SMALL_PART });
});
beforeEach(() => {
  s3.objects.clear();
  s3.uploads.clear();
});
afterEach(() => {
  for (const client of opened.splice(0)) client.destroy();
});
afterAll(() => s3.stop());

interface Bad {
  readonly blobs: S3BlobStore;
  readonly log: RequestLog;
  readonly faults: FaultTransport;
}

function bad(rules: readonly FaultRule[]): Bad {
  const log = new RequestLog();
  const faults = new FaultTransport({ rules, random: seededRandom(1), lateCalls: 100 });
  const client = s3Client(
    { region: 'us-east-1', endpoints: { s3: s3.endpoint } },
    { wrapTransport: (transport) => log.wrap(faults.wrap(transport)) },
  );
  opened.push(client);
  return { blobs: new S3BlobStore(client, 'mail', SMALL), log, faults };
}

const stored = (): Buffer | undefined => s3.objects.get(`mail/${KEY}`)?.bytes;
const body = (): AsyncIterable<Uint8Array> => inChunks(BYTES, 30_011);

describe('a stream is put', () => {
  test('in one request while it fits one part, as one object of parts beyond', async () => {
    const { blobs, log } = bad([]);
    await blobs.put('one', inChunks(BYTES.subarray(0, SMALL_PART), 9_999), SMALL_PART);
    expect(log.report().calls).toEqual({ 's3.PutObject': 1 });
    log.reset();
    await blobs.put(KEY, body(), SIZE);
    expect(log.report().calls).toEqual({
      's3.CreateMultipartUpload': 1,
      's3.UploadPart': 3,
      's3.HeadObject': 1,
      's3.CompleteMultipartUpload': 1,
    });
    expect(stored()?.equals(BYTES)).toBe(true);
    expect(s3.uploads.size).toBe(0);
  });

  test('with a checksum for every part where S3 wants one', async () => {
    const client = new S3Client({
      region: 'us-east-1',
      endpoint: s3.endpoint,
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_SUPPORTED',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    opened.push(client);
    const checked: string[] = [];
    client.middlewareStack.add(
      (next) => async (args) => {
        const { headers } = args.request as { headers: Record<string, string> };
        if (headers['x-amz-checksum-crc32'] !== undefined) checked.push(headers['x-amz-checksum-crc32']);
        return next(args);
      },
      { step: 'finalizeRequest' },
    );
    await new S3BlobStore(client, 'mail', SMALL).put(KEY, body(), SIZE);
    expect(checked).toHaveLength(3);
    expect(stored()?.equals(BYTES)).toBe(true);
  });

  test('holding no request open, and no more than a part, while the client stalls', async () => {
    const { blobs, log } = bad([]);
    const seen: string[] = [];
    async function* stalling(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < SIZE; at += SMALL_PART) {
        // Here an IMAP client may stall for as long as the server lets it.
        await s3.idle();
        const { parts } = [...s3.uploads.values()][0] ?? { parts: new Map() };
        seen.push(`${parts.size} parts of ${at / SMALL_PART}`);
        yield BYTES.subarray(at, at + SMALL_PART);
      }
    }
    await blobs.put(KEY, stalling(), SIZE);
    expect(seen).toEqual(['0 parts of 0', '1 parts of 1', '2 parts of 2']);
    expect(stored()?.equals(BYTES)).toBe(true);
    expect(log.report().calls['s3.UploadPart']).toBe(3);
  });

  test('by default in parts of a size that S3 takes, for it takes no smaller ones', async () => {
    const strict = await startLoopbackS3();
    const client = s3Client({ region: 'us-east-1', endpoints: { s3: strict.endpoint } });
    opened.push(client);
    const bytes = Buffer.alloc(PART_BYTES + 1, 'a part and a byte ');
    await new S3BlobStore(client, 'mail').put(KEY, inChunks(bytes, 999_999), bytes.length);
    expect(strict.objects.get(`mail/${KEY}`)?.bytes.equals(bytes)).toBe(true);
    await expect(new S3BlobStore(client, 'mail', SMALL).put('small', body(), SIZE)).rejects.toMatchObject({
      name: 'EntityTooSmall',
    });
    await strict.stop();
  });

  test('is refused when S3 could not take so many parts', async () => {
    const { blobs, log } = bad([]);
    await expect(blobs.put(KEY, body(), 10_000 * SMALL_PART + 1)).rejects.toThrow('more than S3 takes');
    expect(log.report().calls).toEqual({});
  });
});

const PASSING: readonly Fault[] = [
  'throttle',
  'server-error',
  'server-error-after-effect',
  'reset-before-effect',
  'reset-after-effect',
  'late-effect',
];
const REQUESTS = ['CreateMultipartUpload', 'UploadPart', 'HeadObject', 'CompleteMultipartUpload'];

describe.each(REQUESTS)('the put of a large stream goes on after a failed %s', (operation) => {
  test.each(PASSING)('%s, twice', async (fault) => {
    const { blobs, faults } = bad([{ fault, times: 2, operations: [operation] }]);
    await blobs.put(KEY, body(), SIZE);
    expect(stored()?.equals(BYTES)).toBe(true);
    await faults.releaseLate();
    expect(stored()?.equals(BYTES)).toBe(true);
  });
});

describe('the completion of an upload whose answer is lost to the end', () => {
  test('is found to have been done', async () => {
    const { blobs, log } = bad([{ fault: 'reset-after-effect', operations: ['CompleteMultipartUpload'] }]);
    await blobs.put(KEY, body(), SIZE);
    expect(stored()?.equals(BYTES)).toBe(true);
    expect(log.report().calls['s3.HeadObject']).toBe(2);
  });

  test('fails if nothing shows that it was done, and the parts go', async () => {
    const { blobs, log } = bad([{ fault: 'reset-before-effect', operations: ['CompleteMultipartUpload'] }]);
    await expect(blobs.put(KEY, body(), SIZE)).rejects.toThrow('socket hang up');
    expect(stored()).toBeUndefined();
    expect(s3.uploads.size).toBe(0);
    expect(log.report().calls['s3.AbortMultipartUpload']).toBe(1);
  });

  test('is not taken for done by an object of another size', async () => {
    const { blobs } = bad([
      {
        fault: 'reset-before-effect',
        times: 1,
        operations: ['CompleteMultipartUpload'],
        when: () => {
          s3.objects.set(`mail/${KEY}`, { bytes: Buffer.from('stranger'), modified: new Date() });
          return true;
        },
      },
    ]);
    await expect(blobs.put(KEY, body(), SIZE)).rejects.toThrow(BlobExistsError);
    expect(stored()?.toString()).toBe('stranger');
    expect(s3.uploads.size).toBe(0);
  });
});

describe('a put that fails', () => {
  test('a part that S3 refuses to the end fails it with the reason, and the upload is aborted', async () => {
    const { blobs } = bad([{ fault: 'throttle', skip: 1, operations: ['UploadPart'] }]);
    await expect(blobs.put(KEY, body(), SIZE)).rejects.toMatchObject({ name: 'SlowDown' });
    expect(s3.uploads.size).toBe(0);
  });

  test('an abort that fails once is repeated, one that fails for good hides nothing', async () => {
    const dead: FaultRule = { fault: 'throttle', operations: ['UploadPart'] };
    const once = bad([dead, { fault: 'server-error', times: 1, operations: ['AbortMultipartUpload'] }]);
    await expect(once.blobs.put(KEY, body(), SIZE)).rejects.toMatchObject({ name: 'SlowDown' });
    expect(s3.uploads.size).toBe(0);
    const never = bad([dead, { fault: 'server-error', operations: ['AbortMultipartUpload'] }]);
    await expect(never.blobs.put(KEY, body(), SIZE)).rejects.toMatchObject({ name: 'SlowDown' });
    expect(s3.uploads.size).toBe(1);
  });

  test('the caller’s signal ends it between two parts with its reason, and the upload is aborted', async () => {
    const { blobs, log } = bad([]);
    const controller = new AbortController();
    async function* leaving(): AsyncGenerator<Uint8Array> {
      yield BYTES.subarray(0, SMALL_PART);
      yield BYTES.subarray(SMALL_PART, SMALL_PART + 1);
      expect(s3.uploads.size).toBe(1);
      controller.abort(new Error('the session ended'));
      yield BYTES.subarray(SMALL_PART + 1);
    }
    const put = blobs.put(KEY, leaving(), SIZE, { signal: controller.signal });
    await expect(put).rejects.toThrow('the session ended');
    expect(s3.uploads.size).toBe(0);
    expect(log.report().calls['s3.UploadPart']).toBe(1);
  });

  test.each([
    ['PutObject', 1_000],
    ['CreateMultipartUpload', SIZE],
    ['UploadPart', SIZE],
    ['HeadObject', SIZE],
    ['CompleteMultipartUpload', SIZE],
  ])('the caller’s signal ends it during %s, with its reason', async (operation, size) => {
    const controller = new AbortController();
    const aborts: FaultRule = {
      fault: 'throttle',
      operations: [operation],
      when: () => {
        controller.abort(new Error('the session ended'));
        return false;
      },
    };
    const { blobs } = bad([aborts]);
    const source = inChunks(BYTES.subarray(0, size), 9_999);
    const put = blobs.put(KEY, source, size, { signal: controller.signal });
    await expect(put).rejects.toThrow('the session ended');
    expect(s3.uploads.size).toBe(0);
  });

  test('a small put whose answers are all lost is found to have been done', async () => {
    const { blobs } = bad([{ fault: 'reset-after-effect', operations: ['PutObject'], times: 8 }]);
    await blobs.put(KEY, Buffer.from('short'), 5);
    expect(stored()?.toString()).toBe('short');
  });

  test('a small put that was throttled, and then finds an object of the same size, has not put it', async () => {
    const { blobs } = bad([{ fault: 'throttle', operations: ['PutObject'], times: 1 }]);
    s3.objects.set(`mail/${KEY}`, { bytes: Buffer.from('other'), modified: new Date() });
    await expect(blobs.put(KEY, Buffer.from('short'), 5)).rejects.toThrow(BlobExistsError);
  });
});
