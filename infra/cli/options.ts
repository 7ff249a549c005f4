/** Settings as flags of a command. */
import type { Command } from 'commander';
import { createLog, type Log } from '../../shared/log.ts';
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
  'logLevel',
  'dynamodbEndpoint',
  'sqsEndpoint',
  's3Endpoint',
  'mailBucket',
  'inboundBucket',
  'mailTable',
  'directoryTable',
] as const satisfies readonly SettingName[];

export function addSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const setting = SETTINGS[name];
    const argument = 'argument' in setting ? ` <${setting.argument}>` : '';
    command.option(`--${setting.flag}${argument}`, `${setting.help} [${setting.variable}]`);
  }
  return command;
}

/** The settings of this process, from the flags given, the environment and the working folder. */
export function settingsOf(flags: Flags): LocalSettings {
  return readSettings(flags, process.env, process.cwd());
}

/** Lines for a person, unless a program reads the output of this command. */
export function logOf({ logLevel, json }: LocalSettings): Log {
  return createLog({ level: logLevel, pretty: !json });
}
