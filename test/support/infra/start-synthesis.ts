/** Before a run of tests: starts the process that synthesises for all of its files. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { CHILD_ENVIRONMENT } from '../child-environment.ts';

/** Of the environment of a test: where the process listens. */
export const SYNTHESIS_SOCKET = 'QUIRE_TEST_SYNTHESIS';

export default async function startSynthesis(): Promise<void> {
  const child = fork(path.join(import.meta.dirname, 'synthesis-process.ts'), {
    env: CHILD_ENVIRONMENT,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [socket] = (await once(child, 'message')) as [string];
  process.env[SYNTHESIS_SOCKET] = socket;
  // It ends with this process, which does not wait for it.
  child.unref();
  child.channel?.unref();
}
