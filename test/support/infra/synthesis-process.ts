/**
 * Synthesises for all files of a run of tests, each configuration once. Tells its parent the path of a socket; a connection
 * sends a configuration, and is told what `Synthesised` says. Ends with its parent, and takes its folder along.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

export type Synthesised =
  | {
      /** Of the cloud assembly. */
      readonly folder: string;
      /** All that synthesis has printed until now: the library says some things once in a process. */
      readonly printed: string;
    }
  | { readonly error: string };

const root = mkdtempSync(path.join(tmpdir(), 'quire-synth-'));
const made = new Map<string, string>();

let printed = '';
const print = (chunk: string | Uint8Array): boolean => {
  printed += Buffer.from(chunk).toString();
  return true;
};
process.stdout.write = print;
process.stderr.write = print;

async function synthesised(config: string): Promise<Synthesised> {
  try {
    // Not before somebody asks: most runs of single files have no use for it.
    const { synthesiseInto } = await import('./synthesis.ts');
    const folder = made.get(config) ?? path.join(root, String(made.size));
    if (!made.has(config)) synthesiseInto(folder, JSON.parse(config));
    made.set(config, folder);
    return { folder, printed };
  } catch (error) {
    return { error: `${String(error)}\n${printed}` };
  }
}

const socket = path.join(root, 'socket');
const server = createServer({ allowHalfOpen: true }, (connection) => {
  // A test that was stopped asks for nothing more.
  connection.on('error', () => connection.destroy());
  void text(connection)
    .then(synthesised)
    .then((answer) => connection.end(JSON.stringify(answer)));
});
server.listen(socket, () => process.send?.(socket));

// Ctrl-C is for all processes of a terminal: this one ends with its parent all the same.
process.on('SIGINT', () => undefined);
process.once('disconnect', () => {
  rmSync(root, { recursive: true });
  process.exit();
});
