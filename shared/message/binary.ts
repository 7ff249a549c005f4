import type { PartOffsets } from './part-offsets.ts';
import type { TransferDecoder } from './transfer-encoding.ts';
import { transferDecoder } from './transfer-encoding.ts';

/** How the bytes of a section are made into what BINARY sends (RFC 3516 §4.3, RFC 9051 §7.5.2). */
export interface BinaryDecoding {
  /** Content-Transfer-Encoding, lower case. */
  readonly encoding: string;
  /** Bare line feeds leave as CR LF. */
  readonly isLines: boolean;
}

/** Where a section that BINARY asks for is, and how to decode it. */
export interface BinarySection {
  readonly start: number;
  readonly end: number;
  readonly decoding: BinaryDecoding;
}

/** As stored: what has no transfer encoding of its own. */
const STORED: BinaryDecoding = { encoding: 'binary', isLines: false };

/** Its line feeds are two or four bytes wide. */
const WIDE_CHARSET = /^(?:utf-?(?:16|32)|ucs-?[24]|iso-10646-ucs|unicode)/i;

/**
 * The section of a whole message or of one of its parts. A message has no encoding, nor has a multipart, whatever its
 * header says (RFC 2045 §6.4). Text is sent with CR LF, however lax its sender was (RFC 3516 §6): a MUST that nobody
 * can mean for UTF-16.
 */
export function binarySection(part: PartOffsets, isRoot: boolean): BinarySection {
  if (isRoot) return { start: part.start, end: part.end, decoding: STORED };
  const { bodyStart: start, end, kind, encoding, charset } = part;
  if (kind === 'multipart') return { start, end, decoding: STORED };
  const isLines = kind === 'text' && !WIDE_CHARSET.test(charset?.trim() ?? '');
  return { start, end, decoding: { encoding, isLines } };
}

/** The section is sent as it is stored: its size is known, and any part of it can be read alone. */
export function isStored({ encoding, isLines }: BinaryDecoding): boolean {
  return !isLines && (encoding === '7bit' || encoding === '8bit' || encoding === 'binary');
}

/** Null if the encoding is not known: the answer is UNKNOWN-CTE. */
export function binaryDecoder({ encoding, isLines }: BinaryDecoding): TransferDecoder | null {
  const transfer = transferDecoder(encoding);
  return transfer && isLines ? new LineDecoder(transfer) : transfer;
}

const LF = 0x0a;
const CR = 0x0d;

/** Gives a CR to every LF that has none before it. */
class LineDecoder implements TransferDecoder {
  readonly #inner: TransferDecoder;
  #last = 0;

  constructor(inner: TransferDecoder) {
    this.#inner = inner;
  }

  write(bytes: Uint8Array): Uint8Array {
    return this.#lines(this.#inner.write(bytes));
  }

  end(): Uint8Array {
    return this.#lines(this.#inner.end());
  }

  get isFresh(): boolean {
    return this.#inner.isFresh && this.#last !== CR;
  }

  #lines(bytes: Uint8Array): Uint8Array {
    const bare = this.#bareLineFeeds(bytes);
    if (bytes.length > 0) this.#last = bytes[bytes.length - 1] ?? 0;
    if (bare.length === 0) return bytes;
    const out = new Uint8Array(bytes.length + bare.length);
    let from = 0;
    bare.forEach((at, index) => {
      out.set(bytes.subarray(from, at), from + index);
      out[at + index] = CR;
      from = at;
    });
    out.set(bytes.subarray(from), from + bare.length);
    return out;
  }

  #bareLineFeeds(bytes: Uint8Array): number[] {
    const found: number[] = [];
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
      if ((at > 0 ? bytes[at - 1] : this.#last) !== CR) found.push(at);
    }
    return found;
  }
}
