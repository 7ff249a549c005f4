/** A summary is not one, or of a version that this release does not know. Summaries can be made again from messages. */
export class SummaryFormatError extends Error {
  override readonly name = 'SummaryFormatError';
}

export function asArray(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw new SummaryFormatError('summary with something else where a list belongs');
}

export function asNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  throw new SummaryFormatError('summary with something else where a number belongs');
}

export function asBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new SummaryFormatError('summary with something else where bytes belong');
}

export function asString(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new SummaryFormatError('summary with something else where text belongs');
}
