import { BlobMissingError } from '../../shared/blob/blob-store.ts';
import { KeyDeletedError } from '../../shared/keys/account-keys.ts';
import { DamagedTextError } from '../../shared/keys/sealed-text.ts';

/**
 * What `read` gives; null if it is gone, is not what was stored, or was sealed with a key that was deleted. Any other
 * failure passes: what cannot be read now may be read later, and must not be taken for lost.
 */
export async function unlessLost<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    const lost = [BlobMissingError, DamagedTextError, KeyDeletedError].some((kind) => error instanceof kind);
    if (lost) return null;
    throw error;
  }
}
