/** What the commands that look after accounts share: which directory they work on, and how they ask for passwords. */
import { Option, type Command } from 'commander';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { engineSettingsFrom, openEngine, type Engine } from '../../shared/aws/engine.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { startOrStopAll } from '../local/started-parts.ts';
import { reachEngine } from '../local/stores.ts';
import { addConfigOption, openDeployment } from './deployment.ts';
import { addSettings, logOf, settingsOf, STORE_SETTINGS } from './options.ts';

const WHICH = 'Which instance; [VARIABLES] of the environment say the same, flags win:';
/** What goes well needs no log lines: the command has its own answer. */
const LOG_LEVEL = 'warn';

/** Flags that say where the directory is, after the command's own. */
export function addDirectoryOptions(command: Command): Command {
  command.option('--log-level <level>', `what is logged on standard error (default: ${LOG_LEVEL})`);
  addSettings(command, STORE_SETTINGS, WHICH);
  command.addOption(
    new Option('--stack', 'work on AWS instead, on the stacks of the configuration').helpGroup(WHICH),
  );
  addConfigOption(command, WHICH);
  return command.addOption(
    new Option(
      '--aws',
      'work on AWS without its stacks: AWS_REGION, QUIRE_MAIL_TABLE, QUIRE_DIRECTORY_TABLE, QUIRE_MAIL_BUCKET and QUIRE_INBOUND_BUCKET say where',
    ).helpGroup(WHICH),
  );
}

/**
 * Runs `work` on the engine of the running instance, or on the data of a stopped one, which nobody else may start
 * meanwhile, or on AWS.
 */
export async function withEngine(flags: Flags, work: (engine: Engine) => Promise<void>): Promise<void> {
  const settings = settingsOf({ logLevel: LOG_LEVEL, ...flags, demo: false });
  const log = logOf(settings);
  await startOrStopAll(log, async (parts) => {
    if (flags.aws === true || flags.stack === true) {
      const engine = flags.stack === true ? await openDeployment(flags) : await openAws();
      parts.add('engine', () => engine.close());
      await work(engine);
    } else {
      await work(await reachEngine({ settings, log, parts }, 'a quire command'));
    }
    await parts.stop();
  });
}

async function openAws(): Promise<Engine> {
  let places;
  try {
    places = engineSettingsFrom(process.env);
  } catch (error) {
    // It names the variable that is missing.
    throw new SetupError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return openEngine(places);
}

/** A new password: all of standard input, or asked for twice on the terminal, without echo. */
export async function readPassword(flags: Flags): Promise<string> {
  if (flags.passwordStdin === true) {
    // The end of line that `echo` and editors add is not part of it.
    return (await text(process.stdin)).replace(/\r?\n$/, '');
  }
  if (!process.stdin.isTTY) {
    throw new SetupError(
      'There is no terminal to ask for the password on: give it on standard input with --password-stdin.',
    );
  }
  const password = await ask('Password: ');
  if ((await ask('Once more: ')) !== password)
    throw new SetupError('The two passwords differ: nothing was changed.');
  return password;
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const cancelled = new AbortController();
  terminal.once('SIGINT', () => cancelled.abort());
  try {
    return await terminal.question('', { signal: cancelled.signal });
  } catch (error) {
    if (cancelled.signal.aborted) throw new SetupError('Cancelled: nothing was changed.', { cause: error });
    throw error;
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
