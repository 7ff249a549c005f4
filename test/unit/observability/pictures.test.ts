/** docs/DASHBOARDS.md and its pictures are those of the dashboards as they are. */
import { expect, test } from '@jest/globals';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { dashboardsPage } from '../../pictures/dashboards.ts';

const DOCS = path.resolve(import.meta.dirname, '../../../docs');
const AGAIN = 'run: npm run pictures';
const { markdown, pictures } = dashboardsPage();

/** Text without what a formatter changes: white space, and the lines of tables. */
const bare = (text: string): string => text.replaceAll(/[\s|-]+/g, ' ').trim();

test('the page tells of every chart and every alarm as they are', async () => {
  const page = await readFile(path.join(DOCS, 'DASHBOARDS.md'), 'utf8');
  expect({ page: bare(page), AGAIN }).toEqual({ page: bare(markdown), AGAIN });
});

test('each chart has its picture, drawn by its expressions; no picture is left over', async () => {
  expect((await readdir(path.join(DOCS, 'dashboards'))).sort()).toEqual(
    pictures.map(({ file }) => path.basename(file)).sort(),
  );
  for (const { file, svg } of pictures) {
    const drawn = await readFile(path.join(DOCS, file), 'utf8');
    expect({ file, same: drawn === svg, AGAIN }).toEqual({ file, same: true, AGAIN });
    // Read over a slow line as well.
    expect(svg.length).toBeLessThan(30_000);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  }
});
