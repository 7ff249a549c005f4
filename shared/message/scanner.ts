import { Boundaries } from './boundaries.ts';
import { ByteBuffer, concatBytes } from './byte-buffer.ts';
import { fieldText } from './field-text.ts';
import type { HeaderField, RetentionBudget } from './header-fields.ts';
import { HeaderCollector, isBlankLine } from './header-fields.ts';
import { MIME_FIELDS, mimeFields, PLAIN } from './mime-fields.ts';
import type { EnvelopeField, EnvelopeFields, MimeFields, Part, PartKind } from './parts.ts';
import { ENVELOPE_FIELDS, paramOf } from './parts.ts';

/**
 * A MIME scanner that reads a message once, in chunks of any size, and keeps only what it found: memory is bounded by
 * the limits below, time is linear in the bytes, and no input makes it throw. A line ends with LF, a CR before it is
 * part of the line end; a bare CR or a NUL is a byte like any other. A header ends at its first blank line; lines in it
 * that are no fields are passed over.
 */

/** Multiparts and messages inside each other; what is deeper is not taken apart. */
export const MAX_DEPTH = 100;
/** Parts of one message; the rest of the message belongs to the last one. */
export const MAX_PARTS = 10_000;
/** A field of the envelope, or one that is listed. A To of 5,000 recipients fits. */
const MAX_FIELD = 256 * 1024;
const MAX_MIME_FIELD = 16 * 1024;
/** Header bytes kept of one message, all parts together. */
const MAX_RETAINED = 4 * 1024 * 1024;
/** RFC 2046 allows 70; a longer one than this is taken for none. */
const MAX_BOUNDARY = 1000;
/** A line is judged by this many of its first bytes: `--`, the longest boundary, `--`. */
const LINE_HEAD = MAX_BOUNDARY + 24;

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;

export interface ScanOptions {
  /** Names (lower case) of top-level header fields to keep raw, in message order. */
  readonly listed?: ReadonlySet<string>;
  /** Keep the first bytes of the first text parts' bodies: at most `bytes` of each of `parts`. */
  readonly capture?: { readonly parts: number; readonly bytes: number };
}

export interface MessageStructure {
  /** Bytes of the message. */
  readonly size: number;
  readonly root: Part;
  /** The listed fields of the top-level header as in the message, and its blank line. */
  readonly listed: Uint8Array;
  /** Every listed field is in `listed` to its last byte. */
  readonly listedComplete: boolean;
  /** First bytes of the first text parts' bodies, as stored, in message order. */
  readonly captured: readonly CapturedText[];
}

export interface CapturedText {
  readonly mime: MimeFields;
  readonly bytes: Uint8Array;
}

/** A part that is still open. */
interface Frame {
  readonly start: number;
  readonly isMessage: boolean;
  readonly inDigest: boolean;
  readonly children: Part[];
  /** Null once the header has ended. */
  header: HeaderCollector | null;
  bodyStart: number;
  linesBefore: number;
  kind: PartKind;
  mime: MimeFields;
  envelope: EnvelopeFields | null;
  /** Of a multipart whose closing delimiter has not come. */
  boundary: Uint8Array | null;
  capture: ByteBuffer | null;
}

export class MimeScanner {
  readonly #options: ScanOptions;
  readonly #boundaries = new Boundaries();
  readonly #stack: Frame[] = [];
  readonly #budget: RetentionBudget = { left: MAX_RETAINED, spent: false };
  readonly #head = new ByteBuffer();
  readonly #captured: CapturedText[] = [];
  #captures = 0;
  #listed: Uint8Array = new Uint8Array(0);
  #listedComplete = true;
  #root: Part | null = null;
  #parts = 0;
  /** Bytes read, and line ends among them. */
  #offset = 0;
  #lines = 0;
  #lineStart = 0;
  /** `start`: nothing of the line read yet; `head`: its first bytes are gathered; `rest`: it has been judged. */
  #line: 'start' | 'head' | 'rest' = 'start';
  /** The rest of the line goes to the header's open field. */
  #inField = false;
  /** The line before ended with this many bytes of line end: 0 at the start of the message, 1 LF, 2 CR LF. */
  #breakLength = 0;
  #lastByte = 0;
  /** The line is a delimiter: a part starts where it ends. */
  #partFollows = false;
  #steps = 0;

  constructor(options: ScanOptions = {}) {
    this.#options = options;
    this.#open(true, false);
  }

