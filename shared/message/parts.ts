/** A parameter of Content-Type or Content-Disposition, after RFC 2231. */
export interface Param {
  /** As written, without `*` and segment numbers. */
  readonly name: string;
  readonly value: string;
  /** Of one that came with a charset, `name*=utf-8''…`: what goes out as the value of `name*`; null for others. */
  readonly extended: string | null;
}

export interface Disposition {
  readonly type: string;
  readonly params: readonly Param[];
}

/** The MIME fields of one part, defaults filled in (RFC 2045 §5.2, RFC 2046 §5.1.5). */
export interface MimeFields {
  /** Lower case. */
  readonly type: string;
  readonly subtype: string;
  readonly params: readonly Param[];
  /** Content-Transfer-Encoding, lower case. */
  readonly encoding: string;
  readonly id: string | null;
  readonly description: string | null;
  readonly md5: string | null;
  readonly disposition: Disposition | null;
  readonly languages: readonly string[];
  readonly location: string | null;
}

export const ENVELOPE_FIELDS = [
  'date',
  'subject',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'in-reply-to',
  'message-id',
] as const;

export type EnvelopeField = (typeof ENVELOPE_FIELDS)[number];

/** The fields of an ENVELOPE as `fieldText` gives them; null where the header has none. */
export type EnvelopeFields = Readonly<Record<EnvelopeField, string | null>>;

/** How a part is taken apart: only `multipart` and `message` have children. */
export type PartKind = 'text' | 'basic' | 'multipart' | 'message';

/**
 * One part: offsets are exact bytes of the stored message. The header is `start … bodyStart` with its blank line, the
 * body is `bodyStart … end`, without the line break that belongs to the next delimiter (RFC 2046 §5.1.1).
 */
export interface Part {
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  /** Line ends (LF) in the body. */
  readonly lines: number;
  readonly kind: PartKind;
  readonly mime: MimeFields;
  /** Of the root and of what a message/rfc822 holds; null for others. */
  readonly envelope: EnvelopeFields | null;
  /** Of a multipart its parts, at least one; of a message/rfc822 the one message it holds. */
  readonly children: readonly Part[];
}

/** The value of a parameter, by its name in lower case; the extended form wins (RFC 6266 §4.3). */
export function paramOf(params: readonly Param[], name: string): string | null {
  const found = params.filter((param) => param.name.toLowerCase() === name);
  return (found.find((param) => param.extended !== null) ?? found[0])?.value ?? null;
}
