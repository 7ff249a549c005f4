/**
 * Takes guards out of a copy of the sources, one at a time, and runs the test that must notice. One that nobody notices is
 * a promise that no test holds.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runJest } from '../jest-run.ts';
import { MUTATIONS, type Mutation, type NamedTest } from './mutations.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
/** What the tests need of the project. */
const COPIED = ['shared', 'functions', 'gateway', 'infra', 'test', 'docs', 'package.json', 'jest.config.js'];
/** A mutant may run without end. */
const LONGEST_MS = 300_000;

export interface MutationOptions {
  /** Only these; without it, all. */
  readonly only?: readonly string[];
  readonly say: (line: string) => void;
}

/** Names of the mutations that no test has noticed. */
export async function mutationHunt({ only, say }: MutationOptions): Promise<readonly string[]> {
  const chosen = MUTATIONS.filter(({ name }) => !only || only.includes(name));
  if (chosen.length === 0)
    throw new Error(`there is no such mutation: ${MUTATIONS.map(({ name }) => name).join(', ')}`);
  const copy = await mkdtemp(path.join(tmpdir(), 'quire-mutations-'));
  try {
    for (const each of COPIED) await cp(path.join(ROOT, each), path.join(copy, each), { recursive: true });
    await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
    const survivors: string[] = [];
    for (const mutation of chosen) {
      const caught = await isCaught(copy, mutation);
      say(
        `${caught ? 'caught  ' : 'SURVIVES'} ${mutation.name}: ${mutation.what}; ${mutation.test.file}: "${mutation.test.name}"`,
      );
      if (!caught) survivors.push(mutation.name);
    }
    return survivors;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function isCaught(copy: string, { name, file, text, replacement, test }: Mutation): Promise<boolean> {
  const at = path.join(copy, file);
  const source = await readFile(at, 'utf8');
  const parts = source.split(text);
  if (parts.length !== 2)
    throw new Error(`mutation ${name}: its text is ${parts.length - 1} times in ${file}, not once`);
  // A test that fails anyway, or is not there, notices nothing.
  const sound = await run(copy, test);
  if (sound !== 'passed') throw new Error(`mutation ${name}: without it, its test has ${sound}`);
  await writeFile(at, parts.join(replacement));
  try {
    const mutated = await run(copy, test);
    if (mutated === 'not run') throw new Error(`mutation ${name}: the mutant is no program`);
    return mutated === 'failed';
  } finally {
    await writeFile(at, source);
  }
}

async function run(copy: string, { file, name }: NamedTest): Promise<'passed' | 'failed' | 'not run'> {
  const pattern = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const args = ['--runTestsByPath', path.join(copy, 'test', file), '-t', pattern];
  const report = await runJest({ root: copy, args, timeout: LONGEST_MS });
  if (report === 'nothing') return 'not run';
  // One that has to be stopped is noticed too.
  if (report === 'timeout' || report.numFailedTests > 0) return 'failed';
  return report.numPassedTests > 0 ? 'passed' : 'not run';
}
