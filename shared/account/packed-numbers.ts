/** Columns of numbers as bytes: distances from the row before, which are small where numbers rise together. */

/** Signed numbers as distances, zigzag and LEB128, of any magnitude below 2^52. */
export function packNumbers(values: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  let previous = 0;
  for (const value of values) {
    const distance = value - previous;
    previous = value;
    let zigzag = distance < 0 ? -distance * 2 - 1 : distance * 2;
    while (zigzag >= 0x80) {
      bytes.push((zigzag % 0x80) | 0x80);
      zigzag = Math.floor(zigzag / 0x80);
    }
    bytes.push(zigzag);
  }
  return Uint8Array.from(bytes);
}

/** Inverse of `packNumbers`. */
export function unpackNumbers(bytes: Uint8Array): number[] {
  const values: number[] = [];
  unpackInto(values, 0, bytes);
  return values;
}

/** Puts what `packNumbers` packed into `target` from `at` on; returns how many there were. */
export function unpackInto(target: Record<number, number>, at: number, bytes: Uint8Array): number {
  let next = at;
  let previous = 0;
  let zigzag = 0;
  let scale = 1;
  for (const byte of bytes) {
    zigzag += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte & 0x80) continue;
    if (zigzag < 0x8000_0000) previous += (zigzag >>> 1) ^ -(zigzag & 1);
    else previous += zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
    target[next++] = previous;
    zigzag = 0;
    scale = 1;
  }
  return next - at;
}
