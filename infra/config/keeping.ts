/** The parts of a configuration that say how long things are kept, where, and from which tables. */
import { GRACE_DAYS } from '../../shared/account/due.ts';
import type { Deployment } from './check.ts';
import { COLD_CLASSES } from './config.ts';
import type { Findings } from './findings.ts';

/** What CloudWatch Logs takes as a retention. */
const LOG_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 3_653,
] as const;
/**
 * For so long the inbound bucket keeps what was never settled, and nothing longer: as long as the marks of deliveries live, so
 * that whatever has not been settled by then never will be.
 */
export const UNSETTLED_DAYS = 400;

export function checkRestored(value: unknown, found: Findings): Pick<Deployment, 'restoredTables'> {
  if (value === undefined) return {};
  return { restoredTables: checkTables(value, 'restoredTables', false, found) };
}

/** Names of tables; that of the keys may be left out unless `all` are needed. */
export function checkTables(
  value: unknown,
  where: string,
  all: boolean,
  found: Findings,
): NonNullable<Deployment['restoredTables']> {
  const example = `{ mail: 'mail-table', directory: 'directory-table'${all ? ", keys: 'keys-table'" : ''} }`;
  const given = found.object(value, where, example);
  if (given === undefined) return { mail: '', directory: '' };
  found.known(given, where, ['mail', 'directory', 'keys']);
  const name = (which: string): string =>
    found.matching(given[which], `${where}.${which}`, /^[\w.-]{3,255}$/, 'the name of a table of DynamoDB');
  const keys = !all && given.keys === undefined ? {} : { keys: name('keys') };
  const tables = { mail: name('mail'), directory: name('directory'), ...keys };
  // Their keys look alike: in one table, an account's journal would lie among people.
  const names = Object.values(tables).filter((each) => each !== '');
  for (const each of new Set(names.filter((one, index) => names.indexOf(one) !== index)))
    found.add(`${where} names ${each} twice: write the name of a table of its own for each.`);
  return tables;
}

export function checkColdStorage(value: unknown, found: Findings): Deployment['coldStorage'] {
  const cold =
    value === undefined
      ? {}
      : (found.object(value, 'coldStorage', "{ class: 'glacier-instant', afterDays: 90 }") ?? {});
  found.known(cold, 'coldStorage', ['class', 'afterDays']);
  const storageClass = found.choice(cold.class, 'coldStorage.class', COLD_CLASSES, 'intelligent-tiering');
  if (storageClass === 'none' && cold.afterDays !== undefined)
    found.add(
      `coldStorage.afterDays is ${found.shown(cold.afterDays)}, but with class 'none' nothing ever moves: leave afterDays out, or write another class.`,
    );
  return {
    class: storageClass,
    afterDays: found.whole(cold.afterDays, 'coldStorage.afterDays', 30, 3_650, 30),
  };
}

export function checkRetention(value: unknown, found: Findings): Deployment['retention'] {
  const retention =
    value === undefined
      ? {}
      : (found.object(value, 'retention', '{ backup: 35, logs: 30, aside: 90, grace: 7 }') ?? {});
  found.known(retention, 'retention', ['backup', 'logs', 'aside', 'grace']);
  const logs = retention.logs ?? 30;
  if (!(LOG_DAYS as readonly unknown[]).includes(logs))
    found.add(
      `retention.logs is ${found.shown(logs)}: write one of the days that CloudWatch Logs takes, ${LOG_DAYS.join(', ')}.`,
    );
  return {
    backup: found.whole(retention.backup, 'retention.backup', 1, 35, 35),
    logs: logs as number,
    aside: found.whole(retention.aside, 'retention.aside', 1, UNSETTLED_DAYS, 90),
    grace: found.whole(retention.grace, 'retention.grace', 1, 3_650, GRACE_DAYS),
  };
}
