/** Sizes as people write them: `50GB`, `500MB`. A kilobyte has 1,024 octets here, as `GB` means on most mail systems. */
import { SetupError } from '../local/setup-error.ts';

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/**
 * Octets. The unit must be there, so that `--quota 50` is not a mailbox of 50 octets.
 * @throws {SetupError} if it is no size; `what` names it.
 */
export function parseSize(text: string, what: string): number {
  const [, number, prefix = ''] = /^(\d+(?:\.\d+)?) ?(?:([KMGT])i?)?B$/i.exec(text) ?? [];
  const power = UNITS.findIndex((unit) => unit === `${prefix.toUpperCase()}B`);
  const octets = Math.round(Number(number) * 1024 ** power);
  if (Number.isSafeInteger(octets)) return octets;
  throw new SetupError(`${what} is "${text}", but a size is a number with its unit, such as 50GB or 500MB.`);
}

/** The size in the greatest unit in which it is a whole number: `parseSize` gives the same again. */
export function formatSize(octets: number): string {
  let [value, power] = [octets, 0];
  while (value > 0 && value % 1024 === 0 && power < UNITS.length - 1) {
    value /= 1024;
    power += 1;
  }
  return `${value}${UNITS[power] ?? 'B'}`;
}

/** @throws {SetupError} if it is no whole number; `what` names it. */
export function parseCount(text: string, what: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(count)) return count;
  throw new SetupError(`${what} is "${text}", but it must be a whole number.`);
}
