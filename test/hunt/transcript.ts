/** What was said on one connection, as far back as a failure needs it. */
const KEPT_LINES = 400;
const SHOWN_CHARACTERS = 600;

export class Transcript {
  readonly name: string;
  readonly #lines: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  add(who: 'C' | 'S' | '#', text: string): void {
    const time = performance.now().toFixed(1).padStart(9);
    const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
    this.#lines.push(`${time} ${who}: ${shown}`);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }

  toString(): string {
    return [`--- ${this.name}`, ...this.#lines].join('\n');
  }
}
