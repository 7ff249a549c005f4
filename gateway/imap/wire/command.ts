import type { ResponseCode } from './response-code.ts';

/**
 * A command as it came off the wire: text and literals in turn, nothing parsed but the tag.
 *
 * Text is a *byte string*: each character is one byte (Latin-1), so that positions are byte positions and slicing is
 * cheap; the cursor in `parser.ts` decodes UTF-8 where a string is read.
 */
export interface RawCommand {
  /** The client's tag, as sent. */
  readonly tag: string;
  /** Text at even places, literals at odd ones; the first and the last are text. Announcements (`{n}`) are left out. */
  readonly segments: readonly Segment[];
}

export type Segment = string | Literal;

export type Literal = BufferedLiteral | StreamedLiteral;

/** A literal that was read into memory. */
export interface BufferedLiteral {
  readonly kind: 'buffered';
  /** A literal8, `~{n}` (RFC 9051 §4.3): it may hold NUL. */
  readonly binary: boolean;
  readonly body: Uint8Array;
}

/** A literal whose bytes went to a sink while they came in. */
export interface StreamedLiteral {
  readonly kind: 'streamed';
  readonly binary: boolean;
  /** Bytes, as announced and received. */
  readonly size: number;
  /** What the sink's promise came to. `NulInLiteralError` if the literal held NUL and was no literal8. */
  readonly outcome: PromiseSettledResult<unknown>;
}

/** A message literal that holds NUL without being a literal8 (RFC 9051 §4.3.1: CHAR8 excludes NUL). Answer BAD. */
export class NulInLiteralError extends Error {
  constructor() {
    super('the literal holds a NUL byte: send it as a literal8, ~{n}');
    this.name = 'NulInLiteralError';
  }
}

/** A literal that a client announces at the end of a line. */
export interface LiteralAnnouncement {
  /** The command's tag, or undefined if it has no valid one. */
  readonly tag: string | undefined;
  /** The command so far: text and literals in turn, ending with the text before the announcement. */
  readonly segments: readonly Segment[];
  /** Bytes. */
  readonly size: number;
  /** The client waits for `+` before it sends the bytes; false for LITERAL+ (RFC 7888). */
  readonly sync: boolean;
  /** `~{n}`. */
  readonly binary: boolean;
}

/** What becomes of an announced literal. */
export type LiteralDecision =
  /** Read into memory; refused by the reader beyond its limit for one command. */
  | { readonly kind: 'buffer' }
  /**
   * Handed to `sink` chunk by chunk while it comes in, with back-pressure. The sink takes the bytes by iterating
   * `body` once; what it leaves is read and thrown away. The iteration rejects if the client goes away midway.
   */
  | { readonly kind: 'stream'; readonly sink: LiteralSink }
  /** The command is dropped and answered so. */
  | { readonly kind: 'refuse'; readonly response: Refusal };

export type LiteralSink = (body: AsyncIterable<Uint8Array>, size: number) => Promise<unknown>;

export interface Refusal {
  readonly status: 'NO' | 'BAD';
  readonly text: string;
  readonly code?: ResponseCode;
}

/** Asked once for every literal. An `ImapSyntaxError` thrown here refuses the command with its own status and text. */
export type LiteralPolicy = (announcement: LiteralAnnouncement) => LiteralDecision | Promise<LiteralDecision>;
