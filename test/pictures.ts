/** `npm run pictures`: writes docs/DASHBOARDS.md and its pictures anew. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format } from 'prettier';
import { dashboardsPage } from './pictures/dashboards.ts';

const DOCS = path.resolve(import.meta.dirname, '../docs');

const { markdown, pictures } = dashboardsPage();
const folder = path.join(DOCS, 'dashboards');
await mkdir(folder, { recursive: true });
for (const file of await readdir(folder)) if (file.endsWith('.svg')) await rm(path.join(folder, file));
for (const { file, svg } of pictures) await writeFile(path.join(DOCS, file), svg);
await writeFile(
  path.join(DOCS, 'DASHBOARDS.md'),
  await format(markdown, { parser: 'markdown', printWidth: 110 }),
);
process.stdout.write(`${pictures.length} pictures in ${folder}\n`);
