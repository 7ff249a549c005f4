/** `docs/CONFORMANCE.md` against the table of extensions and against the tests that it names. */
import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EXTENSIONS } from '../../../gateway/imap/extensions.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

interface Line {
  readonly extension: string;
  readonly rfc: number;
  readonly turnedOn: string;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

/** What runs of a file of tests, in one line: without what is commented out. Empty if there is no such file. */
async function codeOf(file: string): Promise<string> {
  const source = await readFile(join(ROOT, 'test/integration', file), 'utf8').catch(() => '');
  const code = source.replaceAll(/^\s*\/\*[^]*?\*\//gm, '').replaceAll(/^\s*\/\/.*$/gm, '');
  return code.replaceAll(/\s+/g, ' ').replaceAll("\\'", "'");
}

/** What leaves tests out whatever happens. A choice between two ways to run is none, and has its reason beside it. */
const SKIPPED = /\b(?:describe|test|it)\.(?:skip|only|todo)(?:\.each)?[(`]|\b[fx](?:describe|test|it)\b/;

/** Lines of the first table under "Extensions". */
async function lines(): Promise<Line[]> {
  const text = await readFile(join(ROOT, 'docs/CONFORMANCE.md'), 'utf8');
  const [, section = ''] = text.split('## Extensions\n');
  const rows =
    section
      .split('\n## ')[0]
      ?.split('\n')
      .filter((line) => line.startsWith('| ')) ?? [];
  return rows.slice(2).map((row) => {
    const [extension = '', rfc = '', turnedOn = '', tests = ''] = row
      .slice(1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    const named = [...tests.matchAll(/`([^`]+)`: "([^"]+)"/g)];
    return {
      extension,
      rfc: Number(rfc),
      turnedOn,
      tests: named.map(([, file = '', name = '']) => ({ file, name })),
    };
  });
}

test('every extension that is served has its line, in the order of CAPABILITY, and no other has one', async () => {
  const documented = (await lines()).map(({ extension, rfc }) => `${extension} ${rfc}`);
  expect(documented).toEqual(EXTENSIONS.map(({ name, rfc }) => `${name} ${rfc}`));
});

test('what turns an extension on is ENABLE just where the table says so', async () => {
  const byEnable = (await lines()).filter(({ turnedOn }) => turnedOn.startsWith('ENABLE'));
  expect(byEnable.map(({ extension }) => extension)).toEqual(
    EXTENSIONS.filter(({ enable }) => enable).map(({ name }) => name),
  );
});

test('every test that is named exists, is not skipped, and fails without its extension', async () => {
  const wrong: string[] = [];
  for (const { extension, tests } of await lines()) {
    if (tests.length === 0) wrong.push(`${extension} names no test`);
    for (const { file, name } of tests) {
      // `conforms` runs a test with and without its extension; nothing else counts here.
      const at = await codeOf(file);
      if (
        !at.includes(`conforms( '${extension}', '${name}'`) &&
        !at.includes(`conforms('${extension}', '${name}'`)
      )
        wrong.push(`${extension}: ${file} has no test "${name}"`);
      if (SKIPPED.test(at)) wrong.push(`${file} skips tests`);
    }
  }
  expect(wrong).toEqual([]);
});

test('every test that is named below the table of extensions exists, and is not skipped', async () => {
  const text = await readFile(join(ROOT, 'docs/CONFORMANCE.md'), 'utf8');
  const [, below = ''] = text.split('\n## IMAP4rev2\n');
  const named = [...below.matchAll(/`([^`]+\.test\.ts)`: "([^"]+)"/g)];
  expect(named.length).toBeGreaterThan(20);
  const wrong: string[] = [];
  for (const [, file = '', name = ''] of named) {
    const at = await codeOf(file);
    if (!at.includes(`'${name}'`)) wrong.push(`${file} has no test "${name}"`);
    if (SKIPPED.test(at)) wrong.push(`${file} skips tests`);
  }
  expect(wrong).toEqual([]);
});
