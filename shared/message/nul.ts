/**
 * Messages that hold NUL. IMAP has no way to send NUL in BODY[…] (CHAR8 excludes it), so a part that holds one is encoded
 * as base64 when the message is stored, with its header changed to say so (RFC 3516 §4.4 allows it, §6 wants it where
 * nothing else will do). What is NUL where no part can be encoded (a header, a preamble, a part that has an encoding
 * already) cannot be stored without a loss.
 */
import type { PartOffsets } from './part-offsets.ts';

const IDENTITY: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary']);

/** Finds the parts of a message that hold NUL while the message streams by. */
export class NulFinder {
  readonly #leaves: readonly PartOffsets[];
  readonly #found = new Set<PartOffsets>();
  #offset = 0;
  #outside = false;
  /** The leaf in which the search goes on. */
  #at = 0;

  constructor(root: PartOffsets) {
    this.#leaves = leavesOf(root);
  }

  write(chunk: Uint8Array): void {
    let from = 0;
    for (;;) {
      const nul = chunk.indexOf(0, from);
      if (nul < 0) break;
      const leaf = this.#leafAt(this.#offset + nul);
      if (!leaf) this.#outside = true;
      else this.#found.add(leaf);
      // One is enough to know.
      from = leaf ? Math.min(chunk.length, leaf.end - this.#offset) : nul + 1;
    }
    this.#offset += chunk.length;
  }

  /** The parts that have to be encoded, in message order; null if there is a NUL that no encoding of a part can hold. */
  end(): readonly PartOffsets[] | null {
    if (this.#outside) return null;
    return this.#leaves.filter((leaf) => this.#found.has(leaf));
  }

  #leafAt(place: number): PartOffsets | undefined {
    while ((this.#leaves[this.#at]?.end ?? Infinity) <= place) this.#at++;
    const leaf = this.#leaves[this.#at];
    return leaf && leaf.bodyStart <= place ? leaf : undefined;
  }
}

/** The parts whose bytes are their own, in message order; without a header there is no place to name an encoding. */
function leavesOf(part: PartOffsets): PartOffsets[] {
  if (part.kind === 'multipart' || part.kind === 'message') return part.children.flatMap(leavesOf);
  return part.bodyStart > part.start && IDENTITY.has(part.encoding) ? [part] : [];
}

/** The parts of a message as it is stored: as it came, a header to be changed, or a body to be encoded. */
export interface Stretch {
  readonly kind: 'same' | 'header' | 'body';
  readonly start: number;
  readonly end: number;
}

/** A message of `size` bytes in stretches, those of `encoded` parts apart. */
export function stretchesOf(size: number, encoded: readonly PartOffsets[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let at = 0;
  for (const { start, bodyStart, end } of encoded) {
    stretches.push({ kind: 'same', start: at, end: start });
    stretches.push({ kind: 'header', start, end: bodyStart }, { kind: 'body', start: bodyStart, end });
    at = end;
  }
  stretches.push({ kind: 'same', start: at, end: size });
  return stretches.filter(({ start, end }) => end > start);
}
