/** Base64 as mail has it: lines of 76 characters (RFC 2045 §6.8), the last one without a line end. */

/** Bytes of a line before they are encoded. */
const LINE_BYTES = 57;
const LINE_LENGTH = 76;

/** Characters that `size` bytes take. */
export function base64LinesLength(size: number): number {
  const digits = 4 * Math.ceil(size / 3);
  return digits + 2 * Math.max(0, Math.ceil(digits / LINE_LENGTH) - 1);
}

/** Encodes a body piece by piece. */
export async function* base64Lines(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let rest = Buffer.alloc(0);
  let first = true;
  const lines = (bytes: Buffer): Uint8Array => {
    const text: string[] = [];
    for (let at = 0; at < bytes.length; at += LINE_BYTES)
      text.push(bytes.subarray(at, at + LINE_BYTES).toString('base64'));
    const encoded = (first ? '' : '\r\n') + text.join('\r\n');
    first = false;
    return Buffer.from(encoded, 'latin1');
  };
  for await (const chunk of body) {
    const bytes = Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % LINE_BYTES);
    if (whole > 0) yield lines(bytes.subarray(0, whole));
    rest = bytes.subarray(whole);
  }
  if (rest.length > 0) yield lines(rest);
}
