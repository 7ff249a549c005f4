const DASH = 0x2d;

interface Node {
  readonly next: Map<number, Node>;
  /** How many open boundaries pass through here. */
  users: number;
  /** Levels of the multiparts whose boundary ends here, innermost last. */
  readonly levels: number[];
}

export interface Delimiter {
  /** The level of the multipart that the line belongs to. */
  readonly level: number;
  /** `--boundary--`: the multipart ends. */
  readonly closing: boolean;
}

/**
 * The boundaries of the multiparts that are open, as a trie, so that a line is matched against all of them in one walk
 * however deep the nesting: a message of a hundred open multiparts and millions of lines that start with `--` costs no
 * more than its bytes.
 */
export class Boundaries {
  #root: Node = { next: new Map(), users: 0, levels: [] };
  /** Bytes compared, for the tests of linearity. */
  steps = 0;

  get empty(): boolean {
    return this.#root.users === 0;
  }

  add(boundary: Uint8Array, level: number): void {
    let node = this.#root;
    node.users++;
    for (const byte of boundary) {
      let next = node.next.get(byte);
      if (!next) node.next.set(byte, (next = { next: new Map(), users: 0, levels: [] }));
      next.users++;
      node = next;
    }
    node.levels.push(level);
  }

  /** Undoes `add`. Only what was added may be removed. */
  remove(boundary: Uint8Array, level: number): void {
    let node = this.#root;
    node.users--;
    for (const byte of boundary) {
      const next = node.next.get(byte);
      if (!next) return;
      if (--next.users === 0) node.next.delete(byte);
      node = next;
    }
    node.levels.splice(node.levels.lastIndexOf(level), 1);
  }

  clear(): void {
    this.#root = { next: new Map(), users: 0, levels: [] };
  }

  /**
   * The delimiter that `line` is, or null. After the boundary only blanks or `--` may follow (RFC 2046 §5.1.1; what
   * follows `--` is ignored, list servers glue their footers there), so that `--a1` is no delimiter of `a`. The longest
   * boundary wins, and among equal ones the innermost.
   */
  match(line: Uint8Array): Delimiter | null {
    if (line[0] !== DASH || line[1] !== DASH) return null;
    let last = line.length;
    while (last > 2 && isBlank(line[last - 1])) last--;
    let node = this.#root;
    let found: Delimiter | null = null;
    for (let at = 2; at <= last; at++) {
      this.steps++;
      const level = node.levels.at(-1);
      if (level !== undefined) {
        const closing = line[at] === DASH && line[at + 1] === DASH;
        if (at === last || closing) found = { level, closing };
      }
      const next = at < last ? node.next.get(line[at] ?? -1) : undefined;
      if (!next) break;
      node = next;
    }
    return found;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}
