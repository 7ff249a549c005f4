#!/usr/bin/env node
/**
 * The command. npm puts the Node of `node_modules/.bin` (24) first on the path of `npx quire` and of every npm script, so
 * an older one only comes here when somebody names it. JavaScript, so that it can tell that Node what is wrong, and
 * because Node would load its TypeScript compiler for the one file that comes before the compile cache: a fifth of what a
 * command takes.
 */
import module from 'node:module';
import process from 'node:process';
import { URL, fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;
const [major] = process.versions.node.split('.');
if (Number(major) < OLDEST_NODE) {
  process.stderr.write(
    `quire needs Node ${OLDEST_NODE}, and this is ${process.version}: run it as "npx quire" in the project's folder, where npm has put one.\n`,
  );
  process.exitCode = 1;
} else {
  // A reader that has seen enough (`| head`), a terminal that was closed: no fault, and nobody to tell.
  const ignoreIfUnread = (error) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  };
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreIfUnread);
  // Half of what a command takes is to compile its modules. Where the folder cannot be written, nothing is kept.
  module.enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/quire', import.meta.url)));
  // Not before the check: what comes now is written for the new Node.
  const { run } = await import('./program.ts');
  process.exitCode = await run(process.argv);
}
