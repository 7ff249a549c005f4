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
  return checkConfig(await defaultExportOf(full, file), file);
}

/** A file that is no TypeScript, or that throws, is a mistake like any other. */
async function defaultExportOf(full: string, file: string): Promise<unknown> {
  try {
    const { default: config } = (await import(pathToFileURL(full).href)) as { default?: unknown };
    return config;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(file, [
      `it cannot be read (${reason}): mend it, or begin with a copy of ${CONFIG_FILE}.`,
    ]);
  }
}
