/** Settings as flags of a command, and what commands print of them. */
import { Option, type Command } from 'commander';
import { createLog, type Log } from '../../shared/log.ts';
import type { Listener } from '../local/instance.ts';
import {
  readSettings,
  SETTINGS,
  type Flags,
  type LocalSettings,
  type SettingName,
} from '../local/settings.ts';

/** The settings that say where an instance keeps its data. */
export const STORE_SETTINGS = [
  'data',
  'dynamodbEndpoint',
  'sqsEndpoint',
  's3Endpoint',
  'mailBucket',
  'inboundBucket',
  'mailTable',
  'directoryTable',
  'keysTable',
  'blobFormat',
  'dataKeys',
  'kmsKey',
] as const satisfies readonly SettingName[];

/** `group`: the heading that the help puts above them. */
export function addSettings(
  command: Command,
  names: readonly SettingName[],
  group = 'Settings; [VARIABLES] of the environment say the same, flags win:',
): Command {
  for (const name of names) {
    const setting = SETTINGS[name];
    const argument = 'argument' in setting ? ` <${setting.argument}>` : '';
    const byDefault = 'default' in setting ? ` (default: ${setting.default})` : '';
    command.addOption(
      new Option(
        `--${setting.flag}${argument}`,
        `${setting.help}${byDefault} [${setting.variable}${'argument' in setting ? '' : switched(setting.flag)}]`,
      ).helpGroup(group),
    );
  }
  return command;
}

/** What the variable of a switch says to do as the switch does. */
function switched(flag: string): string {
  return flag.startsWith('no-') ? '=no' : '=yes';
}

/** The settings of this process, from the flags given, the environment and the working folder. */
export function settingsOf(flags: Flags): LocalSettings {
  return readSettings(flags, process.env, process.cwd());
}

/** Lines for a person, unless a program reads the output of this command. */
export function logOf({ logLevel, json }: LocalSettings): Log {
  return createLog({ level: logLevel, pretty: !json });
}

/** Where a listener is, to be pasted into a URL. */
export function at({ host, port }: Listener): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
