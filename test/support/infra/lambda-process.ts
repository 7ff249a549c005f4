/**
 * Plays Lambda's runtime for one function: `lambda-process.ts <folder> <handler>` imports the file that the handler names, and
 * answers each event, one JSON a line on standard input, with a line of JSON.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [folder = '', handler = ''] = process.argv.slice(2);
const [file = '', name = ''] = handler.split('.');
// As the runtime looks for it.
const found = ['.js', '.mjs', '.cjs']
  .map((ending) => path.join(folder, `${file}${ending}`))
  .find((each) => existsSync(each));
if (found === undefined) throw new Error(`no file for the handler ${handler} in ${folder}`);
const module = (await import(pathToFileURL(found).href)) as Record<
  string,
  (event: unknown, context: unknown) => Promise<unknown>
>;
const run = module[name];
if (run === undefined) throw new Error(`${found} has no ${name}`);
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { event, timeoutMs } = JSON.parse(line) as { event: unknown; timeoutMs: number };
  const end = Date.now() + timeoutMs;
  const context = { getRemainingTimeInMillis: () => end - Date.now() };
  const answer = await run(event, context).then(
    (result) => ({ result }),
    (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
  );
  process.stdout.write(`${JSON.stringify({ answer })}\n`);
}
