/**
 * `npm run scale`: simulates a day at three sizes, and prints what is asked of each limit, and the bills.
 * `npm run scale -- --write`: puts both into docs/SCALE.md.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format } from 'prettier';
import { billReport, scaleReport } from './scale/report.ts';
import { withReports } from './scale/page.ts';

const PAGE = path.resolve(import.meta.dirname, '../docs/SCALE.md');

const reports = { limits: scaleReport(), bills: billReport() };
if (process.argv.includes('--write')) {
  const page = withReports(await readFile(PAGE, 'utf8'), reports);
  await writeFile(PAGE, await format(page, { parser: 'markdown', printWidth: 110 }));
} else {
  process.stdout.write(`${reports.limits}\n\n${reports.bills}\n`);
}
