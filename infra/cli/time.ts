/** Moments as people write them: `2026-11-28`, `2026-11-28T09:30`, `2026-11-28T09:30Z`, or how long ago: `90m`, `36h`, `3d`. */
import { SetupError } from '../local/setup-error.ts';

const UNIT_SECONDS = { m: 60, h: 3_600, d: 86_400 } as const;
const MOMENT = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Seconds since the epoch. A day without a time is its beginning; without a zone, it is this machine's. `now`: seconds.
 * @throws {SetupError} if it is no moment, or one to come; `what` names it.
 */
export function parseMoment(text: string, what: string, now: number): number {
  const seconds = momentOf(text, now);
  if (Number.isNaN(seconds))
    throw new SetupError(
      `${what} is "${text}", but a time is such as 2026-11-28, 2026-11-28T09:30Z, or how long ago: 90m, 36h, 3d.`,
    );
  if (seconds > now) throw new SetupError(`${what} is "${text}", which is still to come.`);
  return seconds;
}

function momentOf(text: string, now: number): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined)
    return now - Number(count) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
  if (!MOMENT.test(text)) return NaN;
  // A bare day would be taken for UTC, and one with a time for the machine's zone.
  const moment = text.replace(' ', 'T');
  return Math.floor(Date.parse(moment.length === 10 ? `${moment}T00:00` : moment) / 1000);
}

/** As `parseMoment` reads it again, to the second, in UTC. */
export function formatMoment(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
