/**
 * A reader of structured header text (RFC 5322 §3.2): comments, quoted strings, runs of plain characters. It only
 * moves forward, and a comment or quoted string that is never closed is looked for once, so that any text is read in
 * linear time; `steps` counts the characters looked at, for the tests that hold it to that.
 */
export class Cursor {
  readonly text: string;
  pos = 0;
  steps = 0;
  #commentsClose = true;
  #quotesClose = true;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.pos >= this.text.length;
  }

  /** The character at the cursor, '' at the end. */
  peek(): string {
    this.steps++;
    return this.text.charAt(this.pos);
  }

  /** Takes `char` if it is next. */
  take(char: string): boolean {
    if (this.peek() !== char) return false;
    this.pos++;
    return true;
  }

  /** Skips blanks and comments; returns the last comment's text, or null. `skipped` tells whether anything was. */
  skipBlanks(): { comment: string | null; skipped: boolean } {
    const start = this.pos;
    let comment: string | null = null;
    for (;;) {
      while (isBlank(this.peek())) this.pos++;
      const found = this.peek() === '(' ? this.comment() : null;
      if (found === null) break;
      comment = found;
    }
    return { comment, skipped: this.pos > start };
  }

  /** A comment, its nested ones included, without its outer brackets; null if the cursor is at none that closes. */
  comment(): string | null {
    if (!this.#commentsClose || this.peek() !== '(') return null;
    let depth = 0;
    let text = '';
    for (let at = this.pos; at < this.text.length; at++) {
      this.steps++;
      const char = this.text.charAt(at);
      if (char === '\\') {
        text += this.text.charAt(++at);
        continue;
      }
      if (char === '(' && ++depth === 1) continue;
      if (char === ')' && --depth === 0) {
        this.pos = at + 1;
        return text.trim();
      }
      text += char;
    }
    this.#commentsClose = false;
    return null;
  }

  /** A quoted string's content with its escapes undone; null if the cursor is at none that closes. */
  quotedString(): string | null {
    if (!this.#quotesClose || this.peek() !== '"') return null;
    let text = '';
    for (let at = this.pos + 1; at < this.text.length; at++) {
      this.steps++;
      const char = this.text.charAt(at);
      if (char === '"') {
        this.pos = at + 1;
        return text;
      }
      text += char === '\\' ? this.text.charAt(++at) : char;
    }
    this.#quotesClose = false;
    return null;
  }

  /** Everything up to the next character of `stops`, or to the end. */
  until(stops: string): string {
    const start = this.pos;
    while (!this.done && !stops.includes(this.peek())) this.pos++;
    return this.text.slice(start, this.pos);
  }
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}
