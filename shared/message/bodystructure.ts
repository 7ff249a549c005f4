import { envelopeText } from './envelope.ts';
import { isAscii } from './encoded-word.ts';
import type { WireText } from './imap-string.ts';
import { imapNString, imapString, wireBytes } from './imap-string.ts';
import { extendedValue } from './params.ts';
import type { Disposition, MimeFields, Param, Part } from './parts.ts';

/**
 * The value of FETCH BODYSTRUCTURE with all its extension data (RFC 9051 §7.5.2). Parameters with a charset go out as
 * RFC 2231 writes them in one segment, `FILENAME*` with `utf-8''na%C3%AFve.txt`, which is what clients decode; so do, to
 * who reads ASCII only, parameters that held raw 8-bit text.
 *
 * What cannot be said well-formed is said as something that can: a multipart or message that is nested too deep is
 * application/octet-stream, with its bytes where they are. A message/global is a message to who reads UTF-8, and an
 * opaque part to others (RFC 9755 §6, RFC 3501 §9 `media-message`).
 */
export function bodyStructureBytes(root: Part, wire: WireText): Uint8Array {
  return wireBytes(new StructureWriter(wire).structure(root));
}

/** The structure for a connection that reads UTF-8, or null if it is `ascii`, the one for any other. */
export function utf8BodyStructureBytes(root: Part, ascii: Uint8Array): Uint8Array | null {
  const utf8 = bodyStructureBytes(root, 'utf8');
  return Buffer.compare(utf8, ascii) === 0 ? null : utf8;
}

interface ToldParam {
  readonly text: string;
  /** 8-bit text that came without a charset, and is told with one. */
  readonly isRaw: boolean;
}

class StructureWriter {
  readonly #wire: WireText;

  constructor(wire: WireText) {
    this.#wire = wire;
  }

  structure(part: Part): string {
    const { mime } = part;
    if (part.kind === 'multipart') {
      const children = part.children.map((child) => this.structure(child)).join('');
      return `(${children} ${this.#upper(mime.subtype)} ${this.#paramList(mime.params)} ${this.#tail(mime)})`;
    }
    const fields = [
      ...this.#mediaType(part),
      this.#nstring(mime.id),
      this.#nstring(mime.description),
      this.#upper(mime.encoding),
      `${part.end - part.bodyStart}`,
      ...this.#typeFields(part),
      this.#nstring(mime.md5),
      this.#tail(mime),
    ];
    return `(${fields.join(' ')})`;
  }

  /** Type, subtype and parameters. */
  #mediaType(part: Part): string[] {
    const { type, subtype, params } = part.mime;
    if (part.kind === 'basic' && (type === 'multipart' || this.#isMessage(part.mime)))
      return ['"APPLICATION"', '"OCTET-STREAM"', 'NIL'];
    // RFC 2046 §4.1.2: text without a charset is US-ASCII; clients expect to be told.
    const isBare = part.kind === 'text' && !params.some((param) => param.name.toLowerCase() === 'charset');
    const all = isBare ? [...params, { name: 'CHARSET', value: 'US-ASCII', extended: null }] : params;
    return [this.#upper(type), this.#upper(subtype), this.#paramList(all)];
  }

  #typeFields(part: Part): string[] {
    if (part.kind === 'text') return [`${part.lines}`];
    const [inner] = part.children;
    if (part.kind !== 'message' || !inner?.envelope || !this.#isMessage(part.mime)) return [];
    return [envelopeText(inner.envelope, this.#wire), this.structure(inner), `${part.lines}`];
  }

  /** What this connection takes for a message. */
  #isMessage({ type, subtype }: MimeFields): boolean {
    return type === 'message' && (subtype === 'rfc822' || (subtype === 'global' && this.#wire === 'utf8'));
  }

  /** Disposition, language and location. */
  #tail({ disposition, languages, location }: MimeFields): string {
    return `${this.#disposition(disposition)} ${this.#languages(languages)} ${this.#nstring(location)}`;
  }

  #disposition(disposition: Disposition | null): string {
    return disposition ? `(${this.#upper(disposition.type)} ${this.#paramList(disposition.params)})` : 'NIL';
  }

  #languages(languages: readonly string[]): string {
    if (languages.length === 0) return 'NIL';
    const tags = languages.map((tag) => imapString(tag, this.#wire));
    return tags.length === 1 ? (tags[0] ?? 'NIL') : `(${tags.join(' ')})`;
  }

  #paramList(params: readonly Param[]): string {
    if (params.length === 0) return 'NIL';
    const told = new Map<string, ToldParam>();
    for (const param of params) {
      const { label, ...value } = this.#told(param);
      const before = told.get(label);
      // `name*` without its charset is a second `name`, and raw 8-bit text that is sent as `name*` may have one beside it.
      if (!before || (before.isRaw && !value.isRaw)) told.set(label, value);
    }
    const pairs = [...told].map(
      ([label, { text }]) => `${imapString(label, this.#wire)} ${imapString(text, this.#wire)}`,
    );
    return `(${pairs.join(' ')})`;
  }

  #told({ name, value, extended }: Param): ToldParam & { readonly label: string } {
    const label = isAscii(name) ? name.toUpperCase() : name;
    if (extended !== null) return { label: `${label}*`, text: extended, isRaw: false };
    if (this.#wire === 'utf8' || isAscii(value)) return { label, text: value, isRaw: false };
    const text = extendedValue('utf-8', '', Buffer.from(value, 'utf8'));
    return { label: `${label}*`, text, isRaw: true };
  }

  #nstring(text: string | null): string {
    return imapNString(text, this.#wire);
  }

  #upper(text: string): string {
    return imapString(text.toUpperCase(), this.#wire);
  }
}
