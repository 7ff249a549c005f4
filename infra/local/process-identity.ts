/**
 * Who a process is. A pid alone says little: pids are used again, and after a reboot or in a new container the same one
 * is somebody else. The pid with the time at which its process started names one process for ever.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errorCode } from './setup-error.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in the system's own words; only good for comparing. */
  readonly started: string;
}

/** The identity of the process that has `pid` now, or undefined if none has. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startedOnLinux(pid) : startedElsewhere(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether the process is still running. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.started === identity.started;
}

function startedOnLinux(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): field 2, the command, is in parentheses and may hold anything; field 3 is the state, 22 the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended: it only waits for its parent to ask.
    return fields[0] === 'Z' ? undefined : `${boot} ${fields[19] ?? ''}`;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return undefined;
    throw error;
  }
}

function startedElsewhere(pid: number): string | undefined {
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return started === '' ? undefined : started;
  } catch (error) {
    // `ps` ends with 1 when there is no such process; if it cannot be run at all, that is worth knowing.
    if (errorCode(error) === undefined) return undefined;
    throw error;
  }
}
