#!/usr/bin/env node
/**
 * The command. npm puts the Node of `node_modules/.bin` (24) first on the path of `npx quire` and of every npm script, so
 * an older one only comes here when somebody names it; Node below 22.18 cannot even read this file, and says so itself.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;
const [major] = process.versions.node.split('.');
if (Number(major) < OLDEST_NODE) {
  process.stderr.write(
    `quire needs Node ${OLDEST_NODE}, and this is ${process.version}: run it as "npx quire" in the project's folder, where npm has put one.\n`,
  );
  process.exitCode = 1;
} else {
  // Half of what a command takes is to compile its modules. Where the folder cannot be written, nothing is kept.
  enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/quire', import.meta.url)));
  // Not before the check: what comes now is written for the new Node.
  const { run } = await import('./program.ts');
  process.exitCode = await run(process.argv);
}
