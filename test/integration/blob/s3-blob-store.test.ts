import { afterAll, beforeAll } from '@jest/globals';
import { s3Client } from '../../../shared/aws/clients.ts';
import { S3BlobStore } from '../../../shared/blob/s3-blob-store.ts';
import { blobStoreContract } from '../../support/blob-store-contract.ts';
import type { LoopbackS3 } from '../../support/loopback-s3.ts';
import { startLoopbackS3 } from '../../support/loopback-s3.ts';

let s3: LoopbackS3;
let blobs: S3BlobStore;
let close: () => void;

beforeAll(async () => {
  s3 = await startLoopbackS3(100);
  const client = s3Client({ region: 'us-east-1', endpoints: { s3: s3.endpoint } });
  close = () => client.destroy();
  blobs = new S3BlobStore(client, 'mail');
});
afterAll(async () => {
  close();
  await s3.stop();
});

blobStoreContract('the S3 store on a loopback server', () => blobs);
