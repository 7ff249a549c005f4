/**
 * A stored message is not what was stored: cut, changed, put in another's place, or sealed with another key. Whoever
 * reads it gets this error, and never bytes that were not written.
 */
export class DamagedBlobError extends Error {
  readonly blob: string;
  constructor(blob: string, what: string, options?: ErrorOptions) {
    super(`message ${blob} is damaged: ${what}`, options);
    this.name = 'DamagedBlobError';
    this.blob = blob;
  }
}
