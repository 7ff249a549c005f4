/** How a message comes by APPEND: what is recorded of it, and kept with its bytes. */
import type { Arrival } from '../../../shared/blob/arrival.ts';
import { ZONE_STEP } from '../../../shared/account/columns.ts';
import { flagsOf } from '../commands/flags.ts';
import type { AppendedMessage } from '../wire/ast.ts';

/** INTERNALDATE: as the client says it, or `now`, milliseconds since the epoch. */
export function internalDate(date: AppendedMessage['date'], now: number): { date: number; zone: number } {
  return {
    date: Math.floor((date?.time ?? now) / 1000),
    zone: Math.round((date?.offsetMinutes ?? 0) / ZONE_STEP) * ZONE_STEP,
  };
}

/** `mailbox`: its name in its owner's account. */
export function arrivalIn(
  mailbox: string,
  { flags, date }: Pick<AppendedMessage, 'flags' | 'date'>,
  now: number,
): Arrival {
  return { ...internalDate(date, now), ...flagsOf(flags), mailbox, use: null, time: now };
}
