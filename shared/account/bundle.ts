/** The bundle: the segments of a small account in one item, read beside the root on speculation. */
import { decode, encode } from 'cborg';
import type { MailboxId, Uid } from './ids.ts';
import { UnknownVersionError } from './unknown-version.ts';

const BUNDLE_VERSION = 1;
/** Strongly consistent reads of a bundle are at most 32 units, so that opening meets its budget (60 with root and tail). */
export const BUNDLE_BYTES = 128_000;

/** Segments by mailbox and first UID. */
export type Bundle = ReadonlyMap<MailboxId, ReadonlyMap<Uid, Uint8Array>>;

export function encodeBundle(bundle: Bundle): Uint8Array {
  return encode([BUNDLE_VERSION, [...bundle].map(([mailbox, segments]) => [mailbox, [...segments]])]);
}

export function decodeBundle(bytes: Uint8Array): Bundle {
  const [version, list] = decode(bytes) as [number, [MailboxId, [Uid, Uint8Array][]][]];
  if (version !== BUNDLE_VERSION) throw new UnknownVersionError(`a bundle of version ${version}`);
  return new Map(list.map(([mailbox, segments]) => [mailbox, new Map(segments)]));
}
