/** Every transcript runs in all variants, or `docs/CONFORMANCE.md` says under "Variants" why not. */
import { expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const ROOMS = ['imap', 'imap-connection', 'imap-extensions', 'imap-mailbox'];

/** Whole files, in which nothing says otherwise, run in all variants. */
interface Narrowed {
  readonly file: string;
  /** A choice of `test/support/variants.ts`; `once` for what is in no variant. */
  readonly runs: string;
}

async function transcripts(): Promise<{ readonly file: string; readonly source: string }[]> {
  const found = [];
  for (const room of ROOMS)
    for (const name of await readdir(join(ROOT, 'test/integration', room)))
      if (name.endsWith('.test.ts')) {
        const file = `${room}/${name}`;
        found.push({ file, source: await readFile(join(ROOT, 'test/integration', file), 'utf8') });
      }
  return found;
}

/** The narrower choices that there are, by name. */
async function choices(): Promise<string[]> {
  const source = await readFile(join(ROOT, 'test/support/variants.ts'), 'utf8');
  return [...source.matchAll(/^export const ([A-Z_]+): readonly Variant\[\]/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'VARIANTS');
}

function narrowedIn(file: string, source: string, names: readonly string[]): Narrowed[] {
  const runs = names.filter((name) => new RegExp(`(variants: |^\\}, )${name}\\b`, 'm').test(source));
  // What stands at the margin is in no block of `inVariants`, and `conforms` is no `test`.
  if (/^(test|describe|it)\b/m.test(source)) runs.push('once');
  return runs.map((each) => ({ file, runs: each }));
}

async function documented(): Promise<(Narrowed & { readonly why: string })[]> {
  const text = await readFile(join(ROOT, 'docs/CONFORMANCE.md'), 'utf8');
  const section = text.split('\n## Variants\n')[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \| `?([A-Za-z_]+)`? \| (.*) \|$/gm)].map(
    ([, file = '', runs = '', why = '']) => ({ file, runs, why }),
  );
}

const shown = ({ file, runs }: Narrowed): string => `${file}: ${runs}`;

test('what runs in fewer variants has its reason in the table, and nothing else is in it', async () => {
  const names = await choices();
  expect(names).toContain('NUMBERED');
  const found = (await transcripts()).flatMap(({ file, source }) => narrowedIn(file, source, names));
  const rows = await documented();
  expect(rows.map(shown).sort()).toEqual(found.map(shown).sort());
  expect(rows.filter(({ why }) => why.length < 10).map(shown)).toEqual([]);
});

test('variants are chosen by name alone, so that each choice has its reason beside it', async () => {
  const wrong = (await transcripts())
    .filter(({ source }) => /variants: (?![A-Z_]+\b)|^\}, (?![A-Z_]+\);|\{ )/m.test(source))
    .map(({ file }) => file);
  expect(wrong).toEqual([]);
});

test('what says that it runs in variants starts its gateways in them', async () => {
  const wrong = (await transcripts())
    .filter(({ source }) => /\binVariants\(/.test(source))
    .flatMap(({ file, source }) =>
      [...source.matchAll(/TestGateway\.start\((?:\)|\{[^{}]*\})/g)]
        .filter(([call]) => !/\bvariant\b|tls: await testTls/.test(call))
        .map(([call]) => `${file}: ${call}`),
    );
  expect(wrong).toEqual([]);
});
