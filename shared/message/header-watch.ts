const LF = 0x0a;
const CR = 0x0d;

/** Looks for 8-bit characters in a message's header while the message streams by. */
export class HeaderWatch {
  #ended = false;
  #found = false;
  /** The line so far holds nothing but its CR. */
  #blank = true;

  /** A byte above 127 stood in the header. */
  get found(): boolean {
    return this.#found;
  }

  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#ended && !this.#found; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === LF) {
        this.#ended = this.#blank;
        this.#blank = true;
      } else if (byte !== CR) {
        this.#blank = false;
        this.#found = byte > 0x7f;
      }
    }
  }
}
