/** Runs tests in a process of its own, and says how they ended. */
import { execFile } from 'node:child_process';
import path from 'node:path';

export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** `timeout`: it had to be stopped. `nothing`: there is no report, because the tests are no program. */
export type JestOutcome = JestReport | 'timeout' | 'nothing';

export interface JestRun {
  /** The project's folder. */
  readonly root: string;
  readonly args: readonly string[];
  /** Beside this process's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
}

export function runJest({ root, args, environment = {}, timeout }: JestRun): Promise<JestOutcome> {
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  const all = [
    '--experimental-vm-modules',
    '--no-warnings',
    jest,
    '--rootDir',
    root,
    '-w',
    '1',
    '--json',
    ...args,
  ];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      all,
      { cwd: root, timeout, maxBuffer: 2 ** 28, env: { ...process.env, ...environment } },
      (error, stdout) => resolve(error?.killed === true ? 'timeout' : reportIn(stdout)),
    );
  });
}

function reportIn(stdout: string): JestOutcome {
  try {
    return JSON.parse(stdout.slice(stdout.indexOf('{"num'))) as JestReport;
  } catch {
    return 'nothing';
  }
}
