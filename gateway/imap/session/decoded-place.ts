/**
 * How far into an encoded section a client has read by BINARY with partials (RFC 3516 §4.2), so that the next piece need
 * not be decoded from the first byte on: who reads a part in a hundred pieces would have it decoded fifty times.
 */

/**
 * Octets that are decoded between two looks at whether the decoder could begin anew here. Odd: in base64 without line
 * breaks one look in four finds a group complete, where a multiple of four might find none.
 */
export const SLICE_BYTES = 8 * 1024 - 1;

interface Place {
  readonly uid: number;
  /** Where the section begins in the message. */
  readonly section: number;
  /** Octets of the section as it is stored, and as it is decoded, that a new decoder may leave out. */
  readonly encoded: number;
  readonly decoded: number;
}

export type Progress = Pick<Place, 'encoded' | 'decoded'>;

const BEGINNING: Progress = { encoded: 0, decoded: 0 };

/** Of the mailbox that is selected. One place is kept: clients read one part after the other. */
export class DecodedPlace {
  #place: Place | null = null;

  /** Where to begin, to be right from octet `offset` of the decoded section on. */
  before(uid: number, section: number, offset: number): Progress {
    const place = this.#place;
    const isIt = place?.uid === uid && place.section === section && place.decoded <= offset;
    return isIt ? place : BEGINNING;
  }

  note(uid: number, section: number, { encoded, decoded }: Progress): void {
    this.#place = { uid, section, encoded, decoded };
  }
}

export function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}
