/**
 * Reads an envelope back from the bytes of FETCH ENVELOPE that a summary keeps: SORT and THREAD go by "the ENVELOPE"
 * (RFC 5256 §3, RFC 5957 §4), and so by the very same that clients see.
 */

/** Encoded words as they are. Of a group's start the name is the mailbox, and all is null at its end. */
export interface EnvelopeAddress {
  readonly name: string | null;
  /** The obsolete source route. */
  readonly route: string | null;
  readonly mailbox: string | null;
  readonly host: string | null;
}

export interface Envelope {
  readonly date: string | null;
  readonly subject: string | null;
  readonly from: readonly EnvelopeAddress[];
  readonly to: readonly EnvelopeAddress[];
  readonly cc: readonly EnvelopeAddress[];
  readonly bcc: readonly EnvelopeAddress[];
  readonly inReplyTo: string | null;
  readonly messageId: string | null;
}

/** `bytes` as `envelopeBytes` makes them; throws if they are not. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  const reader = new EnvelopeReader(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'),
  );
  reader.expect('(');
  const [date, subject] = [reader.nstring(), reader.nstring()];
  const from = reader.addresses();
  // Sender and Reply-To.
  reader.addresses();
  reader.addresses();
  const [to, cc, bcc] = [reader.addresses(), reader.addresses(), reader.addresses()];
  return { date, subject, from, to, cc, bcc, inReplyTo: reader.nstring(), messageId: reader.nstring() };
}

/** On a byte string: slices of it cost nothing, and most of them are ASCII. */
class EnvelopeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  expect(character: string): void {
    if (!this.#take(character)) throw new Error(`no envelope: byte ${this.#at} is not ${character}`);
  }

  addresses(): EnvelopeAddress[] {
    this.#take(' ');
    const found: EnvelopeAddress[] = [];
    if (!this.#take('(')) {
      this.nstring();
      return found;
    }
    while (!this.#take(')')) {
      this.expect('(');
      const [name, route] = [this.nstring(), this.nstring()];
      found.push({ name, route, mailbox: this.nstring(), host: this.nstring() });
      this.expect(')');
    }
    return found;
  }

  nstring(): string | null {
    this.#take(' ');
    switch (this.#peek()) {
      case '"':
        return utf8(this.#quoted());
      case '{':
        return utf8(this.#literal());
      default:
        if (!this.#text.startsWith('NIL', this.#at))
          throw new Error(`no envelope: neither a string nor NIL at byte ${this.#at}`);
        this.#at += 'NIL'.length;
        return null;
    }
  }

  #quoted(): string {
    const start = ++this.#at;
    let end = this.#text.indexOf('"', start);
    // Most strings have nothing escaped.
    let escape = this.#text.indexOf('\\', start);
    if (end >= 0 && (escape < 0 || escape > end)) {
      this.#at = end + 1;
      return this.#text.slice(start, end);
    }
    while (end >= 0 && escape >= 0 && escape < end) {
      if (escape + 1 === end) end = this.#text.indexOf('"', end + 1);
      escape = this.#text.indexOf('\\', escape + 2);
    }
    if (end < 0) throw new Error('no envelope: a string that does not end');
    this.#at = end + 1;
    return this.#text.slice(start, end).replace(/\\(.)/gs, '$1');
  }

  #literal(): string {
    const lf = this.#text.indexOf('\n', this.#at);
    const length = Number.parseInt(this.#text.slice(this.#at + 1, lf), 10);
    this.#at = lf + 1 + length;
    return this.#text.slice(lf + 1, this.#at);
  }
}

function utf8(bytes: string): string {
  return /[\x80-\xff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}
