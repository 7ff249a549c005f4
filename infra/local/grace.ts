/**
 * `grace-days` in the data folder: for how many days the instance that was started last keeps what was expunged. `quire
 * expunge` goes by it, running instance or not: by the default it would purge what a longer setting still keeps.
 */
import { dataPaths, readIfPresent, replaceFile } from './data-folder.ts';

export async function publishGrace(folder: string, days: number): Promise<void> {
  await replaceFile(dataPaths(folder).graceDays, `${days}\n`);
}

/** Undefined: no instance has said it. */
export async function findGrace(folder: string): Promise<number | undefined> {
  const days = Number(await readIfPresent(dataPaths(folder).graceDays));
  return Number.isSafeInteger(days) && days >= 1 ? days : undefined;
}