  /** Steps taken so far; the tests hold them to a multiple of the bytes. */
  get steps(): number {
    return this.#steps + this.#boundaries.steps;
  }

  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const lf = chunk.indexOf(LF, at);
      const end = lf < 0 ? chunk.length : lf + 1;
      this.#piece(chunk, at, end);
      if (lf >= 0) this.#endLine(chunk, at, end);
      this.#lastByte = chunk[end - 1] ?? 0;
      at = end;
    }
  }

  /** Ends the message. The scanner is of no use afterwards. */
  end(): MessageStructure {
    if (this.#line === 'head') this.#judge(this.#head.bytes());
    if (this.#partFollows) this.#open(false, this.#digestAbove());
    while (this.#stack.length > 0) this.#close(this.#offset, 0);
    const root = this.#root;
    if (!root) throw new Error('MimeScanner.end was called twice');
    return {
      size: this.#offset,
      root,
      listed: this.#listed,
      listedComplete: this.#listedComplete,
      captured: this.#captured,
    };
  }

  /** Takes `chunk[at … end)`, which is all or part of one line. */
  #piece(chunk: Uint8Array, at: number, end: number): void {
    this.#steps++;
    this.#offset += end - at;
    const frame = this.#top();
    const room = (this.#options.capture?.bytes ?? 0) - (frame.capture?.length ?? 0);
    if (frame.capture && room > 0) frame.capture.push(chunk, at, Math.min(end, at + room));
    if (this.#line === 'start') {
      this.#lineStart = this.#offset - (end - at);
      const judged = frame.header !== null || (!this.#boundaries.empty && chunk[at] === DASH);
      this.#line = judged ? 'head' : 'rest';
      this.#inField = false;
      this.#head.clear();
    }
    if (this.#line === 'rest') {
      if (this.#inField) this.#top().header?.more(chunk, at, end);
      return;
    }
    const taken = Math.min(end, at + LINE_HEAD - this.#head.length);
    this.#steps += taken - at;
    const whole = chunk[end - 1] === LF;
    if (this.#head.length === 0 && (whole || taken < end)) {
      this.#judge(chunk.subarray(at, taken));
    } else {
      this.#head.push(chunk, at, taken);
      if (!whole && taken === end && this.#head.length < LINE_HEAD) return;
      this.#judge(this.#head.bytes());
    }
    this.#line = 'rest';
    if (this.#inField && taken < end) this.#top().header?.more(chunk, taken, end);
  }

  /** Decides what the line is that starts with `head`: a delimiter, the end of a header, or part of one. */
  #judge(head: Uint8Array): void {
    const delimiter = this.#boundaries.match(head);
    if (delimiter) {
      while (this.#stack.length > delimiter.level + 1) this.#close(this.#lineStart, this.#breakLength);
      if (delimiter.closing) this.#dropBoundary(delimiter.level);
      else this.#partFollows = true;
      return;
    }
    const { header } = this.#top();
    // A blank line ends the header at its end, which is not known to be reached yet.
    if (!header || isBlankLine(head)) return;
    header.line(head);
    this.#inField = true;
  }

  #endLine(chunk: Uint8Array, at: number, end: number): void {
    this.#lines++;
    const before = end - 2 >= at ? chunk[end - 2] : this.#offset - this.#lineStart > 1 ? this.#lastByte : 0;
    this.#breakLength = before === CR ? 2 : 1;
    this.#line = 'start';
    if (this.#partFollows) {
      this.#partFollows = false;
      this.#open(false, this.#digestAbove());
    } else if (this.#top().header && this.#offset - this.#lineStart === this.#breakLength) {
      this.#endHeader(this.#top(), this.#blankLine());
    }
  }

  #blankLine(): Uint8Array {
    return this.#breakLength === 2 ? new Uint8Array([CR, LF]) : new Uint8Array([LF]);
  }

  #top(): Frame {
    const frame = this.#stack.at(-1);
    // The root is opened by the constructor and closed by `end`.
    if (!frame) throw new Error('MimeScanner was written to after end');
    return frame;
  }

  #digestAbove(): boolean {
    const { mime } = this.#top();
    return mime.type === 'multipart' && mime.subtype === 'digest';
  }

  #open(isMessage: boolean, inDigest: boolean, start = this.#offset): void {
    this.#parts++;
    const isRoot = this.#stack.length === 0;
    const listed = isRoot ? this.#options.listed : undefined;
    const wanted = (name: string): number => {
      if (listed?.has(name)) return MAX_FIELD;
      if (isMessage && isEnvelopeField(name)) return MAX_FIELD;
      return MIME_FIELDS.has(name) ? MAX_MIME_FIELD : 0;
    };
    this.#stack.push({
      start,
      isMessage,
      inDigest,
      children: [],
      header: new HeaderCollector(wanted, this.#budget),
      bodyStart: start,
      linesBefore: this.#lines,
      kind: 'text',
      mime: PLAIN,
      envelope: null,
      boundary: null,
      capture: null,
    });
    // Only parts that are there can be delimited: from here on all is the body of this one.
    if (this.#parts >= MAX_PARTS) this.#boundaries.clear();
  }

  /** The top frame's header has ended, and its body starts at the offset reached. */
  #endHeader(frame: Frame, blankLine: Uint8Array, bodyStart = this.#offset): void {
    const fields = frame.header?.end() ?? [];
    frame.header = null;
    frame.bodyStart = bodyStart;
    frame.linesBefore = this.#lines;
    frame.mime = mimeFields(fields, frame.inDigest);
    if (frame.isMessage) frame.envelope = envelopeFields(fields);
    if (this.#stack.length === 1) this.#keepListed(fields, blankLine);
    this.#enterBody(frame);
  }

  #enterBody(frame: Frame): void {
    const { type, params, disposition } = frame.mime;
    const full = this.#stack.length >= MAX_DEPTH || this.#parts >= MAX_PARTS;
    if (type === 'multipart' && !full) {
      frame.kind = 'multipart';
      const boundary = Buffer.from((paramOf(params, 'boundary') ?? '').trimEnd(), 'utf8');
      if (boundary.length === 0 || boundary.length > MAX_BOUNDARY) return;
      frame.boundary = boundary;
      this.#boundaries.add(boundary, this.#stack.length - 1);
    } else if (isMessage(frame.mime) && !full) {
      frame.kind = 'message';
      this.#open(true, false, frame.bodyStart);
    } else {
      frame.kind = type === 'text' ? 'text' : 'basic';
      const wants = frame.kind === 'text' && disposition?.type !== 'attachment';
      if (wants && this.#captures < (this.#options.capture?.parts ?? 0)) {
        this.#captures++;
        frame.capture = new ByteBuffer();
      }
    }
  }

  #keepListed(fields: readonly HeaderField[], blankLine: Uint8Array): void {
    const listed = this.#options.listed;
    if (!listed) return;
    const kept = fields.filter((field) => listed.has(field.name));
    this.#listedComplete = !this.#budget.spent && !kept.some((field) => field.cut);
    this.#listed = concatBytes([...kept.map((field) => field.raw), blankLine]);
  }

  #dropBoundary(level: number): void {
    const frame = this.#stack[level];
    if (!frame?.boundary) return;
    this.#boundaries.remove(frame.boundary, level);
    frame.boundary = null;
  }

  /**
   * Closes the top frame before the delimiter line, or end of message, at `at`. The line break before a delimiter
   * (`breakLength` bytes) belongs to the delimiter, unless it ends the header, its own or of a message inside.
   */
  #close(at: number, breakLength: number): void {
    const frame = this.#top();
    if (frame.header) {
      this.#endHeader(frame, new Uint8Array(0), at);
      // A message inside, opened this moment, has neither header nor body.
      if (this.#top() !== frame) this.#close(at, 0);
    }
    if (!this.#boundaries.empty) this.#dropBoundary(this.#stack.length - 1);
    this.#stack.pop();
    const reached = Math.max(frame.bodyStart, frame.children.at(-1)?.end ?? 0);
    const end = at - breakLength < reached ? at : at - breakLength;
    const lines = this.#lines - frame.linesBefore - (end < at ? 1 : 0);
    const { start, bodyStart, kind, mime, envelope, children } = frame;
    // RFC 9051 has no multipart without parts: one that has none shows all its text as one.
    if (kind === 'multipart' && children.length === 0) children.push(plainPart(bodyStart, end, lines));
    const part = { start, bodyStart, end, lines, kind, mime, envelope, children };
    if (frame.capture) {
      this.#captured.push({ mime, bytes: frame.capture.bytes().slice(0, end - bodyStart) });
    }
    const parent = this.#stack.at(-1);
    if (parent) parent.children.push(part);
    else this.#root = part;
  }
}

