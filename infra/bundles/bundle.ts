/**
 * What runs on AWS as one file each: a function, or the gateway, with everything that it imports. Made by esbuild in this
 * process, so that neither `cdk synth` nor a test needs Docker. The same sources give the same bytes, and so the same
 * asset: an unchanged function is not deployed again.
 */
import { buildSync } from 'esbuild';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

/** Each by its entry point. */
export const BUNDLES = {
  deliver: 'functions/deliver/index.ts',
  compact: 'functions/compact/index.ts',
  expunge: 'functions/expunge/index.ts',
  'receipt-rules': 'functions/receipt-rules/index.ts',
  tally: 'functions/tally/index.ts',
  gateway: 'gateway/fargate/main.ts',
} as const;
export type BundleName = keyof typeof BUNDLES;

/** Name of the file; `.mjs` says that it is a module, for there is no package.json beside it. */
export const BUNDLE_FILE = 'index.mjs';

/** What stands beside the gateway's bundle in the context of its image. */
const IMAGE = path.join(ROOT, 'infra/image');

/** pino asks for Node's modules with `require`, which a module has to make for itself. */
const REQUIRE =
  "import { createRequire as quireRequire } from 'node:module'; const require = quireRequire(import.meta.url);";

/** Folders of this process: functions and deployments share bundles, and sources do not change while it runs. */
const made = new Set<string>();

/** Makes the bundle anew, once in a process, and returns the folder that holds it and nothing else. */
export function makeBundle(name: BundleName, into = path.join(ROOT, 'dist')): string {
  const folder = path.join(into, name);
  if (made.has(folder)) return folder;
  const { outputFiles } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: [BUNDLES[name]],
    outfile: path.join(folder, BUNDLE_FILE),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
    // Shorter, and still with the names that a stack trace is read by.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'error',
    write: false,
  });
  const files = new Map<string, Uint8Array>();
  for (const { path: file, contents } of outputFiles) files.set(path.basename(file), contents);
  if (name === 'gateway')
    for (const file of readdirSync(IMAGE)) files.set(file, readFileSync(path.join(IMAGE, file)));
  fill(folder, files);
  made.add(folder);
  return folder;
}

/** Another synthesis may be reading the same bundle: what is as it should be is left alone, the rest replaced file by file. */
function fill(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder))
    if (!files.has(name)) rmSync(path.join(folder, name), { recursive: true, force: true });
  for (const [name, bytes] of files) {
    const file = path.join(folder, name);
    if (existsSync(file) && readFileSync(file).equals(bytes)) continue;
    const draft = `${folder}-${process.pid}-${name}`;
    writeFileSync(draft, bytes);
    renameSync(draft, file);
  }
}
