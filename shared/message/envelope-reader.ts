/**
 * Reads an envelope back from the bytes of FETCH ENVELOPE that a summary keeps: SORT and THREAD go by "the ENVELOPE"
 * (RFC 5256 §3, RFC 5957 §4), and so by the very same that clients see.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;
const BRACE = 0x7b;
const LF = 0x0a;
const SPACE = 0x20;
const NIL_LENGTH = 3;

/** Encoded words as they are. Of a group's start the name is the mailbox, and all is null at its end. */
export interface EnvelopeAddress {
  readonly name: string | null;
  readonly mailbox: string | null;
  readonly host: string | null;
}

export interface Envelope {
  readonly date: string | null;
  readonly subject: string | null;
  readonly from: readonly EnvelopeAddress[];
  readonly to: readonly EnvelopeAddress[];
  readonly cc: readonly EnvelopeAddress[];
  readonly inReplyTo: string | null;
  readonly messageId: string | null;
}

/** `bytes` as `envelopeBytes` makes them; throws if they are not. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  const reader = new EnvelopeReader(bytes);
  reader.expect(OPEN);
  const [date, subject] = [reader.nstring(), reader.nstring()];
  const from = reader.addresses();
  // Sender and Reply-To.
  reader.addresses();
  reader.addresses();
  const [to, cc] = [reader.addresses(), reader.addresses()];
  reader.addresses();
  return { date, subject, from, to, cc, inReplyTo: reader.nstring(), messageId: reader.nstring() };
}

class EnvelopeReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  expect(byte: number): void {
    if (this.#bytes[this.#at++] !== byte) throw new Error(`no envelope: byte ${this.#at} is another`);
  }

  addresses(): EnvelopeAddress[] {
    this.#skipSpace();
    const found: EnvelopeAddress[] = [];
    if (this.#bytes[this.#at] !== OPEN) {
      this.nstring();
      return found;
    }
    this.#at++;
    while (this.#bytes[this.#at] !== CLOSE) {
      this.expect(OPEN);
      const name = this.nstring();
      // The source route.
      this.nstring();
      found.push({ name, mailbox: this.nstring(), host: this.nstring() });
      this.expect(CLOSE);
    }
    this.#at++;
    return found;
  }

  nstring(): string | null {
    this.#skipSpace();
    const first = this.#bytes[this.#at];
    if (first === QUOTE) return this.#quoted();
    if (first === BRACE) return this.#literal();
    if (this.#bytes.toString('latin1', this.#at, this.#at + NIL_LENGTH) !== 'NIL')
      throw new Error(`no envelope: neither a string nor NIL at byte ${this.#at}`);
    this.#at += NIL_LENGTH;
    return null;
  }

  #skipSpace(): void {
    if (this.#bytes[this.#at] === SPACE) this.#at++;
  }

  #quoted(): string {
    const start = ++this.#at;
    let escaped = false;
    let end = start;
    for (; this.#bytes[end] !== QUOTE; end++) {
      if (end >= this.#bytes.length) throw new Error('no envelope: a string that does not end');
      if (this.#bytes[end] !== BACKSLASH) continue;
      escaped = true;
      end++;
    }
    this.#at = end + 1;
    const text = this.#bytes.toString('utf8', start, end);
    return escaped ? text.replace(/\\(.)/gs, '$1') : text;
  }

  #literal(): string {
    const lf = this.#bytes.indexOf(LF, this.#at);
    const length = Number.parseInt(this.#bytes.toString('latin1', this.#at + 1, lf), 10);
    this.#at = lf + 1 + length;
    return this.#bytes.toString('utf8', lf + 1, this.#at);
  }
}
