/** The store that other tests run on keeps the contract of the real ones. */
import { blobStoreContract } from '../../support/blob-store-contract.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';

// A new one for each test: nothing of what the others put is kept.
blobStoreContract('the store in memory', () => new MemoryBlobStore());
