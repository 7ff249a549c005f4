/** Every command that is served: one line a family, in the order in which CAPABILITY tells their extensions. */
import type { Command, CommandFamily } from './command.ts';

export const FAMILIES: readonly CommandFamily[] = [];

/** Commands by name; a name that two families claim is a mistake of ours and found at start. */
export function commandsByName(families: readonly CommandFamily[]): ReadonlyMap<string, Command> {
  const byName = new Map<string, Command>();
  for (const command of families.flatMap(({ commands }) => commands)) {
    if (byName.has(command.name)) throw new Error(`two families register the command ${command.name}`);
    byName.set(command.name, command);
  }
  return byName;
}
