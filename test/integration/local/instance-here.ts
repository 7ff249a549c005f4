/** An instance in this process, as `quire start` runs one in its own: for tests that neither kill nor signal it. */
import { afterEach } from '@jest/globals';
import { readSettings } from '../../../infra/local/settings.ts';
import { type RunningInstance, startLocal } from '../../../infra/local/start.ts';
import { createLog } from '../../../shared/log.ts';
import { Kept } from './kept-text.ts';
import type { Ready } from './quire-command.ts';

const PORTS = { imapPort: '0', imapsPort: '0', smtpPort: '0' };

/** Still running. */
const running = new Set<RunningInstance>();

/** Starts an instance; `stop` ends it, and resolves to what it has logged. */
export async function start(data: string, settings: Readonly<Record<string, string>> = {}) {
  const logged = new Kept();
  const instance = await startLocal(
    readSettings({ data, ...PORTS, ...settings }, {}, data),
    createLog({ level: 'info', pretty: false, target: logged }),
  );
  running.add(instance);
  const { imap, imaps, smtp } = instance.endpoints;
  const ready: Ready = { imap, imaps, smtp, accounts: instance.accounts };
  const stop = async (): Promise<string> => {
    running.delete(instance);
    await instance.stop();
    return logged.text;
  };
  return { ready, stop };
}

afterEach(async () => {
  for (const instance of running) await instance.stop();
  running.clear();
});
