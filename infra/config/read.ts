/** Reads and checks a configuration file. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkConfig, ConfigError, type Deployment } from './check.ts';

export const CONFIG_FILE = 'quire.config.ts';
const ROOT = path.resolve(import.meta.dirname, '../..');

/** `file`: from the project's folder. Throws `ConfigError`. */
export async function readConfig(file: string = CONFIG_FILE): Promise<Deployment> {
  const full = path.resolve(ROOT, file);
  await access(full).catch(() => {
    throw new ConfigError(file, [`there is no such file: begin with a copy of ${CONFIG_FILE}.`]);
  });
  const { default: config } = (await import(pathToFileURL(full).href)) as { default?: unknown };
  return checkConfig(config, file);
}
