/** Programs of other makers that a test runs: with nothing of the settings of whoever runs the tests. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Finished {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** `home`: the folder in which it finds its settings and nothing else. */
export function startProgram(
  home: string,
  command: string,
  args: readonly string[],
): ChildProcessWithoutNullStreams {
  const env = { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8', TERM: 'screen-256color' };
  return spawn(command, args, { cwd: home, env });
}

/** Runs a program to its end. */
export async function runProgram(
  home: string,
  command: string,
  args: readonly string[],
  input: string | Buffer = '',
): Promise<Finished> {
  const child = startProgram(home, command, args);
  const closed = once(child, 'close') as Promise<[number | null]>;
  // A program that ends without reading its input is told by its status.
  child.stdin.on('error', () => undefined).end(input);
  const [output, errors, [status]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { status, output, errors };
}

/** Runs a program that must end with 0; resolves to its output. */
export async function outputOf(
  home: string,
  command: string,
  args: readonly string[],
  input: string | Buffer = '',
): Promise<string> {
  const { status, output, errors } = await runProgram(home, command, args, input);
  if (status !== 0) {
    throw new Error(`${command} ended with ${status ?? 'a signal'}:\n${output}\n${errors}`);
  }
  return output;
}
