/**
 * The values of one field in a header, found by looking at the beginnings of lines alone: searching, sorting and threading
 * a mailbox of ten thousand ask ten thousand headers for one or two fields each.
 */

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;

/** Raw values of the fields called `name` (lower case), in order, with their line ends. The blank line ends the header. */
export function rawFieldValues(header: Uint8Array, name: string): Uint8Array[] {
  const values: Uint8Array[] = [];
  for (let at = 0; at < header.length;) {
    if (header[at] === LF || (header[at] === CR && header[at + 1] === LF)) break;
    const value = valueStart(header, at, name);
    const end = fieldEnd(header, at);
    if (value >= 0) values.push(header.subarray(value, end));
    at = end;
  }
  return values;
}

/** Where the field that begins at `at` ends, with the lines that continue it. */
export function fieldEnd(header: Uint8Array, at: number): number {
  let end = lineEnd(header, at);
  while (header[end] === SPACE || header[end] === TAB) end = lineEnd(header, end);
  return end;
}

/** Where the value starts if the line at `at` begins with the field's name; else -1. Blanks may stand before the colon. */
function valueStart(header: Uint8Array, at: number, name: string): number {
  let next = at;
  for (let index = 0; index < name.length; index++) {
    const byte = header[next++] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== name.charCodeAt(index)) return -1;
  }
  while (header[next] === SPACE || header[next] === TAB) next++;
  return header[next] === COLON ? next + 1 : -1;
}

function lineEnd(bytes: Uint8Array, from: number): number {
  const lf = bytes.indexOf(LF, from);
  return lf < 0 ? bytes.length : lf + 1;
}
