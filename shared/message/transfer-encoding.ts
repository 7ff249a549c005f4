import { hexByte } from './params.ts';

/** Undoes a Content-Transfer-Encoding piece by piece. Garbage is passed over; it never throws. */
export interface TransferDecoder {
  write(bytes: Uint8Array): Uint8Array;
  end(): Uint8Array;
  /** Nothing is held back: what comes next is decoded as a new decoder would. */
  readonly isFresh: boolean;
}

/**
 * The decoder of a Content-Transfer-Encoding (lower case, as in `MimeFields.encoding`), or null if it is none that
 * RFC 2045 knows: then the content cannot be decoded (BINARY answers UNKNOWN-CTE, RFC 9051 §7.1).
 */
export function transferDecoder(encoding: string): TransferDecoder | null {
  switch (encoding) {
    case 'base64':
      return new Base64Decoder();
    case 'quoted-printable':
      return new QuotedPrintableDecoder();
    case '7bit':
    case '8bit':
    case 'binary':
      return { write: (bytes) => bytes, end: () => new Uint8Array(0), isFresh: true };
    default:
      return null;
  }
}

/** Values of the base64 digits by byte, `-` and `_` of the URL alphabet included; 255 for what is none. */
const DIGITS = new Uint8Array(256).fill(255);
const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
for (const [value, byte] of ALPHABET.entries()) DIGITS[byte] = value;
DIGITS[0x2d] = 62;
DIGITS[0x5f] = 63;
const PAD = 0x3d;

/**
 * Base64 as mail has it: line breaks and other bytes that are no digits are passed over, padding ends a group and what
 * follows begins a new one (concatenated base64 is common), missing padding is no error.
 */
class Base64Decoder implements TransferDecoder {
  #bits = 0;
  #count = 0;

  write(bytes: Uint8Array): Uint8Array {
    const out = new Uint8Array(Math.ceil((bytes.length * 3) / 4) + 3);
    let length = 0;
    for (const byte of bytes) {
      const digit = DIGITS[byte] ?? 255;
      if (digit === 255) {
        // The group's bytes are out already: what is left of it are padding bits.
        if (byte === PAD) this.#count = this.#bits = 0;
        continue;
      }
      this.#bits = ((this.#bits << 6) | digit) & 0xffffff;
      this.#count += 6;
      if (this.#count >= 8) {
        this.#count -= 8;
        out[length++] = (this.#bits >> this.#count) & 0xff;
      }
    }
    return out.subarray(0, length);
  }

  end(): Uint8Array {
    return new Uint8Array(0);
  }

  get isFresh(): boolean {
    return this.#count === 0;
  }
}

const EQUALS = 0x3d;
const LF = 0x0a;
const CR = 0x0d;

/** Decoded bytes: never more than what was held and what came. */
interface Output {
  readonly bytes: Uint8Array;
  length: number;
}

function put(out: Output, byte: number): void {
  out.bytes[out.length++] = byte;
}

/**
 * Quoted-printable (RFC 2045 §6.7): `=XX`, soft line breaks (blanks may stand between `=` and the line end), blanks at
 * the end of a line dropped. An `=` before anything else is itself. What is held back between writes is a run of
 * blanks or an escape; a run of more than 1,000 blanks is let through, for memory's sake.
 */
class QuotedPrintableDecoder implements TransferDecoder {
  #held: number[] = [];

  write(bytes: Uint8Array): Uint8Array {
    const out: Output = { bytes: new Uint8Array(this.#held.length + bytes.length), length: 0 };
    for (const byte of bytes) this.#byte(byte, out);
    return out.bytes.subarray(0, out.length);
  }

  end(): Uint8Array {
    const held = this.#held;
    this.#held = [];
    // Blanks at the end of the body end a line, and an `=` there is a soft line break.
    return isHex(held[1]) ? Uint8Array.from(held) : new Uint8Array(0);
  }

  get isFresh(): boolean {
    return this.#held.length === 0;
  }

  #byte(byte: number, out: Output): void {
    const held = this.#held;
    if (held[0] === EQUALS) {
      this.#escape(byte, out);
    } else if (byte === EQUALS) {
      this.#release(out);
      held.push(byte);
    } else if ((isBlank(byte) || byte === CR) && held.length < 1000) {
      if (held.at(-1) === CR) this.#release(out);
      held.push(byte);
    } else if (byte === LF) {
      const hadCr = held.at(-1) === CR;
      held.length = 0;
      if (hadCr) put(out, CR);
      put(out, LF);
    } else {
      this.#release(out);
      put(out, byte);
    }
  }

  /** The byte after an `=` and what was held after it. */
  #escape(byte: number, out: Output): void {
    const held = this.#held;
    if (byte === LF && !isHex(held[1])) {
      held.length = 0;
      return;
    }
    const first = held[1];
    if (first === undefined) {
      if (isHex(byte) || isBlank(byte) || byte === CR) {
        held.push(byte);
        return;
      }
    } else if (isHex(first)) {
      const value = hexByte(first, byte);
      if (value >= 0) {
        held.length = 0;
        put(out, value);
        return;
      }
    } else if ((isBlank(byte) || byte === CR) && held.at(-1) !== CR && held.length < 1000) {
      held.push(byte);
      return;
    }
    this.#release(out);
    this.#byte(byte, out);
  }

  #release(out: Output): void {
    for (const byte of this.#held) put(out, byte);
    this.#held.length = 0;
  }
}

function isHex(byte: number | undefined): boolean {
  return hexByte(byte, 0x30) >= 0;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}
