import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CATALOGUE } from '../../../../gateway/imap/language/catalogue.ts';
import { LANGUAGES, isLanguageRange, languageFor } from '../../../../gateway/imap/language/languages.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const ROOMS = ['gateway/imap', 'shared/account'];

async function sources(): Promise<string> {
  const texts: string[] = [];
  for (const room of ROOMS)
    for (const name of await readdir(join(ROOT, room), { recursive: true }))
      if (name.endsWith('.ts') && !name.startsWith('language/'))
        texts.push(await readFile(join(ROOT, room, name), 'utf8'));
  return texts.join('\n');
}

const holes = (text: string): number => text.split('{}').length - 1;
const language = (tag: string) => LANGUAGES.find((one) => one.tag === tag) ?? LANGUAGES[0];

/** The text among the arguments of an error: codes and reasons are shorter. */
function longestLiteral(code: string): string[] {
  const literals = [...code.matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`|"((?:[^"\\\n]|\\.)*)"/g)];
  const texts = literals.map(([, one, two, three]) => one ?? two ?? three ?? '');
  return texts
    .sort((a, b) => b.length - a.length)
    .slice(0, 1)
    .filter((text) => text.includes(' '));
}

describe('the catalogue', () => {
  test('translates texts that the server says, each once, and every value in them', async () => {
    // Without the backslashes of literals.
    const code = (await sources()).replaceAll(/\\(.)/g, '$1');
    const wrong: string[] = [];
    const seen = new Set<string>();
    for (const entry of CATALOGUE) {
      const [english, ...others] = entry;
      if (seen.has(english)) wrong.push(`twice: ${english}`);
      seen.add(english);
      // The longest piece between values stands in the code as it is.
      const pieces = english.split(/\{\}|; the administrator/);
      const piece = pieces.sort((a, b) => b.length - a.length)[0] ?? '';
      if (!code.includes(piece)) wrong.push(`nobody says: ${english}`);
      if (!/^[\x20-\x7e]+$/.test(english)) wrong.push(`not ASCII: ${english}`);
      for (const text of others) {
        if (holes(text) !== holes(english)) wrong.push(`other values: ${text}`);
        if (text.startsWith('[') || text === english || text === '') wrong.push(`no translation: ${text}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('translates every refusal (NO) that the code has', async () => {
    const known = CATALOGUE.map(([english]) => english);
    const said = [...(await sources()).matchAll(/new (?:No|\w*Refusal)\(([^;]*?)\)?;/g)].flatMap(
      ([, args = '']) => longestLiteral(args),
    );
    // As the catalogue writes it: values are holes.
    const texts = said.map((text) => text.replaceAll(/\$\{[^}]*\}/g, '{}').replaceAll(/\\(.)/g, '$1'));
    expect(texts.length).toBeGreaterThan(60);
    expect(texts.filter((text) => !known.includes(text))).toEqual([]);
  });

  test('values are taken over as they are', () => {
    expect(language('de')?.translate('mailbox "a {} $1 (b)" exists already')).toBe(
      'den Ordner „a {} $1 (b)“ gibt es schon',
    );
    expect(language('fr')?.translate('a text that nobody has translated')).toBe(
      'a text that nobody has translated',
    );
    expect(language('en')?.translate('fetched')).toBe('fetched');
  });
});

describe('languages', () => {
  test.each([
    [['de'], 'de'],
    [['DE-AT-1996'], 'de'],
    [['it', 'FR-CA', 'de'], 'fr'],
    [['i-default'], 'i-default'],
    [['default'], 'i-default'],
    [['*'], 'i-default'],
    [['en-GB'], 'en'],
    [['i-klingon'], undefined],
    [['mul'], undefined],
    [['d'], undefined],
  ])('%p is %p', (ranges, tag) => {
    expect(languageFor(ranges)?.tag).toBe(tag);
  });

  test.each([
    ['de', true],
    ['*', true],
    ['de-*-DE', true],
    ['', false],
    ['d_e', false],
    ['abcdefghi', false],
    ['de-', false],
  ])('%j is a range: %p', (text, expected) => {
    expect(isLanguageRange(text)).toBe(expected);
  });
});
