/**
 * The command in this process, for tests of what commands do: to load a program takes longer than all that it does. What
 * a command is as a process (its streams, signals, its end) is `quire-command.ts`'s.
 */
import { Readable } from 'node:stream';
import { run as runProgram } from '../../../infra/cli/program.ts';
import { Kept } from './kept-text.ts';

/** One at a time: a command writes to the streams of its process. */
let busy = false;

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
  input = '',
  environment: Readonly<Record<string, string>> = {},
) {
  if (busy) throw new Error(`quire ${args.join(' ')}: another command runs in this process`);
  busy = true;
  const [output, errors] = [new Kept(), new Kept()];
  const restore = replace({
    stdin: Readable.from([Buffer.from(input)]),
    stdout: output,
    stderr: errors,
    // No settings of whoever runs the tests.
    env: { PATH: process.env.PATH, ...environment },
  });
  try {
    const status = await runProgram([process.execPath, 'quire', ...args]);
    return { output: output.text, errors: errors.text, status };
  } finally {
    restore();
    busy = false;
  }
}

/** Puts these in the place of the process's own; the function returned puts those back. */
function replace(parts: Readonly<Record<string, unknown>>): () => void {
  const own = Object.keys(parts).map(
    (name) => [name, Object.getOwnPropertyDescriptor(process, name)] as const,
  );
  for (const [name, value] of Object.entries(parts))
    Object.defineProperty(process, name, { value, configurable: true, writable: true });
  return () => {
    for (const [name, descriptor] of own) if (descriptor) Object.defineProperty(process, name, descriptor);
  };
}
