import type { Part } from './parts.ts';
import { paramOf } from './parts.ts';

/**
 * The keyword that says whether a message has attachments, which the server sets when it delivers one (RFC 9979 §4);
 * none where only the recipient's key can tell.
 *
 * An attachment is what JMAP's `hasAttachment` counts, which has to tell the same (RFC 8621 §4.1.4): a part that is
 * neither the text of the message nor shown within it. What RFC 8621 leaves to the server is left out: pictures that
 * belong to a page (RFC 2387), and what a client deals with by itself, signatures and invitations.
 */
export function attachmentKeywords(root: Part): readonly string[] {
  if (isHidden(root)) return [];
  return [hasAttachment(root, null, 0) ? '$hasattachment' : '$hasnoattachment'];
}

/** Encrypted, or wrapped into its signature (RFC 1847 §2.2, RFC 8551 §3.2), as a whole or in a part. */
function isHidden({ mime, children }: Part): boolean {
  const { type, subtype } = mime;
  if (type === 'multipart') return subtype === 'encrypted' || children.some(isHidden);
  return type === 'application' && /^(?:x-)?pkcs7-mime$/.test(subtype);
}

/** `within`: the subtype of the multipart whose part number `index`, from 0, it is. */
function hasAttachment(part: Part, within: string | null, index: number): boolean {
  if (part.kind !== 'multipart') return isAttachment(part, within, index);
  const { subtype } = part.mime;
  return part.children.some((child, place) => hasAttachment(child, subtype, place));
}

function isAttachment({ mime, kind }: Part, within: string | null, index: number): boolean {
  const { disposition, params, id, location, type, subtype } = mime;
  // The second part is the signature, whatever else it says (RFC 1847 §2.1).
  if (within === 'signed' && index > 0) return false;
  // What is not known is an attachment (RFC 2183 §2.8).
  if (disposition) return disposition.type !== 'inline';
  const isNamed = paramOf(params, 'name') !== null;
  if (within === 'alternative' && !isNamed) return false;
  if (within === 'related' && index > 0) return id === null && location === null;
  const isMedia = /^(?:image|audio|video)$/.test(type);
  const isText = kind === 'text' && /^(?:plain|html)$/.test(subtype);
  return !isMedia && !(isText && (index === 0 || !isNamed));
}