function plainPart(start: number, end: number, lines: number): Part {
  return { start, bodyStart: start, end, lines, kind: 'text', mime: PLAIN, envelope: null, children: [] };
}

/**
 * A message whose bytes are its own. A message/global may be encoded as a whole (RFC 6532 §3.7), and is then opaque; a
 * message/rfc822 may not (RFC 2046 §5.2.1), and one that says so is read as what it is.
 */
function isMessage({ type, subtype, encoding }: MimeFields): boolean {
  if (type !== 'message') return false;
  return subtype === 'rfc822' || (subtype === 'global' && !/^(?:base64|quoted-printable)$/.test(encoding));
}

function isEnvelopeField(name: string): name is EnvelopeField {
  return (ENVELOPE_FIELDS as readonly string[]).includes(name);
}

/** Address fields that come more than once read as one, so that no client shows another sender than was checked. */
const ADDRESS_FIELDS: ReadonlySet<string> = new Set(['from', 'sender', 'reply-to', 'to', 'cc', 'bcc']);

function envelopeFields(fields: readonly HeaderField[]): EnvelopeFields {
  const texts = new Map<string, string[]>();
  for (const field of fields) {
    if (!isEnvelopeField(field.name)) continue;
    const before = texts.get(field.name);
    const text = fieldText(field.raw.subarray(field.valueAt));
    if (!before) texts.set(field.name, [text]);
    else if (ADDRESS_FIELDS.has(field.name)) before.push(text);
  }
  const entries = ENVELOPE_FIELDS.map((name) => [name, texts.get(name)?.join(', ') ?? null] as const);
  return Object.fromEntries(entries) as EnvelopeFields;
}
