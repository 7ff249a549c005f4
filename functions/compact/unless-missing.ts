import { BlobMissingError } from '../../shared/blob/blob-store.ts';

/** What `read` gives, or null if it is gone. */
export async function unlessMissing<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof BlobMissingError) return null;
    throw error;
  }
}
