/** The S3 blob store against a real S3 of another make: Ceph RADOS Gateway. */
import { CreateBucketCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { s3Client } from '../../shared/aws/clients.ts';
import { S3BlobStore } from '../../shared/blob/s3-blob-store.ts';
import { PART_BYTES } from '../../shared/blob/s3-put.ts';
import { blobStoreContract } from '../support/blob-store-contract.ts';
import type { Ceph } from './ceph/ceph.ts';
import { startCeph } from './ceph/ceph.ts';

const BUCKET = 'mail';

let ceph: Ceph | undefined;
let client: S3Client | undefined;
let blobs: S3BlobStore;

beforeAll(async () => {
  ceph = await startCeph();
  client = s3Client({
    region: 'us-east-1',
    endpoints: { s3: ceph.endpoint },
    credentials: ceph.credentials,
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  blobs = new S3BlobStore(client, BUCKET);
}, 240_000);

afterAll(async () => {
  client?.destroy();
  await ceph?.stop();
}, 60_000);

blobStoreContract('the S3 store on Ceph RADOS Gateway', () => blobs, PART_BYTES);

test('no upload of the tests above was left behind', async () => {
  const { Uploads = [] } = (await client?.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))) ?? {};
  expect(Uploads).toEqual([]);
});
