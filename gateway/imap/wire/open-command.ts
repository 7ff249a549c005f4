/** Tag and name of a command: what says whose grammar the rest of it is. */
import type { RawCommand } from './command.ts';
import { CommandCursor, type CursorOptions } from './parser.ts';

/** A command's tag and name, with the cursor behind the name. */
export interface OpenedCommand {
  readonly tag: string;
  /** In upper case; with its second word for `UID …`: `UID FETCH`. */
  readonly name: string;
  readonly cursor: CommandCursor;
}

/** Reads tag and name. The arguments are still to be parsed, each family by its own grammar. */
export function openCommand(
  command: Pick<RawCommand, 'segments'>,
  options: CursorOptions = {},
): OpenedCommand {
  const cursor = new CommandCursor(command.segments, options);
  const tag = cursor.tag();
  cursor.space('a command');
  const name = cursor.keyword('a command');
  if (name !== 'UID') return { tag, name, cursor };
  cursor.space('a command that takes UIDs');
  return { tag, name: `UID ${cursor.keyword('a command that takes UIDs')}`, cursor };
}
