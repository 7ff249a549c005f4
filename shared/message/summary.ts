import { attachmentKeywords } from './attachments.ts';
import { bodyStructureBytes, utf8BodyStructureBytes } from './bodystructure.ts';
import { parseDate } from './date.ts';
import { envelopeBytes, utf8EnvelopeBytes } from './envelope.ts';
import { filterHeaderFields } from './header-fields.ts';
import { LISTED_FIELDS } from './listed-fields.ts';
import type { PartOffsets } from './part-offsets.ts';
import { partOffsets } from './part-offsets.ts';
import { PREVIEW_CAPTURE, previewOf } from './preview.ts';
import { MimeScanner } from './scanner.ts';

export { decodeSummary, encodeSummary, SummaryFormatError } from './summary-codec.ts';

/** What clients ask of a message without opening it. Derived from the message alone, and can be made again from it. */
export interface Summary {
  /** Bytes of the message. */
  readonly size: number;
  /** Value of FETCH ENVELOPE, the very bytes for the socket. */
  readonly envelope: Uint8Array;
  /** The same for a connection that reads UTF-8 (UTF8=ACCEPT or IMAP4rev2), if it differs. */
  readonly envelopeUtf8?: Uint8Array | undefined;
  /** Value of FETCH BODYSTRUCTURE; `bodyOf` makes FETCH BODY of it. */
  readonly bodyStructure: Uint8Array;
  /** As of the envelope. */
  readonly bodyStructureUtf8?: Uint8Array | undefined;
  /** The listed header fields (`LISTED_FIELDS`) as in the message, in its order, and the header's blank line if it has one. */
  readonly headers: Uint8Array;
  /** False if the listed fields were too long to keep: `headers` is empty, and the message has to be read for them. */
  readonly headersComplete: boolean;
  readonly parts: PartOffsets;
  /** RFC 8970: at most 200 characters of plain text, '' if there is none. */
  readonly preview: string;
  /** The Date field in milliseconds since the epoch; null if there is none that can be read. */
  readonly sentDate: number | null;
  /** SHA-256 of the message, by which it is told from a damaged one; absent where an older release wrote the summary. */
  readonly digest?: Uint8Array | undefined;
  /** The Date field's zone, minutes east of UTC: SENTBEFORE and its kin compare the date as written (RFC 9051 §6.4.4). */
  readonly sentZone: number;
}

/** Listed fields beyond this are left to the message: a listing asks for few of them, and never for so much. */
const MAX_LISTED = 32 * 1024;

/** Makes a message's summary while the message streams by: `write` every chunk, then `end` once. */
export class SummaryBuilder {
  readonly #scanner = new MimeScanner({ listed: LISTED_FIELDS, capture: PREVIEW_CAPTURE });
  #keywords: readonly string[] = [];

  /** Keywords that a delivery sets, once `end` was called. */
  get keywords(): readonly string[] {
    return this.#keywords;
  }

  write(chunk: Uint8Array): void {
    this.#scanner.write(chunk);
  }

  end(): Summary {
    const { size, root, listed, listedComplete, captured } = this.#scanner.end();
    this.#keywords = attachmentKeywords(root);
    const { envelope: fields } = root;
    if (!fields) throw new Error('the root of a scanned message has no envelope');
    const envelope = envelopeBytes(fields, 'ascii');
    const utf8 = utf8EnvelopeBytes(fields, envelope);
    const bodyStructure = bodyStructureBytes(root, 'ascii');
    const structureUtf8 = utf8BodyStructureBytes(root, bodyStructure);
    const headersComplete = listedComplete && listed.length <= MAX_LISTED;
    const sent = parseDate(fields.date ?? '');
    return {
      size,
      envelope,
      ...(utf8 && { envelopeUtf8: utf8 }),
      bodyStructure,
      ...(structureUtf8 && { bodyStructureUtf8: structureUtf8 }),
      headers: headersComplete ? listed : filterHeaderFields(listed, []),
      headersComplete,
      parts: partOffsets(root),
      preview: previewOf(captured),
      sentDate: sent?.at ?? null,
      sentZone: sent?.zone ?? 0,
    };
  }
}

/** The summary of a message that is read once, in bounded memory. */
export async function summarize(body: AsyncIterable<Uint8Array>): Promise<Summary> {
  const builder = new SummaryBuilder();
  for await (const chunk of body) builder.write(chunk);
  return builder.end();
}
