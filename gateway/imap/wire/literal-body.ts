import { NulInLiteralError } from './command.ts';
import { ConnectionLostError } from './response-writer.ts';

/**
 * The bytes of one literal while it comes in: pulled off the connection when the sink asks for them, so that a slow sink
 * slows the client down and nothing piles up in between.
 */
export class LiteralBody implements AsyncIterable<Uint8Array> {
  readonly #binary: boolean;
  readonly #take: (most: number) => Promise<Uint8Array | null>;
  #left: number;
  #ended = false;
  #givenUp = false;
  #nul: NulInLiteralError | undefined;
  /** Reads follow one another, also those of an iteration that was given up while it waited. */
  #reading: Promise<unknown> = Promise.resolve();

  /** `take` reads up to that many bytes; null at the end of the stream. */
  constructor(size: number, binary: boolean, take: (most: number) => Promise<Uint8Array | null>) {
    this.#left = size;
    this.#binary = binary;
    this.#take = take;
  }

  /** What makes of the sink's outcome a failure, whatever the sink says. */
  get nulError(): PromiseRejectedResult | undefined {
    return this.#nul === undefined ? undefined : { status: 'rejected', reason: this.#nul };
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        if (this.#givenUp) throw new Error('the literal was given up: its sink has settled before its end');
        const bytes = await this.#read();
        if (this.#nul !== undefined) throw this.#nul;
        if (bytes === null && this.#ended) throw new ConnectionLostError('the client went away in a literal');
        return bytes === null ? { done: true, value: undefined } : { done: false, value: bytes };
      },
    };
  }

  /** Reads what the sink has left. False if the stream ended before the literal did. */
  async drain(): Promise<boolean> {
    // Whoever still iterates must see an error, not a message that ends early.
    this.#givenUp = this.#left > 0;
    while ((await this.#read()) !== null);
    return !this.#ended;
  }

  #read(): Promise<Uint8Array | null> {
    const read = this.#reading.then(() => this.#readNow());
    // A failed read is the failure of the one who asked; the next one asks for itself.
    this.#reading = read.catch(() => undefined);
    return read;
  }

  async #readNow(): Promise<Uint8Array | null> {
    if (this.#left === 0 || this.#ended) return null;
    const bytes = await this.#take(this.#left);
    if (bytes === null) {
      this.#ended = true;
      return null;
    }
    this.#left -= bytes.length;
    if (!this.#binary && this.#nul === undefined && bytes.includes(0)) this.#nul = new NulInLiteralError();
    return bytes;
  }
}
