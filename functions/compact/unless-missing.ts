import { BlobMissingError } from '../../shared/blob/blob-store.ts';
import { DamagedPackError } from '../../shared/blob/pack-format.ts';

/**
 * What `read` gives of an object or a pack; null if it is gone, or is no pack any more: that is for a check to tell of, and no
 * reason to leave the rest of the account alone.
 */
export async function unlessMissing<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof BlobMissingError || error instanceof DamagedPackError) return null;
    throw error;
  }
}
