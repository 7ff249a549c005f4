/** The commands, and how they end: 0, or one sentence on standard error and 1. */
import { Command, CommanderError } from 'commander';
import { ListenError } from '../../gateway/imap/server/imap-server.ts';
import { AddressError } from '../../shared/directory/address.ts';
import { DirectoryError } from '../../shared/directory/directory-errors.ts';
import { PasswordError } from '../../shared/directory/password.ts';
import { SetupError } from '../local/setup-error.ts';
import { aliasCommand } from './alias.ts';
import { gatewayCommand } from './gateway.ts';
import { startCommand } from './start.ts';
import { userCommand } from './user.ts';

/** Errors whose message is a sentence for the person who typed the command. */
const SENTENCES = [SetupError, DirectoryError, AddressError, PasswordError, ListenError];

/** Runs the command line; resolves to the exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('quire')
    .description('A mail backend on AWS primitives. Runs on one machine too.')
    .exitOverride()
    .showHelpAfterError('(quire --help tells more)');
  // Before the subcommands are added they take over exitOverride.
  for (const command of [startCommand(), gatewayCommand(), userCommand(), aliasCommand()]) {
    program.addCommand(overridingExit(command));
  }
  try {
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    // Commander has said what there was to say; help that was asked for is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    process.stderr.write(`quire: ${sentence(error)}\n`);
    return 1;
  }
}

function overridingExit(command: Command): Command {
  command.exitOverride();
  for (const each of command.commands) overridingExit(each);
  return command;
}

function sentence(error: unknown): string {
  if (SENTENCES.some((known) => error instanceof known)) return (error as Error).message;
  // A fault of ours or of the machine: all that is known of it.
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
