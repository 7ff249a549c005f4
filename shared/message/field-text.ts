import { guessText } from './charset.ts';

const NUL = /\0/g;
/** Line ends, with the bare CR and LF that broken mailers leave inside a field. */
const BREAKS = /[\r\n]+/g;

/**
 * A field's raw value as one line of text: unfolded (RFC 5322 §2.2.3), trimmed, without NUL, CR or LF, 8-bit bytes
 * read as `guessText` does. Encoded words stay as they are.
 */
export function fieldText(raw: Uint8Array): string {
  return unfolded(raw).trim();
}

/** As `fieldText`, with the blanks at both ends: all that comes after the colon. */
export function unfolded(raw: Uint8Array): string {
  const text = guessText(raw).replace(NUL, '');
  // A fold is a line end before a blank, and the blank stays. A break without one was never a fold: it becomes a blank.
  return text.replace(BREAKS, (breaks: string, at: number) => {
    const next = text.charAt(at + breaks.length);
    return next === ' ' || next === '\t' || next === '' ? '' : ' ';
  });
}
