/** Processes that tests start and kill. */
import { afterEach } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { identityOf } from '../../../infra/local/process-identity.ts';
import { CHILD_ENVIRONMENT } from '../../support/child-environment.ts';

const started: ChildProcess[] = [];

/** Starts `part-process.ts` and waits for its line. */
export async function startPart(
  ...args: string[]
): Promise<{ child: ChildProcess; line: Record<string, unknown> }> {
  const program = path.join(import.meta.dirname, 'part-process.ts');
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: CHILD_ENVIRONMENT,
  });
  started.push(child);
  const [text] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, line: JSON.parse(text) as Record<string, unknown> };
}

export async function killAtOnce(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Returns once no process has the pid; a test's own time limit ends the wait. */
export async function processGone(pid: number): Promise<void> {
  while (identityOf(pid) !== undefined) await setImmediate();
}

export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await setImmediate();
}

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) await killAtOnce(child);
  }
});
