import type { Part, PartKind } from './parts.ts';
import { paramOf } from './parts.ts';

/**
 * Where the parts of a message are, and what is needed to read them: the tree of `Part` without what only
 * BODYSTRUCTURE tells. Offsets are bytes of the stored message.
 */
export interface PartOffsets {
  readonly kind: PartKind;
  /** Where its header starts. */
  readonly start: number;
  /** Where its header, with the blank line, ends. */
  readonly bodyStart: number;
  readonly end: number;
  /** Content-Transfer-Encoding, lower case. */
  readonly encoding: string;
  /** Of text: the charset if it names one. */
  readonly charset: string | null;
  /** Of a multipart its parts; of a message/rfc822 the one message it holds. */
  readonly children: readonly PartOffsets[];
}

export function partOffsets(part: Part): PartOffsets {
  const { kind, start, bodyStart, end, mime } = part;
  const charset = kind === 'text' ? paramOf(mime.params, 'charset') : null;
  return {
    kind,
    start,
    bodyStart,
    end,
    encoding: mime.encoding,
    charset,
    children: part.children.map(partOffsets),
  };
}
