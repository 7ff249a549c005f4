/** FLAGS as text. Messages of a mailbox carry few different sets of flags, so that each is spelt once. */
import type { Columns } from '../../../shared/account/columns.ts';
import { SYSTEM_FLAGS } from '../../../shared/account/flags.ts';

export class FlagText {
  readonly #columns: Columns;
  readonly #texts = new Map<number, string>();

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** `(\Seen $Forwarded)` of a row. */
  at(row: number, recent: boolean): string {
    const system = this.#columns.system[row] ?? 0;
    const set = this.#columns.keywordSet[row] ?? 0;
    const key = (set * 256 + system) * 2 + (recent ? 1 : 0);
    let text = this.#texts.get(key);
    if (text === undefined) {
      text = flagText(system, this.#columns.keywordSets.at(set), recent);
      this.#texts.set(key, text);
    }
    return text;
  }
}

export function flagText(system: number, keywords: readonly string[], recent: boolean): string {
  const names = SYSTEM_FLAGS.filter(([bit]) => system & bit).map(([, name]) => name);
  return `(${[...names, ...(recent ? ['\\Recent'] : []), ...keywords].join(' ')})`;
}
