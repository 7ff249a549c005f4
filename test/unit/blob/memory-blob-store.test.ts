/** The store that other tests run on keeps the contract of the real ones. */
import { blobStoreContract } from '../../support/blob-store-contract.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';

const blobs = new MemoryBlobStore();
blobStoreContract('the store in memory', () => blobs);
