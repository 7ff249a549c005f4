/**
 * Trace header fields of a delivered message: one `Return-Path` (RFC 5321 §4.4), for whom it was delivered, and our own
 * `Received`. SES has put its `Return-Path` first; any further one came from the sender, who has no business to say it.
 */

export interface Trace {
  /** Envelope sender; empty for a bounce. */
  readonly source: string;
  /** The recipient that the sender wrote to. */
  readonly recipient: string;
  readonly messageId: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Name of this installation, in `by`. */
  readonly hostname: string;
}

const LF = 10;
const CR = 13;
const RETURN_PATH = 'return-path:';
/** Bytes within which a field's colon must come: a line is at most 998 (RFC 5322 §2.1.1). */
const LONGEST_NAME = 998;

/** The message as it is stored: pieces that follow each other, sharing the bytes of `raw`. */
export function traced(raw: Uint8Array, trace: Trace): readonly Uint8Array[] {
  const { fields, end } = returnPaths(raw);
  const first = fields[0];
  const own = first?.start === 0 ? raw.subarray(first.start, first.end) : undefined;
  // A message whose first line is no field has no header: ours must not take that line for its own.
  const headless = raw.length > 0 && !beginsWithField(raw);
  const pieces: Uint8Array[] = [
    own ?? Buffer.from(`Return-Path: <${clean(trace.source)}>\r\n`),
    received(trace),
  ];
  if (headless) pieces.push(Buffer.from('\r\n'));
  let from = 0;
  for (const field of fields) {
    pieces.push(raw.subarray(from, field.start));
    from = field.end;
  }
  pieces.push(raw.subarray(from, end), raw.subarray(end));
  return pieces.filter(({ length }) => length > 0);
}

function received({ recipient, messageId, time, hostname }: Trace): Uint8Array {
  const date = new Date(time).toUTCString().replace('GMT', '+0000');
  const lines = [
    `Delivered-To: ${clean(recipient)}`,
    `Received: by ${clean(hostname)} (Quire) id ${clean(messageId)}`,
    `\tfor <${clean(recipient)}>; ${date}`,
  ];
  return Buffer.from(lines.map((line) => `${line}\r\n`).join(''));
}

/** A field's name and its colon, or the end of an empty header (RFC 5322 §2.2, §3.6.8). */
function beginsWithField(raw: Uint8Array): boolean {
  const start = Buffer.from(raw.subarray(0, LONGEST_NAME)).toString('latin1');
  return /^(?:[!-9;-~]+[ \t]*:|\r?\n)/.test(start);
}

/** Nothing from an envelope may begin a line of its own. */
function clean(text: string): string {
  return text.replace(/[\r\n\0<>]/g, '');
}

/** Extents of the `Return-Path` fields, folded lines included, and where the header ends. */
function returnPaths(raw: Uint8Array): { fields: { start: number; end: number }[]; end: number } {
  const fields: { start: number; end: number }[] = [];
  let open: { start: number; end: number } | null = null;
  let at = 0;
  while (at < raw.length) {
    const feed = raw.indexOf(LF, at);
    const next = feed < 0 ? raw.length : feed + 1;
    const first = raw[at];
    if (first === LF || (first === CR && raw[at + 1] === LF)) break;
    if (first === 32 || first === 9) {
      if (open) open.end = next;
    } else {
      const name = Buffer.from(raw.subarray(at, at + RETURN_PATH.length)).toString('latin1');
      open = name.toLowerCase() === RETURN_PATH ? { start: at, end: next } : null;
      if (open) fields.push(open);
    }
    at = next;
  }
  return { fields, end: at };
}
