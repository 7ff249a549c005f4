import type { ChildProcess } from 'node:child_process';

/** Ends a child that this test started, by its own id: politely, then, after `patienceMs`, not. Resolves once it is gone. */
export async function stopProcess(child: ChildProcess, patienceMs = 5_000): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await gone;
  clearTimeout(timer);
}
