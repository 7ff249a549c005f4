/** What an installation lays down for the functions that run by the clock. */
import { GRACE_DAYS } from '../shared/account/due.ts';

export interface MaintenanceSettings {
  /** For how many days what was expunged can be brought back. */
  readonly graceDays: number;
}

export const MAINTENANCE_DEFAULTS: MaintenanceSettings = { graceDays: GRACE_DAYS };

/** `QUIRE_GRACE_DAYS`, a whole number from 1; `GRACE_DAYS` without. Throws in one sentence. */
export function maintenanceSettingsFrom(
  environment: Readonly<Record<string, string | undefined>>,
): MaintenanceSettings {
  const text = environment.QUIRE_GRACE_DAYS ?? '';
  if (text === '') return MAINTENANCE_DEFAULTS;
  const graceDays = Number(text);
  if (!Number.isSafeInteger(graceDays) || graceDays < 1)
    throw new Error(`QUIRE_GRACE_DAYS is ${text}: give a whole number of days from 1`);
  return { graceDays };
}
