/** The table of guards is kept up with the sources and with the page that lists them; `npm run hunt -- mutations` tries it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { MUTATIONS } from '../../hunt/mutations/mutations.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const read = (file: string): Promise<string> => readFile(path.join(ROOT, file), 'utf8');

test.each(MUTATIONS)(
  'the guard that $name takes away stands once where it is said to',
  async ({ file, text }) => {
    expect((await read(file)).split(text).length - 1).toBe(1);
  },
);

test('no two have one name', () => {
  const names = MUTATIONS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

test('docs/ARCHITECTURE.md lists every one, with the test that notices it', async () => {
  const page = await read('docs/ARCHITECTURE.md');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  for (const { name, test: noticed } of MUTATIONS) {
    const row = rows.find((line) => line.startsWith(`| \`${name}\` `));
    expect(row).toContain(`\`${noticed.file}\``);
  }
});
