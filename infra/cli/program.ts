/** The commands, and how they end: 0, or one sentence on standard error and 1. */
import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { ListenError } from '../../gateway/imap/server/listen-error.ts';
import { KeyDeletedError } from '../../shared/keys/account-keys.ts';
import { KeyFileError } from '../../shared/keys/key-file.ts';
import { KeyWrapError } from '../../shared/keys/local-key-wrap.ts';
import { UnreadableMessagesError } from '../../functions/check/unreadable-messages.ts';
import { MailboxRefusal } from '../../shared/account/mailbox-names.ts';
import { AddressError } from '../../shared/directory/address.ts';
import { DirectoryError } from '../../shared/directory/directory-errors.ts';
import { PasswordError } from '../../shared/directory/password.ts';
import { isNetworkFailure, type NetworkFailure } from '../../shared/log.ts';
import { SetupError } from '../local/setup-error.ts';

/**
 * In the order of the help. To load them is most of what a command takes, so only the one that was typed is; for help and
 * for what is no command, all are.
 */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['start', async () => (await import('./start.ts')).startCommand()],
  ['gateway', async () => (await import('./gateway.ts')).gatewayCommand()],
  ['user', async () => (await import('./user.ts')).userCommand()],
  ['alias', async () => (await import('./alias.ts')).aliasCommand()],
  ['domain', async () => (await import('./domain.ts')).domainCommand()],
  ['compact', async () => (await import('./compact.ts')).compactCommand()],
  ['undelete', async () => (await import('./undelete.ts')).undeleteCommand()],
  ['retention', async () => (await import('./retention.ts')).retentionCommand()],
  ['hold', async () => (await import('./hold.ts')).holdCommand()],
  ['key', async () => (await import('./key.ts')).keyCommand()],
  ['expunge', async () => (await import('./expunge.ts')).expungeCommand()],
  ['check', async () => (await import('./check.ts')).checkCommand()],
  ['restore', async () => (await import('./restore.ts')).restoreCommand()],
  ['cost', async () => (await import('./cost.ts')).costCommand()],
  ['dns', async () => (await import('./dns.ts')).dnsCommand()],
  ['client-settings', async () => (await import('./client-settings.ts')).clientSettingsCommand()],
]);

/** Errors whose message is a sentence for the person who typed the command. */
const SENTENCES = [
  KeyFileError,
  KeyDeletedError,
  KeyWrapError,
  SetupError,
  MailboxRefusal,
  DirectoryError,
  AddressError,
  PasswordError,
  ListenError,
  UnreadableMessagesError,
];

/** The same of an account that cannot be opened, or not now; by their names, for which nothing has to be loaded. */
const ACCOUNT_FAULTS = new Set([
  'AccountMissingError',
  'JournalDamagedError',
  'UnknownVersionError',
  'AccountClosedError',
  'BusyError',
  'OutcomeUnknownError',
  'DamagedBlobError',
  'DamagedPackError',
  'DamagedTextError',
]);

/** What AWS says of missing, wrong or insufficient credentials, and of a store that the account does not have. */
const REFUSALS = new Set([
  'CredentialsProviderError',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'ExpiredTokenException',
  'AccessDeniedException',
  'AccessDenied',
  'ResourceNotFoundException',
  'NoSuchBucket',
]);

const EXAMPLES = `
Examples:
  npx quire start                                     (as "npm start" does)
  npx quire user add carol@example.org --quota 10GB   (asks for a password)
  npx quire alias add info@example.org carol@example.org
  npx quire domain catch-all example.org carol@example.org
  npx quire undelete carol@example.org --since 2d    (what was expunged since)
  npx quire gateway --imap-port 2143
  npx quire compact carol@example.org                 (what the compaction does when it is due)
  npx quire cost --users 250                          (a month on AWS)
  npx quire user add carol@example.org --stack        (on AWS, as quire.config.ts says)
  npx quire check carol@example.org --repair
  npx quire dns

Commands that look after accounts work while the instance runs and while it does not.
"npx quire <command> --help" lists the settings and their defaults.
`;

/** Runs the command line; resolves to the exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('quire')
    .description('A mail backend on AWS primitives. Runs on one machine too.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', EXAMPLES);
  for (const command of await commandsFor(argv[2])) program.addCommand(command);
  equip(program, 'quire');
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

async function commandsFor(typed = ''): Promise<readonly Command[]> {
  const load = COMMANDS.get(typed);
  return Promise.all((load ? [load] : [...COMMANDS.values()]).map((each) => each()));
}

/** What commander does not hand down to commands that are added whole. */
function equip(command: Command, typed: string): void {
  command
    .exitOverride()
    .showHelpAfterError(`("${typed} --help" tells more)`)
    .helpOption('-h, --help', 'print this');
  if (command.commands.length > 0) command.helpCommand('help [command]', 'print the help of a command');
  for (const each of command.commands) equip(each, `${typed} ${each.name()}`);
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function sentence(error: unknown): string {
  if (SENTENCES.some((known) => error instanceof known)) return (error as Error).message;
  if (error instanceof Error && ACCOUNT_FAULTS.has(error.name)) return error.message;
  if (isNetworkFailure(error)) return unreachable(error);
  if (error instanceof Error && REFUSALS.has(error.name))
    return `AWS refused what was asked of it (${error.name}: ${error.message}): have credentials of the installation's account in the environment, and look at the names of its stores.`;
  if (error instanceof Error && error.name === 'InternalServerError' && error.message.includes('malformed'))
    return `The database of the instance is damaged (${error.message}): put it back from a backup and run "quire restore", as docs/ADMINISTRATION.md says under "Restore".`;
  // A fault of ours or of the machine: all that is known of it.
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Of a store that settings place elsewhere: those of its own a command starts itself. */
function unreachable(error: NetworkFailure): string {
  const { address, port, hostname } = error;
  const where = address === undefined ? (hostname ?? 'its address') : `${address}:${port ?? ''}`;
  return `A store cannot be reached at ${where} (${error.code}): start it, or give another place with --dynamodb-endpoint, --sqs-endpoint or --s3-endpoint.`;
}
