/**
 * The suites of IMAP with a fold after every commit, and again with records emptied at once: what a client is told must not
 * depend on when somebody folds (`test/support/forced-folds.ts`).
 */
import path from 'node:path';
import { FOLD_MODES } from '../support/forced-folds.ts';
import { runJest } from './jest-run.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const SUITES = [
  'test/integration/imap/',
  'test/integration/imap-mailbox/',
  'test/integration/imap-extensions/',
];

export interface FoldedOptions {
  readonly seconds: number;
  readonly say: (line: string) => void;
}

/** Names of the tests that fail with folds and are right without. */
export async function foldedHunt({ seconds, say }: FoldedOptions): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const mode of FOLD_MODES) {
    const run = { root: ROOT, args: ['--selectProjects', 'integration', '--testPathPatterns', ...SUITES] };
    const report = await runJest({ ...run, environment: { QUIRE_FOLDED: mode }, timeout: seconds * 1000 });
    if (typeof report === 'string')
      throw new Error(`the suites with folds (${mode}) came to no end: ${report}`);
    const broken = report.testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName }) => `${mode}: ${path.relative(ROOT, name)}: ${fullName}`),
    );
    say(`folds, ${mode}: ${report.numPassedTests} tests passed, ${report.numFailedTests} failed`);
    for (const each of broken) say(each);
    failed.push(...broken);
    if (report.numFailedTestSuites > 0 && broken.length === 0)
      failed.push(`${mode}: a suite that could not be run`);
  }
  return failed;
}
