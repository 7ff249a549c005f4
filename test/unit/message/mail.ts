import type { ScanOptions, MessageStructure } from '../../../shared/message/scanner.ts';
import { MimeScanner } from '../../../shared/message/scanner.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import { SummaryBuilder } from '../../../shared/message/summary.ts';

/** Lines with CR LF after each, as bytes; chars are bytes (latin1). */
export function mail(...lines: string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
}

export function scan(message: Uint8Array, options?: ScanOptions): MessageStructure {
  const scanner = new MimeScanner(options);
  scanner.write(message);
  return scanner.end();
}

export function summaryOf(message: Uint8Array): Summary {
  const builder = new SummaryBuilder();
  builder.write(message);
  return builder.end();
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** `bytes` cut at the given places (any order, any number), as chunks that share nothing with each other. */
export function chunked(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => Uint8Array.from(bytes.subarray(places[index], end)));
}
