/** A message's subject for a line of a report. */
import { decodeWords } from '../../shared/message/decode.ts';
import { readEnvelope } from '../../shared/message/envelope-reader.ts';
import { decodeSummary } from '../../shared/message/summary.ts';

const LONGEST = 100;

/**
 * The subject that a summary tells; null if there is none, or the summary cannot be read. Without control characters: what a
 * stranger wrote goes to somebody's terminal.
 */
export function subjectOf(summary: Uint8Array): string | null {
  try {
    const { subject } = readEnvelope(decodeSummary(summary).envelope);
    if (subject === null) return null;
    const plain = decodeWords(subject).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
    return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain;
  } catch {
    return null;
  }
}
